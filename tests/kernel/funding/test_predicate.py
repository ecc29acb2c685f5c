"""Conditions: Kleene's logic, our own grammar, errors that quote the position."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contado.kernel.errors import DataError
from contado.kernel.funding.predicate import parse

COLUMNS = ["population", "use", "zone", "cost_eur", "a", "b"]
CELL = {True: "1", False: "0", None: ""}


def kleene_and(x, y):
    if x is False or y is False:
        return False
    return None if None in (x, y) else True


def kleene_or(x, y):
    if x is True or y is True:
        return True
    return None if None in (x, y) else False


@pytest.mark.parametrize(("x", "y"), list(itertools.product([True, False, None], repeat=2)))
def test_the_three_valued_truth_tables(x, y):
    row = {"a": CELL[x], "b": CELL[y]}
    assert parse("a == 1 and b == 1", COLUMNS).holds(row) is kleene_and(x, y)
    assert parse("a == 1 or b == 1", COLUMNS).holds(row) is kleene_or(x, y)
    assert parse("not a == 1", COLUMNS).holds(row) is (None if x is None else not x)


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("population <= 15000", {"population": "15000"}, True),
        ("population < 15000", {"population": 15000}, False),
        ("use == School", {"use": "school"}, True),
        ("use != school", {"use": "office"}, True),
        ("zone in (A; B)", {"zone": "b"}, True),
        ("zone in (A; B)", {"zone": "C"}, False),
        ("zone in (1; 2)", {"zone": 2.0}, True),
        ("not (zone == A or zone == B) and population > 10", {"zone": "C", "population": 11}, True),
        ("use == 'primary school'", {"use": "primary school"}, True),
        ("population >= -5", {"population": float("nan")}, None),
        ("a == 1 or b == 1 and a == 2", {"a": "1", "b": ""}, True),
    ],
)
def test_comparisons(text, row, expected):
    assert parse(text, COLUMNS).holds(row) is expected


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("population <=", "position 14"),
        ("population", "position 11"),
        ("popolation <= 3", "position 1"),
        ("population <= many", "position 15"),
        ("(use == school", "position 15"),
        ("zone in A", "position 9"),
        ("zone in (A, B)", "position 11"),
        ("use == school school", "position 15"),
        ("", "position 1"),
        ("__import__('os')", "position 1"),
    ],
)
def test_an_error_quotes_the_position(text, position):
    with pytest.raises(DataError) as error:
        parse(text, COLUMNS)
    assert error.value.rule == "bad_predicate"
    assert position in error.value.message
    assert error.value.hint


def test_a_word_where_a_number_is_compared_is_an_error():
    with pytest.raises(DataError, match="not a number"):
        parse("population <= 3", COLUMNS).holds({"population": "many"})


@given(st.text(max_size=40))
def test_any_text_is_parsed_or_refused(text):
    try:
        parse(text, COLUMNS)
    except DataError as error:
        assert error.rule == "bad_predicate"  # noqa: PT017 - the only way it may fail
