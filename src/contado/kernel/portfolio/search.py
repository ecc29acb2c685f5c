"""Best plans under further conditions: with an intervention forced in or left out, at another benefit."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.kernel.errors import SolverStopped
from contado.kernel.portfolio.edit import Extension
from contado.kernel.portfolio.milp import build, choice_of, claim_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from contado.kernel.portfolio.problem import Problem
    from contado.kernel.portfolio.result import Choice
    from contado.kernel.solver import Model, Solution

__all__ = ["Clock", "Found", "best_plan", "force_in", "force_out", "found", "rounded", "solve_exactly"]


@dataclass(slots=True)
class Clock:
    """A time limit shared by several solves."""

    limit_s: float
    started: float = dataclasses.field(default_factory=time.monotonic)

    def left_s(self) -> float:
        """Seconds that remain, at least a moment: a solver with no time at all says nothing."""
        return max(0.05, self.limit_s - (time.monotonic() - self.started))

    def left(self) -> bool:
        """Whether any time remains."""
        return time.monotonic() - self.started < self.limit_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A best plan: its exact value, its starts, its payments, the bound in EUR and whether it is optimal."""

    value_eur: float
    bound_eur: float
    choice: Choice
    closed: bool

    @property
    def starts(self) -> Mapping[int, int]:
        """Start years by position."""
        return self.choice.starts


def force_in(model: Model, columns: Mapping[tuple[int, int], int], ids: Iterable[int]) -> Model:
    """Return the model in which each of ``ids`` starts in some year."""
    changed = Extension(model)
    for i in ids:
        mine = [c for (k, _), c in columns.items() if k == i]
        changed.row(mine, [1.0] * len(mine), lower=1.0)
    return changed.finish()


def force_out(model: Model, columns: Mapping[tuple[int, int], int], ids: Iterable[int]) -> Model:
    """Return the model in which none of ``ids`` starts."""
    out = set(ids)
    changed = Extension(model)
    for (i, _), c in columns.items():
        if i in out:
            changed.bound(c, upper=0.0)
    return changed.finish()


def solve_exactly(model: Model, clock: Clock, *, gap_share: float = 0.0) -> Solution | None:
    """Solve to the end; None where the model has no solution.

    Raises
    ------
    SolverStopped
        The time ended first.
    """
    claim = claim_of(model, gap_share=gap_share, time_limit_s=clock.left_s())
    if claim.status == "infeasible":
        return None
    if claim.status != "optimal" or claim.x is None:
        raise SolverStopped(
            f"The search did not end in {clock.limit_s:g} s.", hint="give more time with --time-limit-s"
        )
    return claim


def best_plan(
    problem: Problem,
    clock: Clock,
    *,
    force: Iterable[int] = (),
    forbid: Iterable[int] = (),
    gap_share: float = 0.0,
    keep_best: bool = False,
) -> Found | None:
    """Return the best plan with ``force`` in and ``forbid`` out, or None where there is no such plan.

    With ``keep_best`` a plan found before the time ended is returned, not closed.

    Raises
    ------
    SolverStopped
        The time ended before the search did.
    """
    model, columns = build(problem)
    model = force_out(force_in(model, columns.x, force), columns.x, forbid)
    claim = claim_of(model, gap_share=gap_share, time_limit_s=clock.left_s())
    if claim.status == "infeasible":
        return None
    if claim.x is None or (claim.status != "optimal" and not keep_best):
        raise SolverStopped(
            f"The search did not end in {clock.limit_s:g} s.", hint="give more time with --time-limit-s"
        )
    return found(problem, choice_of(problem, columns, claim.x), claim)


def found(problem: Problem, choice: Choice, claim: Solution) -> Found:
    """Put a claim beside the plan's value as the problem's own rows give it."""
    value = problem.plan_value_eur(choice.starts)
    bound = value if claim.bound is None else max(value, claim.bound * 1000)
    return Found(value_eur=value, bound_eur=bound, choice=choice, closed=claim.status == "optimal")


def rounded(x: NDArray[np.float64], model: Model, clock: Clock) -> Solution | None:
    """Fix the integers of a solution at whole numbers and solve what is left as an LP: exact to the LP."""
    changed = Extension(model)
    for c in model.integer.nonzero()[0]:
        whole = float(round(x[c]))
        changed.bound(int(c), lower=whole, upper=whole)
    return solve_exactly(changed.finish().relaxed(), clock)
