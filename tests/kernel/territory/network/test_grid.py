"""The segment index against a search through all segments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contado.kernel.territory.network import grid


def index(segments: np.ndarray) -> grid.SegmentIndex:
    ax, ay, bx, by = segments.T
    return grid.build(ax, ay, bx, by, np.arange(len(ax)), np.zeros(len(ax)))


def slow(segments: np.ndarray, x: float, y: float) -> float:
    """Read as the definition: the least distance to any place of any segment."""
    best = np.inf
    for ax, ay, bx, by in segments:
        d = np.array([bx - ax, by - ay])
        length = d @ d
        share = np.clip((np.array([x - ax, y - ay]) @ d) / length, 0, 1) if length else 0.0
        best = min(best, float(np.hypot(*(np.array([ax, ay]) + share * d - [x, y]))))
    return best


coordinate = st.floats(-500, 500)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(coordinate, coordinate, coordinate, coordinate), min_size=1, max_size=12),
    coordinate,
    coordinate,
    st.floats(1, 2000),
)
def test_nearest_is_the_nearest(segments, x, y, radius):
    shapes = np.array(segments)
    segment, share, distance = index(shapes).locate([x], [y], radius)
    expected = slow(shapes, x, y)
    if expected < radius * (1 - 1e-9):
        assert distance[0] == pytest.approx(expected, abs=1e-6)
        ax, ay, bx, by = shapes[segment[0]]
        place = np.hypot(ax + share[0] * (bx - ax) - x, ay + share[0] * (by - ay) - y)
        assert place == pytest.approx(expected, abs=1e-6)
    elif expected > radius * (1 + 1e-9):
        assert segment[0] == -1
        assert np.isnan(distance[0])


def test_a_point_far_from_the_grid_is_found_within_a_large_radius():
    segment, _, distance = index(np.array([[0.0, 0, 10, 0]])).locate(
        [5.0, 5.0, np.nan], [4000.0, -4000.0, 0.0], 5000.0
    )
    assert segment.tolist() == [0, 0, -1]
    np.testing.assert_allclose(distance, [4000, 4000, np.nan])


def test_a_huge_extent_gets_larger_cells():
    built = index(np.array([[0.0, 0, 10, 0], [4e5, 4e5, 4e5 + 10, 4e5]]))
    assert built.cell_m > grid.CELL_M
    assert built.locate([4e5], [4e5 + 3], 10.0)[0].tolist() == [1]
