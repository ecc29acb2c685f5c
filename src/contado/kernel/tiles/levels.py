"""Thresholds: which features a crowded tile merges, so that it stays small and still counts them all.

For every zoom each tile has a threshold in pixels: 0 while the tile is within its limits, else a power of
two. Features anchored in the tile that are smaller are merged. A tile is crowded by what it anchors and by
what reaches in from its neighbours, so thresholds rise until every tile of the zoom is within its limits:
first the tile's own, and where nothing of its own is left to merge, those of the tiles that reach into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from contado.kernel import tables
from contado.kernel.tiles import crowd, grid
from contado.kernel.tiles.render import Tile, collapsed, render_all

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from contado.kernel.tiles.index import Index
    from contado.kernel.tiles.render import Look

__all__ = ["GZIP_LEVEL", "Level", "Limits", "compressed", "flat_features", "solve"]

GZIP_LEVEL: Final = 6
_LEAST_PX: Final = 1 / 16
"""The lowest threshold above 0: one unit."""
_CELLS: Final = grid.EXTENT // grid.CELL
_BATCH: Final = 1 << 13
"""Features whose vertices are rounded at a time: they stay in the processor's cache."""


class Limits(NamedTuple):
    """What a tile may hold: features with cells, and bytes once compressed."""

    features: int = 20_000
    bytes: int = 500_000


class Level(NamedTuple):
    """Thresholds of one zoom: crowded tiles (places on the Hilbert curve, sorted) and their pixels.

    ``promoted`` are small features that are drawn all the same, since they rank highest.
    """

    zoom: int
    tiles: NDArray[np.int64]
    pixels: NDArray[np.float64]
    promoted: NDArray[np.int64]

    @classmethod
    def free(cls, zoom: int) -> Level:
        """Return the level on which nothing is crowded."""
        none = np.empty(0, np.int64)
        return cls(zoom, none, np.empty(0), none)

    def save(self, file: Path) -> None:
        """Keep the level in a file, whole or not at all."""
        with tables.atomic(file) as temporary:
            np.savez(temporary, tiles=self.tiles, pixels=self.pixels, promoted=self.promoted)

    @classmethod
    def load(cls, file: Path, zoom: int) -> Level:
        """Read what `save` wrote."""
        with np.load(file) as arrays:
            return cls(zoom, arrays["tiles"], arrays["pixels"], arrays["promoted"])

    def merges(self, index: Index, features: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which features are smaller than the threshold of the tile that holds their anchor."""
        if not self.tiles.size:
            return np.zeros(len(features), bool)
        threshold = self.threshold(index.key[features])
        small: NDArray[np.bool_] = index.size_px(self.zoom, features) < threshold
        if self.promoted.size:
            small &= ~_holds(self.promoted, features)
        return small

    def threshold(self, key: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the threshold [pixels] of the tiles that hold the anchors with these keys."""
        place = key >> (2 * (grid.MAX_ZOOM - self.zoom))
        at = np.minimum(np.searchsorted(self.tiles, place), len(self.tiles) - 1)
        out: NDArray[np.float64] = np.where(self.tiles[at] == place, self.pixels[at], 0.0)
        return out


def _holds(ordered: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.bool_]:
    at = np.minimum(np.searchsorted(ordered, items), len(ordered) - 1)
    found: NDArray[np.bool_] = ordered[at] == items
    return found


def compressed(data: bytes) -> bytes:
    """Return gzip bytes that depend on ``data`` alone: no name, no time."""
    import deflate  # libdeflate: a third of zlib's time at the same size

    return bytes(deflate.gzip_compress(data, GZIP_LEVEL))


def solve(
    index: Index,
    look: Look,
    limits: Limits,
    found: crowd.Crowd,
    rank: int | None = None,
    ready: dict[int, Tile] | None = None,
) -> Level:
    """Return the thresholds of the crowded tiles of one zoom.

    Parameters
    ----------
    rank
        Place of the numeric attribute by which small features are drawn first where there is room.
    ready
        Gets the tiles that had to be made to measure them and are final, compressed, by PMTiles id.
    """
    solver = _Solver(index, look, limits, found)
    solver.raise_thresholds()
    if rank is not None:
        solver.promote(index.numbers[rank])
    elif ready is not None:
        ready.update(solver.final())
    return solver.level()


def flat_features(index: Index, zoom: int, features: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which features have no extent at a zoom."""
    kind = index.facts.kind
    scale = float(grid.EXTENT << zoom)
    if kind != "polygon":
        box = np.rint(index.box[:, features] * scale)
        point: NDArray[np.bool_] = (box[0] == box[2]) & (box[1] == box[3]) & (kind == "line")
        return point
    out = np.empty(features.size, bool)
    shapes = index.at(zoom)
    for start in range(0, features.size, _BATCH):
        some = shapes.take(features[start : start + _BATCH])
        some = some._replace(x=np.rint(some.x * scale), y=np.rint(some.y * scale))
        out[start : start + _BATCH] = collapsed(kind, some)
    return out


class _Solver:
    """The state of one zoom: a step on the ladder of thresholds for every tile that anchors something.

    Step 0 stands for 0 pixels, step s for 2^(s - 5). A feature is merged from its own step on: 0 where it
    has no extent.
    """

    def __init__(self, index: Index, look: Look, limits: Limits, found: crowd.Crowd) -> None:
        self.index, self.look, self.limits, self.found = index, look, limits, found
        feature = found.feature
        self.merged_from = _steps(index, found.zoom, feature)
        place = grid.hilbert(found.x, found.y, found.zoom)
        anchor = index.key[feature] >> (2 * (grid.MAX_ZOOM - found.zoom))
        self.places = np.unique(np.concatenate([place, anchor]))
        self.home = np.searchsorted(self.places, anchor)
        self.at = np.searchsorted(self.places, place)
        self.own = self.home == self.at[found.tile]
        self.cell = _cell_numbers(index, found)
        self.step = np.zeros(len(self.places), np.int64)
        self.promoted = np.zeros(len(feature), bool)
        self.measured: dict[int, tuple[tuple[int, ...], Tile]] = {}

    def level(self) -> Level:
        """Return the thresholds reached."""
        used = np.flatnonzero(self.step)
        pixels = np.ldexp(_LEAST_PX / 2.0, self.step[used])
        return Level(self.found.zoom, self.places[used], pixels, np.unique(self.found.feature[self.promoted]))

    def raise_thresholds(self) -> None:
        """Raise thresholds until every tile is within its limits, or has nothing left to merge.

        Merging never adds to what a tile holds, so counts come first: to know its bytes a tile must be made.
        """
        for over in (self._crowded, self._heavy):
            while self._raised(over()):
                pass

    def _raised(self, over: NDArray[np.bool_]) -> bool:
        """Raise the thresholds of tiles that are over a limit by one step; return whether any could be."""
        drawn = self._drawn() & over[self.found.tile]
        own = drawn & self.own
        has_own = np.bincount(self.found.tile[own], minlength=len(over)) > 0
        pushed = own | (drawn & ~has_own[self.found.tile])
        least = np.full(len(self.step), np.iinfo(np.int64).max)
        np.minimum.at(least, self.home[pushed], self.merged_from[pushed])
        raised = least < np.iinfo(np.int64).max
        self.step[raised] = np.maximum(self.step[raised], least[raised])
        return bool(raised.any())

    def promote(self, rank: NDArray[np.float64]) -> None:
        """Draw the highest ranking small features of each tile as far as its limits leave room."""
        small = self.own & (self.merged_from > 0) & (self.merged_from <= self.step[self.home])
        pair = np.flatnonzero(small)
        score = np.nan_to_num(rank[self.found.feature[pair]], nan=-np.inf)
        order = np.lexsort((self.found.feature[pair], -score, self.found.tile[pair]))
        pair = pair[order]
        tile = self.found.tile[pair]
        standing = np.arange(len(pair)) - np.searchsorted(tile, tile)
        count, _ = self._load()
        room = np.maximum(self.limits.features - count, 0)
        for over in (self._crowded, self._heavy):
            while True:
                chosen = self.found.feature[pair[standing < room[tile]]]
                self.promoted = np.isin(self.found.feature, chosen)
                guilty = np.isin(self.at, self.home[self.promoted & over()[self.found.tile]])
                if not guilty.any():
                    break
                room[guilty] //= 2

    def _drawn(self) -> NDArray[np.bool_]:
        drawn: NDArray[np.bool_] = (self.merged_from > self.step[self.home]) | self.promoted
        return drawn

    def _load(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return how many features and cells each tile holds, and a bound on their bytes."""
        n = len(self.found.x)
        drawn = self._drawn()
        tile = self.found.tile[drawn]
        counts = np.zeros((n, _CELLS * _CELLS), bool)
        counts.ravel()[self.cell[self.own & ~drawn]] = True
        cells = counts.sum(axis=1)
        size = np.bincount(tile, weights=self.found.size[drawn], minlength=n)
        return np.bincount(tile, minlength=n) + cells, size + crowd.CELL_BYTES * cells

    def _crowded(self) -> NDArray[np.bool_]:
        """Return which tiles hold too many features and cells."""
        over: NDArray[np.bool_] = self._load()[0] > self.limits.features
        return over

    def _heavy(self) -> NDArray[np.bool_]:
        """Return which tiles have too many bytes; these are measured where the bound leaves a doubt."""
        count, size = self._load()
        over = np.zeros(len(size), bool)
        left = crowd.room(self.index, self.look, self.limits)
        doubtful = np.flatnonzero((count <= self.limits.features) & (size > left))
        self._measure(doubtful)
        over[doubtful] = [len(self.measured[tile][1].data) > self.limits.bytes for tile in doubtful.tolist()]
        return over

    def _state(self) -> NDArray[np.int64]:
        """Return, for each tile, numbers that change whenever what it draws changes."""
        drawn = self._drawn()
        tile = self.found.tile[drawn]
        n = len(self.found.x)
        total = np.bincount(tile, weights=self.found.feature[drawn] + 1.0, minlength=n)
        return np.column_stack([np.bincount(tile, minlength=n), total.astype(np.int64)])

    def _measure(self, tiles: NDArray[np.int64]) -> None:
        """Make tiles that were not made as they are now."""
        state = dict(zip(tiles.tolist(), map(tuple, self._state()[tiles].tolist()), strict=True))
        new = np.array([t for t, now in state.items() if self.measured.get(t, ((), None))[0] != now], int)
        made = render_all(self.index, self.level(), self.look, self.found.x[new], self.found.y[new])
        for tile, content in zip(new.tolist(), made, strict=True):
            self.measured[tile] = state[tile], content._replace(data=compressed(content.data))

    def final(self) -> dict[int, Tile]:
        """Return the measured tiles that are as the thresholds reached leave them, by PMTiles id.

        While thresholds rise what a tile draws only shrinks, so equal counts are equal tiles.
        """
        state = self._state()
        first = grid.first_id(self.found.zoom)
        place = grid.hilbert(self.found.x, self.found.y, self.found.zoom) + first
        return {
            int(place[tile]): made
            for tile, (then, made) in self.measured.items()
            if then == tuple(state[tile].tolist())
        }


def _cell_numbers(index: Index, found: crowd.Crowd) -> NDArray[np.int64]:
    """Return a number for the cell that holds the anchor of each pair's feature (right for its own tile)."""
    x, y = index.anchors(found.feature)
    column = grid.cells(x, _CELLS << found.zoom) % _CELLS
    row = grid.cells(y, _CELLS << found.zoom) % _CELLS
    return (found.tile * _CELLS + row) * _CELLS + column


def _steps(index: Index, zoom: int, features: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the step from which each feature is merged."""
    here = np.zeros(index.facts.n, bool)
    here[features] = True
    once = np.flatnonzero(here)  # a feature may reach into several tiles
    _, exponent = np.frexp(index.size_px(zoom, once) / _LEAST_PX)
    step = np.empty(index.facts.n, np.int64)
    step[once] = np.maximum(exponent + 1, 1)
    step[once[flat_features(index, zoom, once)]] = 0
    return step[features]
