"""Crowded tiles: those that may pass their limits, with the features that reach into them.

The search goes down the pyramid. What reaches into a tile reaches into its parent, and the bounds used here
only shrink on the way down, so a tile can be crowded only where its parent is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from contado.kernel.tiles import grid
from contado.kernel.tiles.index import reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from contado.kernel.tiles.index import Index
    from contado.kernel.tiles.levels import Limits
    from contado.kernel.tiles.render import Look

__all__ = ["CELL_BYTES", "Crowd", "crowds", "most_bytes", "room"]

CELL_BYTES: Final = 64
"""A bound on the bytes of one cell with count and sum."""
_VERTEX_BYTES: Final = 6
_PATH_BYTES: Final = 16
_TAG_BYTES: Final = 8
_HEAVY: Final = 1000
"""Vertices from which the part of a feature inside the tile is looked at, not the whole."""


class Crowd(NamedTuple):
    """Tiles of one zoom and the pairs (feature, tile) of what reaches into them."""

    zoom: int
    x: NDArray[np.int64]
    y: NDArray[np.int64]
    feature: NDArray[np.int64]
    tile: NDArray[np.int64]


def most_bytes(index: Index, look: Look) -> NDArray[np.int64]:
    """Return a bound on the bytes of every feature in a tile, its values and its cell included."""
    vertices = np.diff(index.shapes.paths[index.shapes.features])
    out: NDArray[np.int64] = CELL_BYTES + _VERTEX_BYTES * vertices + _PATH_BYTES * np.diff(index.shapes.features)
    sizes = np.append(np.diff(index.dictionary.starts), 0) + _TAG_BYTES
    for column in look.columns:
        out += sizes[index.codes[column]]
    return out


def crowds(index: Index, look: Look, limits: Limits, deepest: int) -> Iterator[Crowd]:
    """Yield the crowded tiles of zoom 0 to ``deepest``; stops where no tile is crowded any more."""
    most = most_bytes(index, look)
    zero = np.zeros(1, np.int64)
    every = np.arange(index.facts.n)
    crowd = Crowd(0, zero, zero, every, np.zeros_like(every))
    for zoom in range(deepest + 1):
        if zoom:
            crowd = _children(index, crowd)
        crowd = _crowded(index, crowd, most, limits, room(index, look, limits))
        if not len(crowd.x):
            return
        yield crowd


def room(index: Index, look: Look, limits: Limits) -> float:
    """Return the bytes left for features; deflate never adds a hundredth."""
    names = sum(len(index.facts.fields[c].name.encode()) + 3 for c in look.columns)
    return 0.99 * limits.bytes - names - len(look.name.encode()) - 200


def _crowded(
    index: Index, crowd: Crowd, most: NDArray[np.int64], limits: Limits, left: float
) -> Crowd:
    """Keep the tiles that may pass a limit."""
    n = len(crowd.x)
    count = np.bincount(crowd.tile, minlength=n)
    size = np.bincount(crowd.tile, weights=most[crowd.feature], minlength=n)
    risk = (count > limits.features) | (size > left)
    vertices = np.diff(index.shapes.paths[index.shapes.features])
    heavy = vertices[crowd.feature] > _HEAVY
    for tile in np.flatnonzero(risk & (count <= limits.features)) if heavy.any() else ():
        large = crowd.feature[heavy & (crowd.tile == tile)]
        place = grid.TileId(crowd.zoom, int(crowd.x[tile]), int(crowd.y[tile]))
        hidden = sum(int(vertices[f]) - _near(index, int(f), place) for f in large)
        risk[tile] = size[tile] - _VERTEX_BYTES * hidden > left
    number = np.cumsum(risk) - 1
    kept = risk[crowd.tile]
    return Crowd(crowd.zoom, crowd.x[risk], crowd.y[risk], crowd.feature[kept], number[crowd.tile[kept]])


def _near(index: Index, feature: int, tile: grid.TileId) -> int:
    """Return how many vertices of a feature stand at an edge whose box meets the tile."""
    shapes = index.shapes
    first, last = shapes.paths[shapes.features[[feature, feature + 1]]]
    west, north, east, south = reach(tile)
    out = 0
    for v, low, high in ((shapes.x, west, east), (shapes.y, north, south)):
        part = v[first:last]
        after = np.roll(part, -1)
        meets = (np.minimum(part, after) <= high) & (np.maximum(part, after) >= low)
        out = meets if isinstance(out, int) else out & meets
    return min(int(2 * np.count_nonzero(out)), int(last - first))


def _children(index: Index, crowd: Crowd) -> Crowd:
    """Return the quarters of all tiles and what reaches into them."""
    zoom = crowd.zoom + 1
    scale = float(1 << zoom)
    margin = (grid.BUFFER + 0.5) / grid.EXTENT
    x, y = 2 * crowd.x[crowd.tile], 2 * crowd.y[crowd.tile]
    box = index.box[:, crowd.feature] * scale
    found = []
    for dx in (0, 1):
        in_x = (box[0] <= x + (dx + 1 + margin)) & (box[2] >= x + (dx - margin))
        for dy in (0, 1):
            meets = in_x & (box[1] <= y + (dy + 1 + margin)) & (box[3] >= y + (dy - margin))
            found.append((meets, 4 * crowd.tile[meets] + 2 * dx + dy))
    child = np.concatenate([c for _, c in found])
    feature = np.concatenate([crowd.feature[m] for m, _ in found])
    used = np.flatnonzero(np.bincount(child, minlength=4 * len(crowd.x)))
    number = np.zeros(4 * len(crowd.x), np.int64)
    number[used] = np.arange(len(used))
    parent, dx, dy = used >> 2, (used >> 1) & 1, used & 1
    return Crowd(zoom, 2 * crowd.x[parent] + dx, 2 * crowd.y[parent] + dy, feature, number[child])
