"""All tiles of a layer over a range of zooms, as batches of tile ids that can be rendered anywhere.

`render_batch` is a pure function of a batch and a picklable context: the ids of tiles in, their bytes out.
Batches in any order and on any machine give the same bytes; sorted by id they make the archive.
"""

from __future__ import annotations

import heapq
import operator
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from contado.kernel.errors import UsageError
from contado.kernel.provenance import sha256_of_file
from contado.kernel.tiles import grid, pmtiles, ragged
from contado.kernel.tiles.levels import Level, compressed
from contado.kernel.tiles.render import Look, Tile, render_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from contado.kernel.progress import Progress
    from contado.kernel.tiles.index import Index
    from contado.kernel.tiles.layer import TileLayer

    Function = Callable[[pa.RecordBatch, "Context"], pa.RecordBatch]
    Runner = Callable[[Function, Iterable[pa.RecordBatch], "Context"], Iterable[pa.RecordBatch]]

__all__ = ["SCHEMA", "Built", "Context", "batches", "build", "in_turn", "render_batch", "tile_ids"]

SCHEMA: Final = pa.schema(
    [
        ("tile_id", pa.int64()),
        ("data", pa.binary()),
        ("drawn", pa.int64()),
        ("cells", pa.int64()),
        ("merged", pa.int64()),
    ]
)
"""What `render_batch` answers: a row a tile that holds anything, ``data`` compressed."""
_TILES_A_BATCH: Final = 64
_MOST_TILES: Final = 20_000_000


class Context(NamedTuple):
    """What rendering needs beside the ids; an index on disk is pickled as its path."""

    layer: Index
    look: Look
    levels: Mapping[int, Level]


class Built(NamedTuple):
    """An archive: tiles, size, the largest tile (compressed), tiles with cells, time, hash."""

    tiles: int
    bytes: int
    max_tile_bytes: int
    aggregated_tiles: int
    cpu_s: float
    sha256: str


def tile_ids(index: Index, zoom: int) -> NDArray[np.int64]:
    """Return the PMTiles ids of the tiles of a zoom that the box of any feature reaches, sorted.

    Raises
    ------
    UsageError
        There are more than 20 million (rule ``too_many_tiles``).
    """
    low, sides = index.reached(zoom)
    count = sides[0] * sides[1]
    if int(count.sum()) > _MOST_TILES:
        raise UsageError(
            f"Zoom {zoom} would have more than {_MOST_TILES:,} tiles.",
            rule="too_many_tiles",
            hint="give a smaller --max-zoom; maps show the last zoom enlarged",
            field="max_zoom",
        )
    own = np.unique(index.key[count == 1] >> (2 * (grid.MAX_ZOOM - zoom)))
    several = np.flatnonzero(count > 1)
    owner, place = ragged.counted(count[several])
    feature = several[owner]
    x, y = low[0, feature] + place % sides[0, feature], low[1, feature] + place // sides[0, feature]
    tiles = np.unique(x << zoom | y)
    reached = np.union1d(own, grid.hilbert(tiles >> zoom, tiles & ((1 << zoom) - 1), zoom))
    return reached + grid.first_id(zoom)


def batches(ids: NDArray[np.int64]) -> Iterator[pa.RecordBatch]:
    """Yield ids as record batches of one column ``tile_id``."""
    for start in range(0, len(ids), _TILES_A_BATCH):
        yield pa.record_batch({"tile_id": ids[start : start + _TILES_A_BATCH]})


def render_batch(batch: pa.RecordBatch, context: Context) -> pa.RecordBatch:
    """Return the tiles of a batch of ids, compressed, empty ones left out (`SCHEMA`)."""
    ids = batch.column("tile_id").to_numpy()
    zooms = np.array([zoom_of(tile_id) for tile_id in ids.tolist()], dtype=np.int64)
    rows = []
    for zoom in np.unique(zooms).tolist():
        some = ids[zooms == zoom]
        x, y = grid.hilbert_inverse(some - grid.first_id(zoom), zoom)
        tiles = render_all(context.layer, context.levels[zoom], context.look, x, y)
        rows += [
            (tile_id, compressed(tile.data), tile.drawn, tile.cells, tile.merged)
            for tile_id, tile in zip(some.tolist(), tiles, strict=True)
            if tile.data
        ]
    columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMA)
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


def in_turn(
    function: Function, source: Iterable[pa.RecordBatch], context: Context
) -> Iterator[pa.RecordBatch]:
    """Run ``function`` on one batch after another in this process."""
    for batch in source:
        yield function(batch, context)


def build(
    layer: TileLayer,
    path: Path,
    *,
    min_zoom: int,
    max_zoom: int,
    progress: Progress | None = None,
    runner: Runner = in_turn,
) -> Built:
    """Write the tiles of a layer from ``min_zoom`` to ``max_zoom`` as a PMTiles archive.

    ``runner`` runs the batches, elsewhere if it likes, and gives their answers in the order of ids.

    Raises
    ------
    UsageError
        The zooms are not 0 <= min <= max <= 22 (rule ``bad_zoom``), there are too many tiles
        (``too_many_tiles``), or the layer has no feature with a place on the map (``nothing_to_draw``).
    """
    _check(layer, min_zoom, max_zoom)
    start = time.process_time()
    zooms = range(min_zoom, max_zoom + 1)
    ids = np.concatenate([tile_ids(layer.index, zoom) for zoom in zooms])
    ready: dict[int, Tile] = {}
    levels = layer.prepare(zooms, ready)
    context = Context(layer.index, layer.look, {zoom: levels[zoom] for zoom in zooms})
    rest = np.setdiff1d(ids, np.fromiter(ready, np.int64, len(ready)), assume_unique=True)
    tally = _Tally(len(rest), progress)
    answers = tally.rows(runner(render_batch, batches(rest), context))
    count = pmtiles.write(
        path,
        tally.watch(heapq.merge(answers, sorted(ready.items()), key=operator.itemgetter(0))),
        bounds=layer.bounds(),
        metadata=lambda: _metadata(layer, tally, min_zoom, max_zoom),
    )
    return Built(
        tiles=count,
        bytes=path.stat().st_size,
        max_tile_bytes=tally.largest,
        aggregated_tiles=tally.aggregated,
        cpu_s=time.process_time() - start,
        sha256=sha256_of_file(path),
    )


def _check(layer: TileLayer, min_zoom: int, max_zoom: int) -> None:
    if not 0 <= min_zoom <= max_zoom <= grid.MAX_ZOOM:
        raise UsageError(
            f"Zooms {min_zoom} to {max_zoom} are no range of zooms.",
            rule="bad_zoom",
            hint=f"give 0 <= min-zoom <= max-zoom <= {grid.MAX_ZOOM}",
            field="max_zoom",
        )
    if not layer.index.facts.n:
        raise UsageError(
            f"Layer {layer.look.name} has no feature with a place on the map.",
            rule="nothing_to_draw",
            hint="import features with geometry",
            field="layer",
        )


class _Tally:
    """What is counted while the tiles pass by."""

    def __init__(self, expected: int, progress: Progress | None) -> None:
        self.expected, self.progress = expected, progress
        self.done = self.largest = self.aggregated = 0
        self.merged: dict[int, int] = {}

    def rows(self, answers: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, Tile]]:
        """Yield id and tile of every row, telling how far the batches are."""
        for answer in answers:
            for row in answer.to_pylist():
                yield row.pop("tile_id"), Tile(**row)
            self.done = min(self.done + _TILES_A_BATCH, self.expected)
            if self.progress is not None:
                self.progress("tiles", self.done, self.expected)

    def watch(self, tiles: Iterable[tuple[int, Tile]]) -> Iterator[tuple[int, bytes]]:
        """Yield id and bytes of every tile, counting."""
        for tile_id, tile in tiles:
            self.largest = max(self.largest, len(tile.data))
            self.aggregated += tile.aggregated
            zoom = zoom_of(tile_id)
            self.merged[zoom] = self.merged.get(zoom, 0) + tile.merged
            yield tile_id, tile.data


def zoom_of(tile_id: int) -> int:
    """Return the zoom of a PMTiles id."""
    return ((3 * tile_id + 1).bit_length() - 1) // 2


def _metadata(layer: TileLayer, tally: _Tally, min_zoom: int, max_zoom: int) -> dict[str, Any]:
    """Return the archive's metadata: what the layer is, whose it is, where features are counted in cells."""
    return {
        "name": layer.info.title_en,
        "type": "overlay",
        "format": "pbf",
        "version": "1.0.0",
        "attribution": layer.info.licence or "",
        "licence": layer.info.licence,
        "source": layer.info.source_id,
        "vector_layers": [layer.vector_layer(min_zoom, max_zoom)],
        "aggregated": {str(zoom): n for zoom, n in sorted(tally.merged.items()) if n},
    }
