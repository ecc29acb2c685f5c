"""Which sections lie on one another."""

from __future__ import annotations

import pytest
from shapely import LineString

from contado.engines.pavement.road.beside import beside, octant_at

ROAD = [(9.0, 45.0), (9.01, 45.0), (9.02, 45.001), (9.03, 45.0)]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (ROAD[::-1], {"road", "other"}),
        (ROAD[2::-1], {"road", "other"}),  # a part of it, the other way
        ([(x, y + 0.00002) for x, y in ROAD[::-1]], {"road", "other"}),  # drawn two metres away
        ([(x, y + 0.0002) for x, y in ROAD[::-1]], set()),  # a carriageway of its own
        ([(9.015, 44.99), (9.015, 45.01)], set()),  # a crossing
        (ROAD, set()),  # the same way: nothing tells them apart
    ],
)
def test_only_lines_that_run_the_other_way_on_one_another_are_beside(other, expected):
    assert beside({"road": LineString(ROAD), "other": LineString(other)}) == expected


def test_right_of_travel_is_another_side_for_each_direction():
    road, back = LineString(ROAD[:2]), LineString(ROAD[1::-1])
    assert (octant_at(road), octant_at(back)) == (2, 6)  # south, north
    corner = LineString([(9.0, 45.0), (9.0, 45.01), (9.02, 45.01)])
    assert octant_at(corner, LineString([(9.0, 45.002), (9.0, 45.003)]).interpolate(0)) == 0  # east
