"""Condition index, classes and priorities: formulas, monotonicity, contributions that sum."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contado.engines.pavement.maintenance import condition, priority
from contado.kernel.errors import DataError, UsageError

ON = date(2026, 11, 1)
COLUMNS = ("condition_index", "aadt", "accident_rate", "hydro_risk", "network_role")


def test_index_is_the_formula():
    model = condition.model(ON)
    assert model.index(1.0, 0.0) == pytest.approx(100.0)
    assert model.index(3.5, 40.0) == pytest.approx(100 * np.exp(-0.26 * 2.5) * np.exp(-0.16))


@given(st.floats(0.2, 20), st.floats(0, 10), st.floats(0, 300), st.floats(0, 100))
def test_index_falls_with_roughness_and_severity(iri, more_iri, severity, more_severity):
    model = condition.model(ON)
    index = model.index(iri, severity)
    assert model.index(iri + more_iri, severity) <= index
    assert model.index(iri, severity + more_severity) <= index
    assert 0 <= index <= 100


def test_lower_bounds_are_included():
    model = condition.model(ON)
    assert [model.letter(x) for x in (100, 70, 69.999, 50, 30, 0, None, float("nan"))] == [
        *"AABBCD",
        None,
        None,
    ]


def test_a_day_before_the_first_row_is_refused():
    with pytest.raises(DataError) as caught:
        condition.model(date(1990, 1, 1))
    assert caught.value.rule == "no_dated_row"


VALUES = st.tuples(st.floats(0, 100), st.floats(0, 60_000), st.floats(0, 5), st.floats(0, 4), st.floats(0, 1))


@given(VALUES, st.integers(0, 4), st.floats(0, 1))
def test_priority_is_monotone_in_each_input(values, column, step):
    worse = list(values)
    worse[column] = worse[column] * (1 - step) if column == 0 else worse[column] * (1 + step)
    table = {name: np.array([a, b]) for name, a, b in zip(COLUMNS, values, worse, strict=True)}
    before, after = priority.rank(table, priority.terms(ON)).priority
    assert after >= before - 1e-12


@given(st.lists(st.tuples(*[st.one_of(st.just(float("nan")), st.floats(0, 100))] * 5), min_size=1))
def test_contributions_sum_to_the_priority_with_unknowns(rows):
    table = dict(zip(COLUMNS, np.array(rows).T, strict=True))
    found = priority.rank(table, priority.terms(ON))
    known = ~np.isnan(found.priority)
    np.testing.assert_allclose(np.nansum(found.contribution, axis=1)[known], found.priority[known])
    assert sorted(found.rank) == list(range(1, len(rows) + 1))
    assert ((found.priority[known] >= 0) & (found.priority[known] <= 1 + 1e-12)).all()


def test_the_index_that_overtakes_does():
    table = {"condition_index": np.array([40.0, 60.0]), "aadt": np.array([9000.0, 8000.0])}
    chosen = priority.terms(ON)
    needed = priority.rank(table, chosen).overtakes_at[1]
    table["condition_index"][1] = needed - 1e-6
    assert list(priority.rank(table, chosen).rank) == [2, 1]


def test_own_weights():
    chosen = priority.terms(ON, {"traffic": 2.0, "condition": 2.0})
    found = priority.rank({"condition_index": [50.0], "aadt": [20_000.0]}, chosen)
    assert found.priority[0] == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("weights", "error", "rule"),
    [
        ({"trafic": 1.0}, UsageError, "unknown_choice"),
        ({"traffic": -1.0}, DataError, "negative_weight"),
        ({"traffic": 0.0}, DataError, "all_weights_zero"),
    ],
)
def test_bad_weights(weights, error, rule):
    with pytest.raises(error) as caught:
        priority.terms(ON, weights)
    assert caught.value.rule == rule
    assert caught.value.hint
