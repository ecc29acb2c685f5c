"""contado tables check: folders, files with renamed columns, workspaces."""

from __future__ import annotations

import pytest

from contado.kernel import tables
from contado.kernel.declare import Context
from contado.kernel.errors import UsageError
from contado.kernel.workspace import Workspace
from contado.verbs import load

CHECK = load("tables check")


def check(path, *, strict=False, **options):
    return CHECK(CHECK.request(path=path, **options), Context(strict=strict))


def test_strict_makes_a_warning_an_error(programme):
    folder = programme({"budgets": [("own,2029", "own,2035")]})
    assert (check(folder).ok, check(folder).exit_code()) == (True, 0)
    strict = check(folder, strict=True)
    assert (strict.ok, strict.errors, strict.exit_code()) == (False, 1, 2)


def test_a_file_of_another_body_is_checked_under_our_names(tmp_path):
    (tmp_path / "money.csv").write_text("fonte,anno,euro\nown,2027,-1\n")
    answer = check(
        tmp_path / "money.csv", schema="budget", rename=["fonte=source", "anno=year", "euro=budget_eur"]
    )
    assert ([f.rule for f in answer.findings], answer.tables) == (["negative_budget"], {"money": 1})
    with pytest.raises(UsageError, match="no pair"):
        check(tmp_path / "money.csv", schema="budget", rename=["fonte"])


def test_an_absent_column_to_rename_is_told(tmp_path):
    (tmp_path / "budget.csv").write_text("source,year,budget_eur\nown,2027,1\n")
    answer = check(tmp_path / "budget.csv", rename=["fonte=source"])
    assert [(f.rule, f.action) for f in answer.findings] == [("missing_column", "refused")]


def test_a_workspace_is_checked_table_by_table(tmp_path):
    ws = Workspace.create(tmp_path / "city")
    effect = {"intervention_id": "I9", "indicator": "canopy_m2", "value": 1, "unit": "m2"}
    row = {"id": "I1", "practice": "p", "type": "t", "asset_id": None, "site_id": None, "municipality": None}
    row |= {"cost_eur": 1e6, "earliest_year": 2028, "latest_year": 2027}
    with ws.commit() as c:
        c.table("intervention", tables.from_rows("intervention", [row]), practice="p")
        c.table(
            "effect", tables.from_rows("effect", [effect | {"method": "m", "source_id": "s"}]), practice="p"
        )
    answer = check(ws.path)
    assert answer.tables == {"effect": 1, "intervention": 1}
    assert {f.rule for f in answer.findings} == {"year_order", "unknown_reference"}
    assert (answer.ok, answer.rows_set_aside) == (False, 2)


def test_a_domain_with_accents_and_blanks_is_imported(programme, tmp_path):
    folder = programme(
        {"interventions": [("trees,", "viabilità e opere,")], "funding_rules": [("trees;", "")]}
    )
    city = Workspace.create(tmp_path / "city").path
    load("tables import")(load("tables import").request(folder=folder), Context(workspace=city))
    rows = Workspace.open(city).read("intervention")
    assert rows["practice"].to_pylist().count("viabilità e opere") == 2
    assert (city / "tables" / "intervention" / "viabilita_e_opere.parquet").is_file()
