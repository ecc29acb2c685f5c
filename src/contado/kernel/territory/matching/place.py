"""Placement: from chosen candidates to a route of whole edges, and of every point on it, monotonically."""

from __future__ import annotations

from typing import Any

import numpy as np

from contado.kernel.jit import njit
from contado.kernel.territory.matching.transitions import search
from contado.kernel.territory.network.kernels import project

__all__ = ["isotonic", "locate", "nearest_on_route", "route_of", "vertex_before", "without_stubs"]


@njit()
def _append(values: Any, size: int, value: int) -> Any:
    """Return ``values`` with ``value`` at ``size``, in twice the room where it was full."""
    if size == len(values):
        larger = np.empty(2 * size, dtype=values.dtype)
        larger[:size] = values
        values = larger
    values[size] = value
    return values


@njit()
def route_of(
    chain: Any, size: int, lattice: Any, streets: Any, rules: Any, memory: Any, place: Any, here: Any
) -> Any:
    """Return the edges of a chain in driving order; ``place[n]`` gets the position of anchor n's edge, ``here[n]`` its
    offset on it [m]."""
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
        stays = edge == source and lattice.offset[k, j] >= lattice.offset[p, i] - rules.creep
        if not stays:
            memory.counter[0] += 1
            memory.target[streets.edge_from[edge]] = memory.counter[0]
            search(source, np.inf, 1, streets, memory)
            steps = 0
            node = streets.edge_from[edge]
            while node != streets.edge_to[source]:
                before = memory.parent[node]
                path = _append(path, steps, before)
                steps += 1
                node = streets.edge_from[before]
            for m in range(steps - 1, -1, -1):
                route = _append(route, length, path[m])
                length += 1
            route = _append(route, length, edge)
            length += 1
        place[n], here[n] = length - 1, lattice.offset[k, j]
    return route[:length]


@njit()
def without_stubs(route: Any, size: int, streets: Any, rules: Any, place: Any, here: Any) -> Any:
    """Drop edges at both ends of a route on which less than a stub's length lies; move the anchors off them."""
    first, last = 0, len(route)
    used = streets.length[route[0]] - here[0]
    while first < place[size - 1] and used <= rules.stub:
        first += 1
        used += streets.length[route[first]]
    used = here[size - 1]
    while last - 1 > first and used <= rules.stub:
        last -= 1
        used += streets.length[route[last - 1]]
    for n in range(size):
        if place[n] < first:
            place[n], here[n] = first, 0.0
        elif place[n] >= last:
            place[n], here[n] = last - 1, streets.length[route[last - 1]]
        place[n] -= first
    return route[first:last]


@njit()
def vertex_before(begin: int, end: int, offset: float, streets: Any) -> int:
    """Return the vertex of ``begin:end`` whose segment holds ``offset`` (bisection)."""
    low, high = begin, end
    while high - low > 1:
        middle = (low + high) >> 1
        if streets.chainage[middle] < offset:
            low = middle
        else:
            high = middle
    return low


@njit()
def nearest_on_route(
    px: float,
    py: float,
    route: Any,
    starts: Any,
    low: float,
    high: float,
    first: int,
    last: int,
    streets: Any,
) -> float:
    """Return the chainage nearest to a point on the route between chainages ``low`` and ``high``.

    ``first`` and ``last`` are the positions of the edges that hold ``low`` and ``high``.
    """
    best, found = np.inf, low
    for r in range(first, last + 1):
        edge = route[r]
        begin, end = streets.vertices[edge], streets.vertices[edge + 1] - 1
        v = vertex_before(begin, end, low - starts[r], streets)
        while v < end and starts[r] + streets.chainage[v] <= high:
            share, _ = project(px, py, streets.x[v], streets.y[v], streets.x[v + 1], streets.y[v + 1])
            step = streets.chainage[v + 1] - streets.chainage[v]
            chainage = min(high, max(low, starts[r] + streets.chainage[v] + share * step))
            share = (chainage - starts[r] - streets.chainage[v]) / step if step > 0.0 else 0.0
            ex = streets.x[v] + share * (streets.x[v + 1] - streets.x[v]) - px
            ey = streets.y[v] + share * (streets.y[v + 1] - streets.y[v]) - py
            squared = ex * ex + ey * ey
            if squared < best:
                best, found = squared, chainage
            v += 1
    return found


@njit()
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
    i = 0
    for b in range(blocks):
        for _ in range(int(weight[b])):
            values[i] = mean[b]
            i += 1


@njit()
def locate(edge: int, offset: float, streets: Any) -> Any:
    """Return x, y of a place on an edge."""
    begin, end = streets.vertices[edge], streets.vertices[edge + 1] - 1
    v = vertex_before(begin, end, offset, streets)
    step = streets.chainage[v + 1] - streets.chainage[v]
    share = min(1.0, (offset - streets.chainage[v]) / step) if step > 0.0 else 0.0
    x = streets.x[v] + share * (streets.x[v + 1] - streets.x[v])
    y = streets.y[v] + share * (streets.y[v + 1] - streets.y[v])
    return x, y
