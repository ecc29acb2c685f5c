"""Polygons that share their borders are simplified together, so that no sliver opens between them."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely

from contado.kernel.tiles import grid
from contado.kernel.tiles.paths import Shapes, following, from_geometries, to_polygons

__all__ = ["is_coverage", "simplified"]

_TOLERANCE_UNITS: Final = 0.5
"""Square root of the area of the triangles that go [tile units]."""


def is_coverage(shapes: Shapes) -> bool:
    """Whether polygons overlap nowhere and at least two of them share an edge."""
    ends = shapes.x + 1j * shapes.y
    edges = np.sort(np.column_stack([ends, following(ends, shapes.paths)]), axis=1)
    shared = len(np.unique(edges, axis=0)) < len(edges)
    return bool(shared and shapely.coverage_is_valid(to_polygons(shapes)))


def simplified(shapes: Shapes, zoom: int) -> Shapes:
    """Return a coverage without the vertices that do not show at a zoom."""
    scale = float(grid.EXTENT << zoom)
    scaled = shapes._replace(x=shapes.x * scale, y=shapes.y * scale)
    _, out = from_geometries(shapely.coverage_simplify(to_polygons(scaled), _TOLERANCE_UNITS))
    return out._replace(x=out.x / scale, y=out.y / scale)
