"""A good plan before the proof: large neighbourhood search [1]_ with small integer programmes.

A plan comes from the columns that the linear relaxation uses or does not price out. Then, round by round, most
groups of integer columns stay as they are and the others are decided anew by a few nodes of the solver: in
even rounds first the groups in which plan and relaxation differ (the idea of RINS [2]_), else drawn ones. Rounds
and nodes are counted, no clock is read: the same model and seed give the same plans in the same order.

References
----------
.. [1] P. Shaw (1998), Using constraint programming and local search methods to solve vehicle routing
   problems, CP98, 417-431, doi:10.1007/3-540-49481-2_30.
.. [2] E. Danna, E. Rothberg, C. Le Pape (2005), Exploring relaxation induced neighborhoods to improve MIP
   solutions, Mathematical Programming 102, 71-90, doi:10.1007/s10107-004-0518-7.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.progress import SolveEvent
from contado.kernel.solver.direct import solve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from contado.kernel.solver.model import Model, Solution

__all__ = ["good_start"]

_ROUNDS = 16
_FREE = 42
"""Groups decided anew in a round."""
_NODES = 100
_NODES_FIRST = 20
_USED = 1e-6
"""Value in the relaxation from which it uses a column."""
_PRICED_OUT = 1e-6
"""Reduced cost, beside the largest coefficient of the objective, from which a column stays out at first."""


def good_start(
    model: Model,
    groups: Sequence[Sequence[int]],
    *,
    gap_share: float,
    seed: int,
    on_improved: Callable[[SolveEvent, NDArray[np.float64] | None], None],
) -> NDArray[np.float64] | None:
    """Return a plan (n) of few rounds, or None where the first step finds none; each better one is told of.

    Parameters
    ----------
    groups
        Integer columns that are decided together.
    """
    started = time.perf_counter()
    relaxation = solve(model.relaxed())
    if relaxation.x is None or relaxation.value is None:
        return None
    best: NDArray[np.float64] | None = None
    value, bound = -np.inf, relaxation.value
    rng = np.random.default_rng(seed)
    for k in range(-2, _ROUNDS):
        if k < 0:
            found = _first(model, relaxation, seed, indifferent=k == -1)
        elif best is None:
            return None
        else:
            found = _again(model, groups, best, _chosen(groups, best, relaxation.x, k, rng), seed)
        worth = -np.inf if found is None else float(model.cost @ found)
        if found is not None and worth > value + 1e-9 * abs(bound):
            best, value = found, worth
            gap = (bound - value) / abs(bound) if bound else None
            event = SolveEvent(seconds=time.perf_counter() - started, plan=value, bound=bound, gap=gap)
            on_improved(event, best)
        if bound - value <= gap_share * abs(bound):
            break
    return best


def _first(model: Model, relaxation: Solution, seed: int, *, indifferent: bool) -> NDArray[np.float64] | None:
    """Return a plan of the columns that the relaxation uses; with ``indifferent`` also of those it might as well."""
    assert relaxation.x is not None
    assert relaxation.row_dual is not None
    out = model.integer & (relaxation.x < _USED)
    if indifferent:
        rows = np.repeat(np.arange(model.n_rows), np.diff(model.start))
        price = model.value * relaxation.row_dual[rows]
        reduced = model.cost - np.bincount(model.index, weights=price, minlength=model.n_columns)
        out &= np.abs(reduced) > _PRICED_OUT * np.abs(model.cost).max()
    core = dataclasses.replace(model, upper=np.where(out, 0.0, model.upper))
    return solve(core, gap_share=0.0, seed=seed, max_nodes=_NODES_FIRST).x


def _chosen(
    groups: Sequence[Sequence[int]],
    best: NDArray[np.float64],
    relaxed: NDArray[np.float64],
    k: int,
    rng: np.random.Generator,
) -> set[int]:
    """Return the groups to decide anew in round ``k``."""
    order = rng.permutation(len(groups)).tolist()
    if k % 2 == 0:
        order.sort(key=lambda g: bool(np.abs(best[groups[g]] - relaxed[groups[g]]).max(initial=0.0) <= 0.1))
    return set(order[:_FREE])


def _again(
    model: Model, groups: Sequence[Sequence[int]], best: NDArray[np.float64], free: set[int], seed: int
) -> NDArray[np.float64] | None:
    """Decide the free groups anew; the columns of the others stay."""
    kept = [c for g, columns in enumerate(groups) if g not in free for c in columns]
    lower, upper = model.lower.copy(), model.upper.copy()
    lower[kept] = upper[kept] = np.round(best[kept])
    fixed = dataclasses.replace(model, lower=lower, upper=upper)
    return solve(fixed, gap_share=0.0, seed=seed, max_nodes=_NODES).x
