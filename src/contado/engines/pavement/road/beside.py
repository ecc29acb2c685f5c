"""Sections that lie on one another, as the two directions of a road whose map has one line: which are they, and where is right.

Each is drawn to the right of its own direction, so that none hides the other.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import shapely
    from numpy.typing import NDArray

__all__ = ["beside", "octant_at"]

_NEAR_DEG: Final = 0.00003
"""Two lines within about 3 m are one on the map."""
_SHARE: Final = 0.5
"""Share of a line that lies on another one, from which it is drawn beside it."""
_STEP: Final = 0.002
"""Share of a line over which its direction at a place is read."""


def beside(lines: Mapping[str, shapely.LineString]) -> frozenset[str]:
    """Return the names of the lines most of which lies on another that runs the other way, and of those others.

    Parameters
    ----------
    lines
        In driving order, in degrees.

    Examples
    --------
    >>> from shapely import LineString
    >>> road = [(9.0, 45.0), (9.01, 45.0), (9.02, 45.001)]
    >>> sorted(beside({"up": LineString(road), "down": LineString(road[::-1]), "far": LineString([(8, 45), (8, 46)])}))
    ['down', 'up']
    """
    import shapely

    names = list(lines)
    shapes = np.array([lines[name] for name in names], dtype=object)
    middles = shapely.line_interpolate_point(shapes, 0.5, normalized=True)
    mine, others = shapely.STRtree(shapes).query(middles, predicate="dwithin", distance=_NEAR_DEG)
    apart = mine != others
    found: set[str] = set()
    for i, j in zip(mine[apart].tolist(), others[apart].tolist(), strict=True):
        if _opposite(shapes[i], shapes[j], middles[i]) and _share_on(shapes[i], shapes[j]) > _SHARE:
            found |= {names[i], names[j]}
    return frozenset(found)


def _opposite(a: shapely.LineString, b: shapely.LineString, place: shapely.Point) -> bool:
    return bool(np.dot(_direction(a, place), _direction(b, place)) < 0)


def _share_on(line: shapely.LineString, other: shapely.LineString) -> float:
    return float(line.intersection(other.buffer(_NEAR_DEG)).length / (line.length or 1.0))


def _direction(line: shapely.LineString, place: Any) -> NDArray[np.float64]:
    """Return where a line runs at the point nearest to a place: east and north, on one scale."""
    at = line.project(place, normalized=True)
    ends = [line.interpolate(min(1.0, max(0.0, at + d)), normalized=True) for d in (-_STEP, _STEP)]
    east = (ends[1].x - ends[0].x) * math.cos(math.radians(ends[0].y))
    return np.array([east, ends[1].y - ends[0].y])


def octant_at(line: shapely.LineString, place: shapely.Point | None = None) -> int:
    """Return to which side right of travel is at a place, by default the middle: 0 east, 1 south-east, ... 7 north-east.

    Examples
    --------
    >>> from shapely import LineString
    >>> octant_at(LineString([(9.0, 45.0), (9.01, 45.0)])), octant_at(LineString([(9.0, 45.0), (9.0, 45.1)]))
    (2, 0)
    """
    east, north = _direction(line, place or line.interpolate(0.5, normalized=True))
    return round(math.atan2(east, north) / (math.pi / 4)) % 8
