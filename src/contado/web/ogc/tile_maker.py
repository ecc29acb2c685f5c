"""Live tiles on request: who asks waits for one maker, which makes all that are waited for at a zoom together.

A tile is made once however many ask for it at a time, and tiles of one zoom made together take a
fraction of the time of one after another. Makers are as many as the machine has processors, and are none of the
threads in which pages are made: a crowd of tiles does not hold up a page.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from contado.kernel.tiles import compressed
from contado.web.ogc.prepared import Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from contado.kernel.tiles import TileLayer

    Place = tuple[int, int]

__all__ = ["Made", "Maker"]

_A_TURN: Final = 16
"""Tiles made together: few enough that the first of them does not wait long for the last."""


class Made(msgspec.Struct, frozen=True):
    """A tile as it is sent: gzip bytes (none where the tile is empty), and whether it is aggregated."""

    data: bytes
    aggregated: bool


class Maker:
    """Layers that were opened and tiles that were made; `concurrent.futures` serve threads and event loops.

    Parameters
    ----------
    layers, tiles
        How many of each are kept.
    """

    def __init__(self, layers: int, tiles: int) -> None:
        self._layers, self._tiles = Kept(layers), Kept(tiles)
        self._lock = threading.Lock()
        self._opening: dict[Hashable, Future[TileLayer]] = {}
        self._waiting: dict[tuple[str, int], dict[Place, Future[Made]]] = {}
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="tiles")

    def kept_layer(self, key: Hashable) -> TileLayer | None:
        """Return a layer that was opened, if it is kept."""
        found: TileLayer | None = self._layers.get(key)
        return found

    def layer(self, key: Hashable, make: Callable[[], TileLayer]) -> Future[TileLayer]:
        """Return a layer to come; of several that ask for a new one at a time, one opens it."""
        with self._lock:
            future = self._opening.get(key)
            if future is None:
                future = self._opening[key] = self._pool.submit(self._open, key, make)
        return future

    def _open(self, key: Hashable, make: Callable[[], TileLayer]) -> TileLayer:
        try:
            layer = self.kept_layer(key) or make()
            self._layers.put(key, layer)
            return layer
        finally:
            with self._lock:
                self._opening.pop(key)

    def kept_tile(self, layer: TileLayer, z: int, x: int, y: int) -> Made | None:
        """Return a tile that was made, if it is kept."""
        found: Made | None = self._tiles.get((layer.etag, z, x, y))
        return found

    def tile(self, layer: TileLayer, z: int, x: int, y: int) -> Future[Made]:
        """Return a tile to come."""
        with self._lock:
            begun = (layer.etag, z) in self._waiting
            waiting = self._waiting.setdefault((layer.etag, z), {})
            future = waiting.setdefault((x, y), Future())
        if not begun:
            self._pool.submit(self._make_all, layer, z)
        return future

    def _make_all(self, layer: TileLayer, z: int) -> None:
        """Make the tiles of a zoom that are waited for, also those that join meanwhile."""
        while some := self._next(layer.etag, z):
            try:
                made = _made(layer, z, list(some))
            except Exception as error:  # noqa: BLE001 - raised again where the tile is waited for
                for future in some.values():
                    future.set_exception(error)
                continue
            for (place, future), tile in zip(some.items(), made, strict=True):
                self._tiles.put((layer.etag, z, *place), tile)
                future.set_result(tile)

    def _next(self, etag: str, z: int) -> dict[Place, Future[Made]]:
        """Take the tiles of the next turn from those waited for; when none is left, the maker is done."""
        with self._lock:
            waiting = self._waiting[etag, z]
            some = dict(islice(waiting.items(), _A_TURN))
            for place in some:
                del waiting[place]
            if not some:
                del self._waiting[etag, z]
        return some


def _made(layer: TileLayer, z: int, places: list[Place]) -> list[Made]:
    x, y = np.array(places, dtype=np.int64).T
    tiles = layer.tiles(z, x, y)
    return [Made(compressed(tile.data) if tile.data else b"", tile.aggregated) for tile in tiles]
