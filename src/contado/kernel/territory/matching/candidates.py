"""Candidates: the places of the network near an anchor, one a directed edge, the nearest first."""

from __future__ import annotations

import math
from typing import Any

from contado.kernel.jit import njit

__all__ = ["find"]


@njit()
def find(
    px: float, py: float, grid: Any, streets: Any, radius: float, edges: Any, offsets: Any, distances: Any
) -> int:
    """Write the candidates of a point to the rows ``edges, offsets, distances``; return their number.

    ``distances`` holds squares while the search runs. A two-way piece gives both its edges.
    """
    room = len(edges)
    count = 0
    worst = radius * radius
    left = max(0, math.floor((px - radius - grid.min_x) / grid.cell))
    right = min(grid.columns - 1, math.floor((px + radius - grid.min_x) / grid.cell))
    low = max(0, math.floor((py - radius - grid.min_y) / grid.cell))
    high = min(grid.rows - 1, math.floor((py + radius - grid.min_y) / grid.cell))
    if right < left:
        return 0
    for row in range(low, high + 1):
        for k in range(grid.offsets[row * grid.columns + left], grid.offsets[row * grid.columns + right + 1]):
            ex, ey = px - grid.shape[k, 0], py - grid.shape[k, 1]
            dx, dy = grid.shape[k, 2], grid.shape[k, 3]
            share = min(1.0, max(0.0, (ex * dx + ey * dy) * grid.shape[k, 4]))
            ex -= share * dx
            ey -= share * dy
            squared = ex * ex + ey * ey
            if squared > worst:
                continue
            edge = grid.owner[k]
            offset = grid.shape[k, 5] + share * grid.shape[k, 6]
            count = _keep(edge, offset, squared, count, edges, offsets, distances)
            twin = streets.reverse[edge]
            if twin >= 0:
                count = _keep(twin, streets.length[edge] - offset, squared, count, edges, offsets, distances)
            if count == room:
                worst = distances[count - 1]
    for k in range(count):
        distances[k] = math.sqrt(distances[k])
    return count


@njit()
def _keep(
    edge: int, offset: float, squared: float, count: int, edges: Any, offsets: Any, distances: Any
) -> int:
    """Insert a place, sorted by distance and then by edge; an edge keeps its nearest place."""
    place = count
    for k in range(count):
        if edges[k] == edge:
            if squared >= distances[k]:
                return count
            place = k
            break
    if place == count:
        if count < len(edges):
            count += 1
        elif squared > distances[count - 1] or (squared == distances[count - 1] and edge > edges[count - 1]):
            return count
        else:
            place = count - 1
    while place > 0 and (
        squared < distances[place - 1] or (squared == distances[place - 1] and edge < edges[place - 1])
    ):
        edges[place], offsets[place], distances[place] = (
            edges[place - 1],
            offsets[place - 1],
            distances[place - 1],
        )
        place -= 1
    edges[place], offsets[place], distances[place] = edge, offset, squared
    return count
