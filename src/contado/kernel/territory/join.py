"""Polygons -> units: which units each building, field or site touches, by the grid of `locate`.

The box of a geometry lies in a rectangle of cells. Where no border crosses the rectangle, all of it belongs
to one unit (or to none) and so does the geometry: one sum over the grid and one read say so. The others are
tested exactly against the candidates of their cells. So the pairs are those of the exact test everywhere: a
unit is a closed polygon, and touching its border counts.

>>> import shapely
>>> from contado.kernel.territory import boundaries
>>> joiner = Joiner(boundaries.shipped())
>>> row, unit = joiner.pairs(shapely.to_wkb(shapely.box([9.18, 12.0], [45.46, 41.0], [9.181, 12.1], [45.461, 41.1])))
>>> row.tolist(), [joiner.units.codes[k] for k in unit]
([0], ['015146'])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from contado.kernel.territory.locate import Locator, counted, slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.kernel.territory.boundaries import Units

__all__ = ["CELLS", "Joiner", "batch", "boxes_of"]

CELLS: Final = 1024
"""Cells along each side: about the size of a building, so that few boxes meet a border's cell."""
_HEAD: Final = 13
"""Bytes of WKB before the coordinates of a polygon's first ring."""
_MANY: Final = 1 << 10
"""Cells of a rectangle from which every unit is a candidate, without looking at the cells."""
_BATCH: Final = 1 << 14
"""Geometries answered by the grid at a time: what stays in the processor's cache."""


class Joiner:
    """Answers which of ``units`` geometries intersect; built once, used for any number of geometries.

    Parameters
    ----------
    units
        The municipalities.
    cells
        Cells along each side of the grid.
    """

    def __init__(self, units: Units, cells: int = CELLS) -> None:
        self.units = units
        self.locator = Locator(units, cells)
        side = cells + 2
        mixed = self.locator.grid.reshape(side, side) < -1
        # sums[r, c]: cells with a border among the first r rows and c columns
        self.sums = np.zeros((side + 1, side + 1), dtype=np.int32)
        np.cumsum(np.cumsum(mixed, axis=0, dtype=np.int32), axis=1, out=self.sums[1:, 1:])

    def pairs(
        self, wkb: Sequence[bytes] | NDArray[Any] | pa.Array, boxes: NDArray[np.float64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return rows and the positions of the units they intersect, sorted by row, then by code.

        Parameters
        ----------
        wkb
            Geometries in longitude and latitude as well-known binary; null or empty ones touch nothing.
        boxes
            Their boxes, shape (n, 4): west, south, east, north; default: computed.
        """
        import pyarrow as pa

        geometries = wkb if isinstance(wkb, pa.Array) else pa.array(list(wkb), pa.binary())
        found = [self._by_grid(geometries, boxes, part) for part in slices(len(geometries), _BATCH)]
        empty = np.empty(0, dtype=np.int32)
        whole, owner, rows, *corners = (
            np.concatenate(parts) for parts in zip((empty,) * 7, *found, strict=True)
        )
        row, unit = self._exact(geometries, rows.astype(np.int64), *corners)
        count = len(self.units)
        # both parts are sorted: a stable sort merges them
        pair = np.sort(np.concatenate([whole * count + owner, row * count + unit]), kind="stable")
        row, unit = np.divmod(pair, count)
        return row, unit.astype(np.int32)

    def _by_grid(
        self, geometries: pa.Array, boxes: NDArray[np.float64] | None, part: slice
    ) -> tuple[NDArray[Any], ...]:
        """Return rows that lie in one unit and that unit; rows to be tested and the corners of their cells."""
        some = boxes_of(geometries[part]) if boxes is None else boxes[part]
        left, bottom, right, top = self._cells(some)
        side = self.locator.cells + 2
        first = bottom * side + left
        owner = self.locator.grid.take(first)
        crossed = owner < -1
        several = np.flatnonzero(first != top * side + right)
        crossed[several] = self._crossed(*(edge[several] for edge in (left, bottom, right, top)))
        whole, rows = np.flatnonzero(~crossed & (owner >= 0)), np.flatnonzero(crossed)
        corners = (edge[rows] for edge in (left, bottom, right, top))
        return whole + part.start, owner[whole], rows + part.start, *corners

    def _crossed(
        self,
        left: NDArray[np.int32],
        bottom: NDArray[np.int32],
        right: NDArray[np.int32],
        top: NDArray[np.int32],
    ) -> NDArray[np.bool_]:
        """Return whether a border crosses any cell of each rectangle."""
        side = self.locator.cells + 3
        low, high = bottom * side, (top + 1) * side
        inside = self.sums.take(high + right + 1)
        inside -= self.sums.take(low + right + 1)
        inside -= self.sums.take(high + left)
        inside += self.sums.take(low + left)
        return inside > 0

    def _cells(self, boxes: NDArray[np.float64]) -> list[NDArray[np.int32]]:
        """Return columns and rows of the corners' cells; no box at all falls on the empty ring."""
        found = []
        for side in range(4):
            cell = self.locator.cell_coordinates(boxes[:, side], side % 2)
            np.fmin(np.fmax(cell, 0.0, out=cell), self.locator.cells + 1, out=cell)
            found.append(cell.astype(np.int32))
        return found

    def _exact(
        self,
        geometries: pa.Array,
        rows: NDArray[np.int64],
        left: NDArray[np.int32],
        bottom: NDArray[np.int32],
        right: NDArray[np.int32],
        top: NDArray[np.int32],
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Test geometries against every unit that has a cell of their rectangle."""
        import pyarrow as pa

        shapes = shapely.from_wkb(geometries.take(pa.array(rows)).to_numpy(zero_copy_only=False))
        points, shape = shapely.get_coordinates(shapes, return_index=True)
        x, y = points[np.searchsorted(shape, np.arange(len(shapes)))].T
        slot, unit = self._candidates(left, bottom, right, top)
        hit = self.locator.test(
            x[slot], y[slot], unit
        )  # a vertex in the unit settles it at a tenth of the cost
        rest, units = np.flatnonzero(~hit), self.locator.prepared
        rest = rest[np.argsort(unit[rest], kind="stable")]
        bounds = np.searchsorted(unit[rest], np.arange(len(self.units) + 1))
        for k in np.flatnonzero(np.diff(bounds)):
            part = rest[bounds[k] : bounds[k + 1]]
            hit[part] = shapely.intersects(units[k], shapes[slot[part]])
        return rows[slot[hit]], unit[hit]

    def _candidates(
        self,
        left: NDArray[np.int32],
        bottom: NDArray[np.int32],
        right: NDArray[np.int32],
        top: NDArray[np.int32],
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return geometry and unit for each unit that owns or borders a cell of a rectangle, each once.

        A geometry that spreads over many cells has every unit; the test rules by their boxes first.
        """
        width, height = (right - left + 1).astype(np.int64), (top - bottom + 1).astype(np.int64)
        small = np.flatnonzero(width * height <= _MANY)
        slot = np.repeat(small, (width * height)[small])
        place = counted((width * height)[small])
        cell = (
            (bottom[slot] + place // width[slot]) * (self.locator.cells + 2)
            + left[slot]
            + place % width[slot]
        )
        member, unit = self.locator.units_of(cell)
        pair = np.unique(slot[member] * len(self.units) + unit)
        slot, unit = np.divmod(pair, len(self.units))
        large = np.repeat(np.flatnonzero(width * height > _MANY), len(self.units))
        every = np.tile(np.arange(len(self.units)), large.size // len(self.units))
        return np.concatenate([slot, large]), np.concatenate([unit, every]).astype(np.int32)


def boxes_of(geometries: pa.Array) -> NDArray[np.float64]:
    """Return the boxes (n, 4) of well-known binary; NaN where there is none.

    Polygons of one ring, the most of all buildings, are read as numbers, those of one size together; only
    the others become geometries first.
    """
    import pyarrow as pa

    offsets = np.frombuffer(geometries.buffers()[1], np.int32)[geometries.offset :][: len(geometries) + 1]
    data = np.frombuffer(geometries.buffers()[2] or b"", np.uint8)
    length = np.diff(offsets)
    boxes = np.full((4, len(geometries)), np.nan)
    rest = np.ones(len(geometries), dtype=bool)
    for size in np.unique(length):
        if size < _HEAD + 64 or (size - _HEAD) % 16:
            continue
        rows = np.flatnonzero(length == size)
        for part in slices(rows.size, max(1, (1 << 19) // int(size))):
            some = rows[part]
            block = _block(data, offsets[some], int(size))
            ring = (block[:, :_HEAD] == _head((size - _HEAD) // 16)).all(axis=1)
            boxes[:, some[ring]] = _boxes_of_rings(block[:, _HEAD:] if ring.all() else block[ring, _HEAD:])
            rest[some[ring]] = False
    if rest.any():
        shapes = shapely.from_wkb(geometries.filter(pa.array(rest)).to_numpy(zero_copy_only=False))
        boxes[:, rest] = shapely.bounds(shapes).T
    return boxes.T


def _block(data: NDArray[np.uint8], start: NDArray[np.int32], size: int) -> NDArray[np.uint8]:
    """Return geometries of one size as rows of bytes; without a copy where they follow one another."""
    if start[-1] - start[0] == (start.size - 1) * size:
        block: NDArray[np.uint8] = data[start[0] : start[-1] + size].reshape(-1, size)
    else:
        block = data[start[:, None] + np.arange(size)]
    return block


def _head(points: int) -> NDArray[np.uint8]:
    """Return how a little-endian, plain polygon of one ring of so many points begins."""
    return np.frombuffer(
        b"\x01\x03\x00\x00\x00\x01\x00\x00\x00" + int(points).to_bytes(4, "little"), np.uint8
    )


def _boxes_of_rings(block: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the boxes (4, n) of rings of one length, vertex by vertex (the last repeats the first)."""
    points = np.ascontiguousarray(block).view(np.float64)
    boxes = np.concatenate([points[:, :2], points[:, :2]], axis=1).T.copy()
    for vertex in range(1, points.shape[1] // 2 - 1):
        for axis in (0, 1):
            values = points[:, 2 * vertex + axis]
            np.minimum(boxes[axis], values, out=boxes[axis])
            np.maximum(boxes[axis + 2], values, out=boxes[axis + 2])
    return boxes


def batch(geometries: pa.RecordBatch, joiner: Joiner) -> pa.RecordBatch:
    """Join the rows ``row_id, geometry`` (WKB): a row ``row_id, unit`` for each pair.

    A routine of `contado.kernel.scale`, with the joiner as its context.
    """
    import pyarrow as pa

    row, unit = joiner.pairs(geometries.column("geometry"))
    return pa.record_batch(
        {"row_id": geometries.column("row_id").take(pa.array(row)), "unit": pa.array(unit, pa.int32())}
    )
