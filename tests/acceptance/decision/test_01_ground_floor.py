"""decision.md, definition of done 1: the ground floor."""

from __future__ import annotations

import json
import subprocess

import pytest

from contado.cli import app
from contado.kernel import tables
from contado.kernel.tables import exchange
from contado.kernel.tables.findings import count
from contado.kernel.workspace import Workspace
from invented.processes import program

W, R, B, L, F, S = (
    "interventions",
    "funding_rules",
    "budgets",
    "relations",
    "equity_floors",
    "funding_sources",
)
CUP = "G17H03000130011"

WHEN = [(R, "cumulable\n", "cumulable,when\n"), (R, "True\n", "True,\n"), (R, "False\n", "False,\n")]
"""Gives the rules a column for conditions."""

# input -> (file, text taken out, text put in)..., rule, severity, action, what the message quotes
ROWS = {
    "missing file": ([(B, None, None)], "table_not_found", "error", "refused", "budgets.csv"),
    "missing column": ([(W, "cost_eur", "cost")], "missing_column", "error", "refused", "cost_eur"),
    "cost empty": ([(W, "M2,179000", "M2,")], "missing_cost", "error", "row_set_aside", "I001"),
    "cost negative": ([(W, "M2,179000", "M2,-179000")], "negative_cost", "error", "row_set_aside", "-179000"),
    "benefit empty": ([(W, "179000,271000", "179000,")], "missing_benefit", "error", "refused", "I001"),
    "benefit NaN": ([(W, "179000,271000", "179000,NaN")], "missing_benefit", "error", "refused", "I001"),
    "text for a number": ([(W, "M2,179000", "M2,12k")], "bad_number", "error", "refused", "'12k'"),
    "same id twice": ([(W, "I002,", "I001,")], "duplicate_id", "error", "refused", "'I001'"),
    "same budget twice": (
        [(B, "own,2028", "own,2027")],
        "duplicate_budget",
        "error",
        "refused",
        "'own 2027'",
    ),
    "same CUP": (
        [(W, "latest_year", "latest_year,cup"), (W, "2029\n", f"2029,{CUP}\n")],
        "duplicate_cup",
        "warning",
        "kept",
        "I001, I002",
    ),
    "several CUP": (
        [(W, "latest_year", "latest_year,cup"), (W, "2029\n", f'2029,"{CUP};J11B21003450001"\n')],
        "several_cups",
        "warning",
        "kept",
        "2 codes",
    ),
    "CUP in lower case": (
        [(W, "latest_year", "latest_year,cup"), (W, "2029\n", f"2029,{CUP.lower()}\n")],
        "converted",
        "note",
        "converted",
        CUP.lower(),
    ),
    "years reversed": ([(W, "2028,2029", "2029,2028")], "year_order", "error", "row_set_aside", "2028"),
    "money in thousands": (
        [
            (W, "M1,143000", "M1,14"),
            (W, "M1,156000", "M1,15"),
            (W, "M1,237000", "M1,23"),
            (W, "M2,136000", "M2,13"),
            (L, "I002,I005,17000", "I002,I005,5"),
        ],
        "money_in_thousands",
        "warning",
        "kept",
        "4.3 times below",
    ),
    "unknown id": (
        [(L, "I001,I003", "I0001,I003")],
        "unknown_reference",
        "warning",
        "row_set_aside",
        "'I0001'",
    ),
    "itself": ([(L, "I001,I003", "I001,I001")], "self_relation", "warning", "row_set_aside", "I001"),
    "cycle": (
        [(L, "requires,I006,I007,", "requires,I006,I007,\nrequires,I007,I001,\nrequires,I001,I006,")],
        "requires_cycle",
        "error",
        "refused",
        "I001 -> I006 -> I007 -> I001",
    ),
    "requires and excludes": (
        [(L, "requires,I006,I007,", "requires,I006,I007,\nexcludes,I007,I006,")],
        "requires_and_excludes",
        "error",
        "refused",
        "I007",
    ),
    "saving of the whole cost": (
        [(L, "I001,I003,16000", "I001,I003,179000")],
        "saving_out_of_range",
        "error",
        "row_set_aside",
        "179000",
    ),
    "saving negative": (
        [(L, "I001,I003,16000", "I001,I003,-1")],
        "saving_out_of_range",
        "error",
        "row_set_aside",
        "-1",
    ),
    "rate above one": ([(R, "own,*,1.0", "own,*,1.2")], "rate_out_of_range", "error", "refused", "1.2"),
    "rate below zero": ([(R, "own,*,1.0", "own,*,-0.1")], "rate_out_of_range", "error", "refused", "-0.1"),
    "budget negative": ([(B, "own,2027,115000", "own,2027,-1")], "negative_budget", "error", "refused", "-1"),
    "year without start": ([(B, "own,2029", "own,2035")], "year_outside_horizon", "warning", "kept", "2035"),
    "source without rule": ([(R, "gse,building", "gsx,building")], "source_unused", "warning", "kept", "gse"),
    "rule without work": ([(R, "gse,building", "gse,roof")], "source_unused", "warning", "kept", "roof"),
    "floor written otherwise": ([(F, "M1,", "M01,")], "unknown_municipality", "error", "refused", "'M01'"),
    "floor elsewhere": ([(F, "M1,", "Q7,")], "floor_without_interventions", "note", "kept", "'Q7'"),
    "floors above budgets": (
        [(F, "M1,19000", "M1,1e9")],
        "floor_exceeds_budget",
        "error",
        "refused",
        "1000057000",
    ),
    "CUP too short": (
        [(W, "latest_year", "latest_year,cup"), (W, "2029\n", "2029,G17H\n")],
        "bad_cup",
        "warning",
        "kept",
        "'G17H'",
    ),
    "CUI malformed": (
        [(W, "latest_year", "latest_year,cui"), (W, "2029\n", "2029,L1\n")],
        "bad_cui",
        "warning",
        "kept",
        "'L1'",
    ),
    "neighbours": ([(L, "I002,I005", "I002,I001")], "possible_joint_worksite", "note", "kept", "I002 + I005"),
    "condition with a syntax error": (
        [*WHEN, (R, "own,*,1.0,,True,\n", "own,*,1.0,,True,cost_eur >\n")],
        "bad_predicate",
        "error",
        "refused",
        "'cost_eur >' cannot be read at position 11",
    ),
    "condition on an unknown column": (
        [
            *WHEN,
            (R, "gse,building,0.65,,True,\n", "gse,building,0.65,,True,cost_eur > 1 and poplation <= 9\n"),
        ],
        "bad_predicate",
        "error",
        "refused",
        "at position 18: a known column instead of 'poplation'",
    ),
    "benefit in words": ([(W, "179000,271000", "179000,high")], "bad_number", "error", "refused", "'high'"),
    "saving of nothing known": (
        [(L, "I001,I003,16000", "I001,I003,x")],
        "bad_number",
        "error",
        "refused",
        "'x'",
    ),
    "BOM": ([(B, "source", "\ufeffsource")], "converted", "note", "converted", "1 byte order mark"),
    "semicolons": ([(B, ",", ";")], "converted", "note", "converted", "';'"),
    "decimal comma": (
        [(B, ",", ";"), (B, "115000", "115.000,50")],
        "converted",
        "note",
        "converted",
        "1 cells had a decimal comma",
    ),
    "Windows-1252": (
        [(W, "trees,M2", "tréés,M2")],
        "converted",
        "note",
        "converted",
        "2 characters were Windows-1252",
    ),
}


def folder_of(programme, name):
    """Write the folder of one row of the table."""
    changes: dict[str, list[tuple[str, str]]] = {}
    for file, old, new in ROWS[name][0]:
        changes.setdefault(file, []).append((old, new))
    return programme(changes, encoding="cp1252" if name == "Windows-1252" else "utf-8")


def asked(capsys, *words):
    """Run the program in this process."""
    code = app.run([str(word) for word in words] + ["--json", "--quiet"])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, json.loads(captured.out)


def counted(answer, action):
    """Every row set aside is counted once."""
    aside = {(f["table"], f["row"]) for f in answer["findings"] if f["action"] == "row_set_aside"}
    assert answer["rows_set_aside"] == len(aside)
    assert aside or action != "row_set_aside"


def told(answer, name):
    """Return the findings of a row's rule, checked against its severity, action and quoted value."""
    _, rule, severity, action, quoted = ROWS[name]
    same = [f for f in answer["findings"] if f["rule"] == rule]
    assert same, [f["rule"] for f in answer["findings"]]
    assert {(f["severity"], f["action"]) for f in same} == {(severity, action)}
    assert any(quoted in f["message"] for f in same), [f["message"] for f in same]
    return same


@pytest.mark.item(
    "decision", 1, "rows of section 13: tables check", "rule, severity, action, exit, value quoted"
)
@pytest.mark.parametrize("name", ROWS)
def test_a_bad_input_gives_its_rule_and_action(programme, name, capsys):
    _, rule, severity, action, _ = ROWS[name]
    folder = folder_of(programme, name)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    code, answer = asked(capsys, "tables", "check", folder)
    same = told(answer, name)
    assert (code, answer["ok"]) == ((2, False) if severity == "error" else (0, True))
    counted(answer, action)
    assert before == {p.name: p.read_bytes() for p in folder.iterdir()}
    code, strict = asked(capsys, "tables", "check", folder, "--strict")
    refused = [f for f in strict["findings"] if f["action"] == "refused"]
    assert (len([f for f in refused if f["rule"] == rule]) == len(same)) == (severity != "note")
    assert (code == 2) == bool(refused)


@pytest.mark.item(
    "decision", 1, "rows of section 13: portfolio solve", "refused -> exit 2; else solved, counted"
)
@pytest.mark.parametrize("name", ROWS)
def test_solve_refuses_sets_aside_or_goes_on(programme, name, capsys):
    edits, rule, _, action, quoted = ROWS[name]
    folder = folder_of(programme, name)
    floors = [] if any(file == F for file, *_ in edits) else ["--no-floors"]
    code, answer = asked(capsys, "portfolio", "solve", folder, *floors)
    if action == "refused":
        assert (code, answer["error"]["rule"]) == (2, rule)
        assert quoted in answer["error"]["message"]
        assert answer["error"]["hint"]
        return
    told(answer, name)
    counted(answer, action)
    # M4 has a floor and no works: with the floors of the folder there is no programme
    assert (code, answer["status"]) == (
        (3, "infeasible")
        if not floors
        else (0, "optimal" if answer["proof"] in {"prices", "enumeration"} else "claimed")
    )
    code, _ = asked(capsys, "portfolio", "solve", folder, *floors, "--strict")
    assert (code == 2) == any(f["severity"] != "note" for f in answer["findings"])


@pytest.fixture
def city(tmp_path):
    return Workspace.create(tmp_path / "city").path


@pytest.mark.item(
    "decision", 1, "rows of section 13: tables import, plan", "as for the folder, same programme"
)
@pytest.mark.parametrize("name", ROWS)
def test_a_workspace_takes_in_what_the_folder_gives(programme, name, capsys, city):
    _, rule, _, action, quoted = ROWS[name]
    folder = folder_of(programme, name)
    before = Workspace.open(city).file_hashes()
    code, answer = asked(capsys, "tables", "import", folder, "-w", city)
    if action == "refused":
        assert (code, answer["error"]["rule"]) == (2, rule)
        assert quoted in answer["error"]["message"]
        assert Workspace.open(city).file_hashes() == before
        return
    assert code == 0
    told(answer, name)
    counted(answer, action)
    code, plan = asked(capsys, "plan", "--no-robust", "--no-floors", "-w", city)
    assert code == 0
    _, solved = asked(capsys, "portfolio", "solve", folder, "--no-floors")
    assert (plan["value"], plan["programme"]) == (solved["value"], solved["programme"])


IN_THE_WORKSPACE = {
    "cost negative": ("intervention", "cost_eur", -179000.0, "negative_cost", "row_set_aside", "-179000"),
    "cost empty": ("intervention", "cost_eur", None, "missing_cost", "row_set_aside", "I001"),
    "benefit empty": ("intervention", "benefit_eur", None, "missing_benefit", "refused", "I001"),
    "years reversed": ("intervention", "latest_year", 2026, "year_order", "row_set_aside", "2026"),
    "unknown id": ("relation", "a", "I0001", "unknown_reference", "row_set_aside", "'I0001'"),
    "itself": ("relation", "b", "I005", "self_relation", "row_set_aside", "I005"),
    "saving": ("relation", "saving_eur", 1e9, "saving_out_of_range", "row_set_aside", "1e+09"),
    "rate": ("funding_rule", "max_rate", 1.2, "rate_out_of_range", "refused", "1.2"),
    "budget": ("budget", "budget_eur", -1.0, "negative_budget", "refused", "-1"),
    "budget year": ("budget", "year", 2099, "year_outside_horizon", "kept", "2099"),
    "condition": ("funding_rule", "when", "poplation <= 15000", "bad_predicate", "refused", "position 1"),
    "floor": ("floor", "key", "M01", "unknown_municipality", "refused", "'M01'"),
    "floors above budgets": ("floor", "min_spend_eur", 1e9, "floor_exceeds_budget", "refused", "1000057000"),
    "CUP": ("intervention", "cup", ["G17H"], "bad_cup", "kept", "'G17H'"),
}


@pytest.mark.item("decision", 1, "a workspace's own bad rows: plan, explain", "as for the folder")
@pytest.mark.parametrize("name", IN_THE_WORKSPACE)
def test_a_row_that_a_practice_wrote_is_judged_alike(programme, name, capsys, city):
    table, column, value, rule, action, quoted = IN_THE_WORKSPACE[name]
    asked(capsys, "tables", "import", programme({}), "-w", city)
    workspace = Workspace.open(city)
    rows = workspace.read(table).to_pylist()
    rows[next(k for k, row in enumerate(rows) if row.get("id", "I001") == "I001")][column] = value
    shares = {row["practice"] for row in rows} if table == "intervention" else {None}
    with workspace.commit() as commit:
        for share in shares:
            mine = [row for row in rows if share is None or row["practice"] == share]
            commit.table(table, tables.from_rows(table, mine), practice=share)
    floors = [] if table == "floor" else ["--no-floors"]
    code, answer = asked(capsys, "plan", "--no-robust", "-w", city, *floors)
    if action == "refused":
        assert (code, answer["error"]["rule"]) == (2, rule)
        assert quoted in answer["error"]["message"]
        code, answer = asked(capsys, "explain", "I002", "-w", city, *floors)
        assert (code, answer["error"]["rule"]) == (2, rule)
        return
    assert code == 0
    same = [f for f in answer["findings"] if f["rule"] == rule]
    assert {f["action"] for f in same} == {action}
    assert any(quoted in f["message"] for f in same), [f["message"] for f in same]
    counted(answer, action)


@pytest.mark.item("decision", 1, "all benefits zero, wide range, no rows", "each gives its rule and action")
@pytest.mark.parametrize(
    ("rows", "rule", "severity"),
    [
        (["A,S,road,M1,1000,0,2027,2027"], "all_benefits_zero", "warning"),
        (["A,S,road,M1,1000,1,2027,2027", "B,T,road,M1,1000,2e9,2027,2027"], "wide_range", "warning"),
        ([], "empty_table", "note"),
    ],
)
def test_lists_that_cannot_be_ranked(programme, rows, rule, severity):
    folder = programme({})
    header = (folder / "interventions.csv").read_text().partition("\n")[0]
    (folder / "interventions.csv").write_text("\n".join([header, *rows]) + "\n")
    (folder / "relations.csv").unlink()
    (folder / "equity_floors.csv").unlink()
    found = exchange.read_folder(folder)
    assert [(f.rule, f.severity) for f in found.findings if f.rule == rule] == [(rule, severity)]


@pytest.mark.item("decision", 1, "hint of an unknown id names the nearest", "did you mean")
def test_hints_name_the_nearest(programme):
    folder = programme({"relations": [("I001,I003", "I01,I003")], "interventions": [("cost_eur", "cost_eu")]})
    hints = {f.rule: f.hint for f in exchange.read_folder(folder).findings}
    assert hints["missing_column"] == "did you mean cost_eu?"
    folder = programme({"relations": [("I001,I003", "I01,I003")]})
    hints = {f.rule: f.hint for f in exchange.read_folder(folder).findings}
    assert "I001" in hints["unknown_reference"]


@pytest.mark.item("decision", 1, "tiny7, small40, mid120, options10k check clean", "0 errors, 0 warnings")
@pytest.mark.parametrize("name", ["programme/tiny7", "programme/small40", "programme/mid120", "options10k"])
def test_the_open_data_checks_clean(shared, figure, name):
    found = exchange.read_folder(shared(f"planning/{name}"))
    counts = count(found.findings)
    figure(f"{counts.errors} errors, {counts.warnings} warnings")
    assert (counts.errors, counts.warnings, counts.rows_set_aside) == (0, 0, 0)
    assert {f.rule for f in found.findings} <= {"possible_joint_worksite", "floor_without_interventions"}


def run(*arguments):
    done = subprocess.run(
        program(*arguments),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.mark.item("decision", 1, "tables check prints its whole answer and exits 2", "exit 0 / 2")
def test_tables_check(programme):
    folder = programme({})
    code, answer, _ = run("tables", "check", str(folder))
    assert (code, answer["ok"], answer["errors"], answer["rows_set_aside"]) == (0, True, 0, 0)
    assert answer["tables"] == {W: 7, R: 4, B: 11, L: 5, F: 4}
    folder = programme(
        {W: [("M2,179000", "M2,-179000"), ("143000,140000", "143000,x")], B: [("own,2028", "own,2027")]}
    )
    code, answer, error = run("tables", "check", str(folder))
    assert (code, answer["ok"]) == (2, False)
    assert (answer["errors"], answer["rows_set_aside"]) == (
        3,
        2,
    )  # the relation of the row set aside goes with it
    assert "Traceback" not in error


@pytest.mark.item("decision", 1, "a broken input never yields a traceback", "error or finding")
@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"\0" * 9, b'id,site\n"open', b"id\n" * 3, "é;à\n".encode("cp1252"), b"PAR1", b"\n\n"],
)
@pytest.mark.parametrize("ending", ["csv", "parquet", "csv.gz"])
def test_broken_files_are_told(programme, content, ending):
    folder = programme({})
    (folder / f"{W}.csv").unlink()
    (folder / f"{W}.{ending}").write_bytes(content)
    found = exchange.read_folder(folder)
    assert any(f.action == "refused" and f.table == W for f in found.findings)


@pytest.mark.item(
    "decision", 1, "tables schema lists every table and its attributes", "all of DESIGN section 4"
)
def test_tables_schema():
    code, answer, _ = run("tables", "schema")
    assert code == 0
    assert set(tables.names()) <= set(answer["tables"])
    code, answer, _ = run("tables", "schema", "relation")
    first = answer["attributes"][0]
    assert (first["attribute"], first["type"], first["key"]) == ("kind", "text", True)
    code, answer, _ = run("tables", "schema", "relatoin")
    assert (code, answer["error"]["rule"]) == (2, "table_not_found")
    assert "relation" in answer["error"]["hint"]
