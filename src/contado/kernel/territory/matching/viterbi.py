"""Viterbi decoding of the anchors of one trip, and forward-backward probabilities.

Emission ``-d^2 / (2 sigma^2)``, transition ``-|route - straight| / sigma`` (Newson and Krumm, 2009,
doi:10.1145/1653771.1653818; with anchors three sigma apart the transition's scale is sigma itself).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from contado.kernel.jit import njit
from contado.kernel.territory.matching.candidates import find
from contado.kernel.territory.matching.transitions import allowed, search

__all__ = ["decode", "posterior"]

START, SKIPPED = -1, -2
_NEGLIGIBLE, _LOG_NEGLIGIBLE = 1e-12, -27.6


@njit()
def decode(
    x: Any, y: Any, anchors: int, lattice: Any, grid: Any, streets: Any, rules: Any, memory: Any
) -> None:
    """Find candidates, score them in order and choose the best chain; chains break where nothing connects.

    An anchor that cannot be reached is skipped when one of the next is, within the bridge's length; else
    the chain ends before it and a new one starts at it.
    """
    for k in range(anchors):
        i = lattice.point[k]
        lattice.count[k] = find(
            x[i], y[i], grid, streets, rules.radius, lattice.edge[k], lattice.offset[k], lattice.distance[k]
        )
        lattice.previous[k] = SKIPPED
        lattice.chosen[k] = -1
    tail = -1
    k = 0
    while k < anchors:
        if lattice.count[k] == 0:
            k += 1
            continue
        if tail >= 0:
            i, j = lattice.point[tail], lattice.point[k]
            straight = math.sqrt((x[j] - x[i]) ** 2 + (y[j] - y[i]) ** 2)
            missing = k - tail - 1
            near = missing == 0 or (straight <= rules.bridge + rules.spacing)
            if near and _reach(tail, k, straight, lattice, streets, rules, memory):
                tail = k
                k += 1
                continue
            if near and missing < rules.bridge_anchors and k + 1 < anchors:
                k += 1
                continue
            k = _first_with_candidates(tail + 1, lattice)
        _begin(k, lattice, rules)
        tail = k
        k += 1
    _choose(anchors, lattice)


@njit()
def _first_with_candidates(k: int, lattice: Any) -> int:
    while lattice.count[k] == 0:
        k += 1
    return k


@njit()
def _begin(k: int, lattice: Any, rules: Any) -> None:
    """Start a chain at anchor ``k``."""
    lattice.previous[k] = START
    for j in range(lattice.count[k]):
        lattice.score[k, j] = _emission(lattice.distance[k, j], rules)
        lattice.back[k, j] = -1


@njit()
def _reach(p: int, k: int, straight: float, lattice: Any, streets: Any, rules: Any, memory: Any) -> bool:
    """Score anchor ``k`` after ``p``; where the usual limit reaches nothing, once more with the far one."""
    near = rules.limit_factor * straight + rules.limit_fixed
    far = rules.far_factor * straight + rules.limit_fixed
    if straight < rules.far and _step(p, k, straight, near, lattice, streets, rules, memory):
        return True
    return _step(p, k, straight, far, lattice, streets, rules, memory)


@njit()
def _step(
    p: int, k: int, straight: float, limit: float, lattice: Any, streets: Any, rules: Any, memory: Any
) -> bool:
    """Score anchor ``k`` after anchor ``p``; return whether any of its candidates can be reached.

    Moves along one edge come first: they need no search, and what they reach bounds the searches after.
    """
    before, count = lattice.count[p], lattice.count[k]
    best = -np.inf
    for i in range(before):
        best = max(best, lattice.score[p, i])
        for j in range(count):
            lattice.move[k, i, j] = -np.inf
    for j in range(count):
        lattice.score[k, j] = -np.inf
    floor = -np.inf
    for i in range(before):
        if lattice.score[p, i] >= best - rules.beam:
            floor = max(floor, _stay(p, k, i, straight, lattice, rules))
    for i in range(before):
        if lattice.score[p, i] >= best - rules.beam:
            floor = max(
                floor, _go(p, k, i, straight, limit, floor - rules.beam, lattice, streets, rules, memory)
            )
    if floor == -np.inf:
        return False
    lattice.previous[k] = p
    for j in range(count):
        lattice.score[k, j] += _emission(lattice.distance[k, j], rules)
    return True


@njit()
def _emission(distance: float, rules: Any) -> float:
    """Return the log probability of a position's distance from its place."""
    d = distance / rules.sigma
    return -0.5 * d * d


@njit()
def _record(p: int, k: int, i: int, j: int, move: float, lattice: Any) -> float:
    """Write the move from candidate ``i`` of ``p`` to ``j`` of ``k``; return the score it leads to."""
    lattice.move[k, i, j] = move
    value = lattice.score[p, i] + move
    if value > lattice.score[k, j]:
        lattice.score[k, j] = value
        lattice.back[k, j] = i
    return value


@njit()
def _stays(p: int, k: int, i: int, j: int, lattice: Any, rules: Any) -> bool:
    """Tell whether candidate ``j`` lies ahead of ``i`` on the same edge, or no more than the creep behind."""
    return (
        lattice.edge[k, j] == lattice.edge[p, i]
        and lattice.offset[k, j] >= lattice.offset[p, i] - rules.creep
    )


@njit()
def _stay(p: int, k: int, i: int, straight: float, lattice: Any, rules: Any) -> float:
    """Record the moves of candidate ``i`` that stay on its edge; return the best score with emission."""
    best = -np.inf
    for j in range(lattice.count[k]):
        if _stays(p, k, i, j, lattice, rules):
            ahead = lattice.offset[k, j] - lattice.offset[p, i]
            move = -abs(ahead - straight) / rules.sigma if ahead >= 0.0 else 0.0
            best = max(best, _record(p, k, i, j, move, lattice) + _emission(lattice.distance[k, j], rules))
    return best


@njit()
def _go(
    p: int, k: int, i: int, straight: float, limit: float, floor: float,
    lattice: Any, streets: Any, rules: Any, memory: Any,
) -> float:  # fmt: skip
    """Record the moves of candidate ``i`` to other edges; return the best score with emission.

    A target that could not reach ``floor`` even by the straightest route would be left at the next
    anchor, so it is not looked for; nor is a route so long that it would end below.
    """
    memory.counter[0] += 1
    run = memory.counter[0]
    source = lattice.edge[p, i]
    rest = streets.length[source] - lattice.offset[p, i]
    targets, reach = 0, 0.0
    for j in range(lattice.count[k]):
        margin = lattice.score[p, i] + _emission(lattice.distance[k, j], rules) - floor
        if margin < 0.0 or _stays(p, k, i, j, lattice, rules):
            continue
        bound = min(limit, straight + rules.sigma * margin) - lattice.offset[k, j] - rest
        if bound < 0.0:
            continue
        reach = max(reach, bound)
        node = streets.edge_from[lattice.edge[k, j]]
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
        if memory.stamp[node] != run or memory.target[node] != run or _stays(p, k, i, j, lattice, rules):
            continue
        route = rest + memory.distance[node] + lattice.offset[k, j]
        if route <= limit and allowed(streets, memory.parent[node], edge, node):
            move = -abs(route - straight) / rules.sigma
            best = max(best, _record(p, k, i, j, move, lattice) + _emission(lattice.distance[k, j], rules))
    return best


@njit()
def _choose(anchors: int, lattice: Any) -> None:
    """Trace each chain back from its best last candidate."""
    follower = np.full(anchors, -1, dtype=np.int64)
    for k in range(anchors):
        if lattice.previous[k] >= 0:
            follower[lattice.previous[k]] = k
    for k in range(anchors - 1, -1, -1):
        if lattice.previous[k] == SKIPPED:
            continue
        if follower[k] >= 0:
            lattice.chosen[k] = lattice.back[follower[k], lattice.chosen[follower[k]]]
        else:
            best = 0
            for j in range(1, lattice.count[k]):
                if lattice.score[k, j] > lattice.score[k, best]:
                    best = j
            lattice.chosen[k] = best


@njit()
def posterior(chain: Any, size: int, lattice: Any, rules: Any, share: Any) -> None:
    """Write the forward-backward probability of each candidate of each anchor of ``chain`` to ``share``.

    ``share[n]`` belongs to anchor ``chain[n]`` and sums to 1.
    """
    later = np.zeros(lattice.edge.shape[1])
    for n in range(size):
        k = chain[n]
        count = lattice.count[k]
        for j in range(count):
            share[n, j] = 1.0 if n == 0 else 0.0
        if n > 0:
            _forward(k, n, lattice, share)
        total = 0.0
        for j in range(count):
            nearer = _emission(lattice.distance[k, j], rules) - _emission(lattice.distance[k, 0], rules)
            share[n, j] *= math.exp(nearer)
            total += share[n, j]
        for j in range(count):
            share[n, j] = share[n, j] / total if total > 0.0 else 1.0 / count
    for n in range(size - 2, -1, -1):
        _smooth(chain[n + 1], n, lattice.count[chain[n]], lattice, share, later)


@njit()
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


@njit()
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
