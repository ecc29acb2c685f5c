"""Candidates: the places of the network near an anchor, one a directed edge, the nearest first."""

from __future__ import annotations

import math
from typing import Any

from contado.kernel.jit import leaf
from contado.kernel.territory.network.kernels import project

__all__ = ["find"]


@leaf()
def find(px: float, py: float, k: int, lattice: Any, scene: Any) -> None:
    """Write the candidates of a point to row ``k`` of the lattice; a two-way piece gives both its edges."""
    pieces = _pieces(px, py, scene)
    memory, streets, grid = scene.memory, scene.streets, scene.grid
    room = lattice.edge.shape[1]
    count = 0
    while count < room and pieces > 0:
        best = 0
        for n in range(1, pieces):
            nearer = memory.near_squared[n] < memory.near_squared[best]
            tie = memory.near_squared[n] == memory.near_squared[best]
            if nearer or (tie and memory.near_edge[n] < memory.near_edge[best]):
                best = n
        edge, entry = memory.near_edge[best], memory.near_entry[best]
        offset = grid.shape[entry, 5] + memory.near_share[best] * grid.shape[entry, 6]
        distance = math.sqrt(memory.near_squared[best])
        deviation = distance / scene.rules.sigma
        twin = streets.reverse[edge]
        for side in range(2 if twin >= 0 and count + 1 < room else 1):
            lattice.edge[k, count] = edge if side == 0 else twin
            lattice.offset[k, count] = offset if side == 0 else streets.length[edge] - offset
            lattice.distance[k, count] = distance
            lattice.emission[k, count] = -0.5 * deviation * deviation
            count += 1
        pieces -= 1
        memory.near_edge[best], memory.near_entry[best] = memory.near_edge[pieces], memory.near_entry[pieces]
        memory.near_share[best] = memory.near_share[pieces]
        memory.near_squared[best] = memory.near_squared[pieces]
    lattice.count[k] = count


@leaf(inline="always")
def _pieces(px: float, py: float, scene: Any) -> int:
    """Collect the pieces within the radius, each at its nearest place; return their number.

    Where more pieces lie within the radius than the memory holds, the farthest give way.
    """
    grid, radius = scene.grid, scene.rules.radius
    pieces = 0
    worst = radius * radius
    left = max(0, math.floor((px - radius - grid.min_x) / grid.cell))
    right = min(grid.columns - 1, math.floor((px + radius - grid.min_x) / grid.cell))
    low = max(0, math.floor((py - radius - grid.min_y) / grid.cell))
    high = min(grid.rows - 1, math.floor((py + radius - grid.min_y) / grid.cell))
    if right < left:
        return 0
    for row in range(low, high + 1):
        first, last = row * grid.columns + left, row * grid.columns + right
        for k in range(grid.offsets[first], grid.offsets[last + 1]):
            share, squared = project(px, py, grid.shape, k)
            if squared <= worst:
                pieces = _keep(grid.owner[k], k, share, squared, pieces, scene.memory)
    return pieces


@leaf(inline="always")
def _keep(edge: int, entry: int, share: float, squared: float, pieces: int, memory: Any) -> int:
    """Keep a place of a piece if it is the piece's nearest so far."""
    place = 0
    while place < pieces and memory.near_edge[place] != edge:
        place += 1
    if place == len(memory.near_edge):
        place = 0
        for n in range(1, pieces):
            if memory.near_squared[n] > memory.near_squared[place]:
                place = n
    if place < pieces and squared >= memory.near_squared[place]:
        return pieces
    memory.near_edge[place], memory.near_entry[place] = edge, entry
    memory.near_share[place], memory.near_squared[place] = share, squared
    return max(pieces, place + 1)
