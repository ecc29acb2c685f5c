"""Robust Portfolio Modeling: which projects belong to every good portfolio, whatever the weights and scores.

J. Liesiö, P. Mild, A. Salo, Preference programming for robust portfolio modeling and project selection,
European Journal of Operational Research 181, 2007; Robust portfolio modeling with incomplete cost
information and project interdependencies, EJOR 190, 2008.

Portfolio p dominates q when min_w [sum over p without q of w.lo - sum over q without p of w.hi] >= 0 and
max_w [sum over p without q of w.hi - sum over q without p of w.lo] > 0, over the extreme points w of the set
of weights; lo, hi = score x (1 -+ spread). What both hold cancels out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["CoreIndex", "core_index", "nondominated"]

_TOLERANCE = 1e-9
_BLOCK = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreIndex:
    """Share of the nondominated portfolios that hold each project: 1 core, 0 exterior, between borderline."""

    n_nondominated: int
    core_index: tuple[float, ...]

    def where(self, low: float, high: float) -> list[int]:
        """Return the projects whose index lies in [low, high]."""
        return [j for j, share in enumerate(self.core_index) if low <= share <= high]

    @property
    def core(self) -> list[int]:
        """Projects of every nondominated portfolio."""
        return self.where(1.0, 1.0)

    @property
    def exterior(self) -> list[int]:
        """Projects of none."""
        return self.where(0.0, 0.0)

    @property
    def borderline(self) -> list[int]:
        """Projects of some: those to study."""
        return [j for j, share in enumerate(self.core_index) if 0.0 < share < 1.0]


def core_index(
    scores: Sequence[Sequence[float]],
    cost: Sequence[float],
    budget: float,
    extreme_points: Sequence[Sequence[float]],
    score_spread: float = 0.0,
) -> CoreIndex:
    """Return the core index of each project; arguments as in `nondominated`."""
    kept = nondominated(scores, cost, budget, extreme_points, score_spread)
    shares = kept.mean(axis=0)
    return CoreIndex(n_nondominated=len(kept), core_index=tuple(float(s) for s in shares))


def nondominated(
    scores: Sequence[Sequence[float]],
    cost: Sequence[float],
    budget: float,
    extreme_points: Sequence[Sequence[float]],
    score_spread: float = 0.0,
) -> NDArray[np.bool_]:
    """Return all nondominated portfolios within the budget, shape (N, projects).

    Parameters
    ----------
    scores
        Project x criterion, not negative.
    cost, budget
        In one unit.
    extreme_points
        Extreme points of the set of weights, each of one weight a criterion.
    score_spread
        Half width of the scores' intervals as a share.

    Raises
    ------
    DataError
        Lengths that do not fit, negative scores or costs: rule ``bad_rpm_input``.

    Notes
    -----
    Projects are added one after the other; a partial portfolio that another one of no more cost dominates
    can be left at once, since whatever is added to it can be added to the other (dynamic programming with
    dominance). Two portfolios alike in every score are both kept.
    """
    worth = np.asarray(scores, dtype=np.float64)
    price = np.asarray(cost, dtype=np.float64)
    weights = np.asarray(extreme_points, dtype=np.float64)
    _check(worth, price, weights, score_spread)
    low, high = (weights @ (worth * (1 + sign * score_spread)).T for sign in (-1, 1))
    n = len(price)
    kept = np.zeros((1, n), dtype=bool)
    for j in range(n):
        with_j = kept[kept @ price + price[j] <= budget + _TOLERANCE].copy()
        with_j[:, j] = True
        kept = _undominated(np.vstack([kept, with_j]), price, low, high)
    return _undominated(kept, np.zeros(n), low, high)


def _check(
    worth: NDArray[np.float64], price: NDArray[np.float64], weights: NDArray[np.float64], spread: float
) -> None:
    fits = worth.ndim == weights.ndim == 2 and worth.shape == (len(price), weights.shape[1])
    if not fits:
        problem = f"scores {worth.shape}, costs {price.shape} and weights {weights.shape} do not fit"
    elif not all(np.isfinite(a).all() for a in (worth, price, weights)):
        problem = "a score, cost or weight is not a finite number"
    elif (worth < 0).any() or (price < 0).any() or (weights < 0).any() or not 0 <= spread <= 1:
        problem = "scores, costs and weights are not negative, the spread lies between 0 and 1"
    else:
        return
    raise DataError(
        f"Robust portfolio: {problem}.",
        rule="bad_rpm_input",
        hint="scores: project x criterion; cost: one a project; extreme_points: one weight a criterion",
    )


def _undominated(
    portfolios: NDArray[np.bool_],
    price: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Leave out every portfolio that one of no more cost dominates."""
    held = portfolios.astype(np.float64)
    spent = held @ price
    order = np.argsort(-(held @ (low + high).sum(axis=0)), kind="stable")
    held, spent = held[order], spent[order]
    alive = np.ones(len(held), dtype=bool)
    for first in range(0, len(held), _BLOCK):
        block = slice(first, first + _BLOCK)
        candidates = held[alive]
        costs = spent[alive]
        beaten = _dominates(candidates, held[block], low, high)
        beaten &= costs[:, None] <= spent[block][None, :] + _TOLERANCE
        alive[block] &= ~beaten.any(axis=0)
    return portfolios[order][alive]


def _dominates(
    p: NDArray[np.float64], q: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether portfolio p[a] dominates q[b], shape (len(p), len(q))."""
    never_worse = np.ones((len(p), len(q)), dtype=bool)
    better = np.zeros((len(p), len(q)), dtype=bool)
    for lo, hi in zip(low, high, strict=True):
        shared = (p * (hi - lo)) @ q.T
        never_worse &= (p @ lo)[:, None] - (q @ hi)[None, :] + shared >= -_TOLERANCE
        better |= (p @ hi)[:, None] - (q @ lo)[None, :] - shared > _TOLERANCE
    return never_worse & better
