"""Floors that cannot all be met: the largest relative shortfall is made least, then the next, then value.

Lexicographic in the sums of the k largest shortfalls: for k = 1, 2, ... the sum is made least and kept
(W. Ogryczak, A. Tamir, Minimizing the sum of the k largest functions in linear time, Information
Processing Letters 85, 2003); the value is maximised last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.kernel.errors import SolverStopped
from contado.kernel.portfolio.edit import Extension
from contado.kernel.portfolio.milp import UNIT_CENTS, build, choice_of
from contado.kernel.portfolio.search import Clock, solve_exactly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.kernel.portfolio.problem import Problem
    from contado.kernel.portfolio.result import Choice
    from contado.kernel.solver import Model, Solution

__all__ = ["SoftPlan", "shortfalls", "solve_soft"]

_SLACK = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftPlan:
    """The plan, its value and by which share of itself each floor is missed."""

    choice: Choice
    value_eur: float
    bound_eur: float
    """Best value among the plans with these largest shortfalls."""
    shortfall_share: dict[tuple[str, str], float]

    @property
    def largest_shortfall_share(self) -> float:
        """The largest relative shortfall over all floors."""
        return max(self.shortfall_share.values(), default=0.0)


def solve_soft(problem: Problem, *, depth: int = 3, time_limit_s: float = 60.0) -> SoftPlan:
    """Plan with floors as goals: shortfalls first, to the ``depth``-th largest, then value.

    Raises
    ------
    SolverStopped
        The time ended before the search did.
    """
    clock = Clock(limit_s=time_limit_s)
    model, columns = build(problem)
    value = [(c, float(v)) for c, v in enumerate(model.cost) if v]
    changed = Extension(model)
    short: list[int] = []
    for key, row in columns.floor_rows.items():
        changed.side(row, lower=-math.inf)
        floor = problem.floors_cents[key] / UNIT_CENTS
        if floor > 0:
            short.append(changed.column(upper=1.0))
            mine = _paid(model, row)
            changed.row([short[-1], *mine], [floor, *[1.0] * len(mine)], lower=floor)
    for k in range(1, min(depth, len(short)) + 1):
        level = changed.column(upper=1.0)
        above = [changed.column() for _ in short]
        for s, a in zip(short, above, strict=True):
            changed.row([a, level, s], [1.0, 1.0, -1.0], lower=0.0)
        terms = [(level, -float(k)), *((a, -1.0) for a in above)]
        changed.objective(terms)
        least = _solved(changed, clock).value
        assert least is not None
        changed.row([c for c, _ in terms], [-w for _, w in terms], upper=-least + _SLACK)
    changed.objective(value)
    claim = _solved(changed, clock)
    assert claim.x is not None
    choice = choice_of(problem, columns, claim.x)
    worth = problem.plan_value_eur(choice.starts)
    return SoftPlan(
        choice=choice,
        value_eur=worth,
        bound_eur=worth if claim.bound is None else max(worth, claim.bound * 1000),
        shortfall_share=shortfalls(problem, choice),
    )


def _paid(model: Model, row: int) -> list[int]:
    start, index = model.start, model.index
    return [int(c) for c in index[start[row] : start[row + 1]]]


def _solved(changed: Extension, clock: Clock) -> Solution:
    claim = solve_exactly(changed.finish(), clock)
    if claim is None:
        raise SolverStopped("The floors as goals have no plan.", hint="report the programme folder")
    return claim


def shortfalls(problem: Problem, choice: Choice) -> dict[tuple[str, str], float]:
    """Return by which share of itself each floor is missed: 0 = met, 1 = nothing is spent."""
    spent: Mapping[tuple[str, str], int] = {
        (kind, key): sum(
            cents
            for i, payments in choice.payments.items()
            for source, cents in payments.items()
            if key == _owner(problem, kind, i, source)
        )
        for kind, key in problem.floors_cents
    }
    return {
        key: max(0.0, 1.0 - spent[key] / floor) if floor > 0 else 0.0
        for key, floor in problem.floors_cents.items()
    }


def _owner(problem: Problem, kind: str, i: int, source: str) -> str:
    return {"municipality": problem.municipalities[i], "domain": problem.domains[i], "source": source}[kind]
