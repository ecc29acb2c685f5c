"""Crowded tiles: those that may pass their limits, with the features that reach into them.

The search goes down the pyramid. What reaches into a tile reaches into its parent, and the bounds used here
only shrink on the way down, so a tile can be crowded only where its parent is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from contado.kernel.tiles import grid, ragged
from contado.kernel.tiles.index import Pairs, reach

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from contado.kernel.tiles.index import Index
    from contado.kernel.tiles.levels import Limits
    from contado.kernel.tiles.render import Look

    Places = NDArray[np.int64]

__all__ = ["CELL_BYTES", "Bytes", "Crowd", "crowds", "room"]

CELL_BYTES: Final = 64
"""A bound on the bytes of one cell with count and sum."""
_HEAD_BYTES: Final = 24
_VERTEX_BYTES: Final = 4
"""Two coordinates of at most 14 bits; a feature that is cut has at most twice its vertices."""
_PATH_BYTES: Final = 8
_TAG_BYTES: Final = 6
_HEAVY: Final = 1000
"""Vertices from which the part of a feature inside the tile is looked at, not the whole."""
_PAIRS_A_FEATURE: Final = 2
"""Tiles that features reach on average where the search may start."""


class Crowd(NamedTuple):
    """Tiles of one zoom and the pairs (feature, tile) of what reaches into them, with bounds on their bytes."""

    zoom: int
    x: NDArray[np.int64]
    y: NDArray[np.int64]
    feature: NDArray[np.int64]
    tile: NDArray[np.int64]
    size: NDArray[np.int64]


class Bytes(NamedTuple):
    """Bounds on the bytes of every feature in a tile: whole (its values and its cell included), and of a cut."""

    whole: NDArray[np.int64]
    cut: NDArray[np.int64]

    @classmethod
    def of(cls, index: Index, look: Look) -> Bytes:
        """Return the bounds of a layer."""
        paths = np.diff(index.shapes.features)
        vertices = _VERTEX_BYTES * vertices_of(index)
        whole = _HEAD_BYTES + vertices + _PATH_BYTES * paths
        sizes = np.append(np.diff(index.dictionary.starts), 0) + _TAG_BYTES
        for column in look.columns:
            whole += sizes[index.codes[column]]
        return cls(np.maximum(whole, CELL_BYTES), vertices)

    def crowd(self, index: Index, zoom: int, x: Places, y: Places, pairs: Pairs) -> Crowd:
        """Return tiles with the features that reach into them and their bounds."""
        box = index.box[:, pairs.feature] * float(1 << zoom)
        column, row = x[pairs.tile], y[pairs.tile]
        inside = (box[0] >= column) & (box[2] <= column + 1) & (box[1] >= row) & (box[3] <= row + 1)
        size = self.whole[pairs.feature] + np.where(inside, 0, self.cut[pairs.feature])
        return Crowd(zoom, x, y, pairs.feature, pairs.tile, size)


def vertices_of(index: Index) -> NDArray[np.int64]:
    """Return how many vertices each feature has."""
    return np.diff(index.shapes.paths[index.shapes.features])


def crowds(index: Index, look: Look, limits: Limits, zooms: Iterable[int]) -> Iterator[Crowd]:
    """Yield the crowded tiles of ``zooms``, in order; stops where no tile is crowded any more."""
    most = Bytes.of(index, look)
    wanted = sorted(zooms)
    found = _start(index, most, wanted[0])
    while len(found.x):
        found = _crowded(index, found, limits, room(index, look, limits))
        if found.zoom in wanted and len(found.x):
            yield found
        if found.zoom == wanted[-1]:
            return
        found = _children(index, most, found)


def _start(index: Index, most: Bytes, zoom: int) -> Crowd:
    """Return all tiles of the deepest zoom, not below ``zoom``, at which features reach few tiles each."""
    for start in range(zoom, -1, -1):
        low, sides = index.reached(start)
        count = sides[0] * sides[1]
        if int(count.sum()) <= _PAIRS_A_FEATURE * index.facts.n + 1:
            break
    feature, place = ragged.counted(count)
    x, y = low[0, feature] + place % sides[0, feature], low[1, feature] + place // sides[0, feature]
    tiles, tile = np.unique(x << start | y, return_inverse=True)
    return most.crowd(index, start, tiles >> start, tiles & ((1 << start) - 1), Pairs(feature, tile))


def room(index: Index, look: Look, limits: Limits) -> float:
    """Return the bytes left for features; deflate never adds a hundredth."""
    names = sum(len(index.facts.fields[c].name.encode()) + 3 for c in look.columns)
    return 0.99 * limits.bytes - names - len(look.name.encode()) - 200


def _crowded(index: Index, crowd: Crowd, limits: Limits, left: float) -> Crowd:
    """Keep the tiles that may pass a limit."""
    n = len(crowd.x)
    count = np.bincount(crowd.tile, minlength=n)
    size = np.bincount(crowd.tile, weights=crowd.size, minlength=n)
    risk = (count > limits.features) | (size > left)
    vertices = vertices_of(index)
    heavy = vertices[crowd.feature] > _HEAVY
    for tile in np.flatnonzero(risk & (count <= limits.features)) if heavy.any() else ():
        large = crowd.feature[heavy & (crowd.tile == tile)]
        here = grid.TileId(crowd.zoom, int(crowd.x[tile]), int(crowd.y[tile]))
        hidden = sum(int(vertices[f]) - _near(index, int(f), here) for f in large)
        risk[tile] = size[tile] - 2 * _VERTEX_BYTES * hidden > left
    number = np.cumsum(risk) - 1
    kept = risk[crowd.tile]
    tiles = number[crowd.tile[kept]]
    return Crowd(crowd.zoom, crowd.x[risk], crowd.y[risk], crowd.feature[kept], tiles, crowd.size[kept])


def _near(index: Index, feature: int, tile: grid.TileId) -> int:
    """Return how many vertices of a feature stand at an edge whose box meets the tile."""
    shapes = index.shapes
    first, last = shapes.paths[shapes.features[[feature, feature + 1]]]
    west, north, east, south = reach(*tile)
    near = np.ones(last - first, bool)
    for v, low, high in ((shapes.x, west, east), (shapes.y, north, south)):
        part = v[first:last]
        after = np.roll(part, -1)
        meets = (np.minimum(part, after) <= high) & (np.maximum(part, after) >= low)
        near &= meets
    return int(np.count_nonzero(near))


def _children(index: Index, most: Bytes, crowd: Crowd) -> Crowd:
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
    parent = used >> 2
    x, y = 2 * crowd.x[parent] + ((used >> 1) & 1), 2 * crowd.y[parent] + (used & 1)
    return most.crowd(index, zoom, x, y, Pairs(feature, number[child]))
