"""Placebo tuples and the closed form of the effect, against a reference written for reading."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contado.engines.pavement.trial import placebo


def slow_effects(values, tuples, covariates):
    """The coefficient of the treatment by ordinary least squares, one tuple after the other."""
    found = []
    for chosen in tuples:
        d = np.isin(np.arange(len(values)), chosen).astype(float)
        X = np.column_stack([d, np.ones(len(values)), covariates])
        found.append(np.linalg.lstsq(X, values, rcond=None)[0][0])
    return np.array(found)


@pytest.mark.parametrize("k", [0, 1, 2])
def test_every_effect_is_that_of_least_squares(k):
    chance = np.random.default_rng(k)
    values, covariates = chance.normal(size=9), chance.normal(size=(9, k))
    tuples = placebo.tuplets(9, 2).rows
    assert placebo.effects_of(values, tuples, covariates) == pytest.approx(
        slow_effects(values, tuples, covariates)
    )


@given(n=st.integers(3, 9), k=st.integers(1, 3), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_without_covariates_it_is_the_difference_of_means(n, k, seed):
    values = np.random.default_rng(seed).normal(size=n)
    tuples = placebo.tuplets(n, k).rows
    chosen = combinations(range(n), k) if k < n else ()
    plain = [values[list(c)].mean() - np.delete(values, list(c)).mean() for c in chosen]
    assert placebo.effects_of(values, tuples) == pytest.approx(np.array(plain))


def test_all_tuples_up_to_a_hundred_thousand_then_a_seeded_sample():
    assert placebo.tuplets(40, 2).rows.shape == (780, 2)
    many = placebo.tuplets(60, 4, seed=3)
    assert (len(many.rows), many.exact) == (placebo.MOST_TUPLES, False)
    assert all(len(set(row)) == 4 for row in many.rows[:500].tolist())
    assert (many.rows == placebo.tuplets(60, 4, seed=3).rows).all()
    assert (many.rows != placebo.tuplets(60, 4, seed=4).rows).any()
    assert np.bincount(many.rows.ravel(), minlength=60) == pytest.approx(np.full(60, 4e5 / 60), rel=0.05)


def test_p_counts_the_effect_itself():
    values = np.array([-3.0, -2.0, -1.0, 0.0])
    assert placebo.p_value(values, -2.0) == 3 / 5
    assert placebo.p_value(values, -9.0) == 1 / 5
    assert placebo.p_value(values, 2.5, two_sided=True) == 2 / 5
    assert placebo.p_value(np.zeros(0), -1.0) is None


def test_the_standard_error_is_that_of_the_controls():
    chance = np.random.default_rng(5)
    values = chance.normal(size=12)
    treated = np.arange(12) < 2
    found = placebo.estimate(values, treated)
    sd = values[2:].std(ddof=1)
    assert (found.sd, found.free) == (pytest.approx(sd), 9)
    assert found.standard_error == pytest.approx(sd * np.sqrt(1 / 2 + 1 / 10))
