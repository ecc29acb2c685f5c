"""The row of a day: both ends included, a later row supersedes, nothing is taken by default."""

import datetime as dt
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contado.kernel.dates import dated
from contado.kernel.errors import DataError

FIRST, LAST = dt.date(2024, 1, 1), dt.date(2025, 12, 31)


def row(value, start=None, end=None, name="limit"):
    return {"name": name, "value": value, "valid_from": start, "valid_to": end}


@pytest.mark.parametrize(
    ("day", "expected"),
    [(dt.date(2023, 12, 31), False), (FIRST, True), (LAST, True), (dt.date(2026, 1, 1), False)],
)
def test_both_ends_are_included(day, expected):
    assert dated.holds(row(1, FIRST, LAST), day) is expected
    assert dated.holds(SimpleNamespace(valid_from=FIRST, valid_to=LAST), day) is expected
    assert dated.holds(row(1, FIRST.isoformat(), LAST.isoformat()), day) is expected


def test_no_row_is_an_error_that_names_day_and_keys():
    with pytest.raises(DataError) as raised:
        dated.pick([row(1, FIRST, LAST)], dt.date(2030, 1, 1), name="limit")
    assert raised.value.rule == "no_dated_row"
    assert "2030-01-01" in str(raised.value)
    assert "name limit" in str(raised.value)


def test_two_rows_that_began_together_are_refused_unless_they_are_the_same():
    with pytest.raises(DataError) as raised:
        dated.pick([row(1, FIRST), row(2, FIRST)], LAST, name="limit")
    assert raised.value.rule == "several_dated_rows"
    assert dated.pick([row(1, FIRST), row(1, FIRST)], LAST, name="limit")["value"] == 1


def test_a_day_that_cannot_be_read_is_quoted():
    with pytest.raises(DataError, match="budget: '31/12/2026' is not a date"):
        dated.day("31/12/2026", "budget")


@given(st.permutations([row(n, FIRST + dt.timedelta(days=n)) for n in range(6)]), st.integers(0, 9))
def test_of_overlapping_rows_the_last_begun_holds_in_any_order(rows, after):
    assert dated.pick(rows, FIRST + dt.timedelta(days=after), name="limit")["value"] == min(after, 5)
