"""Cumulative differences: turns of Zx, and short units combined with their neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from contado.engines.pavement.segmentation._cda import cumulative_differences


def ends(response, least_m=0.0, length_m=10.0):
    found = cumulative_differences(np.asarray(response, float), np.full(len(response), length_m), least_m)
    return found.tolist()


def test_every_extreme_of_zx_is_a_border():
    rng = np.random.default_rng(3)
    response, length = rng.lognormal(1.0, 0.5, 200), rng.uniform(5.0, 20.0, 200)
    x = np.concatenate(([0.0], np.cumsum(length)))
    z = np.concatenate(([0.0], np.cumsum(response * length)))
    z -= z[-1] * x / x[-1]
    slope = np.sign(np.diff(z))
    turns = np.flatnonzero(slope[1:] != slope[:-1]) + 1
    assert cumulative_differences(response, length, 0.0).tolist() == [*turns, 200]


def test_a_short_dip_is_combined_with_both_sides():
    response = [1.0] * 20 + [5.0] * 20 + [1.0] * 2 + [5.0] * 20
    assert ends(response) == [20, 40, 42, 62]
    assert ends(response, 100.0) == [20, 62]


def test_the_faintest_short_unit_goes_first():
    # two dips of two cells each in a rough stretch, with a short rough piece between them
    response = [1.0] * 30 + [5.0] * 10 + [2.5] * 2 + [5.0] * 4 + [0.5] * 2 + [5.0] * 12
    assert ends(response, 60.0) == [30, 60]


def test_short_ends_join_what_is_next_to_them():
    assert ends([5.0] * 3 + [1.0] * 20 + [5.0] * 20, 100.0) == [23, 43]
    assert ends([1.0] * 20 + [5.0] * 20 + [1.0] * 3, 100.0) == [20, 43]


@pytest.mark.parametrize("response", [[2.0], [2.0, 2.0, 2.0], [1.0, 5.0, 1.0]])
def test_a_road_shorter_than_the_least_length_is_one_unit(response):
    assert ends(response, 1000.0) == [len(response)]


@pytest.mark.parametrize("least_m", [30.0, 100.0, 400.0])
def test_no_unit_is_short(least_m):
    rng = np.random.default_rng(8)
    edges = np.diff([0, *ends(rng.lognormal(1.0, 0.5, 1000), least_m)]) * 10.0
    assert edges.min() >= least_m
    assert edges.sum() == 10_000
