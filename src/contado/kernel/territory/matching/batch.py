"""The compiled loop over trips: anchors, decoding, placement. Trips are independent of each other."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from contado.kernel.jit import njit
from contado.kernel.territory.matching.anchors import select
from contado.kernel.territory.matching.place import (
    isotonic,
    locate,
    nearest_on_route,
    route_of,
    without_stubs,
)
from contado.kernel.territory.matching.state import MATCHED, PLACED, UNMATCHED
from contado.kernel.territory.matching.viterbi import decode, posterior

__all__ = ["Points", "run"]


class Points(NamedTuple):
    """What is found for each point."""

    edge: Any
    offset: Any
    distance: Any
    probability: Any
    state: Any
    chain: Any
    """Number of the chain (stretch without a break) the point belongs to, -1 where unmatched."""
    chainage: Any
    """Position along the chain's route [m]."""

    @classmethod
    def of(cls, count: int) -> Points:
        """Allocate for ``count`` points, all unmatched."""
        nan = np.nan
        return cls(
            edge=np.full(count, -1, dtype=np.int32),
            offset=np.full(count, nan),
            distance=np.full(count, nan),
            probability=np.full(count, nan),
            state=np.full(count, UNMATCHED, dtype=np.int8),
            chain=np.full(count, -1, dtype=np.int32),
            chainage=np.full(count, nan),
        )


@njit()
def run(
    x: Any, y: Any, offsets: Any, points: Any, lattice: Any, grid: Any, streets: Any, rules: Any, memory: Any
) -> Any:
    """Match the trips ``offsets[t]:offsets[t + 1]``; fill ``points``; return the routes.

    Returns
    -------
    edges, chains, trips
        Edges of all routes in driving order, the chain of each edge and the trip of each chain.
    """
    longest = len(lattice.point)
    chain = np.empty(longest, dtype=np.int64)
    place = np.empty(longest, dtype=np.int64)
    here = np.empty(longest)
    share = np.empty((longest, lattice.edge.shape[1]))
    room = np.empty((3, longest))
    edges = np.empty(256, dtype=np.int32)
    chains = np.empty(256, dtype=np.int32)
    trips = np.empty(64, dtype=np.int32)
    length, number = 0, 0
    for t in range(len(offsets) - 1):
        anchors = select(x, y, offsets[t], offsets[t + 1], rules.spacing, lattice.point)
        decode(x, y, anchors, lattice, grid, streets, rules, memory)
        k = 0
        while k < anchors:
            if lattice.previous[k] != -1:
                k += 1
                continue
            size, k = _chain(k, anchors, lattice, chain)
            route = route_of(chain, size, lattice, streets, rules, memory, place, here)
            posterior(chain, size, lattice, rules, share)
            _probabilities(chain, size, route, place, lattice, share)
            route = without_stubs(route, size, streets, rules, place, here)
            until = lattice.point[k] if k < anchors else offsets[t + 1]
            _fill(x, y, chain, size, until, number, route, place, here, points, lattice, streets, rules, room)
            while length + len(route) > len(edges):
                edges = np.concatenate((edges, np.empty_like(edges)))
                chains = np.concatenate((chains, np.empty_like(chains)))
            edges[length : length + len(route)] = route
            chains[length : length + len(route)] = number
            length += len(route)
            if number == len(trips):
                trips = np.concatenate((trips, np.empty_like(trips)))
            trips[number] = t
            number += 1
    return edges[:length], chains[:length], trips[:number]


@njit()
def _chain(k: int, anchors: int, lattice: Any, chain: Any) -> Any:
    """Collect the anchors of the chain that starts at ``k``; return their number and the next chain's start."""
    chain[0] = k
    size = 1
    k += 1
    while k < anchors and lattice.previous[k] != -1:
        if lattice.previous[k] >= 0:
            chain[size] = k
            size += 1
        k += 1
    return size, k


@njit()
def _probabilities(chain: Any, size: int, route: Any, place: Any, lattice: Any, share: Any) -> None:
    """Sum the probability of the candidates that lie on the decoded route between the neighbour anchors.

    Near a node the position on the one or the other edge of one route is no ambiguity of the road.
    """
    for n in range(size):
        k = chain[n]
        first, last = place[max(0, n - 1)], place[min(size - 1, n + 1)]
        total = 0.0
        for j in range(lattice.count[k]):
            for r in range(first, last + 1):
                if route[r] == lattice.edge[k, j]:
                    total += share[n, j]
                    break
        lattice.probability[k] = min(1.0, total)


@njit()
def _fill(
    x: Any, y: Any, chain: Any, size: int, until: int, number: int, route: Any, place: Any,
    here: Any, points: Any, lattice: Any, streets: Any, rules: Any, room: Any,
) -> None:  # fmt: skip
    """Place the points from the chain's first anchor up to ``until`` on its route."""
    starts = np.empty(len(route) + 1)
    starts[0] = 0.0
    for r in range(len(route)):
        starts[r + 1] = starts[r] + streets.length[route[r]]
    begin = lattice.point[chain[0]]
    values, weight, mean = room[0], room[1], room[2]
    where = np.empty(until - begin, dtype=np.int64)
    count = 0
    for n in range(size):
        k = chain[n]
        i = lattice.point[k]
        spot = starts[place[n]] + here[n]
        final = n == size - 1
        to = place[n] if final else place[n + 1]
        stop = until if final else lattice.point[chain[n + 1]]
        probability = lattice.probability[k]
        if not final:
            probability = min(probability, lattice.probability[chain[n + 1]])
        points.state[i] = MATCHED
        points.probability[i] = lattice.probability[k]
        values[count], where[count] = spot, i
        count += 1
        there = starts[to + 1] if final else starts[to] + here[n + 1]
        low, high = min(spot, there), max(spot, there)
        for m in range(i + 1, stop):
            if x[m] == x[m - 1] and y[m] == y[m - 1]:
                continue
            spot = nearest_on_route(x[m], y[m], route, starts, low, high, place[n], to, streets)
            points.state[m] = PLACED
            points.probability[m] = probability
            values[count], where[count] = spot, m
            count += 1
    isotonic(values, count, weight, mean)
    _settle(x, y, values, where, count, number, route, starts, points, streets, rules)
    _repeat(x, y, begin, until, points)


@njit()
def _settle(
    x: Any, y: Any, values: Any, where: Any, count: int, number: int, route: Any, starts: Any,
    points: Any, streets: Any, rules: Any,
) -> None:  # fmt: skip
    """Write edge, offset and distance of the placed points; one beyond the radius stays unmatched."""
    r = 0
    for n in range(count):
        m = where[n]
        while r < len(route) - 1 and values[n] > starts[r + 1]:
            r += 1
        offset = min(max(values[n] - starts[r], 0.0), streets.length[route[r]])
        px, py = locate(route[r], offset, streets)
        distance = math.sqrt((px - x[m]) ** 2 + (py - y[m]) ** 2)
        if distance > rules.radius:
            points.state[m] = UNMATCHED
            points.probability[m] = np.nan
            continue
        points.edge[m], points.offset[m], points.distance[m] = route[r], offset, distance
        points.chain[m], points.chainage[m] = number, values[n]


@njit()
def _repeat(x: Any, y: Any, begin: int, until: int, points: Any) -> None:
    """Give each point that repeats the one before it the same answer."""
    for m in range(begin + 1, until):
        if x[m] == x[m - 1] and y[m] == y[m - 1]:
            points.edge[m], points.offset[m], points.distance[m] = (
                points.edge[m - 1],
                points.offset[m - 1],
                points.distance[m - 1],
            )
            points.probability[m], points.chainage[m] = points.probability[m - 1], points.chainage[m - 1]
            points.chain[m] = points.chain[m - 1]
            points.state[m] = PLACED if points.state[m - 1] == MATCHED else points.state[m - 1]
