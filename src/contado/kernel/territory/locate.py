"""Point -> municipality: a table read for most points, the exact test for the rest.

A uniform grid lies over the borders. A cell that no border crosses belongs to one unit (or to none) as a
whole: its points are answered by one read. A cell that a border crosses keeps the short list of units that
touch it, in order of code; its points are tested against those polygons only, exactly. So the answer is that
of the exact test everywhere, without any tolerance:

- a unit owns its closed polygon, in the coordinates as stored (planar, longitude and latitude);
- a point on a shared border belongs to the lowest code;
- a point outside, NaN or infinite belongs to none (-1).

>>> from contado.kernel.territory import boundaries
>>> locator = Locator(boundaries.shipped())
>>> locator.istat([9.19, 9.5, 12.5, float("nan")], [45.464, 45.18, 41.9, 45.0]).to_pylist()
['015146', '015191', None, None]
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from numpy.typing import ArrayLike, NDArray

    from contado.kernel.territory.boundaries import Units

__all__ = ["CELLS", "Locator", "batch", "counted", "slices"]

CELLS: Final = 512
"""Cells along each side of the grid."""
_MARGIN: Final = 1e-6
"""Part of a cell by which borders are widened when cells are marked: far above the rounding of a cell's number."""
_BATCH: Final = 1 << 15
"""Points answered by table read at a time: what stays in the processor's cache."""
_EXACT: Final = 1 << 20
"""Points gathered for the exact test at a time: this bounds the memory above input and output."""
_NONE: Final = -1


class Locator:
    """Answers which of ``units`` points lie in; built once, used for any number of points.

    Parameters
    ----------
    units
        The municipalities.
    cells
        Cells along each side of the grid; more cells, fewer exact tests, more memory (4 bytes a cell).
    """

    def __init__(self, units: Units, cells: int = CELLS) -> None:
        self.units = units
        self.cells = cells
        self.shapes = units.gdf.geometry.to_numpy()
        self._own = threading.local()
        west, south, east, north = shapely.total_bounds(self.shapes)
        self._origin = (float(west), float(south))
        # one ring of empty cells around the box catches everything outside, NaN and infinity included
        self._scale = (cells / (east - west), cells / (north - south))
        self.grid, self._start, self._candidates = _table(self)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_own"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._own = threading.local()

    @property
    def prepared(self) -> NDArray[np.object_]:
        """Polygons of the units with GEOS's indices, one copy a thread: a test writes into them."""
        found: NDArray[np.object_] | None = getattr(self._own, "shapes", None)
        if found is None:
            found = shapely.from_wkb(shapely.to_wkb(self.shapes))
            shapely.prepare(found)
            self._own.shapes = found
        return found

    def cell_coordinates(self, points: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        """Return longitudes (axis 0) or latitudes (axis 1) in cells from the corner of the ringed grid."""
        with np.errstate(over="ignore"):  # a coordinate of 1e308 is outside, not an error
            scaled: NDArray[np.float64] = (points - self._origin[axis]) * self._scale[axis]
        scaled += 1.0
        return scaled

    def centre(
        self, column: NDArray[np.int64], row: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return longitudes and latitudes of the centres of cells of the ringed grid."""
        lon = (column - 0.5) / self._scale[0] + self._origin[0]
        lat = (row - 0.5) / self._scale[1] + self._origin[1]
        return lon, lat

    def index(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.int32]:
        """Return the position of each point's unit in ``units`` (-1: in none).

        Parameters
        ----------
        lon, lat
            Degrees, of one length.

        Raises
        ------
        ValueError
            The two are not of one length.
        """
        lons, lats = (np.atleast_1d(np.asarray(v, dtype=np.float64)).ravel() for v in (lon, lat))
        if lons.shape != lats.shape:
            raise ValueError(f"{lons.size} longitudes and {lats.size} latitudes")
        found = np.empty(lons.size, dtype=np.int32)
        for part in slices(lons.size, _EXACT):
            self._locate(lons[part], lats[part], found[part])
        return found

    def istat(self, lon: ArrayLike, lat: ArrayLike) -> pa.Array:
        """Return the ISTAT code of each point's unit, null where it lies in none."""
        return self.codes_of(self.index(lon, lat))

    def codes_of(self, index: NDArray[np.int32]) -> pa.Array:
        """Return the ISTAT codes of positions, null for -1."""
        import pyarrow as pa

        codes = pa.array(self.units.codes, pa.string())
        return codes.take(pa.array(index, mask=index == _NONE))

    def _locate(self, lon: NDArray[np.float64], lat: NDArray[np.float64], found: NDArray[np.int32]) -> None:
        """Read the table, then test the points of mixed cells; write into ``found``."""
        mixed = []
        for part in slices(lon.size, _BATCH):
            owner = self.grid[self._cell(lon[part], lat[part])]
            found[part] = owner
            mixed.append(np.flatnonzero(owner < _NONE) + part.start)
        rows = np.concatenate(mixed) if mixed else np.empty(0, dtype=np.intp)
        found[rows] = self._exact(lon[rows], lat[rows], -2 - found[rows])

    def _cell(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the number of each point's cell; points off the box fall on the empty ring."""
        last = self.cells + 1
        column = self.cell_coordinates(lon, 0)
        row = self.cell_coordinates(lat, 1)
        # fmax and fmin let the number win over NaN, so that NaN falls on the ring too
        np.fmin(np.fmax(column, 0.0, out=column), last, out=column)
        np.fmin(np.fmax(row, 0.0, out=row), last, out=row)
        cell: NDArray[np.int32] = row.astype(np.int32)
        cell *= self.cells + 2
        cell += column.astype(np.int32)
        return cell

    def _exact(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64], slot: NDArray[np.int32]
    ) -> NDArray[np.int32]:
        """Test points against the candidates of their cells, the lowest code first."""
        found = np.full(lon.size, _NONE, dtype=np.int32)
        open_rows = np.arange(lon.size)
        rank = 0
        while open_rows.size:
            position = self._start[slot[open_rows]] + rank
            more = position < self._start[slot[open_rows] + 1]
            open_rows, position = open_rows[more], position[more]
            unit = self._candidates[position]
            hit = self.test(lon[open_rows], lat[open_rows], unit)
            found[open_rows[hit]] = unit[hit]
            open_rows = open_rows[~hit]
            rank += 1
        return found

    def units_of(self, cells: NDArray[np.integer[Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return index into ``cells`` and unit for each unit that owns or touches a cell, by cell and code."""
        owner = self.grid[cells]
        slot = -2 - owner
        listed = slot >= 0
        count = (owner >= 0).astype(np.int64)
        count[listed] = np.diff(self._start)[slot[listed]]
        member = np.repeat(np.arange(cells.size), count)
        first = np.where(listed, self._start[np.where(listed, slot, 0)], 0)[member]
        of_list = self._candidates[np.where(listed[member], first + counted(count), 0)]
        return member, np.where(listed[member], of_list, owner[member]).astype(np.int64)

    def test(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64], unit: NDArray[Any]
    ) -> NDArray[np.bool_]:
        """Return whether each point lies in or on its unit, unit by unit."""
        hit, shapes = np.empty(lon.size, dtype=bool), self.prepared
        order = np.argsort(unit, kind="stable")
        lon, lat = lon[order], lat[order]
        bounds = np.searchsorted(unit[order], np.arange(len(self.shapes) + 1))
        for k in np.flatnonzero(np.diff(bounds)):
            part = slice(bounds[k], bounds[k + 1])
            hit[order[part]] = shapely.intersects_xy(shapes[k], lon[part], lat[part])
        return hit


def batch(points: pa.RecordBatch, locator: Locator) -> pa.RecordBatch:
    """Locate the rows ``row_id, lon, lat``: ``row_id, unit`` with the unit's position (-1: in none).

    A routine of `contado.kernel.scale`, with the locator as its context.
    """
    import pyarrow as pa

    lon, lat = (points.column(name).to_numpy(zero_copy_only=False) for name in ("lon", "lat"))
    return pa.record_batch({"row_id": points.column("row_id"), "unit": pa.array(locator.index(lon, lat))})


def slices(size: int, step: int) -> Iterator[slice]:
    """Yield the parts of ``range(size)``, ``step`` long each."""
    return (slice(start, min(start + step, size)) for start in range(0, size, step))


def _table(locator: Locator) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[Any]]:
    """Return the grid (owner, -1 none, -2 - k for list k) and the lists of candidates, one after another."""
    shapes = locator.shapes
    size = (locator.cells + 2) ** 2
    border_unit, border = _border_cells(locator)
    inside_unit, inside = _inside_cells(locator, border_unit, border)
    grid = np.full(size, _NONE, dtype=np.int32)
    grid[inside[::-1]] = inside_unit[::-1]  # backwards: where units overlap, the lowest code is written last
    is_mixed = np.zeros(size, dtype=bool)
    is_mixed[border] = True
    twice = np.bincount(inside, minlength=size) > 1  # inside several units that overlap: these are listed too
    also = is_mixed[inside] | twice[inside]  # the border of another, overlapping unit crosses the cell
    cell = np.concatenate([border, inside[also]])
    unit = np.concatenate([border_unit, inside_unit[also]])
    order = np.lexsort((unit, cell))
    mixed = np.flatnonzero(is_mixed | twice)
    start = np.searchsorted(cell[order], np.append(mixed, size)).astype(np.int32)
    grid[mixed] = -2 - np.arange(mixed.size)
    return grid, start, unit[order].astype(np.min_scalar_type(len(shapes)))


def _border_cells(locator: Locator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return unit and cell wherever a border of the unit touches the cell, widened by `_MARGIN`, each once.

    Every segment is cut at the rows of the grid; in a row it touches the columns from its least to its
    greatest longitude there. The pairs are sorted by unit, then by cell.
    """
    unit, a, b = _segments(locator)
    low, high = np.minimum(a[:, 1], b[:, 1]), np.maximum(a[:, 1], b[:, 1])
    first = np.floor(low - _MARGIN).astype(np.int64)
    rows = np.floor(high + _MARGIN).astype(np.int64) - first + 1
    segment = np.repeat(np.arange(first.size), rows)
    row = first[segment] + counted(rows)
    left, right = _columns(a[segment], b[segment], row)
    columns = right - left + 1
    width = locator.cells + 2
    pair = np.repeat((unit[segment] * width + row) * width + left, columns) + counted(columns)
    # a unit's pairs begin at unit * width * width, since row + 1 <= width
    return np.divmod(np.unique(pair), width * width)


def counted(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0, 1 .. count - 1 for each count, one after another."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if ends.size else 0
    return np.arange(total) - np.repeat(ends - counts, counts)


def _segments(
    locator: Locator,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the unit and both ends, in cells, of all border segments."""
    parts, unit_of_part = shapely.get_parts(locator.shapes, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    points, ring_of = shapely.get_coordinates(rings, return_index=True)
    scaled = np.column_stack([locator.cell_coordinates(points[:, axis], axis) for axis in (0, 1)])
    same = ring_of[1:] == ring_of[:-1]
    unit = unit_of_part[part_of_ring[ring_of[:-1][same]]]
    return unit, scaled[:-1][same], scaled[1:][same]


def _columns(
    a: NDArray[np.float64], b: NDArray[np.float64], row: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and last column that segment a-b touches within each row."""
    rise = b[:, 1] - a[:, 1]
    level = rise == 0.0
    slope = (b[:, 0] - a[:, 0]) / np.where(level, 1.0, rise)
    least, greatest = np.minimum(a[:, 0], b[:, 0]), np.maximum(a[:, 0], b[:, 0])
    ends = []
    for edge in (row - _MARGIN, row + 1 + _MARGIN):
        x = a[:, 0] + (edge - a[:, 1]) * slope
        ends.append(np.clip(x, least, greatest))
    left = np.where(level, least, np.minimum(*ends))
    right = np.where(level, greatest, np.maximum(*ends))
    return np.floor(left - _MARGIN).astype(np.int64), np.floor(right + _MARGIN).astype(np.int64)


def _inside_cells(
    locator: Locator, unit: NDArray[np.int64], border: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return unit and cell wherever the cell lies wholly inside the unit.

    Between two neighbouring border cells of one unit and row, all cells are inside or none: one is tested.
    """
    row, column = np.divmod(border, locator.cells + 2)
    gap = (unit[1:] == unit[:-1]) & (row[1:] == row[:-1]) & (column[1:] > column[:-1] + 1)
    first, last, unit = border[:-1][gap] + 1, border[1:][gap] - 1, unit[1:][gap]
    probe_row, probe_column = np.divmod(first, locator.cells + 2)
    inside = locator.test(*locator.centre(probe_column, probe_row), unit)
    count = (last - first + 1)[inside]
    return np.repeat(unit[inside], count), np.repeat(first[inside], count) + counted(count)
