"""Rounded shapes cut to a tile and its buffer.

Rings are cut side by side after Sutherland and Hodgman, all of them at once. Where that would leave a
bridge along the side (a ring that comes in more than once, a hole that is cut), GEOS cuts the feature
instead, so that the parts stay valid polygons. Lines are cut segment by segment after Liang and Barsky.

References
----------
Sutherland, I., Hodgman, G. (1974), Reentrant polygon clipping, doi:10.1145/360767.360802.
Liang, Y., Barsky, B. (1984), A new concept and method for line clipping, doi:10.1145/357332.357333.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from contado.kernel.tiles import grid, ragged
from contado.kernel.tiles.paths import Shapes, doubled_areas, following, from_geometries, to_polygons, turned

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["clip", "without_collapsed", "without_repeats"]

LOW: Final = float(-grid.BUFFER)
HIGH: Final = float(grid.EXTENT + grid.BUFFER)


def clip(kind: str, shapes: Shapes) -> Shapes:
    """Return the part of each feature inside the tile and its buffer, rounded; a feature may end up empty."""
    outside = (shapes.x < LOW) | (shapes.x > HIGH) | (shapes.y < LOW) | (shapes.y > HIGH)
    if not outside.any():
        return shapes
    crossing = np.flatnonzero(ragged.sums(outside, shapes.paths[shapes.features]))
    cut = _CLIPPERS[kind](shapes.take(crossing))
    return shapes.replaced(crossing, cut)


def without_repeats(kind: str, shapes: Shapes) -> Shapes:
    """Return shapes without vertices that repeat the one before; lines without length are left out."""
    if kind == "point":
        return shapes
    before = np.arange(-1, len(shapes.x) - 1)
    filled = shapes.paths[1:] > shapes.paths[:-1]
    first = shapes.paths[:-1][filled]
    before[first] = shapes.paths[1:][filled] - 1
    same = (shapes.x == shapes.x[before]) & (shapes.y == shapes.y[before])
    if kind == "line":
        same[first] = False
    if same.any():
        shapes = _only_vertices(shapes, ~same)
    if kind == "line":
        shapes = _only_paths(shapes, np.diff(shapes.paths) > 1)
    return shapes


def without_collapsed(shapes: Shapes) -> Shapes:
    """Return polygons without rings that have no area, each ring turned the way it has to run."""
    areas = doubled_areas(shapes.x, shapes.y, shapes.paths)
    exterior = np.maximum.accumulate(np.where(shapes.hole, 0, np.arange(len(areas))))
    alive = areas != 0.0
    out = _only_paths(shapes, alive & alive[exterior])
    areas = areas[alive & alive[exterior]]
    return turned(out, np.where(out.hole, areas > 0.0, areas < 0.0))


def _only_vertices(shapes: Shapes, keep: NDArray[np.bool_]) -> Shapes:
    starts = ragged.to_starts(keep)
    return shapes._replace(x=shapes.x[keep], y=shapes.y[keep], paths=starts[shapes.paths])


def _only_paths(shapes: Shapes, keep: NDArray[np.bool_]) -> Shapes:
    return shapes if keep.all() else shapes.pick(np.flatnonzero(keep))


def _points(shapes: Shapes) -> Shapes:
    inside = (shapes.x >= LOW) & (shapes.x <= HIGH) & (shapes.y >= LOW) & (shapes.y <= HIGH)
    kept = _only_vertices(shapes, inside)
    return _only_paths(kept, np.diff(kept.paths) > 0)


def _polygons(shapes: Shapes) -> Shapes:
    cut, bridged = _cut_rings(shapes)
    cut = cut._replace(x=np.rint(cut.x), y=np.rint(cut.y))
    which = np.flatnonzero(ragged.sums(bridged, shapes.features))
    if which.size:
        cut = cut.replaced(which, _cut_by_geos(shapes.take(which)))
    return without_collapsed(_only_paths(cut, np.diff(cut.paths) > 2))


def _cut_rings(shapes: Shapes) -> tuple[Shapes, NDArray[np.bool_]]:
    """Return rings cut at the four sides, and which of them may run along a side to bridge two parts."""
    bridged = np.zeros(len(shapes.hole), bool)
    for axis, limit, sign in ((0, LOW, 1.0), (0, HIGH, -1.0), (1, LOW, 1.0), (1, HIGH, -1.0)):
        across, along = (shapes.x, shapes.y) if axis == 0 else (shapes.y, shapes.x)
        across, along, starts, crossings = _cut_side(across, along, shapes.paths, limit, sign)
        bridged |= (crossings > 2) | (shapes.hole & (crossings > 0))
        x, y = (across, along) if axis == 0 else (along, across)
        shapes = shapes._replace(x=x, y=y, paths=starts)
    return shapes, bridged


def _cut_side(
    across: NDArray[np.float64],
    along: NDArray[np.float64],
    starts: NDArray[np.int64],
    limit: float,
    sign: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the rings on one side of a limit, and how often each crosses it.

    A vertex inside stays; an edge that crosses gives the crossing after its first vertex, reckoned from its
    end inside: two polygons that share the edge get the same vertex.
    """
    inside = sign * across >= sign * limit
    if inside.all():
        return across, along, starts, np.zeros(len(starts) - 1, np.int64)
    after = following(starts)
    crosses = inside != inside[after]
    place = ragged.to_starts(inside.astype(np.int64) + crosses)
    new_across, new_along = np.empty(place[-1]), np.empty(place[-1])
    kept = np.flatnonzero(inside)
    new_across[place[kept]], new_along[place[kept]] = across[kept], along[kept]
    edge = np.flatnonzero(crosses)
    near = np.where(inside[edge], edge, after[edge])
    far = np.where(inside[edge], after[edge], edge)
    share = (limit - across[near]) / (across[far] - across[near])
    target = place[edge] + inside[edge]
    new_across[target] = limit
    new_along[target] = along[near] + share * (along[far] - along[near])
    return new_across, new_along, place[starts], ragged.sums(crosses, starts)


def _cut_by_geos(shapes: Shapes) -> Shapes:
    """Return whole features cut by GEOS, as valid polygons; one may end up empty."""
    box = shapely.box(LOW, LOW, HIGH, HIGH)
    cut = _rounded(shapely.intersection(_valid(to_polygons(shapes)), box))
    parts, owner = shapely.get_parts(_rounded(_valid(cut)), return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)  # polygons inside collections
    owner = owner[inner]
    filled = (shapely.get_dimensions(parts) == 2) & ~shapely.is_empty(parts)
    _, found = from_geometries(parts[filled])
    features = np.searchsorted(owner[filled], np.arange(len(shapes.features)))
    return found._replace(features=found.features[features])


def _valid(polygons: NDArray[Any]) -> NDArray[Any]:
    made: NDArray[Any] = shapely.make_valid(polygons, method="structure", keep_collapsed=False)
    return made


def _rounded(geometries: NDArray[Any]) -> NDArray[Any]:
    moved: NDArray[Any] = shapely.transform(geometries, np.rint)
    return moved


def _lines(shapes: Shapes) -> Shapes:
    """Return lines cut to the box; where one leaves and comes back, it goes on as a further path."""
    tail = np.ones(len(shapes.x), bool)
    tail[shapes.paths[1:] - 1] = False
    a = np.flatnonzero(tail)
    enter, leave = _visible(shapes, a)
    seen = enter <= leave
    a, enter, leave = a[seen], enter[seen], leave[seen]
    path = np.searchsorted(shapes.paths, a, side="right") - 1
    joined = np.zeros(len(a), bool)
    joined[1:] = (a[1:] == a[:-1] + 1) & (path[1:] == path[:-1]) & (leave[:-1] == 1.0) & (enter[1:] == 0.0)
    count = np.where(joined, 1, 2)
    place = ragged.to_starts(count)
    x, y = np.empty(place[-1]), np.empty(place[-1])
    begin = ~joined
    for out, v in ((x, shapes.x), (y, shapes.y)):
        out[place[:-1][begin]] = np.rint(v[a] + enter * (v[a + 1] - v[a]))[begin]
        out[place[1:] - 1] = np.rint(np.where(leave == 1.0, v[a + 1], v[a] + leave * (v[a + 1] - v[a])))
    starts = np.append(place[:-1][begin], place[-1])
    owner = shapes.owner()[path[begin]]
    features = np.searchsorted(owner, np.arange(len(shapes.features)))
    return Shapes(x, y, starts, features, np.zeros(len(owner), bool))


def _visible(shapes: Shapes, a: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the shares of each segment at which it comes into the box and leaves it (first > last: never)."""
    enter, leave = np.zeros(len(a)), np.ones(len(a))
    for v in (shapes.x, shapes.y):
        start, step = v[a], v[a + 1] - v[a]
        level = step == 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            first, last = (LOW - start) / step, (HIGH - start) / step
        first, last = np.minimum(first, last), np.maximum(first, last)
        misses = level & ((start < LOW) | (start > HIGH))
        enter = np.maximum(enter, np.where(level, np.where(misses, 2.0, 0.0), first))
        leave = np.minimum(leave, np.where(level, 1.0, last))
    return enter, leave


_CLIPPERS: Final = {"point": _points, "line": _lines, "polygon": _polygons}
