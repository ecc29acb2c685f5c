"""Segments: exact against a slow reference, tiling, scale invariance, forced cuts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contado.engines.pavement.segmentation.segments import noise_sd, segment
from contado.kernel.errors import DataError


def cells(iri, length_m=20.0):
    start = np.arange(len(iri)) * length_m
    return start, start + length_m, np.asarray(iri, float)


def best_cost(y, least, penalty):
    """Sum of squares and penalties of the best cuts, by plain dynamic programming."""
    best = [-penalty] + [np.inf] * len(y)
    for t in range(1, len(y) + 1):
        for s in range(t - least + 1):
            part = y[s:t]
            best[t] = min(best[t], best[s] + ((part - part.mean()) ** 2).sum() + penalty)
    return best[-1]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.5, 12.0), min_size=5, max_size=40),
    st.integers(1, 6),
    st.floats(0.01, 0.6),
)
def test_cost_equals_the_plain_dynamic_programme(iri, least, penalty):
    start, end, values = cells(iri)
    y = np.log(values)
    found = segment(start, end, values, min_length_m=20.0 * least, penalty=penalty)
    edges = np.concatenate((found.first_cell, [len(y)]))
    parts = [y[a:b] for a, b in pairwise(edges)]
    cost = sum(((p - p.mean()) ** 2).sum() + penalty for p in parts) - penalty
    expected = best_cost(y, least, penalty) if len(y) >= least else ((y - y.mean()) ** 2).sum()
    assert cost == pytest.approx(expected, abs=1e-9)


def test_segments_tile_the_cells_and_none_is_short():
    rng = np.random.default_rng(1)
    found = segment(*cells(np.exp(rng.normal(1, 0.4, 500)), 10.0))
    assert found.from_m[0] == 0
    assert found.to_m[-1] == 5000
    np.testing.assert_array_equal(found.from_m[1:], found.to_m[:-1])
    assert (found.to_m - found.from_m).min() >= 100
    assert found.cells.sum() == 500


def test_a_factor_moves_no_boundary():
    rng = np.random.default_rng(2)
    start, end, iri = cells(np.exp(np.repeat(rng.normal(1, 0.5, 12), 40) + rng.normal(0, 0.1, 480)))
    one, other = segment(start, end, iri), segment(start, end, 3.7 * iri)
    np.testing.assert_array_equal(one.first_cell, other.first_cell)
    np.testing.assert_allclose(other.cv, one.cv)


def test_one_step_is_found():
    rng = np.random.default_rng(3)
    iri = np.exp(np.where(np.arange(200) < 87, 0.7, 1.3) + rng.normal(0, 0.15, 200))
    found = segment(*cells(iri, 10.0))
    assert found.cells.size == 2
    assert found.to_m[0] == pytest.approx(870, abs=20)


def test_forced_cuts_end_a_segment_and_short_ones_are_named():
    found = segment(*cells(np.full(50, 2.0), 20.0), cuts_m=[500.0, 540.0])
    assert list(found.to_m) == [500.0, 540.0, 1000.0]
    assert [f.rule for f in found.findings] == ["short_between_cuts"]


def test_cumulative_differences_tile_and_keep_the_least_length():
    rng = np.random.default_rng(5)
    found = segment(*cells(np.exp(rng.normal(1, 0.4, 200)), 10.0), method="cda")
    np.testing.assert_array_equal(found.from_m[1:], found.to_m[:-1])
    assert (found.to_m - found.from_m).min() >= 100
    step = segment(*cells(np.where(np.arange(100) < 37, 2.0, 4.0), 10.0), method="cda")
    assert list(step.to_m) == [370, 1000]


def test_a_road_shorter_than_the_least_length_is_one_segment():
    found = segment([0, 20], [20, 40], [2.0, 3.0])
    assert list(found.cells) == [2]
    assert [f.rule for f in found.findings] == ["short_between_cuts"]


def test_noise_does_not_see_the_levels():
    rng = np.random.default_rng(4)
    y = np.repeat(rng.normal(1, 1, 20), 100) + rng.normal(0, 0.15, 2000)
    assert noise_sd(y) == pytest.approx(0.15, rel=0.05)


def test_rounded_readings_of_an_even_road_are_one_segment():
    rng = np.random.default_rng(5)
    even = np.round(1.5 * np.exp(rng.normal(0, 0.03, 250)), 1)
    assert np.median(np.abs(np.diff(even))) == 0
    assert segment(*cells(even)).cells.tolist() == [250]
    stepped = np.round(np.where(np.arange(250) < 100, 1.5, 1.8) * np.exp(rng.normal(0, 0.03, 250)), 1)
    assert segment(*cells(stepped)).to_m == pytest.approx([2000, 5000], abs=60)


@pytest.mark.parametrize("begin", [0, 3])
def test_a_survey_of_longer_cells_is_cut_as_what_it_is(begin):
    """Readings of 100 m on cells of 20 m: the noise of one reading is no step of the road."""
    rng = np.random.default_rng(6)
    noise = np.exp(rng.normal(0, 0.08, 60))
    even, stepped = 2.0 * noise, np.where(np.arange(60) < 30, 2.0, 3.0) * noise
    assert len(segment(*cells(np.repeat(even, 5)[begin:])).cells) <= 2
    assert segment(*cells(np.repeat(stepped, 5)[begin:])).to_m[0] == pytest.approx(3000 - 20 * begin, abs=1)


@pytest.mark.parametrize(
    ("iri", "rule"),
    [([1.0, 0.0, 2.0], "iri_not_positive"), ([1.0, np.nan], "iri_not_positive"), ([], "empty_table")],
)
def test_what_cannot_be_cut_is_refused(iri, rule):
    with pytest.raises(DataError) as caught:
        segment(*cells(iri))
    assert caught.value.rule == rule


def test_cells_out_of_order_are_refused_with_their_line():
    with pytest.raises(DataError) as caught:
        segment([0, 20, 30], [20, 40, 60], [1.0, 1.0, 1.0])
    assert (caught.value.rule, caught.value.rows) == ("cells_not_in_order", (3,))


def test_a_gap_ends_a_segment():
    found = segment([0, 100, 300, 400], [100, 200, 400, 500], [2.0, 2.0, 2.0, 2.0])
    assert list(zip(found.from_m, found.to_m, strict=True)) == [(0, 200), (300, 500)]
    assert [f.rule for f in found.findings] == ["gap"]


def test_nothing_is_compiled_after_the_warm_up():
    from contado.engines.pavement.segmentation import _pelt, segments

    segments.warm_up()
    before = list(_pelt.pelt.signatures)
    columns = [np.arange(6) * 100.0, np.arange(1, 7) * 100.0, np.full(6, 2.0)]
    for column in columns:
        column.flags.writeable = False
    segments.segment(*columns)
    assert list(_pelt.pelt.signatures) == before
