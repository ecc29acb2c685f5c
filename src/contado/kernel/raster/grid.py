"""The grid of a raster: its size, its cells, its coordinate reference system, its no-data value."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Grid"]


class Grid(NamedTuple):
    """A raster with square cells, north up; ``bbox`` is xmin, ymin, xmax, ymax in ``crs``.

    ``cell_m`` is the side of a cell [m], None where the CRS is in degrees; ``nodata`` None where every cell
    has a value.
    """

    width: int
    height: int
    cell: float
    cell_m: float | None
    crs: str
    bbox: tuple[float, float, float, float]
    nodata: float | None
    bands: int
