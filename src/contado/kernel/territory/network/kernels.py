"""Compiled kernels of the segment index. Importing this module imports numba."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from contado.kernel.jit import njit

__all__ = ["nearest", "project"]


@njit()
def project(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> tuple[float, float]:
    """Return the share along a segment and the squared distance of the place nearest to a point."""
    dx, dy = bx - ax, by - ay
    squared = dx * dx + dy * dy
    share = 0.0
    if squared > 0.0:
        share = ((px - ax) * dx + (py - ay) * dy) / squared
        share = min(1.0, max(0.0, share))
    ex, ey = ax + share * dx - px, ay + share * dy - py
    return share, ex * ex + ey * ey


@njit()
def nearest(
    x: Any, y: Any, radius: float, ax: Any, ay: Any, bx: Any, by: Any,
    min_x: float, min_y: float, cell: float, columns: int, rows: int, offsets: Any, segments: Any,
) -> Any:  # fmt: skip
    """Return segment, share and distance of the nearest place of each point: rings of cells outwards.

    A ring at distance r holds nothing nearer than (r - 1) cells, so the search stops once the best is
    nearer than that; rings outside the grid cost nothing.
    """
    count = len(x)
    found = np.full(count, -1, dtype=np.int64)
    shares = np.full(count, np.nan)
    distances = np.full(count, np.nan)
    for i in range(count):
        px, py = x[i], y[i]
        if not (math.isfinite(px) and math.isfinite(py)):
            continue
        away = max(
            max(min_x - px, px - (min_x + columns * cell)), max(min_y - py, py - (min_y + rows * cell))
        )
        if away > radius:
            continue
        column, row = math.floor((px - min_x) / cell), math.floor((py - min_y) / cell)
        best = radius * radius
        ring = max(0, math.floor(away / cell))
        last = max(max(column, columns - 1 - column), max(row, rows - 1 - row))
        while ring <= last and (ring <= 1 or (ring - 1) * cell * (ring - 1) * cell <= best):
            for r in range(max(0, row - ring), min(rows - 1, row + ring) + 1):
                step = 1 if abs(r - row) == ring else max(1, 2 * ring)
                for c in range(column - ring, column + ring + 1, step):
                    if c < 0 or c >= columns:
                        continue
                    place = r * columns + c
                    for k in range(offsets[place], offsets[place + 1]):
                        s = segments[k]
                        share, squared = project(px, py, ax[s], ay[s], bx[s], by[s])
                        if squared < best or (squared == best and (found[i] < 0 or s < found[i])):
                            best = squared
                            found[i], shares[i], distances[i] = s, share, math.sqrt(squared)
            ring += 1
    return found, shares, distances
