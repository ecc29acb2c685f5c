"""programme export, codes, record and export schede as a user types them."""

import csv
import json

import icalendar
import pytest

from contado.cli.app import run
from contado.kernel import settings, tables
from contado.kernel.workspace import Workspace

BODY = "08911820960"
PLAN = [
    {"intervention_id": "I007", "start_year": 2027, "payments": [{"source": "own", "amount_eur": 237000}]},
    {"intervention_id": "I004", "start_year": 2028, "payments": [{"source": "gse", "amount_eur": 70000}]},
]


def ask(capsys, *words):
    code = run([str(w) for w in words] + ["--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def plan(tmp_path):
    def write(content):
        path = tmp_path / "plan.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def test_the_sheets_of_a_plan_are_written_and_told(programme, plan, tmp_path, capsys):
    out = tmp_path / "out"
    words = ("--out", out, "--formats", "csv,xlsx", "--fiscal-code", BODY)
    code, answer = ask(capsys, "programme", "export", programme({}), plan({"programme": PLAN}), *words)
    assert code == 0
    assert [f["path"].rpartition("/")[2] for f in answer["files"]] == [
        f"{stem}.{kind}" for kind in ("csv", "xlsx") for stem in ("scheda_a", "scheda_d", "scheda_e", "annex")
    ]
    assert answer["scheda_a"]["total_eur"] == answer["scheda_d"]["total_eur"] == 237000.0
    assert answer["scheda_d"]["rows"] == [
        {
            "intervention_id": "I007",
            "cui": f"L{BODY}202700001",
            "cup": [],
            "years": {"2027": 237000.0, "2028": 0.0, "2029": 0.0},
            "total_eur": 237000.0,
            "priority": None,
        }
    ]
    assert answer["scheda_e"]["rows"] == ["I007"]
    assert answer["below_threshold"] == ["I004"]
    with (out / "scheda_d.csv").open(encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    assert (row["cui"], row["total_eur"], row["istat"]) == (f"L{BODY}202700001", "237000.0", "M1")


def test_the_milestones_of_a_plan_are_a_calendar_of_the_same_bytes(programme, plan, tmp_path, capsys):
    written = []
    for out in (tmp_path / "one", tmp_path / "two"):
        words = ("--out", out, "--formats", "ics", "--fiscal-code", BODY)
        code, answer = ask(capsys, "programme", "export", programme({}), plan({"programme": PLAN}), *words)
        assert code == 0
        assert [f["path"] for f in answer["files"]] == [str(out / "milestones.ics")]
        assert answer["scheda_d"]["total_eur"] == 237000.0
        written.append((out / "milestones.ics").read_bytes())
    assert written[0] == written[1]
    events = {str(e["UID"]): e for e in icalendar.Calendar.from_ical(written[0]).walk("VEVENT")}
    assert {uid: e["DTSTART"].dt.isoformat() for uid, e in events.items()} == {
        f"{work}:{kind}@{BODY}": f"{year}-12-31"
        for work, year in (("I004", 2028), ("I007", 2027))
        for kind in ("works_end", "works_start")
    }


def test_the_threshold_can_be_given(programme, plan, tmp_path, capsys):
    words = ("--out", tmp_path / "o", "--formats", "csv", "--threshold-eur", "70000")
    _, answer = ask(capsys, "programme", "export", programme({}), plan({"programme": PLAN}), *words)
    assert answer["below_threshold"] == []
    assert answer["scheda_d"]["total_eur"] == 307000.0


@pytest.mark.parametrize(
    ("content", "more", "rule"),
    [
        ("{", (), "bad_plan"),
        ({"chosen": [1]}, (), "bad_plan"),
        ({"programme": [{**PLAN[0], "intervention_id": "I070"}]}, (), "unknown_reference"),
        ({"programme": PLAN}, ("--formats", "doc"), "unknown_choice"),
        ({"programme": PLAN}, ("--fiscal-code", "123"), "bad_fiscal_code"),
    ],
)
def test_what_cannot_be_filed_is_refused_before_anything_is_written(
    programme, plan, tmp_path, capsys, content, more, rule
):
    out = tmp_path / "out"
    code, answer = ask(capsys, "programme", "export", programme({}), plan(content), "--out", out, *more)
    assert code == 2
    assert answer["error"]["rule"] == rule
    assert not out.exists()


def test_codes_are_told_apart_and_checked(capsys):
    words = ("G17H03000130011", "G17H0300013001", f"L{BODY}202700001", f"L{BODY[:-1]}1202700001", "????")
    code, answer = ask(capsys, "programme", "codes", *words)
    assert code == 0
    assert [(c["kind"], c["valid"]) for c in answer["codes"]] == [
        ("cup", True),
        ("cup", False),
        ("cui", True),
        ("cui", False),
        ("unknown", False),
    ]
    assert answer["codes"][1]["problem"] == "a CUP has 15 characters, this has 14"
    assert [c["problem"] is None for c in answer["codes"]] == [c["valid"] for c in answer["codes"]]


def candidate(key, cost, benefit):
    return {
        "id": key,
        "practice": "toy",
        "type": "resurface",
        "asset_id": None,
        "site_id": None,
        "municipality": "015146",
        "cost_eur": cost,
        "benefit_eur": benefit,
        "earliest_year": 2027,
        "latest_year": 2027,
        "cup": ["G17H03000130011"],
        "design_level": "esecutivo",
    }


@pytest.fixture
def city(tmp_path):
    body = settings.Body(fiscal_code=BODY)
    workspace = Workspace.create(tmp_path / "city", settings.Settings(body=body))
    source = {"source": "own", "resource_type": "stanziamenti di bilancio"}
    with workspace.commit() as commit:
        rows = [candidate("toy:A", 2e5, 9e5)]
        commit.table("intervention", tables.from_rows("intervention", rows), practice="toy")
        budget = {"source": "own", "year": 2027, "budget_eur": 3e5}
        commit.table("budget", tables.from_rows("budget", [budget]))
        commit.table("funding_source", tables.from_rows("funding_source", [source]))
    return workspace.path


def test_the_workspaces_programme_is_filed_with_the_bodys_code(city, tmp_path, capsys):
    code, answer = ask(capsys, "export", "schede", "-w", city, "--out", tmp_path / "o")
    assert (code, answer["error"]["rule"]) == (2, "table_not_found")
    ask(capsys, "plan", "-w", city)
    code, answer = ask(capsys, "export", "schede", "-w", city, "--out", tmp_path / "o")
    assert code == 0
    assert len(answer["files"]) == 12
    assert answer["scheda_d"]["rows"][0]["cui"] == f"L{BODY}202700001"
    assert answer["scheda_a"]["rows"][0]["resource_type"] == "stanziamenti di bilancio"
    assert answer["findings"] == []


def test_the_threshold_is_held_against_the_worksite_not_its_parts(city, tmp_path, capsys):
    parts = [{**candidate(f"toy:{k}", 8e4, 9e5), "cup": None, "name": f"Tratto {k}"} for k in "BCD"]
    joint = {"a": "toy:B", "b": "toy:C", "kind": "joint_worksite", "saving_eur": 1e4}
    with Workspace.open(city).commit() as commit:
        budget = {"source": "own", "year": 2027, "budget_eur": 3e5}
        commit.table("budget", tables.from_rows("budget", [budget]))
        commit.table("intervention", tables.from_rows("intervention", parts), practice="toy")
        commit.table("relation", tables.from_rows("relation", [joint]), practice="toy")
    ask(capsys, "plan", "-w", city)
    out = tmp_path / "o"
    code, answer = ask(capsys, "export", "schede", "-w", city, "--out", out, "--formats", "csv")
    assert code == 0
    (row,) = answer["scheda_d"]["rows"]
    assert row["total_eur"] == 150_000.0
    assert answer["below_threshold"] == ["toy:D"]
    assert answer["worksites"] == {row["intervention_id"]: ["toy:B", "toy:C"]}
    with (out / "scheda_d.csv").open(encoding="utf-8-sig", newline="") as file:
        (filed,) = csv.DictReader(file)
    assert filed["description"] == "Tratto B; Tratto C"
    assert (
        run(["export", "schede", "-w", str(city), "--out", str(out), "--formats", "csv", "--lang", "it"]) == 0
    )
    assert "2 interventi di uno stesso cantiere e anno sono 1 lavoro" in capsys.readouterr().out


EVENTS = """cup,kind,date,amount_eur,indicator,value,unit
G17H03000130011,committed,2027-02-01,190000.55,,,
G17H03000130011,works_start,2027-03-01,,,,
G17H03000130011,observation,2028-01-31,,condition_index_km_y,8.25,km_y
nothing,paid,2027-04-01,1,,,
"""


def test_recording_a_file_twice_changes_nothing(city, tmp_path, capsys):
    events = tmp_path / "events.csv"
    events.write_text(EVENTS, encoding="utf-8")
    code, answer = ask(capsys, "programme", "record", events, "-w", city)
    assert code == 0
    assert (answer["recorded"], answer["unchanged"]) == (3, 0)
    assert [(r["row"], r["rule"]) for r in answer["rejected"]] == [(5, "unknown_reference")]
    workspace = Workspace.open(city)
    assert workspace.read("payment")["amount_eur"].to_pylist() == [190000.55]
    assert workspace.read("observation")["value"].to_pylist() == [8.25]
    assert len(set(workspace.read("payment")["source_id"].to_pylist())) == 1
    before = workspace.file_hashes()
    code, answer = ask(capsys, "programme", "record", events, "-w", city)
    assert (code, answer["recorded"], answer["unchanged"], len(answer["rejected"])) == (0, 0, 3, 1)
    assert Workspace.open(city).file_hashes() == before


def test_strict_records_no_file_of_which_a_line_is_refused(city, tmp_path, capsys):
    events = tmp_path / "events.csv"
    events.write_text("kind,date\nnothing,2027-01-01\n", encoding="utf-8")
    before = Workspace.open(city).file_hashes()
    code, refusal = ask(capsys, "programme", "record", events, "-w", city, "--strict")
    [refused] = ask(capsys, "programme", "record", events, "-w", city)[1]["rejected"]
    assert (code, refusal["error"]["rule"], refusal["error"]["rows"]) == (2, refused["rule"], [2])
    assert Workspace.open(city).file_hashes() == before


def test_strict_files_no_sheet_with_a_doubt(programme, plan, tmp_path, capsys):
    words = ("programme", "export", programme({}), plan({"programme": PLAN}), "--formats", "csv")
    code, refusal = ask(capsys, *words, "--out", tmp_path / "strict", "--strict")
    assert (code, (tmp_path / "strict").exists()) == (2, False)
    told = ask(capsys, *words, "--out", tmp_path / "out")[1]["findings"]
    assert refusal["error"]["rule"] == next(f["rule"] for f in told if f["severity"] != "note")


def test_what_is_recorded_leaves_its_row_and_that_of_its_commit_and_what_is_unchanged_none(
    city, tmp_path, capsys
):
    events = tmp_path / "events.csv"
    events.write_text(EVENTS, encoding="utf-8")
    for _ in range(2):
        assert ask(capsys, "programme", "record", events, "-w", city)[0] == 0
    code, answer = ask(capsys, "audit", "verify", "-w", city)
    assert (code, answer["ok"], answer["events"], answer["findings"]) == (0, True, 2, [])
    ask(capsys, "grants", "add", "anna", "citizen", "--scope", "*", "-w", city)
    code, answer = ask(capsys, "programme", "record", events, "-w", city, "--as", "anna")
    assert (code, answer["error"]["rule"]) == (2, "not_allowed")


def test_a_file_without_the_columns_of_events_is_refused(city, tmp_path, capsys):
    events = tmp_path / "events.csv"
    events.write_text("cup,date\nX,2027-01-01\n", encoding="utf-8")
    code, answer = ask(capsys, "programme", "record", events, "-w", city)
    assert (code, answer["error"]["rule"]) == (2, "missing_column")
