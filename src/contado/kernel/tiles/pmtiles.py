"""PMTiles 3 archives, written through the ``pmtiles`` package.

References
----------
PMTiles specification 3, https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md .
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from contado.kernel import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

__all__ = ["write"]

_E7 = 10_000_000


def write(
    path: Path,
    tiles: Iterable[tuple[int, bytes]],
    *,
    bounds: Sequence[float],
    metadata: Callable[[], dict[str, Any]],
) -> int:
    """Write tiles (PMTiles id, gzip bytes), in order of id, as one archive; return how many.

    Equal tiles are stored once. The archive appears whole or not at all, with the same bytes for the same
    tiles. ``metadata`` is asked for once the last tile has been written.
    """
    from pmtiles.tile import Compression, TileType
    from pmtiles.writer import Writer

    west, south, east, north = (round(b * _E7) for b in bounds)
    header = {
        "version": 3,
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
    }
    count = 0
    with tables.atomic(path) as temporary, temporary.open("wb") as file:
        writer = cast("Any", Writer)(file)
        for tile_id, data in tiles:
            writer.write_tile(tile_id, data)
            count += 1
        writer.finalize(header, metadata())
    return count
