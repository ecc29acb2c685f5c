"""What a set of borders measures as a whole: union, parts, holes, overlaps, vertices.

Topology is read in the coordinates as stored; areas are taken in the measure CRS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from contado.kernel.territory import crs

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Overlap", "area_km2", "holes_km2", "overlaps", "parts", "project", "union", "vertices"]


class Overlap(NamedTuple):
    """Two units (positions in the set) that share ground."""

    a: int
    b: int
    area_km2: float


def project(shapes: Any, epsg: int) -> Any:
    """Return ``shapes`` (lon/lat) in the measure CRS ``epsg``, each vertex moved, none added."""

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(crs.to_measure(points[:, 0], points[:, 1], epsg))

    return shapely.transform(shapes, move)


def area_km2(shapes: Any, epsg: int) -> Any:
    """Return the areas [km2] of ``shapes`` in the measure CRS."""
    return shapely.area(project(shapes, epsg)) / 1e6


def union(shapes: Any) -> shapely.Geometry:
    """Return the ground that the units cover together."""
    return shapely.union_all(shapes)


def parts(ground: shapely.Geometry) -> int:
    """Return in how many separate pieces the ground lies."""
    return int(shapely.get_num_geometries(ground))


def vertices(shapes: Any) -> int:
    """Return the number of coordinates of all rings, closing ones included."""
    return int(shapely.get_num_coordinates(shapes).sum())


def holes_km2(ground: shapely.Geometry, epsg: int) -> list[float]:
    """Return the areas [km2] of the holes of the ground, the largest first."""
    rings = [ring for part in shapely.get_parts(ground) for ring in part.interiors]
    if not rings:
        return []
    return sorted((float(a) for a in area_km2(shapely.polygons(rings), epsg)), reverse=True)


def overlaps(shapes: Any, epsg: int) -> list[Overlap]:
    """Return the pairs of units that share ground, with its area [km2]."""
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = first < second
    first, second = first[pairs], second[pairs]
    shared = shapely.intersection(shapes[first], shapes[second])
    common = shapely.area(shared) > 0
    areas = area_km2(shared[common], epsg)
    rows = zip(first[common], second[common], areas, strict=True)
    return [Overlap(int(a), int(b), float(area)) for a, b, area in rows]
