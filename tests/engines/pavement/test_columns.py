"""Columns of tables that people wrote: types, names, what is not read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from contado.engines.pavement import columns
from contado.kernel.errors import DataError


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, None]),
        pa.array([1.0, float("nan")]),
        pa.array(["1", " "]),
        pa.array(["1e0", None]),
        pa.array([Decimal("1.0"), None]),
        pa.array(["1", None]).dictionary_encode(),
    ],
)
def test_every_kind_of_number(values):
    found = columns.numbers(pa.table({"a": values}), "a", "t")
    np.testing.assert_array_equal(found, [1.0, np.nan])


def test_a_column_of_nothing_is_unknown():
    table = pa.table({"a": pa.nulls(2)})
    assert np.isnan(columns.numbers(table, "a", "t")).all()
    assert np.isnan(columns.numbers(table, "b", "t")).all()


@pytest.mark.parametrize(
    "values",
    [
        [1.0, float("inf")],
        ["1", "1e999"],
        ["1", "one"],
        [None, True],
        [None, date(2026, 1, 1)],
        [None, [1.0]],
    ],
)
def test_what_is_no_number_is_named(values):
    with pytest.raises(DataError, match="t, line 7: a = ") as error:
        columns.numbers(pa.table({"a": values}), "a", "t", lines=[4, 7])
    assert (error.value.rule, error.value.rows, error.value.field) == ("not_a_number", (7,), "a")


def test_names_are_there_and_single():
    assert columns.names(pa.table({"a": ["x", "y"]}), "a", "t") == ["x", "y"]
    with pytest.raises(DataError, match="t, row 2: a is empty") as error:
        columns.names(pa.table({"a": ["x", None, ""]}), "a", "t")
    assert (error.value.rule, error.value.rows) == ("missing_value", (2, 3))
    table = pa.table({"a": ["x", "y", "x"]})
    with pytest.raises(DataError, match="'x'") as error:
        columns.names(table, "a", "t")
    assert (error.value.rule, error.value.rows) == ("duplicate_id", (3,))
    assert columns.names(table, "a", "t", unique=False) == ["x", "y", "x"]


def test_columns_that_are_not_read():
    table = pa.table({"iri_mkm": [1], "aadt": [1], "note": [1], "who": [1]})
    found = columns.unknown(table, ["iri_m_km", "aadt"], "t")
    assert [(f.message, f.hint) for f in found] == [
        ("t: not read: iri_mkm.", "did you mean iri_m_km?"),
        ("t: not read: note, who.", "nothing to do; they are left as they are"),
    ]
    assert columns.unknown(pa.table({"aadt": [1]}), ["aadt"], "t") == []
