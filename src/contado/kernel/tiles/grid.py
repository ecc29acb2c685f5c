"""The tile pyramid of Web Mercator: tiles, units, and the Hilbert curve that orders them.

The world is the square 0..1 (x to the east, y to the south). At zoom z it is cut into 2^z x 2^z tiles of
4096 x 4096 units. Scaling by a power of two is exact, so a vertex has one rounded place at each zoom,
whatever tile it is drawn in.

References
----------
Mapbox Vector Tile specification 2.1; PMTiles specification 3, https://github.com/protomaps/PMTiles .
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "BUFFER",
    "CELL",
    "EXTENT",
    "MAX_ZOOM",
    "PIXELS",
    "TileId",
    "cells",
    "checked",
    "first_id",
    "hilbert",
    "hilbert_inverse",
    "lonlat_to_world",
    "world_to_lonlat",
]

EXTENT: Final = 4096
"""Units along the side of a tile."""
BUFFER: Final = 64
"""Units around a tile that are drawn too."""
CELL: Final = 64
"""Units along the side of the cell in which small features are counted."""
PIXELS: Final = 256
"""Pixels along the side of a tile, in which thresholds are stated."""
MAX_ZOOM: Final = 22
_BELOW_ONE: Final = float(np.nextafter(1.0, 0.0))


class TileId(NamedTuple):
    """A tile: zoom, column from the west, row from the north (XYZ order)."""

    z: int
    x: int
    y: int


def checked(z: int, x: int, y: int) -> TileId:
    """Return the tile when it lies inside the matrix.

    Raises
    ------
    UsageError
        The zoom is not 0..22, or the matrix of that zoom has no such column or row (rule ``no_such_tile``).
    """
    if not 0 <= z <= MAX_ZOOM:
        raise UsageError(
            f"There is no zoom {z}.", rule="no_such_tile", hint=f"zooms go from 0 to {MAX_ZOOM}", field="z"
        )
    for field, value in (("x", x), ("y", y)):
        if not 0 <= value < 1 << z:
            raise UsageError(
                f"Tile {z}/{x}/{y} lies outside the matrix.",
                rule="no_such_tile",
                hint=f"at zoom {z} x and y go from 0 to {(1 << z) - 1}",
                field=field,
            )
    return TileId(z, x, y)


def lonlat_to_world(
    lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the place in the world square of longitudes and latitudes [deg] (EPSG:3857, scaled).

    Examples
    --------
    >>> lonlat_to_world(np.array([0.0, -180.0]), np.array([0.0, 85.0511287798066]))[1].round(12) + 0.0
    array([0.5, 0. ])
    """
    y = 0.5 - np.arcsinh(np.tan(np.radians(np.clip(lat, -89.99, 89.99)))) / (2.0 * np.pi)
    return lon / 360.0 + 0.5, y


def world_to_lonlat(x: float, y: float) -> tuple[float, float]:
    """Return longitude and latitude [deg] of a place in the world square."""
    return (x - 0.5) * 360.0, float(np.degrees(np.arctan(np.sinh((0.5 - y) * 2.0 * np.pi))))


def cells(world: NDArray[np.float64], divisions: int) -> NDArray[np.int64]:
    """Return which of ``divisions`` equal half-open parts each place lies in; the far edge is in the last."""
    return np.floor(np.clip(world, 0.0, _BELOW_ONE) * divisions).astype(np.int64)


def first_id(zoom: int) -> int:
    """Return the PMTiles id of the first tile of a zoom.

    Examples
    --------
    >>> [first_id(z) for z in range(4)]
    [0, 1, 5, 21]
    """
    return ((1 << (2 * zoom)) - 1) // 3


def hilbert(x: Any, y: Any, zoom: int) -> NDArray[np.int64]:
    """Return the place of tiles along the Hilbert curve of their zoom; that of the parent is a quarter of it.

    Examples
    --------
    >>> hilbert([0, 0, 1, 1], [0, 1, 1, 0], 1)
    array([0, 1, 2, 3])
    """
    x, y = np.array(x, dtype=np.int64, ndmin=1), np.array(y, dtype=np.int64, ndmin=1)
    out = np.zeros(x.shape, dtype=np.int64)
    for bit in range(zoom - 1, -1, -1):
        rx, ry = (x >> bit) & 1, (y >> bit) & 1
        out = (out << 2) | ((3 * rx) ^ ry)
        x, y = _turned(x, y, rx, ry, (1 << bit) - 1)
    return out


def hilbert_inverse(place: Any, zoom: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return columns and rows of places along the curve.

    Examples
    --------
    >>> hilbert_inverse([0, 1, 2, 3], 1)
    (array([0, 0, 1, 1]), array([0, 1, 1, 0]))
    """
    place = np.array(place, dtype=np.int64, ndmin=1)
    x, y = np.zeros_like(place), np.zeros_like(place)
    for bit in range(zoom):
        rx = (place >> 1) & 1
        ry = (place & 1) ^ rx
        x, y = _turned(x, y, rx, ry, (1 << bit) - 1)
        x, y = x + (rx << bit), y + (ry << bit)
        place = place >> 2
    return x, y


def _turned(
    x: NDArray[np.int64], y: NDArray[np.int64], rx: NDArray[np.int64], ry: NDArray[np.int64], mask: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Turn the quadrants of the curve's lower half; what stands above ``mask`` has been used already."""
    flip = (rx & (1 - ry)) * mask
    swap = ry == 0
    x, y = (x & mask) ^ flip, (y & mask) ^ flip
    return np.where(swap, y, x), np.where(swap, x, y)
