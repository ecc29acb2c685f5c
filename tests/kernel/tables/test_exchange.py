"""Folders of CSV: what is right stays, what is wrong is told with its rule, row and value."""

from __future__ import annotations

import pytest

from contado.kernel.errors import DataError, TableNotFound
from contado.kernel.tables import exchange
from contado.kernel.tables.findings import count, raise_refused


def test_set_aside_rows_leave_the_tables_and_what_refers_to_them(programme):
    folder = programme({"interventions": [("I001,S002,trees,M2,179000", "I001,S002,trees,M2,")]})
    found = exchange.read_folder(folder)
    assert found.tables["interventions"].num_rows == 6
    assert found.rows["interventions"] == 7
    rules = {(f.rule, f.table, f.row) for f in found.findings if f.action == "row_set_aside"}
    assert ("missing_cost", "interventions", 2) in rules
    assert ("unknown_reference", "relations", 2) in rules
    assert count(found.findings).rows_set_aside == 2


def test_strict_turns_warnings_and_set_aside_rows_into_refusals(programme):
    folder = programme({"interventions": [("I001,S002,trees,M2,179000", "I001,S002,trees,M2,")]})
    found = exchange.read_folder(folder, strict=True)
    assert found.tables["interventions"].num_rows == 7
    assert {f.rule for f in found.findings if f.action == "refused"} == {"missing_cost"}
    with pytest.raises(DataError, match="cost_eur is empty") as error:
        raise_refused(found.findings)
    assert (error.value.rule, error.value.rows) == ("missing_cost", (2,))


def test_all_faults_are_collected(programme):
    folder = programme(
        {
            "interventions": [("I002,S001,lighting,M1,143000", "I002,S001,lighting,M1,-1")],
            "budgets": [("own,2027,115000", "own,2027,-5")],
            "relations": [("excludes,I005", "excludes,I999")],
        }
    )
    found = exchange.read_folder(folder)
    assert {"negative_cost", "negative_budget", "unknown_reference"} <= {f.rule for f in found.findings}


def test_facts_of_a_rule_are_kept_as_further_columns(programme):
    folder = programme(
        {"interventions": [("latest_year", "latest_year,population"), ("2029\n", "2029,12000\n")]}
    )
    found = exchange.read_folder(folder)
    assert found.tables["interventions"]["population"].to_pylist() == [12000] * 7
    assert {f.rule for f in found.findings if f.table == "interventions" and f.severity != "note"} == set()


def test_options_may_draw_on_more_than_two_budgets(tmp_path):
    (tmp_path / "budgets.csv").write_text("budget,year,source,budget_eur\n0,2027,own,10\n1,2027,gse,10\n")
    (tmp_path / "options.csv").write_text(
        "site,benefit_eur,budget_a,cost_a_eur,budget_b,cost_b_eur,budget_c,cost_c_eur\n1,5,0,1,1,1,7,1\n1,5,0,1,1,1,1,-2\n"
    )
    found = exchange.read_folder(tmp_path)
    assert found.kind == "options"
    assert {(f.rule, f.row) for f in found.findings} == {("negative_cost", 3), ("unknown_reference", 2)}


def test_a_folder_of_shared_tables(tmp_path):
    (tmp_path / "asset.csv").write_text("id,practice,kind\na,p,k\n")
    (tmp_path / "readme.csv").write_text("x\n1\n")
    found = exchange.read_folder(tmp_path)
    assert (found.kind, found.rows) == ("tables", {"asset": 1})
    assert [f.rule for f in found.findings] == ["unknown_file"]


def test_what_is_no_folder_of_tables_says_what_one_holds(tmp_path):
    with pytest.raises(TableNotFound, match="programme folder holds"):
        exchange.read_folder(tmp_path)
    with pytest.raises(TableNotFound, match="no folder"):
        exchange.read_folder(tmp_path / "absent")


def test_one_file_is_checked_against_the_schema_of_its_name(tmp_path):
    file = tmp_path / "budgets.csv"
    file.write_text("source,year,budget_eur\nown,2027,1\nown,2027,2\n")
    assert [f.rule for f in exchange.check_file(file).findings] == ["duplicate_budget"]
    other = file.rename(tmp_path / "money.csv")
    assert exchange.check_file(other, "budget").rows == {"money": 2}
    with pytest.raises(TableNotFound, match="no schema 'money'"):
        exchange.check_file(other)
    with pytest.raises(DataError, match="is no table"):
        exchange.check_file(other.rename(tmp_path / "money.txt"))


def test_a_file_that_cannot_be_read_refuses_the_folder_without_stopping(programme):
    folder = programme({})
    (folder / "budgets.csv").write_bytes(b"\0\0")
    found = exchange.read_folder(folder)
    assert ("not_text", "budgets", "refused") in {(f.rule, f.table, f.action) for f in found.findings}
    assert found.tables["interventions"].num_rows == 7
