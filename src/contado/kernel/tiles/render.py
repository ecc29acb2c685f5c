"""Tiles of a layer: what is drawn, what is counted in cells, and the bytes.

A feature is merged when it is smaller than the threshold of the tile that holds its anchor, or when its
rounded geometry has no extent at that zoom. Both depend on the feature and the zoom alone, so neighbouring
tiles agree. It is counted once, in a cell of 64 x 64 units of its anchor's tile. What is not merged is drawn
in every tile that it reaches.
"""

from __future__ import annotations

from itertools import pairwise, starmap
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from contado.kernel.tiles import cells, clip, encode, grid, ragged, values
from contado.kernel.tiles.index import Pairs
from contado.kernel.tiles.paths import Shapes, doubled_areas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from contado.kernel.tiles.index import Index
    from contado.kernel.tiles.levels import Level
    from contado.kernel.tiles.values import Dictionary

    Places = NDArray[np.int64]

__all__ = ["COUNT", "SUM", "Look", "Tile", "collapsed", "render", "render_all"]

COUNT: Final = "_n"
SUM: Final = "_sum_"
_FEATURES: Final = 8192
"""Features that are made together, where tiles are small: their vertices stay in the processor's cache."""


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
    return render_all(index, level, look, np.array([tile.x]), np.array([tile.y]))[0]


def render_all(index: Index, level: Level, look: Look, x: Places, y: Places) -> list[Tile]:
    """Return the tiles of one zoom in these columns and rows; each is as `render` gives it alone."""
    near = index.touching(level.zoom, x, y)
    starts = near.starts(len(x))
    made = []
    for first, last in _portions(starts):
        some = near.of(slice(starts[first], starts[last]))
        portion = _Portion(index, level, look, x[first:last], y[first:last])
        made += portion.tiles(some._replace(tile=some.tile - first))
    return made


def _portions(starts: Places) -> Iterator[tuple[int, int]]:
    """Yield ranges of tiles that hold few features together, or one tile."""
    first = 0
    while first < len(starts) - 1:
        last = int(np.searchsorted(starts, starts[first] + _FEATURES, side="right")) - 1
        yield first, (last := max(last, first + 1))
        first = last


class _Portion(NamedTuple):
    """Some tiles of one zoom that are made together."""

    layer: Index
    level: Level
    look: Look
    x: Places
    y: Places

    def tiles(self, near: Pairs) -> list[Tile]:
        """Return the tiles; ``near`` are the features that reach into them."""
        small = self.level.merges(self.layer, near.feature)
        large = near.of(~small)
        whole = clip.inside(np.array(self._boxes(large)))
        shown = [
            self._shown(some, cut=cut)
            for some, cut in ((large.of(whole), False), (large.of(~whole), True))
            if some.feature.size
        ]
        contents = [_Content() for _ in self.x]
        self._draw([drawn for drawn, _, _ in shown], [shapes for _, shapes, _ in shown], contents)
        merged = [near.of(small), *(flat for _, _, flat in shown)]
        self._count(merged, contents)
        keys = [self.layer.facts.fields[c].name for c in self.look.columns]
        return [content.tile(self.look.name, keys, self._cell_keys()) for content in contents]

    def _units(self, world: NDArray[np.float64], corner: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return coordinates in whole units of tiles with these corners."""
        out = world * float(grid.EXTENT << self.level.zoom)
        np.rint(out, out=out)
        out -= corner
        return out

    def _corners(self, pairs: Pairs) -> list[NDArray[np.float64]]:
        return [at[pairs.tile].astype(np.float64) * grid.EXTENT for at in (self.x, self.y)]

    def _boxes(self, pairs: Pairs) -> list[NDArray[np.float64]]:
        edges = zip(self.layer.box, 2 * self._corners(pairs), strict=True)
        return [self._units(edge[pairs.feature], corner) for edge, corner in edges]

    def _shown(self, pairs: Pairs, *, cut: bool) -> tuple[Pairs, Shapes, Pairs]:
        """Return the features that show in their tiles, their shapes there, and the features without extent."""
        kind = self.layer.facts.kind
        shapes = self.layer.at(self.level.zoom).take(pairs.feature)
        vertices = np.diff(shapes.paths[shapes.features])
        x, y = (
            self._units(world, np.repeat(corner, vertices))
            for world, corner in zip((shapes.x, shapes.y), self._corners(pairs), strict=True)
        )
        shapes = shapes._replace(x=x, y=y)
        areas = doubled_areas(shapes) if kind == "polygon" else None
        gone = collapsed(kind, shapes, areas)
        flat = pairs.of(gone)
        if flat.feature.size:
            pairs, shapes = pairs.of(~gone), shapes.take(np.flatnonzero(~gone))
            areas = None
        if kind == "polygon":
            shapes = clip.without_collapsed(shapes, areas)
        if cut:
            shown, shapes = _cut(kind, shapes)
            pairs = pairs.of(shown)
        else:
            shapes = clip.without_repeats(kind, shapes)
        return pairs, shapes, flat

    def _draw(self, drawn: list[Pairs], shapes: list[Shapes], contents: list[_Content]) -> None:
        """Put features into their tiles, set after set."""
        if not drawn:
            return
        for pairs, shape, tags in zip(drawn, shapes, self._tags(drawn, contents), strict=True):
            ids = self.layer.row[pairs.feature] + 1
            data, at = encode.features(self.layer.facts.kind, shape, tags, ids)
            spans = pairwise(pairs.starts(len(contents)).tolist())
            for content, (first, last) in zip(contents, spans, strict=True):
                content.blocks.append(data[at[first] : at[last]])
                content.drawn += last - first

    def _tags(self, drawn: list[Pairs], contents: list[_Content]) -> list[encode.Tags]:
        """Return the attributes of each set of features; their values are in the tables of their tiles."""
        columns = np.array(self.look.columns, np.int64)[:, None]
        codes = [self.layer.codes[columns, pairs.feature] for pairs in drawn]
        spans = [starmap(slice, pairwise(pairs.starts(len(contents)).tolist())) for pairs in drawn]
        room = np.empty(len(self.layer.dictionary.starts) - 1, dtype=np.int64)
        for content, *here in zip(contents, *spans, strict=True):
            views = [code[:, span] for code, span in zip(codes, here, strict=True)]
            content.number(self.layer.dictionary, views, room)
        return [encode.Tags.of(code) for code in codes]

    def _count(self, merged: list[Pairs], contents: list[_Content]) -> None:
        """Count the merged features in cells of the tiles that hold their anchors."""
        feature, tile = (np.concatenate(parts) for parts in zip(*merged, strict=True))
        if not feature.size:
            return
        zoom = self.level.zoom
        own = self.layer.home(zoom, feature) == grid.hilbert(self.x, self.y, zoom)[tile]
        feature, tile = feature[own], tile[own]
        order = np.lexsort((feature, tile))
        pairs = Pairs(feature[order], tile[order])
        spans = pairwise(pairs.starts(len(contents)).tolist())
        for content, x, y, (first, last) in zip(contents, self.x, self.y, spans, strict=True):
            if last > first:
                place = grid.TileId(zoom, int(x), int(y))
                content.count(self.layer, self.look, place, pairs.feature[first:last])

    def _cell_keys(self) -> list[str]:
        measure = self.look.measure
        return [COUNT, *([] if measure is None else [SUM + self.layer.facts.fields[measure].name])]


class _Content:
    """What one tile holds: messages of features, values, and counts."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []
        self.messages: list[bytes] = []
        self.values = self.drawn = self.cells = self.merged = 0

    def add(self, messages: bytes, count: int) -> int:
        """Append values; return the index of the first."""
        first = self.values
        self.messages.append(messages)
        self.values += count
        return first

    def number(self, dictionary: Dictionary, codes: list[NDArray[np.int32]], room: Places) -> None:
        """Exchange codes of the layer for those of this tile (-1 = unknown stays), and add their values."""
        joined = np.concatenate(codes, axis=1)
        known = joined >= 0
        local, used = _renumbered(joined[known], room)
        joined[known] = local + self.add(dictionary.pick(used), len(used))
        ends = np.cumsum([code.shape[1] for code in codes])
        for code, numbers in zip(codes, np.split(joined, ends[:-1], axis=1), strict=True):
            code[...] = numbers

    def count(self, index: Index, look: Look, tile: grid.TileId, merged: Places) -> None:
        """Add the cells that count the merged features."""
        counted = cells.counted(index, look.measure, tile, merged)
        numbers, number = np.unique(counted.counts, return_inverse=True)
        rows = [number + self.add(b"".join(values.uint_values(numbers)), len(numbers))]
        if counted.total is not None:
            have = ~np.isnan(counted.total)
            messages = values.double_values(counted.total[have])
            first = self.add(b"".join(messages), len(messages))
            rows.append(np.where(have, np.cumsum(have) - 1 + first, -1))
        tags = encode.Tags.of(np.array(rows), len(look.columns))
        block, _ = encode.features("polygon", counted.squares(), tags)
        self.blocks.append(block)
        self.cells, self.merged = len(number), len(merged)

    def tile(self, name: str, keys: list[str], cell_keys: list[str]) -> Tile:
        """Return the tile."""
        if not self.drawn and not self.cells:
            return Tile(b"", 0, 0, 0)
        keys = keys + cell_keys if self.cells else keys
        data = encode.layer(name, b"".join(self.blocks), keys, b"".join(self.messages))
        return Tile(data, self.drawn, self.cells, self.merged)


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


def _cut(kind: str, shapes: Shapes) -> tuple[NDArray[np.bool_], Shapes]:
    """Return which features reach into their tile or its buffer, and what shows of them."""
    cut = clip.clip(kind, shapes)
    cut = cut._replace(x=np.rint(cut.x), y=np.rint(cut.y))
    if kind == "polygon":
        cut = clip.without_collapsed(cut)
    cut = clip.without_repeats(kind, cut)
    if kind == "polygon":
        cut = _at_home(shapes, cut, np.flatnonzero(np.diff(cut.features) == 0))
    shown = np.diff(cut.features) > 0
    return shown, cut if shown.all() else cut.take(np.flatnonzero(shown))


def _at_home(shapes: Shapes, cut: Shapes, hidden: Places) -> Shapes:
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


def _renumbered(codes: NDArray[np.int32], place: Places) -> tuple[Places, NDArray[np.int32]]:
    """Return codes numbered from 0 in order of their last use, and the codes so numbered, without a sort.

    ``place`` is room for a number a code, whatever it holds.
    """
    here = np.arange(len(codes))
    place[codes] = here  # of equal codes the last one stands
    last = place[codes]
    is_last = last == here
    number = np.cumsum(is_last) - 1
    return number[last], codes[is_last]
