"""Candidates: the places of the network near an anchor, one a directed edge, the nearest first."""

from __future__ import annotations

import math
from typing import Any

from contado.kernel.jit import njit
from contado.kernel.territory.network.kernels import project

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
    for row in range(low, high + 1):
        begin = grid.offsets[row * grid.columns + left] if right >= left else 0
        end = grid.offsets[row * grid.columns + right + 1] if right >= left else 0
        for k in range(begin, end):
            s = grid.segments[k]
            share, squared = project(px, py, grid.ax[s], grid.ay[s], grid.bx[s], grid.by[s])
            if squared > worst:
                continue
            edge = grid.owner[s]
            length = math.sqrt((grid.bx[s] - grid.ax[s]) ** 2 + (grid.by[s] - grid.ay[s]) ** 2)
            offset = grid.start[s] + share * length
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
    for k in range(count):
        if edges[k] == edge:
            if squared >= distances[k]:
                return count
            for m in range(k, count - 1):
                edges[m], offsets[m], distances[m] = edges[m + 1], offsets[m + 1], distances[m + 1]
            count -= 1
            break
    place = count
    while place > 0 and (
        squared < distances[place - 1] or (squared == distances[place - 1] and edge < edges[place - 1])
    ):
        place -= 1
    if place == len(edges):
        return count
    if count < len(edges):
        count += 1
    for m in range(count - 1, place, -1):
        edges[m], offsets[m], distances[m] = edges[m - 1], offsets[m - 1], distances[m - 1]
    edges[place], offsets[place], distances[place] = edge, offset, squared
    return count
