"""Placement: from chosen candidates to a route of whole edges, and of every point on it, monotonically."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from contado.kernel.jit import leaf, njit
from contado.kernel.territory.matching.transitions import search

__all__ = ["Way", "append", "isotonic", "locate", "nearest_on_way", "route_of", "without_stubs"]


class Way(NamedTuple):
    """The decoded route of one chain."""

    edge: Any
    start: Any
    """Chainage of each edge's start, and of the end of the last."""
    place: Any
    """Position of each anchor's edge in ``edge``."""
    here: Any
    """Offset of each anchor on its edge [m]."""


@njit(error_model="numpy")
def append(values: Any, size: int, value: int) -> Any:
    """Return ``values`` with ``value`` at ``size``, in twice the room where it was full."""
    if size == len(values):
        larger = np.empty(2 * size, dtype=np.int32)
        for i in range(size):
            larger[i] = values[i]
        values = larger
    values[size] = value
    return values


@njit(error_model="numpy")
def route_of(chain: Any, size: int, lattice: Any, scene: Any, place: Any, here: Any) -> Any:
    """Return the edges of a chain in driving order; fill ``place`` and ``here`` of its anchors."""
    streets, memory = scene.streets, scene.memory
    route = np.empty(64, dtype=np.int32)
    k = chain[0]
    route[0] = lattice.edge[k, lattice.chosen[k]]
    length = 1
    place[0], here[0] = 0, lattice.offset[k, lattice.chosen[k]]
    path = np.empty(64, dtype=np.int32)
    for n in range(1, size):
        p, k = chain[n - 1], chain[n]
        i, j = lattice.chosen[p], lattice.chosen[k]
        source, edge = lattice.edge[p, i], lattice.edge[k, j]
        here[n] = lattice.offset[k, j]
        if edge != source or here[n] < lattice.offset[p, i] - scene.rules.creep:
            node, end = streets.edge_from[edge], streets.edge_to[source]
            if node != end:
                memory.counter[0] += 1
                memory.target[node] = memory.counter[0]
                search(source, np.inf, 1, streets, memory)
            steps = 0
            while node != end:
                path = append(path, steps, memory.parent[node])
                node = streets.edge_from[path[steps]]
                steps += 1
            for m in range(steps - 1, -1, -1):
                route = append(route, length, path[m])
                length += 1
            route = append(route, length, edge)
            length += 1
        place[n] = length - 1
    return route[:length]


@njit(error_model="numpy")
def without_stubs(route: Any, size: int, scene: Any, place: Any, here: Any, stubs: Any) -> Any:
    """Drop edges at the ends of a route on which less than ``stubs`` [m] lies; move the anchors off them.

    Returns the way with its chainages.
    """
    length = scene.streets.length
    first, last = 0, len(route)
    used = length[route[0]] - here[0]
    while first < place[size - 1] and used <= stubs[0]:
        first += 1
        used += length[route[first]]
    used = here[size - 1]
    while last - 1 > first and used <= stubs[1]:
        last -= 1
        used += length[route[last - 1]]
    for n in range(size):
        if place[n] < first:
            place[n], here[n] = first, 0.0
        elif place[n] >= last:
            place[n], here[n] = last - 1, length[route[last - 1]]
        place[n] -= first
    start = np.empty(last - first + 1)
    start[0] = 0.0
    for r in range(last - first):
        start[r + 1] = start[r] + length[route[first + r]]
    return Way(route[first:last], start, place, here)


@leaf(inline="always")
def _vertex_before(begin: int, end: int, offset: float, chainage: Any) -> int:
    """Return the vertex of ``begin:end`` whose segment holds ``offset`` (bisection)."""
    low, high = begin, end
    while high - low > 1:
        middle = (low + high) >> 1
        if chainage[middle] < offset:
            low = middle
        else:
            high = middle
    return low


@leaf(inline="always")
def nearest_on_way(
    px: float, py: float, way: Any, low: float, high: float, n: int, to: int, streets: Any
) -> float:
    """Return the chainage nearest to a point on the way between chainages ``low`` and ``high``.

    ``n`` and ``to`` are the positions of the edges that hold ``low`` and ``high``.
    """
    best, found = np.inf, low
    for r in range(n, to + 1):
        begin, end = streets.vertices[way.edge[r]], streets.vertices[way.edge[r] + 1] - 1
        base = way.start[r]
        v = _vertex_before(begin, end, low - base, streets.chainage)
        while v < end and base + streets.chainage[v] <= high:
            dx, dy = streets.x[v + 1] - streets.x[v], streets.y[v + 1] - streets.y[v]
            ex, ey = px - streets.x[v], py - streets.y[v]
            step = streets.chainage[v + 1] - streets.chainage[v]
            along = (ex * dx + ey * dy) / step if step > 0.0 else 0.0
            least, most = (
                max(0.0, low - base - streets.chainage[v]),
                min(step, high - base - streets.chainage[v]),
            )
            along = min(max(along, least), most)
            share = along / step if step > 0.0 else 0.0
            ex -= share * dx
            ey -= share * dy
            squared = ex * ex + ey * ey
            if squared < best:
                best, found = squared, base + streets.chainage[v] + along
            v += 1
    return found


@leaf()
def isotonic(values: Any, size: int, weight: Any, mean: Any) -> None:
    """Make ``values[:size]`` non-decreasing with the least squared change (pool adjacent violators).

    ``weight`` and ``mean`` are memory of at least ``size``.
    """
    blocks = 0
    for i in range(size):
        weight[blocks], mean[blocks] = 1.0, values[i]
        blocks += 1
        while blocks > 1 and mean[blocks - 2] > mean[blocks - 1]:
            total = weight[blocks - 2] + weight[blocks - 1]
            mean[blocks - 2] += (mean[blocks - 1] - mean[blocks - 2]) * weight[blocks - 1] / total
            weight[blocks - 2] = total
            blocks -= 1
    if blocks == size:
        return
    i = 0
    for b in range(blocks):
        for _ in range(int(weight[b])):
            values[i] = mean[b]
            i += 1


@leaf()
def locate(edge: int, offset: float, streets: Any) -> Any:
    """Return x, y of a place on an edge."""
    begin, end = streets.vertices[edge], streets.vertices[edge + 1] - 1
    v = _vertex_before(begin, end, offset, streets.chainage)
    step = streets.chainage[v + 1] - streets.chainage[v]
    share = min(1.0, (offset - streets.chainage[v]) / step) if step > 0.0 else 0.0
    x = streets.x[v] + share * (streets.x[v + 1] - streets.x[v])
    y = streets.y[v] + share * (streets.y[v + 1] - streets.y[v])
    return x, y
