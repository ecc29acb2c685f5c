"""The cells of a tile in which small features are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from contado.kernel.tiles import grid
from contado.kernel.tiles.paths import Shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.kernel.tiles.index import Index

__all__ = ["Cells", "counted"]

_SIDE: Final = grid.EXTENT // grid.CELL


class Cells(NamedTuple):
    """Cells that hold anything, in order of row and column: how many, and the measure's sum (NaN = unknown)."""

    cell: NDArray[np.int64]
    counts: NDArray[np.int64]
    total: NDArray[np.float64] | None

    def squares(self) -> Shapes:
        """Return the squares of the cells, wound as exterior rings."""
        row, column = np.divmod(self.cell, _SIDE)
        n = len(self.cell)
        x = (column[:, None] + np.array([0, 1, 1, 0])) * float(grid.CELL)
        y = (row[:, None] + np.array([0, 0, 1, 1])) * float(grid.CELL)
        return Shapes(x.ravel(), y.ravel(), np.arange(0, 4 * n + 1, 4), np.arange(n + 1), np.zeros(n, bool))


def counted(index: Index, measure: int | None, tile: grid.TileId, features: NDArray[np.int64]) -> Cells:
    """Return the cells of the tile that holds the anchors of all ``features``."""
    x, y = index.anchors(features)
    column = grid.cells(x, _SIDE << tile.z) - tile.x * _SIDE
    row = grid.cells(y, _SIDE << tile.z) - tile.y * _SIDE
    cell = row * _SIDE + column
    count = np.bincount(cell, minlength=_SIDE * _SIDE)
    used = np.flatnonzero(count)
    total = None if measure is None else _sums(index.numbers[measure, features], cell)[used]
    return Cells(used, count[used], total)


def _sums(measure: NDArray[np.float64], cell: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the measure's sum in every cell, NaN where none of its features has one."""
    known = ~np.isnan(measure)
    total = np.bincount(cell[known], weights=measure[known], minlength=_SIDE * _SIDE).astype(np.float64)
    total[np.bincount(cell[known], minlength=_SIDE * _SIDE) == 0] = np.nan
    return total
