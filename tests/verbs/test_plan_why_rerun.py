"""plan, why and rerun on a workspace: recorded, explained, repeatable to the byte."""

import json
import shutil

import pytest
import shapely

from contado.cli.app import run
from contado.kernel import tables
from contado.kernel.workspace import Workspace

SOURCE = {"source_id": "toy", "title": "invented", "licence": "CC0"}
LINE = shapely.to_wkb(shapely.LineString([(9.1, 45.4), (9.11, 45.41)]))


def candidate(key, cost, benefit, **more):
    row = {
        "id": f"toy:{key}",
        "practice": "toy",
        "type": "resurface",
        "asset_id": f"S{key}",
        "site_id": None,
        "municipality": "015146",
        "geometry": LINE,
        "cost_eur": cost,
        "benefit_eur": benefit,
        "earliest_year": 2027,
        "latest_year": 2028,
        "label": "simulated",
        "source_id": "toy",
    }
    return row | more


@pytest.fixture
def city(tmp_path):
    workspace = Workspace.create(tmp_path / "city")
    rows = [
        candidate("A", 100, 300),
        candidate("B", 80, 100),
        candidate("C", 120, 200),
        candidate("D", 60, 90),
    ]
    effects = [
        {
            "intervention_id": "toy:A",
            "indicator": "condition_index_km_y",
            "value": 12.0,
            "unit": "index_km_y",
            "method": "exact",
            "source_id": "toy",
        }
    ]
    assets = [{"id": "SA", "practice": "toy", "kind": "road", "name": "via A", "source_id": "toy"}]
    budgets = [{"source": "own", "year": y, "budget_eur": 100.0} for y in (2027, 2028)]
    with workspace.commit() as commit:
        commit.table("intervention", tables.from_rows("intervention", rows), practice="toy")
        commit.table("effect", tables.from_rows("effect", effects), practice="toy")
        commit.table("asset", tables.from_rows("asset", assets), practice="toy")
        commit.table("budget", tables.from_rows("budget", budgets))
        commit.table("source", tables.from_rows("source", [SOURCE]))
    return workspace.path


def ask(capsys, *words):
    code = run([str(w) for w in words] + ["--json"])
    return code, json.loads(capsys.readouterr().out)


def test_the_best_programme_is_chosen_verified_and_recorded(city, capsys):
    code, answer = ask(capsys, "plan", "-w", city, "--gap", "0")
    assert code == 0
    starts = {c["intervention_id"]: c["start_year"] for c in answer["programme"]}
    assert starts == {"toy:A": 2027, "toy:B": 2028}
    assert answer["value"] == pytest.approx(300 + 100 / 1.03)
    assert answer["verified"]
    assert answer["violations"] == []
    assert answer["label"] == "simulated"
    workspace = Workspace.open(city)
    programme = workspace.read("programme").to_pylist()
    assert {r["intervention_id"] for r in programme} == {"toy:A", "toy:B", "toy:C", "toy:D"}
    assert {r["reason_code"] for r in programme if r["start_year"] is None} == {"outranked", "not_fundable"}
    assert all(r["reason_it"] and r["reason_en"] for r in programme)
    assert workspace.layer("programme").num_rows == 2
    assert workspace.read("run").to_pylist()[0]["run_id"] == answer["run"]


def test_planning_twice_writes_the_same_bytes(city, capsys):
    ask(capsys, "plan", "-w", city)
    first = Workspace.open(city).file_hashes()
    ask(capsys, "plan", "-w", city)
    assert Workspace.open(city).file_hashes() == first


def test_a_run_is_repeated_to_the_byte_even_after_the_workspace_moved_on(city, capsys):
    _, answer = ask(capsys, "plan", "-w", city)
    workspace = Workspace.open(city)
    with workspace.commit() as commit:
        commit.table(
            "budget", tables.from_rows("budget", [{"source": "own", "year": 2027, "budget_eur": 1.0}])
        )
    code, again = ask(capsys, "rerun", city / "runs" / answer["run"] / "run.json")
    assert (code, again["identical"], again["differences"]) == (0, True, [])


def test_a_changed_input_of_a_run_is_told(city, capsys):
    _, answer = ask(capsys, "plan", "-w", city)
    folder = city / "runs" / answer["run"]
    budgets = [{"source": "own", "year": y, "budget_eur": 60.0} for y in (2027, 2028)]
    tables.write_parquet(tables.from_rows("budget", budgets), folder / "inputs" / "budget.parquet")
    code, again = ask(capsys, "rerun", folder / "run.json")
    assert code == 3
    assert any(d.startswith("inputs.budget") for d in again["differences"])


@pytest.mark.parametrize(
    ("harm", "rule"),
    [
        (lambda f: (f / "run.json").write_text("{}"), "damaged_workspace"),
        (lambda f: (f / "run.json").write_text("not json"), "damaged_workspace"),
        (lambda f: (f / "run.json").unlink(), "table_not_found"),
        (lambda f: shutil.rmtree(f / "inputs"), "damaged_workspace"),
    ],
)
def test_a_harmed_run_record_is_refused(city, capsys, harm, rule):
    _, answer = ask(capsys, "plan", "-w", city)
    folder = city / "runs" / answer["run"]
    harm(folder)
    code, error = ask(capsys, "rerun", folder / "run.json")
    assert (code, error["error"]["rule"]) == (2, rule)


def test_years_whose_money_no_intervention_can_spend_are_told(city, capsys):
    budgets = [{"source": "own", "year": y, "budget_eur": 100.0 * (y != 2030)} for y in range(2027, 2032)]
    workspace = Workspace.open(city)
    long = [r | {"spend_profile": [0.5, 0.5]} for r in workspace.read("intervention").to_pylist()]
    with workspace.commit() as commit:
        commit.table("budget", tables.from_rows("budget", budgets))
    _, answer = ask(capsys, "plan", "-w", city)
    told = [f["message"] for f in answer["findings"] if f["rule"] == "budget_without_proposals"]
    assert told == ["No intervention can spend the budgets of 2029, 2031."]
    with workspace.commit() as commit:
        commit.table("intervention", tables.from_rows("intervention", long), practice="toy")
    _, answer = ask(capsys, "plan", "-w", city)
    told = [f["message"] for f in answer["findings"] if f["rule"] == "budget_without_proposals"]
    assert told == ["No intervention can spend the budgets of 2031."]


def test_why_tells_the_chain_down_to_the_source(city, capsys):
    ask(capsys, "plan", "-w", city)
    code, answer = ask(capsys, "why", "toy:A", "-w", city)
    assert code == 0
    told = [(s["table"], s["id"], s["column"]) for s in answer["chain"]]
    assert told[0] == ("programme", "toy:A", "start_year")
    for step in [
        ("intervention", "toy:A", "cost_eur"),
        ("effect", "toy:A", "condition_index_km_y"),
        ("asset", "SA", "name"),
        ("budget", "own", "budget_eur"),
        ("source", "toy", "title"),
    ]:
        assert step in told
    assert {s["value"] for s in answer["chain"] if s["column"] == "cost_eur"} == {100.0}


def test_why_tells_every_link_of_the_chain(city, capsys):
    """decision.md 4.3: intervention, effect, indicator, asset, observation; funding rule, article."""
    workspace = Workspace.open(city)
    rule = {"source": "own", "domains": ["*"], "max_rate": 1.0, "cumulable": True}
    rule |= {"rule_id": "own-1", "article": "TUEL art. 162", "status": "confirmed", "source_id": "toy"}
    seen = {"subject_id": "SA", "intervention_id": None, "indicator": "condition_index_km_y"}
    seen |= {"period": "2026-05-31", "value": 3.0, "unit": "km_y", "method": "drive", "source_id": "toy"}
    with workspace.commit() as commit:
        commit.table("funding_rule", tables.from_rows("funding_rule", [rule]))
        commit.table("observation", tables.from_rows("observation", [seen]), practice="toy")
    assert ask(capsys, "plan", "-w", city)[0] == 0
    _, answer = ask(capsys, "why", "toy:A", "-w", city)
    steps = [(s["table"], s["id"], s["column"], s["value"], s["source"]) for s in answer["chain"]]
    for step in [
        ("intervention", "toy:A", "asset_id", "SA", "toy"),
        ("effect", "toy:A", "condition_index_km_y", 12.0, "toy"),
        ("indicator", "condition_index_km_y", "unit", "km_y", None),
        ("indicator", "condition_index_km_y", "name_it", "Condizione guadagnata della strada", None),
        ("indicator", "condition_index_km_y", "name_en", "Road condition gained", None),
        ("asset", "SA", "name", "via A", "toy"),
        ("observation", "SA", "condition_index_km_y 2026-05-31", 3.0, "toy"),
        ("funding_rule", "own", "article", "TUEL art. 162", "toy"),
        ("source", "toy", "licence", "CC0", "toy"),
    ]:
        assert step in steps
    (observed,) = [s for s in answer["chain"] if s["table"] == "observation"]
    assert (observed["method"], observed["function"]) == ("drive", None)
    order = list(dict.fromkeys(table for table, *_ in steps))
    assert order == [
        "programme",
        "intervention",
        "effect",
        "indicator",
        "asset",
        "observation",
        "funding_rule",
        "budget",
        "source",
    ]


def test_why_of_an_unknown_id_names_the_nearest(city, capsys):
    code, answer = ask(capsys, "why", "toy:a1", "-w", city)
    assert code == 2
    assert answer["error"]["rule"] == "unknown_reference"
    assert "toy:" in answer["error"]["hint"]


def test_a_plan_without_a_budget_says_so_and_writes_nothing(city, capsys):
    workspace = Workspace.open(city)
    with workspace.commit() as commit:
        commit.table("budget", tables.empty("budget"))
    before = Workspace.open(city).file_hashes()
    code, answer = ask(capsys, "plan", "-w", city)
    assert (code, answer["error"]["rule"]) == (2, "no_budget")
    assert Workspace.open(city).file_hashes() == before


def test_floors_that_cannot_be_met_end_with_3_and_write_nothing(city, capsys):
    workspace = Workspace.open(city)
    floors = [{"kind": "municipality", "key": "015146", "min_spend_eur": 190.0}]
    with workspace.commit() as commit:
        commit.table("floor", tables.from_rows("floor", floors))
    before = Workspace.open(city).file_hashes()
    code, answer = ask(capsys, "plan", "-w", city)
    assert (code, answer["status"]) == (3, "infeasible")
    assert ("floor", "municipality 015146") in [(c["rule"], c["key"]) for c in answer["conflict"]]
    assert Workspace.open(city).file_hashes() == before
    assert ask(capsys, "plan", "-w", city, "--no-floors")[0] == 0


def test_the_plan_is_readable_in_both_languages(city, capsys):
    assert run(["plan", "-w", str(city)]) == 0
    assert "verified to the cent" in capsys.readouterr().out
    assert run(["plan", "-w", str(city), "--lang", "it"]) == 0
    assert "verificato al centesimo" in capsys.readouterr().out


def test_a_run_keeps_its_curve_and_exact_reasons_for_the_pages(city, capsys):
    from contado.kernel.portfolio.details import decode

    code, answer = ask(capsys, "plan", "-w", city, "--gap", "0", "--increments", "--explain", "toy:B,toy:C")
    assert code == 0
    path = city / "runs" / answer["run"] / "details.json"
    details = decode(path.read_bytes())
    assert [s.scale for s in details.increments.steps] == [0.5, 0.75, 1.0, 1.25, 1.5]
    assert details.increments.steps[2].value == pytest.approx(answer["value"])
    assert [e.intervention_id for e in details.explanations] == ["toy:B", "toy:C"]
    assert details.sturdiness.draws == answer["draws"]
    assert details.sturdiness.value_low_eur == answer["value_low"]
    ask(capsys, "plan", "-w", city, "--gap", "0")
    assert decode(path.read_bytes()) == details
    code, refused = ask(capsys, "plan", "-w", city, "--explain", "toy:Z")
    assert code != 0
    assert refused["error"]["rule"] == "unknown_id"
    assert decode(path.read_bytes()) == details


def test_an_empty_benefit_is_computed_from_the_effects(city, capsys):
    workspace = Workspace.open(city)
    rows = workspace.read("intervention").to_pylist()
    for row in rows:
        row.update(benefit_eur=None, life_y=10.0)
    effects = [
        {
            "intervention_id": row["id"],
            "indicator": "ghg_tco2e_y",
            "value": 10.0 * (k + 1),
            "unit": "tco2e_y",
            "method": "exact",
            "source_id": "toy",
        }
        for k, row in enumerate(rows)
    ]
    objective = {"indicator": "ghg_tco2e_y", "unit_value_eur": 200.0}
    with workspace.commit() as commit:
        for name in {row["practice"] for row in rows}:
            mine = [row for row in rows if row["practice"] == name]
            commit.table("intervention", tables.from_rows("intervention", mine), practice=name)
        commit.table("effect", tables.from_rows("effect", effects), practice=rows[0]["practice"])
        commit.table("objective", tables.from_rows("objective", [objective]))
    code, answer = ask(capsys, "plan", "--no-robust", "-w", str(city))
    assert code == 0, answer
    assert answer["verified"]
    assert answer["value"] > 0
    kept = Workspace.open(city).path / "runs" / answer["run"] / "inputs" / "intervention.parquet"
    benefits = tables.read(kept).table["benefit_eur"].to_pylist()
    assert benefits == sorted(benefits)
    assert all(b > 0 for b in benefits)
