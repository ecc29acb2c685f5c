"""Rows and foreign tables become tables as their schema declares them."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from contado.kernel import tables
from contado.kernel.errors import ColumnNotFound, DataError

ROW = {
    "id": "I1",
    "practice": "p",
    "type": "t",
    "asset_id": None,
    "site_id": None,
    "municipality": "015146",
    "cost_eur": 10,
    "earliest_year": 2027,
    "latest_year": 2028,
}


def test_absent_nullable_columns_are_null_and_extra_ones_follow():
    table = tables.from_rows("intervention", [{**ROW, "storeys": 3}])
    assert table.column_names[:-1] == [a.attribute for a in tables.schema("intervention").attributes]
    assert table["storeys"].to_pylist() == [3]
    assert table["benefit_eur"].to_pylist() == [None]
    assert table.schema.field("cost_eur").type == pa.float64()


@pytest.mark.parametrize(
    ("column", "given", "kept"),
    [
        ("cost_eur", "1.5", 1.5),
        ("cost_eur", np.float32(0.5), 0.5),
        ("cost_eur", float("nan"), None),
        ("earliest_year", 2027.0, 2027),
        ("earliest_year", "2027", 2027),
        ("municipality", "", None),
        ("municipality", 15146, "15146"),
        ("road_link_ids", "a; b", ["a", "b"]),
        ("road_link_ids", ("a", "b"), ["a", "b"]),
        ("spend_profile", "0.4;0.6", [0.4, 0.6]),
        ("geometry", shapely.Point(1, 2), shapely.to_wkb(shapely.Point(1, 2), byte_order=1)),
    ],
)
def test_cells_are_read_as_their_column_says(column, given, kept):
    assert tables.from_rows("intervention", [{**ROW, column: given}])[column].to_pylist() == [kept]


@pytest.mark.parametrize(
    ("column", "given"),
    [
        ("cost_eur", "12k"),
        ("cost_eur", float("inf")),
        ("earliest_year", 2027.5),
        ("earliest_year", True),
        ("municipality", b"x"),
        ("spend_profile", "a;b"),
        ("cost_eur", [1]),
    ],
)
def test_a_cell_that_cannot_be_read_is_refused_with_row_and_value(column, given):
    with pytest.raises(DataError) as error:
        tables.from_rows("intervention", [ROW, {**ROW, column: given}])
    assert (error.value.rule, error.value.rows, error.value.field) == ("bad_value", (2,), column)
    assert repr(given) in error.value.message


def test_dates_and_instants():
    when = {"name": "x", "value": 1, "unit": "eur", "valid_from": "2026-01-31"}
    assert tables.from_rows("legal_parameter", [when])["valid_from"].to_pylist() == [dt.date(2026, 1, 31)]
    italian = tables.from_rows("legal_parameter", [{**when, "valid_from": "31/01/2026"}])
    assert italian["valid_from"].to_pylist() == [dt.date(2026, 1, 31)]


def test_a_missing_required_column_names_the_nearest():
    with pytest.raises(ColumnNotFound, match="did you mean cost_euro"):
        tables.from_rows(
            "intervention", [{**{k: v for k, v in ROW.items() if k != "cost_eur"}, "cost_euro": 1}]
        )
    with pytest.raises(ColumnNotFound, match="missing column id"):
        tables.conform("asset", pa.table({"practice": ["p"], "kind": ["k"]}))


def test_no_rows_need_no_columns():
    assert tables.from_rows("effect", []).equals(tables.empty("effect"))


def test_conform_casts_foreign_types():
    foreign = pa.table(
        {
            "extra": [1],
            "id": pa.array(["a"], pa.large_string()),
            "practice": pa.array(["p"]).dictionary_encode(),
            "kind": ["k"],
            "geometry": pa.array([b"x"], pa.large_binary()),
        }
    )
    table = tables.conform("asset", foreign)
    assert table.schema.field("id").type == pa.string()
    assert table.schema.field("practice").type == pa.string()
    assert table.column_names[-1] == "extra"
    assert tables.conform("asset", table).equals(table)


def test_conform_keeps_nan_as_unknown():
    source = pa.table({"source": ["own"], "year": [2027], "budget_eur": [float("nan")]})
    assert tables.conform("budget", source)["budget_eur"].to_pylist() == [None]


def test_conform_refuses_what_does_not_fit():
    with pytest.raises(DataError, match=r"2027\.5"):
        tables.conform("budget", pa.table({"source": ["own"], "year": [2027.5], "budget_eur": [1.0]}))


def test_sort_is_by_key():
    rows = [
        {"source": s, "year": y, "budget_eur": 1} for s, y in (("own", 2028), ("gse", 2029), ("own", 2027))
    ]
    table = tables.sort("budget", tables.from_rows("budget", rows))
    assert table["year"].to_pylist() == [2029, 2027, 2028]


values = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.text(max_size=5),
            "practice": st.text(max_size=3),
            "kind": st.just("k"),
            "geometry": st.none() | st.binary(max_size=8),
        }
    ),
    max_size=6,
)


@given(values)
def test_the_content_hash_does_not_depend_on_the_encoding(rows):
    table = tables.from_rows("asset", rows)
    again = pa.concat_tables([table.slice(0, 2), table.slice(2)]).select(list(reversed(table.column_names)))
    large = again.set_column(again.column_names.index("id"), "id", again["id"].cast(pa.large_string()))
    assert tables.content_hash(table) == tables.content_hash(large)


def test_the_content_hash_sees_every_change():
    def asset(**row):
        return tables.from_rows("asset", [{"id": "a", "practice": "p", "kind": "k", **row}])

    tables_ = [asset(), asset(id="b"), asset(name="a"), asset(x=1), asset(x=1.0), asset(x=[1]), asset(x=True)]
    tables_ += [asset(name="ab", kind="c"), asset(name="a", kind="bc"), asset(x=dt.date(2026, 1, 1))]
    assert len({tables.content_hash(t) for t in tables_}) == len(tables_)


def test_importing_tables_is_light():
    code = "import sys; from contado.kernel import tables; print([m for m in ('pandas','geopandas','pyogrio','shapely') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
