"""Boosted trees: a step is found, an unknown input is no zero, a seed repeats, weights count."""

from __future__ import annotations

import numpy as np
import pytest

from contado.engines.pavement.deterioration.boosting import BoostSettings, boost


def steps(seed=0, count=400):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, (count, 3))
    return x, np.where(x[:, 0] > 0.5, 2.0, 0.0) + np.where(x[:, 1] > 0.3, 1.0, 0.0)


def test_steps_of_two_columns_are_found():
    x, y = steps()
    model = boost(x, y)
    other, truth = steps(1)
    far = (np.abs(other[:, 0] - 0.5) > 0.05) & (np.abs(other[:, 1] - 0.3) > 0.05)
    assert np.abs(model.predict(other) - truth)[far].max() < 0.4


def test_what_is_unknown_is_a_value_of_its_own():
    x, _ = steps()
    x[::2, 0] = np.nan
    y = np.where(np.isnan(x[:, 0]), 5.0, 1.0)
    found = boost(x, y).predict(np.array([[np.nan, 0.5, 0.5], [0.5, 0.5, 0.5]]))
    assert found == pytest.approx([5.0, 1.0], abs=0.2)


def test_the_same_seed_gives_the_same_model():
    x, y = steps()
    one, two = (boost(x, y, settings=BoostSettings(rounds=20, seed=3)).predict(x) for _ in range(2))
    other = boost(x, y, settings=BoostSettings(rounds=20, seed=4)).predict(x)
    assert (one == two).all()
    assert (one != other).any()


def test_a_row_of_no_weight_does_not_count():
    x, y = steps()
    wrong = np.where(np.arange(y.size) < 40, 100.0, y)
    weight = np.where(np.arange(y.size) < 40, 0.0, 1.0)
    assert boost(x, wrong, weight=weight).predict(x).max() < 4
