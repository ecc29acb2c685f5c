"""Viterbi decoding of the anchors of one trip, and forward-backward probabilities.

Emission ``-d^2 / (2 sigma^2)``, transition ``-|route - straight| / sigma`` (Newson and Krumm, 2009,
doi:10.1145/1653771.1653818; with anchors three sigma apart the transition's scale is sigma itself).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from contado.kernel.jit import leaf
from contado.kernel.territory.matching.candidates import find
from contado.kernel.territory.matching.transitions import allowed, search

__all__ = ["decode", "posterior"]

START, SKIPPED = -1, -2
_NEGLIGIBLE, _LOG_NEGLIGIBLE = 1e-12, -27.6


class Leg(NamedTuple):
    """From one anchor to the next."""

    straight: float
    limit: float
    """Longest route [m]."""
    onward: float
    """One over the mean excess of a route straight on over the straight line [1/m]."""
    around: float
    """The same of a route round corners [1/m]."""
    rarer: float
    """Log of how much rarer a given excess is round corners than straight on, where both are likely."""


@leaf()
def decode(x: Any, y: Any, anchors: int, lattice: Any, scene: Any) -> None:
    """Find candidates, score them in order and choose the best chain; chains break where nothing connects.

    An anchor that cannot be reached is skipped when one of the next is, within the bridge's length; else
    the chain ends before it and a new one starts at it.
    """
    rules = scene.rules
    for n in range(anchors):
        find(x[lattice.point[n]], y[lattice.point[n]], n, lattice, scene)
        lattice.previous[n] = SKIPPED
        lattice.chosen[n] = -1
    tail: Any = np.int64(-1)  # typed: a literal would compile every kernel below once more
    k: Any = np.int64(0)
    while k < anchors:
        if lattice.count[k] == 0:
            k += 1
            continue
        if tail >= 0:
            leg = _leg(x, y, tail, k, anchors, lattice, rules)
            missing = k - tail - 1
            near = missing == 0 or leg.straight <= rules.bridge + rules.spacing
            if near and _step(tail, k, leg, lattice, scene):
                tail = k
                k += 1
                continue
            if near and missing < rules.bridge_anchors and k + 1 < anchors:
                k += 1
                continue
            k = tail + 1
            while lattice.count[k] == 0:
                k += 1
        lattice.previous[k] = START
        for j in range(lattice.count[k]):
            lattice.score[k, j] = lattice.emission[k, j]
        tail = k
        k += 1
    _choose(anchors, lattice)


@leaf(inline="always")
def _squared(x: Any, y: Any, i: int, j: int) -> Any:
    return (x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2


@leaf(inline="always")
def _leg(x: Any, y: Any, p: int, k: int, anchors: int, lattice: Any, rules: Any) -> Leg:
    """Return the leg from anchor ``p`` to ``k``; the legs beside it tell how far apart the fixes are."""
    i, j = lattice.point[p], lattice.point[k]
    reach = _squared(x, y, i, j)
    straight = math.sqrt(reach)
    factor = rules.far_factor if straight >= rules.far and k - p == 1 else rules.limit_factor
    limit = factor * straight + rules.limit_fixed
    if p > 0:
        reach = max(reach, _squared(x, y, lattice.point[p - 1], i))
    if k + 1 < anchors:
        reach = max(reach, _squared(x, y, j, lattice.point[k + 1]))
    if reach < rules.sparse**2:
        return Leg(straight, limit, 1.0 / rules.sigma, 1.0 / rules.sigma, 0.0)
    reach = math.sqrt(reach)
    detour = max(rules.sigma, rules.detour * reach)
    limit = max(limit, rules.limit_factor * reach + rules.limit_fixed)
    return Leg(straight, limit, 1.0 / rules.sigma, 1.0 / detour, math.log(detour / rules.sigma))


@leaf(inline="always")
def _cost(route: float, leg: Leg) -> float:
    """Return the negative log probability of a route: straight on, or round corners."""
    excess = abs(route - leg.straight)
    return min(excess * leg.onward, leg.rarer + excess * leg.around)


@leaf()
def _step(p: int, k: int, leg: Leg, lattice: Any, scene: Any) -> bool:
    """Score anchor ``k`` after anchor ``p``; return whether any of its candidates can be reached.

    Moves along one edge come first: they need no search, and what they reach bounds the searches after.
    """
    before, count, beam = lattice.count[p], lattice.count[k], scene.rules.beam
    best = -np.inf
    for i in range(before):
        best = max(best, lattice.score[p, i])
        for j in range(count):
            lattice.move[k, i, j] = -np.inf
    for j in range(count):
        lattice.score[k, j] = -np.inf
    floor = -np.inf
    for i in range(before):
        if lattice.score[p, i] >= best - beam:
            floor = max(floor, _stay(p, k, i, leg, lattice, scene))
    for i in range(before):
        if lattice.score[p, i] >= best - beam:
            floor = max(floor, _go(p, k, i, leg, floor - beam, lattice, scene))
    if floor == -np.inf:
        return False
    lattice.previous[k] = p
    _arrive(k, best - scene.rules.broken, lattice)
    return True


@leaf(inline="always")
def _arrive(k: int, broken: float, lattice: Any) -> None:
    """Score anchor ``k`` by its distances too; a candidate reached by less than ``broken`` begins a chain."""
    for j in range(lattice.count[k]):
        if lattice.score[k, j] < broken:
            lattice.score[k, j], lattice.back[k, j] = broken, START
        lattice.score[k, j] += lattice.emission[k, j]


@leaf(inline="always")
def _record(p: int, k: int, i: int, j: int, move: float, lattice: Any) -> Any:
    """Write the move from candidate ``i`` of ``p`` to ``j`` of ``k``; return the score it leads to."""
    lattice.move[k, i, j] = move
    value = lattice.score[p, i] + move
    if value > lattice.score[k, j]:
        lattice.score[k, j] = value
        lattice.back[k, j] = i
    return value + lattice.emission[k, j]


@leaf(inline="always")
def _stays(p: int, k: int, i: int, j: int, lattice: Any, rules: Any) -> Any:
    """Tell whether candidate ``j`` lies ahead of ``i`` on the same edge, or no more than the creep behind."""
    return (
        lattice.edge[k, j] == lattice.edge[p, i]
        and lattice.offset[k, j] >= lattice.offset[p, i] - rules.creep
    )


@leaf(inline="always")
def _stay(p: int, k: int, i: int, leg: Leg, lattice: Any, scene: Any) -> float:
    """Record the moves of candidate ``i`` along its edge and to the next ones; return the best score."""
    streets, rules = scene.streets, scene.rules
    source, offset = lattice.edge[p, i], lattice.offset[p, i]
    end, rest = streets.edge_to[source], streets.length[source] - offset
    best = -np.inf
    for j in range(lattice.count[k]):
        edge = lattice.edge[k, j]
        if _stays(p, k, i, j, lattice, rules):
            ahead = lattice.offset[k, j] - offset
            move = -_cost(ahead, leg) if ahead >= 0.0 else 0.0
        elif streets.edge_from[edge] == end and allowed(streets, source, edge, end):
            route = rest + lattice.offset[k, j]
            if route > leg.limit:
                continue
            move = -_cost(route, leg)
        else:
            continue
        best = max(best, _record(p, k, i, j, move, lattice))
    return best


@leaf(inline="always")
def _go(p: int, k: int, i: int, leg: Leg, floor: float, lattice: Any, scene: Any) -> float:
    """Record the moves of candidate ``i`` to edges farther on; return the best score.

    A target that could not reach ``floor`` even by the straightest route would be left at the next
    anchor, so it is not looked for; nor is a route so long that it would end below.
    """
    streets, memory = scene.streets, scene.memory
    memory.counter[0] += 1
    run = memory.counter[0]
    source = lattice.edge[p, i]
    end, rest = streets.edge_to[source], streets.length[source] - lattice.offset[p, i]
    targets: Any = np.int64(0)  # typed, as above
    reach = 0.0
    for j in range(lattice.count[k]):
        node = streets.edge_from[lattice.edge[k, j]]
        margin = lattice.score[p, i] + lattice.emission[k, j] - floor
        if margin < 0.0 or node == end or _stays(p, k, i, j, lattice, scene.rules):
            continue
        most = leg.straight + max(margin / leg.onward, (margin - leg.rarer) / leg.around)
        bound = min(leg.limit, most) - lattice.offset[k, j] - rest
        dx, dy = streets.node_x[node] - streets.node_x[end], streets.node_y[node] - streets.node_y[end]
        if bound < 0.0 or dx * dx + dy * dy > bound * bound:
            continue
        reach = max(reach, bound)
        if memory.target[node] != run:
            memory.target[node] = run
            targets += 1
    if targets == 0:
        return -np.inf
    search(source, reach, targets, streets, memory)
    best = -np.inf
    for j in range(lattice.count[k]):
        edge = lattice.edge[k, j]
        node = streets.edge_from[edge]
        if (
            memory.stamp[node] != run
            or memory.target[node] != run
            or _stays(p, k, i, j, lattice, scene.rules)
        ):
            continue
        route = rest + memory.distance[node] + lattice.offset[k, j]
        if route <= leg.limit and allowed(streets, memory.parent[node], edge, node):
            best = max(best, _record(p, k, i, j, -_cost(route, leg), lattice))
    return best


@leaf(inline="always")
def _choose(anchors: int, lattice: Any) -> None:
    """Trace each chain back from its best last candidate."""
    after = -1
    for k in range(anchors - 1, -1, -1):
        if lattice.previous[k] == SKIPPED:
            continue
        if after >= 0 and lattice.back[after, lattice.chosen[after]] == START:
            lattice.previous[after] = START
        if after >= 0 and lattice.previous[after] == k:
            lattice.chosen[k] = lattice.back[after, lattice.chosen[after]]
        else:
            best = 0
            for j in range(1, lattice.count[k]):
                if lattice.score[k, j] > lattice.score[k, best]:
                    best = j
            lattice.chosen[k] = best
        after = k


@leaf()
def posterior(chain: Any, size: int, lattice: Any, share: Any, later: Any) -> None:
    """Write the forward-backward probability of each candidate of each anchor of ``chain`` to ``share``.

    ``share[n]`` belongs to anchor ``chain[n]`` and sums to 1; ``later`` is memory of one row.
    """
    for n in range(size):
        k = chain[n]
        count = lattice.count[k]
        for j in range(count):
            share[n, j] = 1.0 if n == 0 else 0.0
        if n > 0:
            _forward(k, n, lattice, share)
        total = 0.0
        for j in range(count):
            if share[n, j] > 0.0:
                share[n, j] *= math.exp(lattice.emission[k, j] - lattice.emission[k, 0])
                total += share[n, j]
        for j in range(count):
            share[n, j] = share[n, j] / total if total > 0.0 else 1.0 / count
    for n in range(size - 2, -1, -1):
        _smooth(chain[n + 1], n, lattice.count[chain[n]], lattice, share, later)


@leaf(inline="always")
def _forward(k: int, n: int, lattice: Any, share: Any) -> None:
    """Carry the shares of the anchor before to anchor ``k``; leave probabilities, not logs, in ``move``."""
    for i in range(lattice.count[lattice.previous[k]]):
        before = share[n - 1, i]
        for j in range(lattice.count[k]):
            move = lattice.move[k, i, j]
            if before > _NEGLIGIBLE and move > _LOG_NEGLIGIBLE:
                lattice.move[k, i, j] = math.exp(move)
                share[n, j] += before * lattice.move[k, i, j]
            else:
                lattice.move[k, i, j] = 0.0


@leaf(inline="always")
def _smooth(after: int, n: int, count: int, lattice: Any, share: Any, later: Any) -> None:
    """Turn the forward share of a chain's anchor ``n`` into its posterior, given that of the one after."""
    for j in range(lattice.count[after]):
        total = 0.0
        for i in range(count):
            total += share[n, i] * lattice.move[after, i, j]
        later[j] = share[n + 1, j] / total if total > 0.0 else 0.0
    whole = 0.0
    for i in range(count):
        value = 0.0
        for j in range(lattice.count[after]):
            value += lattice.move[after, i, j] * later[j]
        share[n, i] *= value
        whole += share[n, i]
    for i in range(count):
        share[n, i] = share[n, i] / whole if whole > 0.0 else 1.0 / count
