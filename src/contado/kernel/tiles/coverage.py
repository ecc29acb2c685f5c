"""Polygons that share their borders are simplified together, so that no sliver opens between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from contado.kernel.tiles import grid
from contado.kernel.tiles.paths import Shapes, following, from_geometries, to_polygons

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["is_coverage", "simplified"]

_TOLERANCE_UNITS: Final = 0.5
"""Square root of the area of the triangles that go [tile units]."""


def is_coverage(shapes: Shapes) -> bool:
    """Whether polygons overlap nowhere and at least two of them share an edge."""
    start = _mixed(shapes.x.view(np.uint64), shapes.y.view(np.uint64))
    edges = np.sort(start + following(start, shapes.paths))
    shared = (edges[1:] == edges[:-1]).any()
    return bool(shared and shapely.coverage_is_valid(to_polygons(shapes)))


def _mixed(x: NDArray[np.uint64], y: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a number for each place: equal places have equal numbers, others hardly ever (splitmix64)."""
    out = x * np.uint64(0x9E3779B97F4A7C15) ^ y
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        out = (out ^ (out >> np.uint64(shift))) * np.uint64(factor)
    return out


def simplified(shapes: Shapes, zoom: int) -> Shapes:
    """Return a coverage without the vertices that do not show at a zoom."""
    scale = float(grid.EXTENT << zoom)
    scaled = shapes._replace(x=shapes.x * scale, y=shapes.y * scale)
    _, out = from_geometries(shapely.coverage_simplify(to_polygons(scaled), _TOLERANCE_UNITS))
    return out._replace(x=out.x / scale, y=out.y / scale)
