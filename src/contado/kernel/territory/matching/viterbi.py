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
from contado.kernel.territory.matching.transitions import allowed, mark, search

__all__ = ["decode", "posterior"]

START, SKIPPED = -1, -2


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
        d = lattice.distance[k, j] / rules.sigma
        lattice.score[k, j] = -0.5 * d * d
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
    """Score anchor ``k`` after anchor ``p``; return whether any of its candidates can be reached."""
    best = -np.inf
    for i in range(lattice.count[p]):
        best = max(best, lattice.score[p, i])
    for j in range(lattice.count[k]):
        lattice.score[k, j] = -np.inf
    reached = False
    for i in range(lattice.count[p]):
        for j in range(lattice.count[k]):
            lattice.move[k, i, j] = -np.inf
        if lattice.score[p, i] < best - rules.beam:
            continue
        _moves(p, k, i, straight, limit, lattice, streets, rules, memory)
        for j in range(lattice.count[k]):
            value = lattice.score[p, i] + lattice.move[k, i, j]
            if value > lattice.score[k, j]:
                lattice.score[k, j] = value
                lattice.back[k, j] = i
                reached = True
    if reached:
        lattice.previous[k] = p
        for j in range(lattice.count[k]):
            d = lattice.distance[k, j] / rules.sigma
            lattice.score[k, j] -= 0.5 * d * d
    return reached


@njit()
def _moves(
    p: int, k: int, i: int, straight: float, limit: float, lattice: Any, streets: Any, rules: Any, memory: Any
) -> None:
    """Write the log probabilities of moving from candidate ``i`` of ``p`` to those of ``k``."""
    source, offset = lattice.edge[p, i], lattice.offset[p, i]
    rest = streets.length[source] - offset
    count = lattice.count[k]
    searched = False
    for j in range(count):
        if lattice.edge[k, j] == source and lattice.offset[k, j] >= offset - rules.creep:
            ahead = lattice.offset[k, j] - offset
            lattice.move[k, i, j] = -abs(ahead - straight) / rules.sigma if ahead >= 0.0 else 0.0
            continue
        if rest > limit:
            continue
        if not searched:
            targets = mark(lattice.edge[k], count, streets, memory)
            search(source, limit - rest, targets, streets, memory)
            searched = True
        edge = lattice.edge[k, j]
        node = streets.edge_from[edge]
        if memory.stamp[node] == memory.counter[0] and allowed(streets, memory.parent[node], edge, node):
            route = rest + memory.distance[node] + lattice.offset[k, j]
            if route <= limit:
                lattice.move[k, i, j] = -abs(route - straight) / rules.sigma


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
    width = lattice.edge.shape[1]
    moves = np.zeros((width, width))
    backs = np.ones(width)
    for n in range(size):
        k = chain[n]
        count = lattice.count[k]
        total = 0.0
        nearest = lattice.distance[k, 0] / rules.sigma
        for j in range(count):
            value = 1.0
            if n > 0:
                value = 0.0
                for i in range(lattice.count[chain[n - 1]]):
                    if share[n - 1, i] > 1e-12 and lattice.move[k, i, j] > -30.0:
                        value += share[n - 1, i] * math.exp(lattice.move[k, i, j])
            d = lattice.distance[k, j] / rules.sigma
            value *= math.exp(0.5 * (nearest * nearest - d * d))
            share[n, j] = value
            total += value
        for j in range(count):
            share[n, j] = share[n, j] / total if total > 0.0 else 1.0 / count
    for n in range(size - 2, -1, -1):
        _smooth(chain[n], chain[n + 1], n, lattice, share, moves, backs)


@njit()
def _smooth(k: int, after: int, n: int, lattice: Any, share: Any, moves: Any, backs: Any) -> None:
    """Turn the forward share of anchor ``k`` into its posterior, given the posterior of the one after it."""
    count, later = lattice.count[k], lattice.count[after]
    for j in range(later):
        backs[j] = 0.0
        for i in range(count):
            moves[i, j] = 0.0
            if share[n, i] > 1e-12 and lattice.move[after, i, j] > -30.0:
                moves[i, j] = share[n, i] * math.exp(lattice.move[after, i, j])
                backs[j] += moves[i, j]
    total = 0.0
    for i in range(count):
        value = 0.0
        for j in range(later):
            if backs[j] > 0.0:
                value += moves[i, j] / backs[j] * share[n + 1, j]
        share[n, i] = value
        total += value
    for i in range(count):
        share[n, i] = share[n, i] / total if total > 0.0 else 1.0 / count
