"""Compiled kernels of the segment index. Importing this module imports numba."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from contado.kernel.jit import leaf, njit

__all__ = ["nearest", "project"]


@leaf()
def project(px: float, py: float, shape: Any, k: int) -> tuple[float, float]:
    """Return the share along segment ``k`` and the squared distance of its place nearest to a point."""
    ex, ey = px - shape[k, 0], py - shape[k, 1]
    dx, dy = shape[k, 2], shape[k, 3]
    share = (ex * dx + ey * dy) * shape[k, 4]
    if share < 0.0:
        share = 0.0
    elif share > 1.0:
        share = 1.0
    ex -= share * dx
    ey -= share * dy
    return share, ex * ex + ey * ey


@njit(error_model="numpy")
def nearest(x: Any, y: Any, radius: float, grid: Any) -> Any:
    """Return segment, share and distance of the nearest place of each point: rings of cells outwards.

    A ring at distance r holds nothing nearer than (r - 1) cells, so the search stops once the best is
    nearer than that; rings outside the grid cost nothing.
    """
    count = len(x)
    found = np.full(count, -1, dtype=np.int64)
    shares = np.full(count, np.nan)
    distances = np.full(count, np.nan)
    for i in range(count):
        if math.isfinite(x[i]) and math.isfinite(y[i]):
            _nearest(x[i], y[i], radius, grid, i, found, shares, distances)
    return found, shares, distances


@leaf()
def _nearest(
    px: float, py: float, radius: float, grid: Any, i: int, found: Any, shares: Any, distances: Any
) -> None:
    cell = grid.cell
    beside = max(grid.min_x - px, px - (grid.min_x + grid.columns * cell))
    away = max(beside, max(grid.min_y - py, py - (grid.min_y + grid.rows * cell)))  # noqa: PLW3301 - numba nests
    if away > radius:
        return
    column, row = math.floor((px - grid.min_x) / cell), math.floor((py - grid.min_y) / cell)
    best = radius * radius
    ring = max(0, math.floor(away / cell))
    last = max(max(column, grid.columns - 1 - column), max(row, grid.rows - 1 - row))  # noqa: PLW3301 - idem
    while ring <= last and (ring <= 1 or ((ring - 1) * cell) ** 2 <= best):
        for r in range(max(0, row - ring), min(grid.rows - 1, row + ring) + 1):
            step = 1 if abs(r - row) == ring else max(1, 2 * ring)
            for c in range(column - ring, column + ring + 1, step):
                if c < 0 or c >= grid.columns:
                    continue
                place = r * grid.columns + c
                for k in range(grid.offsets[place], grid.offsets[place + 1]):
                    share, squared = project(px, py, grid.shape, k)
                    s = grid.segment[k]
                    if squared < best or (squared == best and (found[i] < 0 or s < found[i])):
                        best = squared
                        found[i], shares[i], distances[i] = s, share, math.sqrt(squared)
        ring += 1
