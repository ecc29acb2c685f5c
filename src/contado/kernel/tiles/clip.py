"""Shapes cut to a tile and its buffer.

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

__all__ = ["clip", "inside", "without_collapsed", "without_repeats"]

LOW: Final = float(-grid.BUFFER)
HIGH: Final = float(grid.EXTENT + grid.BUFFER)


def inside(box: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which boxes (4, n) of rounded features lie wholly in the tile and its buffer."""
    whole: NDArray[np.bool_] = (box[0] >= LOW) & (box[1] >= LOW) & (box[2] <= HIGH) & (box[3] <= HIGH)
    return whole


def clip(kind: str, shapes: Shapes, low: float = LOW, high: float = HIGH) -> Shapes:
    """Return the part of each feature in a square, by default the tile and its buffer.

    A feature may end up without paths. Vertices are not rounded.
    """
    return _CLIPPERS[kind](shapes, low, high) if len(shapes.x) else shapes


def without_repeats(kind: str, shapes: Shapes) -> Shapes:
    """Return shapes without vertices that repeat the one before; lines without length are left out."""
    if kind == "point" or not len(shapes.x):
        return shapes
    same = np.empty(len(shapes.x), bool)
    same[1:] = (shapes.x[1:] == shapes.x[:-1]) & (shapes.y[1:] == shapes.y[:-1])
    first, last = shapes.paths[:-1], shapes.paths[1:] - 1
    same[first] = (
        (shapes.x[first] == shapes.x[last]) & (shapes.y[first] == shapes.y[last]) & (kind == "polygon")
    )
    if same.any():
        shapes = _only_vertices(shapes, ~same)
    if kind == "line":
        shapes = _only_paths(shapes, np.diff(shapes.paths) > 1)
    return shapes


def without_collapsed(shapes: Shapes, areas: NDArray[np.float64] | None = None) -> Shapes:
    """Return polygons without rings that have no area, each ring turned the way it has to run.

    ``areas`` are the rings' doubled areas where they are known.
    """
    areas = doubled_areas(shapes) if areas is None else areas
    wrong = np.where(shapes.hole, areas > 0.0, areas < 0.0)
    alive = areas != 0.0
    if not alive.all():
        exterior = np.maximum.accumulate(np.where(shapes.hole, 0, np.arange(len(areas))))
        alive &= alive[exterior]
        shapes, wrong = _only_paths(shapes, alive), wrong[alive]
    return turned(shapes, wrong)


def _only_vertices(shapes: Shapes, keep: NDArray[np.bool_]) -> Shapes:
    starts = ragged.to_starts(keep)
    return shapes._replace(x=shapes.x[keep], y=shapes.y[keep], paths=starts[shapes.paths])


def _only_paths(shapes: Shapes, keep: NDArray[np.bool_]) -> Shapes:
    return shapes if keep.all() else shapes.pick(np.flatnonzero(keep))


def _points(shapes: Shapes, low: float, high: float) -> Shapes:
    within = (shapes.x >= low) & (shapes.x <= high) & (shapes.y >= low) & (shapes.y <= high)
    kept = _only_vertices(shapes, within)
    return _only_paths(kept, np.diff(kept.paths) > 0)


def _polygons(shapes: Shapes, low: float, high: float) -> Shapes:
    cut, bridged = _cut_rings(shapes, low, high)
    which = np.flatnonzero(ragged.sums(bridged, shapes.features))
    if which.size:
        cut = cut.replaced(which, _cut_by_geos(shapes.take(which), low, high))
    return _only_paths(cut, np.diff(cut.paths) > 2)


def _cut_rings(shapes: Shapes, low: float, high: float) -> tuple[Shapes, NDArray[np.bool_]]:
    """Return rings cut at the four sides, and which of them may run along a side to bridge two parts."""
    bridged = np.zeros(len(shapes.hole), bool)
    for axis, limit, sign in ((0, low, 1.0), (0, high, -1.0), (1, low, 1.0), (1, high, -1.0)):
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
    stays = sign * across >= sign * limit
    if stays.all():
        return across, along, starts, np.zeros(len(starts) - 1, np.int64)
    crosses = stays != following(stays, starts)
    place = ragged.to_starts(stays.astype(np.int64) + crosses)
    new_across, new_along = np.empty(place[-1]), np.empty(place[-1])
    kept = np.flatnonzero(stays)
    new_across[place[kept]], new_along[place[kept]] = across[kept], along[kept]
    edge = np.flatnonzero(crosses)
    after = following(np.arange(len(across)), starts)[edge]
    near, far = np.where(stays[edge], edge, after), np.where(stays[edge], after, edge)
    share = (limit - across[near]) / (across[far] - across[near])
    target = place[edge] + stays[edge]
    new_across[target] = limit
    new_along[target] = along[near] + share * (along[far] - along[near])
    return new_across, new_along, place[starts], ragged.sums(crosses, starts)


def _cut_by_geos(shapes: Shapes, low: float, high: float) -> Shapes:
    """Return whole features cut by GEOS, as valid polygons; one may end up empty."""
    cut = shapely.intersection(_repaired(to_polygons(shapes)), shapely.box(low, low, high, high))
    parts, owner = shapely.get_parts(cut, return_index=True)
    areal = (shapely.get_dimensions(parts) == 2) & ~shapely.is_empty(parts)
    _, found = from_geometries(parts[areal])
    features = np.searchsorted(owner[areal], np.arange(len(shapes.features)))
    return found._replace(features=found.features[features])


def _repaired(polygons: NDArray[Any]) -> NDArray[Any]:
    """Return polygons made valid, without parts that have no area."""
    made: NDArray[Any] = shapely.make_valid(polygons, method="structure", keep_collapsed=False)
    return made


def _lines(shapes: Shapes, low: float, high: float) -> Shapes:
    """Return lines cut to the box; where one leaves and comes back, it goes on as a further path."""
    tail = np.ones(len(shapes.x), bool)
    tail[shapes.paths[1:] - 1] = False
    a = np.flatnonzero(tail)
    enter, leave = _visible(shapes, a, low, high)
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
        out[place[:-1][begin]] = (v[a] + enter * (v[a + 1] - v[a]))[begin]
        out[place[1:] - 1] = np.where(leave == 1.0, v[a + 1], v[a] + leave * (v[a + 1] - v[a]))
    starts = np.append(place[:-1][begin], place[-1])
    owner = shapes.owner()[path[begin]]
    features = np.searchsorted(owner, np.arange(len(shapes.features)))
    return Shapes(x, y, starts, features, np.zeros(len(owner), bool))


def _visible(
    shapes: Shapes, a: NDArray[np.int64], low: float, high: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the shares of each segment at which it comes into the box and leaves it (first > last: never)."""
    enter, leave = np.zeros(len(a)), np.ones(len(a))
    for v in (shapes.x, shapes.y):
        start, step = v[a], v[a + 1] - v[a]
        level = step == 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            first, last = (low - start) / step, (high - start) / step
        first, last = np.minimum(first, last), np.maximum(first, last)
        misses = level & ((start < low) | (start > high))
        enter = np.maximum(enter, np.where(level, np.where(misses, 2.0, 0.0), first))
        leave = np.minimum(leave, np.where(level, 1.0, last))
    return enter, leave


_CLIPPERS: Final = {"point": _points, "line": _lines, "polygon": _polygons}
