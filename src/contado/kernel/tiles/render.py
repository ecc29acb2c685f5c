"""One tile of a layer: what is drawn, what is counted in cells, and the bytes.

A feature is merged when it is smaller than the threshold of the tile that holds its anchor, or when its
rounded geometry has no extent at that zoom. Both depend on the feature and the zoom alone, so neighbouring
tiles agree. It is counted once, in a cell of 64 x 64 units of its anchor's tile. What is not merged is drawn
in every tile that it reaches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from contado.kernel.tiles import clip, encode, grid, ragged, values
from contado.kernel.tiles.paths import Shapes, doubled_areas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.kernel.tiles.index import Index
    from contado.kernel.tiles.levels import Level

    Features = NDArray[np.int64]

__all__ = ["COUNT", "SUM", "Look", "Tile", "collapsed", "render"]

COUNT: Final = "_n"
SUM: Final = "_sum_"


class Look(NamedTuple):
    """What the tiles of a layer carry: the MVT layer's name, the attributes shown, the measure summed."""

    name: str
    columns: tuple[int, ...]
    """Places of the attributes in the index."""
    measure: int | None = None


class Tile(NamedTuple):
    """The MVT (no bytes when nothing is there), features drawn, cells, and features merged into them."""

    data: bytes
    drawn: int
    cells: int
    merged: int

    @property
    def aggregated(self) -> bool:
        """Whether features are counted in cells instead of drawn."""
        return self.cells > 0


def render(index: Index, level: Level, look: Look, tile: grid.TileId) -> Tile:
    """Return a tile; ``level`` holds the thresholds of its zoom."""
    near = index.touching(tile)
    small = level.merges(index, near)
    large = near[~small]
    whole = clip.inside(_units(index.box[:, large], tile, (0, 1, 0, 1)))
    drawn, shapes, flat = _shown(index, tile, large[whole], cut=False)
    if not whole.all():
        also, parts, flat_too = _shown(index, tile, large[~whole], cut=True)
        drawn, shapes = np.concatenate([drawn, also]), shapes.followed(parts)
        flat = np.concatenate([flat, flat_too])
    merged = _own(index, tile, np.concatenate([near[small], flat]))
    if not drawn.size and not merged.size:
        return Tile(b"", 0, 0, 0)
    data, cells = _encoded(index, look, tile, (drawn, shapes), merged)
    return Tile(data, int(drawn.size), cells, int(merged.size))


def _units(values: NDArray[np.float64], tile: grid.TileId, axes: Sequence[int]) -> NDArray[np.float64]:
    """Return rows of world coordinates in whole units of the tile, its corner at 0, 0."""
    out: NDArray[np.float64] = np.rint(values * float(grid.EXTENT << tile.z))
    corner = np.array([tile.x, tile.y], dtype=np.float64) * grid.EXTENT
    out -= corner[list(axes), None]
    return out


def _own(index: Index, tile: grid.TileId, features: Features) -> Features:
    """Return those anchored in the tile, in order."""
    own = index.anchored(tile)
    return np.sort(features[(features >= own.start) & (features < own.stop)])


def _shown(
    index: Index, tile: grid.TileId, features: Features, *, cut: bool
) -> tuple[Features, Shapes, Features]:
    """Return the features that show in the tile, their shapes there, and the features without extent."""
    kind = index.facts.kind
    shapes = index.at(tile.z).take(features)
    x, y = _units(np.array([shapes.x, shapes.y]), tile, (0, 1))
    shapes = shapes._replace(x=x, y=y)
    areas = doubled_areas(shapes) if kind == "polygon" else None
    gone = collapsed(kind, shapes, areas)
    flat = features[gone]
    if flat.size:
        features, shapes = features[~gone], shapes.take(np.flatnonzero(~gone))
        areas = None
    if kind == "polygon":
        shapes = clip.without_collapsed(shapes, areas)
    if cut:
        features, shapes = _cut(kind, features, shapes)
    else:
        shapes = clip.without_repeats(kind, shapes)
    return features, shapes, flat


def collapsed(kind: str, shapes: Shapes, areas: NDArray[np.float64] | None = None) -> NDArray[np.bool_]:
    """Return which rounded features have no extent: no ring with an area, no line with a length."""
    n = len(shapes.features) - 1
    if kind == "point" or not n:
        return np.zeros(n, bool)
    if kind == "polygon":
        areas = doubled_areas(shapes) if areas is None else areas
        solid = (areas != 0.0) & ~shapes.hole
    else:
        first = np.repeat(shapes.paths[:-1], np.diff(shapes.paths))
        moved = (shapes.x != shapes.x[first]) | (shapes.y != shapes.y[first])
        solid = ragged.sums(moved, shapes.paths) > 0
    gone: NDArray[np.bool_] = ragged.sums(solid, shapes.features) == 0
    return gone


def _cut(kind: str, features: Features, shapes: Shapes) -> tuple[Features, Shapes]:
    """Return the features that reach into the tile or its buffer, and what shows of them."""
    cut = clip.clip(kind, shapes)
    cut = cut._replace(x=np.rint(cut.x), y=np.rint(cut.y))
    if kind == "polygon":
        cut = clip.without_collapsed(cut)
    cut = clip.without_repeats(kind, cut)
    if kind == "polygon":
        cut = _at_home(shapes, cut, np.flatnonzero(np.diff(cut.features) == 0))
    shown = np.diff(cut.features) > 0
    return features[shown], cut if shown.all() else cut.take(np.flatnonzero(shown))


def _at_home(shapes: Shapes, cut: Shapes, hidden: Features) -> Shapes:
    """Draw a triangle of one unit where a sliver's part in the tile of its first vertex has lost its area.

    So every feature that is not merged is drawn in one tile at least.
    """
    vertex = shapes.paths[shapes.features[hidden]]
    x, y = shapes.x[vertex], shapes.y[vertex]
    home = (x >= 0) & (x < grid.EXTENT) & (y >= 0) & (y < grid.EXTENT)
    if not home.any():
        return cut
    corners = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    n = int(home.sum())
    triangles = Shapes(
        (x[home, None] + corners[0]).ravel(),
        (y[home, None] + corners[1]).ravel(),
        np.arange(0, 3 * n + 1, 3),
        np.arange(n + 1),
        np.zeros(n, bool),
    )
    return cut.replaced(hidden[home], triangles)


class _Values:
    """The values of one tile: messages, each once for the layer's own."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.count = 0

    def add(self, messages: bytes, count: int) -> int:
        """Append messages; return the index of the first."""
        first = self.count
        self.messages.append(messages)
        self.count += count
        return first


def _encoded(
    index: Index, look: Look, tile: grid.TileId, drawn: tuple[Features, Shapes], merged: Features
) -> tuple[bytes, int]:
    """Return the bytes of the tile and the number of its cells."""
    keys = [index.facts.fields[c].name for c in look.columns]
    table = _Values()
    features, shapes = drawn
    tags = _tags(index, look, features, table)
    block = encode.features(index.facts.kind, shapes, tags, index.row[features] + 1)
    cells = 0
    if merged.size:
        boxes, attributes, cells = _cells(index, look, tile, merged, table, len(keys))
        keys += [COUNT, *(_sum_key(index, look))]
        block += encode.features("polygon", boxes, attributes)
    return encode.layer(look.name, block, keys, b"".join(table.messages)), cells


def _sum_key(index: Index, look: Look) -> Sequence[str]:
    return [] if look.measure is None else [SUM + index.facts.fields[look.measure].name]


def _tags(index: Index, look: Look, features: Features, table: _Values) -> encode.Tags:
    """Return the attributes of drawn features, and put their values into the tile's table."""
    codes = index.codes[np.array(look.columns, np.int64)[:, None], features]
    known = codes >= 0
    local, used = _renumbered(codes[known], len(index.dictionary.starts) - 1)
    first = table.add(index.dictionary.pick(used), len(used))
    pairs = np.empty((*codes.T.shape, 2), np.int64)
    pairs[..., 0] = np.arange(len(codes))
    pairs.swapaxes(0, 1)[known, 1] = local + first
    return encode.Tags(pairs[known.T], known.sum(axis=0))


def _renumbered(codes: NDArray[np.int32], size: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return codes numbered from 0 in order of their last use, and the codes so numbered, without a sort."""
    place = np.empty(size, dtype=np.int64)
    here = np.arange(len(codes))
    place[codes] = here  # of equal codes the last one stands
    last = place[codes]
    is_last = last == here
    number = np.cumsum(is_last) - 1
    return number[last], codes[is_last]


def _cells(
    index: Index, look: Look, tile: grid.TileId, merged: Features, table: _Values, first_key: int
) -> tuple[Shapes, encode.Tags, int]:
    """Return the squares that count the merged features, in order of row and column, and their attributes."""
    side = grid.EXTENT // grid.CELL
    x, y = index.anchors(merged)
    column = grid.cells(x, side << tile.z) - tile.x * side
    row = grid.cells(y, side << tile.z) - tile.y * side
    cell = row * side + column
    count = np.bincount(cell, minlength=side * side)
    used = np.flatnonzero(count)
    numbers, number = np.unique(count[used], return_inverse=True)
    value = [number + table.add(b"".join(values.uint_values(numbers)), len(numbers))]
    key = [np.full(len(used), first_key)]
    known = [np.ones(len(used), bool)]
    if look.measure is not None:
        sums, have = _sums(index.numbers[look.measure, merged], cell, used)
        messages = values.double_values(sums[have])
        value.append(np.cumsum(have) - 1 + table.add(b"".join(messages), len(messages)))
        key.append(np.full(len(used), first_key + 1))
        known.append(have)
    mask = np.column_stack(known)
    pairs = np.column_stack([np.column_stack(key)[mask], np.column_stack(value)[mask]])
    return _squares(used % side, used // side), encode.Tags(pairs, mask.sum(axis=1)), len(used)


def _sums(
    measure: NDArray[np.float64], cell: NDArray[np.int64], used: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the measure's sum in each used cell, and whether any of its features has one."""
    known = ~np.isnan(measure)
    size = int(used[-1]) + 1
    total = np.bincount(cell[known], weights=measure[known], minlength=size).astype(np.float64)
    have = np.bincount(cell[known], minlength=size) > 0
    return total[used], have[used]


def _squares(column: NDArray[np.int64], row: NDArray[np.int64]) -> Shapes:
    """Return the squares of cells, wound as exterior rings."""
    n = len(column)
    x = (column[:, None] + np.array([0, 1, 1, 0])) * float(grid.CELL)
    y = (row[:, None] + np.array([0, 0, 1, 1])) * float(grid.CELL)
    return Shapes(x.ravel(), y.ravel(), np.arange(0, 4 * n + 1, 4), np.arange(n + 1), np.zeros(n, bool))
