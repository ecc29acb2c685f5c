"""The compiled loop over trips: anchors, decoding, placement. Trips are independent of each other."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from contado.kernel.jit import leaf, njit
from contado.kernel.territory.matching.anchors import select
from contado.kernel.territory.matching.place import (
    append,
    isotonic,
    locate,
    nearest_on_way,
    route_of,
    without_stubs,
)
from contado.kernel.territory.matching.state import MATCHED, PLACED, UNMATCHED
from contado.kernel.territory.matching.viterbi import decode, posterior

__all__ = ["Points", "run"]


_USUAL_GAPS = 5.0
"""The usual density of acceleration counts as so many gaps of the chain's own."""


class Points(NamedTuple):
    """What is found for each point."""

    x: Any
    y: Any
    t: Any
    """Times [s], NaN where unknown."""
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
    def at(cls, x: Any, y: Any, t: Any) -> Points:
        """Allocate for the points x, y [m] at times t [s], all unmatched."""
        count, nan = len(x), np.nan
        return cls(
            x=x,
            y=y,
            t=t,
            edge=np.full(count, -1, dtype=np.int32),
            offset=np.full(count, nan),
            distance=np.full(count, nan),
            probability=np.full(count, nan),
            state=np.full(count, UNMATCHED, dtype=np.int8),
            chain=np.full(count, -1, dtype=np.int32),
            chainage=np.full(count, nan),
        )


class Room(NamedTuple):
    """Memory of the placement: chainages, their points, and the blocks of the isotonic regression."""

    values: Any
    where: Any
    weight: Any
    mean: Any


@njit(error_model="numpy", nogil=True)
def run(points: Points, offsets: Any, lattice: Any, scene: Any) -> Any:
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
    later = np.empty(lattice.edge.shape[1])
    room = Room(np.empty(longest), np.empty(longest, dtype=np.int64), np.empty(longest), np.empty(longest))
    edges = np.empty(256, dtype=np.int32)
    chains = np.empty(256, dtype=np.int32)
    trips = np.empty(len(points.x) + 1, dtype=np.int32)
    length, number = 0, 0
    for t in range(len(offsets) - 1):
        anchors = select(points.x, points.y, offsets[t], offsets[t + 1], scene.rules.spacing, lattice.point)
        decode(points.x, points.y, anchors, lattice, scene)
        k = 0
        while k < anchors:
            if lattice.previous[k] != -1:
                k += 1
                continue
            size, k = _chain(k, anchors, lattice, chain)
            route = route_of(chain, size, lattice, scene, place, here)
            posterior(chain, size, lattice, share, later)
            _probabilities(chain, size, route, place, lattice, share)
            way = without_stubs(route, size, scene, place, here, _stubs(points, chain[:size], lattice, scene))
            _reseat(points, chain[:size], way, lattice, scene)
            until = lattice.point[k] if k < anchors else offsets[t + 1]
            _fill(points, chain[:size], until, number, way, lattice, scene, room)
            for edge in way.edge:
                edges, chains = append(edges, length, edge), append(chains, length, number)
                length += 1
            trips[number] = t
            number += 1
    return edges[:length], chains[:length], trips[:number]


@leaf(inline="always")
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


@leaf(inline="always")
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


@leaf(inline="always")
def _sparse(points: Any, i: int, j: int, rules: Any) -> Any:
    """Tell whether two points that follow each other come from sparse fixes."""
    return (points.x[j] - points.x[i]) ** 2 + (points.y[j] - points.y[i]) ** 2 >= rules.sparse**2


@leaf(inline="always")
def _stubs(points: Any, chain: Any, lattice: Any, scene: Any) -> Any:
    """Return how little may lie on the first and the last edge of a chain for it to be a stub [m].

    The last of sparse fixes is as good as any: it is where the car was last seen, not where it came to rest.
    """
    stub, end = scene.rules.stub, len(chain) - 1
    if end == 0:
        return stub, stub
    for n in range(max(1, end - 1), end + 1):
        if _sparse(points, lattice.point[chain[n - 1]], lattice.point[chain[n]], scene.rules):
            return stub, 0.0
    return stub, stub


class _Gap(NamedTuple):
    """Where an anchor of sparse fixes lies between those beside it."""

    first: int
    last: int
    spot: float
    """The place nearest to the fix, along the way [m]."""
    uniform: float
    """Where uniform motion would have it [m]; NaN where times are unknown."""
    noise: float
    """Variance of the difference that the fixes alone make [m2]."""
    speeding: float
    """How much variance the density of acceleration makes [s3]."""


@leaf(inline="always")
def _gap(points: Any, chain: Any, n: int, way: Any, lattice: Any, scene: Any) -> Any:
    """Return the gap of the anchor ``n`` of a chain; its ``last`` is -1 where the fixes are not sparse."""
    a, m, b = lattice.point[chain[n - 1]], lattice.point[chain[n]], lattice.point[chain[n + 1]]
    first, last = way.place[n - 1], way.place[n + 1]
    low, high = way.start[first] + way.here[n - 1], way.start[last] + way.here[n + 1]
    sparse = _sparse(points, a, m, scene.rules) or _sparse(points, m, b, scene.rules)
    if not sparse or high <= low:
        return _Gap(first, -1, math.nan, math.nan, 0.0, 0.0)
    spot = nearest_on_way(points.x[m], points.y[m], way, low, high, first, last, scene.streets)
    since, to = points.t[m] - points.t[a], points.t[b] - points.t[m]
    if not (since > 0.0 and to > 0.0):
        return _Gap(first, last, spot, math.nan, 0.0, 0.0)
    share = since / (since + to)
    noise = scene.rules.sigma**2 * (1.0 + share**2 + (1.0 - share) ** 2)
    return _Gap(
        first, last, spot, low + share * (high - low), noise, (since * to) ** 2 / (3.0 * (since + to))
    )


@leaf()
def _jolt(points: Any, chain: Any, way: Any, lattice: Any, scene: Any) -> float:
    """Return the spectral density of the acceleration on a chain [m2/s3], shrunk to the usual one.

    From the mean of what the anchors lie off uniform motion: of absolute values, since a stop lies far off.
    """
    off, noise, count = 0.0, 0.0, 0
    for n in range(1, len(chain) - 1):
        gap = _gap(points, chain, n, way, lattice, scene)
        if gap.last >= 0 and gap.speeding > 0.0:
            off += abs(gap.spot - gap.uniform) / math.sqrt(gap.speeding)
            noise += gap.noise / gap.speeding
            count += 1
    usual: float = scene.rules.jolt
    if count == 0:
        return usual
    own: float = max(0.0, (off / count) ** 2 * math.pi / 2.0 - noise / count)
    return (_USUAL_GAPS * usual + count * own) / (_USUAL_GAPS + count)


@leaf()
def _any_sparse(points: Any, chain: Any, lattice: Any, rules: Any) -> bool:
    for n in range(1, len(chain)):
        if _sparse(points, lattice.point[chain[n - 1]], lattice.point[chain[n]], rules):
            return True
    return False


@leaf(inline="always")
def _reseat(points: Any, chain: Any, way: Any, lattice: Any, scene: Any) -> None:
    """Move each anchor of sparse fixes to its likeliest place on the way, between those before and after it.

    What a route is longer than the straight line says nothing of the place on it: what one leg gains the
    other loses. The time does: the car's place differs from uniform motion by what it gained or lost speed.
    """
    if not _any_sparse(points, chain, lattice, scene.rules):
        return
    variance = scene.rules.sigma**2
    jolt = _jolt(points, chain, way, lattice, scene)
    for n in range(1, len(chain) - 1):
        gap = _gap(points, chain, n, way, lattice, scene)
        if gap.last < 0:
            continue
        spot = gap.spot
        if gap.speeding > 0.0:
            spot += (gap.uniform - spot) * variance / (gap.noise + jolt * gap.speeding)
        r = gap.first
        while r < gap.last and spot > way.start[r + 1]:
            r += 1
        way.place[n], way.here[n] = r, spot - way.start[r]


@leaf()
def _fill(
    points: Any, chain: Any, until: int, number: int, way: Any, lattice: Any, scene: Any, room: Any
) -> None:
    """Place the points from the chain's first anchor up to ``until`` on its way.

    The points between two anchors are placed between them, those after the last on its edge.
    """
    begin = lattice.point[chain[0]]
    values, where = room.values, room.where
    count: Any = np.int64(0)  # typed: a literal would compile the kernels below once more
    for n in range(len(chain)):
        k = chain[n]
        final = n == len(chain) - 1
        spot = way.start[way.place[n]] + way.here[n]
        to = way.place[n] if final else way.place[n + 1]
        there = way.start[to + 1] if final else way.start[to] + way.here[n + 1]
        probability = lattice.probability[k]
        points.state[lattice.point[k]], points.probability[lattice.point[k]] = MATCHED, probability
        values[count], where[count] = spot, lattice.point[k]
        count += 1
        if not final:
            probability = min(probability, lattice.probability[chain[n + 1]])
        low, high = min(spot, there), max(spot, there)
        for m in range(lattice.point[k] + 1, until if final else lattice.point[chain[n + 1]]):
            if points.x[m] != points.x[m - 1] or points.y[m] != points.y[m - 1]:
                points.state[m], points.probability[m] = PLACED, probability
                values[count] = nearest_on_way(
                    points.x[m], points.y[m], way, low, high, way.place[n], to, scene.streets
                )
                where[count] = m
                count += 1
    isotonic(values, count, room.weight, room.mean)
    _settle(points, values, where[:count], number, way, scene)
    _repeat(points, begin, until)


@leaf(inline="always")
def _settle(points: Any, values: Any, where: Any, number: int, way: Any, scene: Any) -> None:
    """Write edge, offset and distance of the placed points; one beyond the radius stays unmatched."""
    r = 0
    for n in range(len(where)):
        m = where[n]
        while r < len(way.edge) - 1 and values[n] > way.start[r + 1]:
            r += 1
        edge = way.edge[r]
        offset = min(max(values[n] - way.start[r], 0.0), scene.streets.length[edge])
        px, py = locate(edge, offset, scene.streets)
        distance = math.sqrt((px - points.x[m]) ** 2 + (py - points.y[m]) ** 2)
        if distance > scene.rules.radius:
            points.state[m], points.probability[m] = UNMATCHED, np.nan
            continue
        points.edge[m], points.offset[m], points.distance[m] = edge, offset, distance
        points.chain[m], points.chainage[m] = number, values[n]


@leaf(inline="always")
def _repeat(points: Any, begin: int, until: int) -> None:
    """Give each point that repeats the one before it the same answer."""
    for m in range(begin + 1, until):
        if points.x[m] == points.x[m - 1] and points.y[m] == points.y[m - 1]:
            points.edge[m], points.offset[m] = points.edge[m - 1], points.offset[m - 1]
            points.distance[m], points.probability[m] = points.distance[m - 1], points.probability[m - 1]
            points.chain[m], points.chainage[m] = points.chain[m - 1], points.chainage[m - 1]
            points.state[m] = PLACED if points.state[m - 1] == MATCHED else points.state[m - 1]
