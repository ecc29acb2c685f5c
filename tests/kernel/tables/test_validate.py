"""Validation: one check a function, every fault found, messages with key and value."""

from __future__ import annotations

import pyarrow as pa
import pytest

from contado.kernel import tables

VALUE = {"subject_id": "A1", "indicator": "iri_m_km", "period": "2026", "value": 2.0, "unit": "m_km"}
VALUE |= {"low": 1.0, "high": 3.0, "method": "mean", "source_id": "s"}


def rules(name, rows, **known):
    found = tables.validate(name, tables.from_rows(name, rows), known=known)
    return [(f.rule, f.severity, f.action) for f in found]


def test_a_right_table_has_no_findings():
    assert rules("indicator_value", [VALUE]) == []
    assert rules("indicator_value", [VALUE | {"value": None, "low": None, "high": None}]) == []


@pytest.mark.parametrize("name", tables.names())
def test_empty_tables_are_right(name):
    assert tables.validate(name, tables.empty(name)) == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"unit": "mm"}, ("wrong_unit", "error", "refused")),
        ({"indicator": "noise_pct", "unit": "furlong"}, ("unknown_unit", "error", "refused")),
        ({"indicator": "noise", "unit": "pct"}, ("wrong_unit", "error", "refused")),
        ({"indicator": "noise_pct", "unit": "pct"}, ("unregistered_indicator", "note", "kept")),
        ({"indicator": "noise_index", "unit": "1"}, ("unregistered_indicator", "note", "kept")),
        ({"low": 2.5}, ("bad_interval", "warning", "kept")),
        ({"low": None}, ("bad_interval", "warning", "kept")),
        ({"label": "guessed"}, ("unknown_choice", "warning", "kept")),
        ({"method": None}, ("missing_value", "error", "kept")),
        ({"period": None}, ("missing_value", "error", "refused")),
    ],
)
def test_faults_of_a_value(change, rule):
    assert rules("indicator_value", [VALUE | change]) == [rule]


def test_messages_name_the_key_and_quote_the_value():
    (finding,) = tables.validate(
        "indicator_value", tables.from_rows("indicator_value", [VALUE | {"unit": "mm"}])
    )
    assert (
        finding.message == "indicator_value A1 iri_m_km 2026: iri_m_km is registered in 'm_km', not in 'mm'."
    )
    assert (finding.table, finding.row) == ("indicator_value", 1)


def test_references_are_checked_where_their_table_is_there():
    assets = tables.from_rows("asset", [{"id": "A1", "practice": "p", "kind": "k"}])
    row = {"id": "I1", "practice": "p", "type": "t", "asset_id": "a1", "site_id": None, "municipality": None}
    row |= {"cost_eur": 1e6, "earliest_year": 2027, "latest_year": 2028}
    table = tables.from_rows("intervention", [row])
    assert tables.validate("intervention", table) == []
    (finding,) = tables.validate("intervention", table, known={"asset": assets})
    assert (finding.rule, finding.severity, finding.hint) == ("unknown_reference", "note", "did you mean A1?")


def test_keys_may_hold_unknowns_where_the_schema_says_so():
    price = {"item_id": "x", "kind": "k", "name_it": "n", "unit": "m2", "likely_eur": 1, "price_year": 2025}
    assert rules("price_item", [price, price | {"region": "Lombardia"}]) == []
    assert [r[0] for r in rules("price_item", [price, price])] == ["duplicate_id"]


def test_columns_missing_unknown_and_of_the_wrong_type():
    table = pa.table({"source": ["own"], "yaer": [2027], "budget_eur": ["much"], "note": ["x"]})
    found = [(f.rule, f.hint) for f in tables.validate("budget", table)]
    assert ("missing_column", "did you mean yaer?") in found
    assert ("unknown_column", "did you mean year?") in found
    assert ("unknown_column", "they are kept as they are") in found
    assert ("wrong_type", "use tables.conform") in found


def test_geometries_that_are_no_wkb():
    asset = {"id": "a", "practice": "p", "kind": "k", "geometry": b"nonsense"}
    assert rules("asset", [asset, asset | {"id": "b", "geometry": None}]) == [
        ("bad_geometry", "error", "refused")
    ]


def test_years_outside_any_plan():
    assert rules("budget", [{"source": "own", "year": 20270, "budget_eur": 1}]) == [
        ("out_of_range", "warning", "kept")
    ]


def test_cycles_are_found_without_recursion():
    chain = [{"kind": "requires", "a": f"I{i}", "b": f"I{i + 1}"} for i in range(3000)]
    assert rules("relation", chain) == []
    found = tables.validate(
        "relation", tables.from_rows("relation", [*chain, {"kind": "requires", "a": "I3000", "b": "I2998"}])
    )
    assert [f.rule for f in found] == ["requires_cycle"]
    assert "I2998 -> I2999 -> I3000 -> I2998" in found[0].message
