"""Invented streets where no network is at hand: a winding road with side streets."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.simulate.path import Edge, snap
from contado.kernel.territory import crs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["CENTRE", "winding_road"]

CENTRE: Final = (8.93, 45.42)
"""Default centre [deg]: near Albairate, in the territory of Città metropolitana di Milano."""

_CLASSES: Final = ("residential", "tertiary", "secondary", "tertiary")
_POINT_M: Final = 10.0
_SIDE_M: Final = 140.0
_SPARE_M: Final = 0.5
"""The street is this much longer than asked, more than the rounding of written degrees takes away."""


def winding_road(
    length_m: float, centre: tuple[float, float], rng: np.random.Generator
) -> tuple[list[Edge], list[Edge], int]:
    """Return the edges of the road in driving order, the side streets, and the EPSG code they are measured in.

    The road is at least ``length_m`` long; junctions with side streets lie about 250 m apart.
    """
    epsg = crs.utm_epsg(*centre)
    line = _course(length_m, np.concatenate(crs.to_measure([centre[0]], [centre[1]], epsg)), rng)
    cuts = _cuts(len(line), rng)
    road, sides = [], []
    for k, (first, last) in enumerate(pairwise(cuts)):
        way, name = 1001 + k // 2, f"Via Inventata {1 + k // 2}"
        highway = _CLASSES[(k // 2) % len(_CLASSES)]
        xy = snap(line[first : last + 1], epsg)
        road.append(
            Edge(way_id=way, piece=k % 2, from_node=1 + k, to_node=2 + k, xy=xy, highway=highway, name=name)
        )
        if k > 0:
            sides.append(_side(road[-1], k, epsg))
    return road, sides, epsg


def _course(length_m: float, start: Array, rng: np.random.Generator) -> Array:
    """Points every 10 m of a line whose heading wanders about its first direction."""
    whole = int(length_m / _POINT_M)
    steps = [*[_POINT_M] * whole, length_m - whole * _POINT_M + _SPARE_M]
    heading, bend = 0.3, 0.0
    points = [start - np.array([length_m / 2, 0.0])]
    for step in steps:
        bend = 0.9 * bend + rng.normal(0, 0.02)
        heading += bend - 0.02 * heading
        points.append(points[-1] + step * np.array([np.cos(heading), np.sin(heading)]))
    return np.array(points)


def _cuts(points: int, rng: np.random.Generator) -> list[int]:
    """Indices of the junctions: first, then every 200 to 300 m, then last."""
    cuts = [0]
    while cuts[-1] + 45 < points - 1:
        cuts.append(cuts[-1] + int(rng.integers(20, 31)))
    return [*cuts, points - 1]


def _side(edge: Edge, k: int, epsg: int) -> Edge:
    """A dead-end street that leaves from the start of an edge, left and right in turn."""
    ahead = edge.xy[1] - edge.xy[0]
    ahead = ahead / np.hypot(*ahead)
    across = np.array([-ahead[1], ahead[0]]) * (1 if k % 2 else -1)
    end = edge.xy[0] + _SIDE_M * across
    return Edge(
        way_id=5000 + k,
        from_node=edge.from_node,
        to_node=50_000 + k,
        xy=snap(np.array([edge.xy[0], end]), epsg),
        highway="residential",
        name=f"Vicolo Inventato {k}",
    )
