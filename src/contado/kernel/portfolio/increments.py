"""Plans at other budgets: what more money would buy, and at which budget each intervention comes in."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING

import msgspec

from contado.kernel.portfolio.search import Clock, Found, best_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contado.kernel.portfolio.problem import Problem

__all__ = ["Entry", "Increments", "Step", "increments", "scaled"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """The best plan with all budgets times ``scale``; nulls where no plan keeps the floors."""

    scale: float
    value: float | None
    bound: float | None
    gap: float | None
    chosen: list[str]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest scale whose plan has the intervention; null: none has."""

    id: str
    scale: float | None


class Increments(msgspec.Struct, frozen=True, kw_only=True):
    """Steps by rising scale; ``nested``: each plan holds the one before."""

    steps: list[Step]
    enters: list[Entry]
    nested: bool


def scaled(problem: Problem, scale: float) -> Problem:
    """Return the problem with every budget times ``scale``, rounded down to the cent."""
    money = {key: math.floor(round(cents * scale, 6)) for key, cents in problem.budget_cents.items()}
    return dataclasses.replace(problem, budget_cents=money)


def increments(
    problem: Problem,
    scales: Sequence[float] = (0.5, 0.75, 1.0, 1.25, 1.5),
    *,
    gap_share: float = 1e-4,
    time_limit_s: float = 60.0,
) -> Increments:
    """Plan at each scale; the value never falls, for a plan of a smaller budget is payable from a larger one.

    ``time_limit_s`` is for each scale.

    Raises
    ------
    SolverStopped
        The time ended before any plan was found at some scale.
    """
    steps: list[Step] = []
    best: Found | None = None
    for scale in sorted(set(scales)):
        clock = Clock(limit_s=time_limit_s)
        plan = best_plan(scaled(problem, scale), clock, gap_share=gap_share, keep_best=True)
        if plan is not None and best is not None and best.value_eur > plan.value_eur:
            plan = dataclasses.replace(best, bound_eur=max(plan.bound_eur, best.value_eur))
        best = plan or best
        steps.append(_step(problem, scale, plan))
    return Increments(steps=steps, enters=[_entry(k, steps) for k in problem.ids], nested=_nested(steps))


def _step(problem: Problem, scale: float, plan: Found | None) -> Step:
    if plan is None:
        return Step(scale=scale, value=None, bound=None, gap=None, chosen=[])
    gap = (plan.bound_eur - plan.value_eur) / plan.bound_eur if plan.bound_eur > 0 else 0.0
    chosen = [problem.ids[i] for i in sorted(plan.starts)]
    return Step(scale=scale, value=plan.value_eur, bound=plan.bound_eur, gap=gap, chosen=chosen)


def _entry(key: str, steps: Sequence[Step]) -> Entry:
    return Entry(id=key, scale=next((s.scale for s in steps if key in s.chosen), None))


def _nested(steps: Sequence[Step]) -> bool:
    sets = [set(s.chosen) for s in steps if s.value is not None]
    return all(a <= b for a, b in itertools.pairwise(sets))
