"""front, explain, robust and plan of a workspace: the answers of the folder it was brought in from."""

import json

import pytest

from contado.cli.app import run
from contado.kernel import tables
from contado.kernel.workspace import Workspace


def ask(capsys, *words):
    code = run([str(w) for w in words] + ["--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def city(tmp_path, programme, capsys):
    """A workspace with the small programme of the tests, without floors, and the folder it came from."""
    folder = programme({"equity_floors": [(None, None)]})
    path = Workspace.create(tmp_path / "city").path
    code, _ = ask(capsys, "tables", "import", folder, "-w", path)
    assert code == 0
    return path, folder


def test_explain_says_what_the_folder_says(city, capsys):
    path, folder = city
    for key in ("I004", "I007", "I006", "I001"):
        _, ours = ask(capsys, "explain", key, "-w", path)
        _, theirs = ask(capsys, "portfolio", "explain", folder, key)
        assert {k: v for k, v in ours.items() if k != "findings"} == {
            k: v for k, v in theirs.items() if k != "findings"
        }
    code, error = ask(capsys, "explain", "I04", "-w", path)
    assert (code, error["error"]["rule"]) == (2, "unknown_id")
    assert "I004" in error["error"]["hint"]


def test_front_takes_columns_and_effects_as_objectives(city, capsys):
    path, folder = city
    _, ours = ask(capsys, "front", "--objectives", "benefit_eur,cost_eur", "-w", path)
    _, theirs = ask(capsys, "portfolio", "front", folder, "--objectives", "benefit_eur,cost_eur")
    assert (ours["points"], ours["complete"]) == (theirs["points"], True)
    rows = [
        {"intervention_id": key, "indicator": "ghg_tco2e_y", "value": value, "unit": "tco2e_y"}
        for key, value in (("I001", 4.0), ("I004", 90.0))
    ]
    more = [row | {"method": "exact", "source_id": None} for row in rows]
    with Workspace.open(path).commit() as commit:
        commit.table("effect", tables.from_rows("effect", more), practice="trees")
    code, answer = ask(capsys, "front", "--objectives", "benefit_eur,ghg_tco2e_y", "-w", path)
    assert (code, answer["complete"]) == (0, True)
    greenest = max(answer["points"], key=lambda point: point[1])
    assert greenest[1] == pytest.approx(94.0)
    code, error = ask(capsys, "front", "--objectives", "benefit_eur,ghg_tco2e", "-w", path)
    assert (code, error["error"]["rule"]) == (2, "missing_column")
    code, error = ask(capsys, "front", "--objectives", "benefit_eur", "-w", path)
    assert (code, error["error"]["field"]) == (2, "objectives")


def test_robust_without_intervals_keeps_the_plan(city, capsys):
    path, folder = city
    _, ours = ask(capsys, "robust", "--draws", "20", "-w", path)
    _, theirs = ask(capsys, "portfolio", "robust", folder, "--draws", "20")
    assert ours["selection_frequency"] == theirs["selection_frequency"]
    assert set(ours["selection_frequency"].values()) == {0.0, 1.0}
    assert ours["regret"] == {"mean": 0.0, "max": 0.0}


def test_plan_says_what_the_folder_says(city, capsys):
    path, folder = city
    _, ours = ask(capsys, "plan", "--no-robust", "-w", path)
    _, theirs = ask(capsys, "portfolio", "solve", folder)
    for key in ("status", "value", "bound", "programme", "joint_worksites", "prices"):
        assert ours[key] == theirs[key], key
    assert {f["rule"] for f in ours["findings"]} == {f["rule"] for f in theirs["findings"]}


def test_rules_count_on_their_day_and_a_rerun_keeps_it(tmp_path, programme, capsys):
    folder = programme(
        {
            "equity_floors": [(None, None)],
            "funding_rules": [
                ("cumulable\n", "cumulable,valid_to\n"),
                ("False\n", "False,2026-12-31\n"),
                ("own,*,1.0,,True\n", "own,*,1.0,,True,\n"),
                ("0.8,,True\n", "0.8,,True,\n"),
                ("0.65,,True\n", "0.65,,True,\n"),
            ],
        }
    )
    path = Workspace.create(tmp_path / "city").path
    assert ask(capsys, "tables", "import", folder, "-w", path)[0] == 0
    _, before = ask(capsys, "plan", "--no-robust", "--on", "2026-12-31", "-w", path)
    _, after = ask(capsys, "plan", "--no-robust", "--on", "2027-01-01", "-w", path)

    def paid(answer):
        return {p["source"] for c in answer["programme"] for p in c["payments"]}

    assert "pnrr" in paid(before)
    assert "pnrr" not in paid(after)
    assert after["value"] < before["value"]
    told = [f for f in after["findings"] if f["rule"] == "no_dated_row"]
    assert [(f["severity"], f["row"]) for f in told] == [("warning", "pnrr")]
    assert before["run"] != after["run"]
    for answer, day in ((before, "2026-12-31"), (after, "2027-01-01")):
        record = path / "runs" / answer["run"] / "run.json"
        assert json.loads(record.read_text())["settings"]["on"] == day
        code, again = ask(capsys, "rerun", record)
        assert (code, again["identical"]) == (0, True)
    code, error = ask(capsys, "plan", "--on", "2027-01-01", "--strict", "-w", path)
    assert (code, error["error"]["rule"]) == (2, "no_dated_row")
