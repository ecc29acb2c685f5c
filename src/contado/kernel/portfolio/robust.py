"""How sturdy a programme is: selection frequency, value interval, soft value, regret, value of information.

A tight gap on soft numbers must not look certain: every plan is planned again under seeded draws from the
intervals of its inputs.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from contado.kernel.errors import InfeasibleProgramme
from contado.kernel.portfolio.draws import Method, Replanner, intervals, sample

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.kernel.portfolio.problem import Problem
    from contado.kernel.portfolio.result import Choice
    from contado.kernel.progress import Cancel, Progress

__all__ = [
    "Information",
    "Regret",
    "Robustness",
    "Word",
    "assess",
    "information",
    "regret",
    "soft_value_share",
    "word_of",
]

Word = Literal["core", "borderline", "exterior"]

_CORE, _EXTERIOR = 0.9, 0.1
_SOFT = {"estimated", "simulated", "to_confirm"}
_INFORMATION_DRAWS = 16
"""Draws of one intervention's own figures for the value of asking about it."""


class Robustness(msgspec.Struct, frozen=True, kw_only=True):
    """What seeded draws say of a plan."""

    draws: int
    replan_method: Method
    selection_frequency: dict[str, float]
    robustness: dict[str, Word]
    value_low: float
    """5th percentile of the programme's value over the draws [EUR]."""
    value_high: float
    """95th percentile [EUR]."""
    soft_value_share: float | None
    """Share of the value that rests on estimated, simulated or unconfirmed inputs; None = none is stated."""
    infeasible_draws: int = 0
    """Draws in which no programme keeps the floors; they count in no frequency."""


class Regret(msgspec.Struct, frozen=True, kw_only=True):
    """Value lost for not knowing the draw beforehand [EUR]."""

    mean: float
    max: float


class Information(msgspec.Struct, frozen=True, kw_only=True):
    """What knowing one intervention's cost and benefit is worth, before they are decided on [EUR]."""

    id: str
    value_eur: float


def word_of(frequency: float) -> Word:
    """Return the word of a selection frequency: core from 0.9, exterior up to 0.1."""
    if frequency >= _CORE:
        return "core"
    return "exterior" if frequency <= _EXTERIOR else "borderline"


def assess(
    problem: Problem,
    choice: Choice,
    *,
    draws: int = 200,
    seed: int = 0,
    gap_share: float = 1e-4,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Robustness:
    """Plan again under ``draws`` draws and say how often each intervention comes in."""
    planner = Replanner(problem, gap_share=gap_share)
    counts = np.zeros(len(problem.ids))
    values, failed, made = [problem.plan_value_eur(choice.starts)], 0, 0
    if not intervals(problem).open:
        counts[list(choice.starts)] = made = draws
    else:
        values = []
        for number, drawn in enumerate(sample(problem, draws, seed)):
            if cancel is not None and cancel.requested:
                break
            values.append(drawn.plan_value_eur(choice.starts))
            try:
                counts[list(planner.plan(drawn))] += 1
            except InfeasibleProgramme:
                failed += 1
            made += 1
            if progress is not None:
                progress("draws", number + 1, draws, {})
    frequency = counts / max(1, made - failed)
    low, high = np.quantile(values, [0.05, 0.95]) if values else (0.0, 0.0)
    return Robustness(
        draws=made,
        replan_method=planner.method,
        selection_frequency={k: float(f) for k, f in zip(problem.ids, frequency, strict=True)},
        robustness={k: word_of(float(f)) for k, f in zip(problem.ids, frequency, strict=True)},
        value_low=float(low),
        value_high=float(high),
        soft_value_share=soft_value_share(problem, choice),
        infeasible_draws=failed,
    )


def soft_value_share(problem: Problem, choice: Choice) -> float | None:
    """Return the share of the programme's value that rests on soft inputs.

    Soft is an intervention whose label or status says estimated, simulated or to_confirm, or that a rule of
    status to_confirm pays for. None when no input states what it is.
    """
    rows = problem.rows.get("interventions", ())
    rules = problem.rows.get("funding_rules", ())
    words = [_words(r) for r in rows]
    if not any(words) and not any(r.get("status") for r in rules):
        return None
    open_rules = {str(r["source"]) for r in rules if r.get("status") == "to_confirm"}
    total = soft = 0.0
    for i, year in choice.starts.items():
        value = problem.value_eur(i, year)
        total += value
        if words[i] & _SOFT or open_rules & set(choice.payments[i]):
            soft += value
    return soft / total if total else 0.0


def _words(row: Mapping[str, Any]) -> set[str]:
    return {str(row[c]).strip() for c in ("label", "status") if row.get(c)}


def regret(problem: Problem, choice: Choice, *, draws: int, seed: int, gap_share: float = 0.0) -> Regret:
    """Return the regret of a plan: in each draw the best value less that of what of the plan is still payable."""
    if not intervals(problem).open:
        return Regret(mean=0.0, max=0.0)
    planner = Replanner(problem, gap_share=gap_share)
    lost = []
    for drawn in sample(problem, draws, seed):
        with contextlib.suppress(InfeasibleProgramme):
            best = drawn.plan_value_eur(planner.plan(drawn))
            lost.append(max(0.0, best - _kept_value(drawn, choice, planner)))
    return Regret(mean=float(np.mean(lost)), max=float(np.max(lost))) if lost else Regret(mean=0.0, max=0.0)


def _kept_value(drawn: Problem, choice: Choice, planner: Replanner) -> float:
    """Value of the best part of a plan that the drawn costs leave payable, starts as planned or later."""
    return drawn.plan_value_eur(planner.plan(drawn, among=choice.starts))


def information(
    problem: Problem,
    choice: Choice,
    frequency: Mapping[str, float],
    *,
    seed: int,
    gap_share: float = 0.0,
) -> list[Information]:
    """Rank the borderline interventions by what a survey of each is worth.

    For each: the mean, over draws of its own cost and benefit with all else at its stated value, of the best
    value with them known less the value of what of the plan is then payable (expected value of partial
    perfect information).
    """
    planner = Replanner(problem, gap_share=gap_share)
    sampled = sample(problem, _INFORMATION_DRAWS, seed)
    wanted = [i for i, k in enumerate(problem.ids) if word_of(frequency[k]) == "borderline"]
    found = [
        Information(id=problem.ids[i], value_eur=_worth_asking(problem, choice, planner, sampled, i))
        for i in wanted
    ]
    return sorted(found, key=lambda f: (-f.value_eur, f.id))


def _worth_asking(
    problem: Problem, choice: Choice, planner: Replanner, sampled: Sequence[Problem], i: int
) -> float:
    gains = []
    for drawn in sampled:
        cost, benefit = problem.cost_cents.copy(), problem.benefit_eur.copy()
        cost[i], benefit[i] = drawn.cost_cents[i], drawn.benefit_eur[i]
        known = problem.with_figures(cost_cents=cost, benefit_eur=benefit)
        with contextlib.suppress(InfeasibleProgramme):
            best = known.plan_value_eur(planner.plan(known))
            gains.append(max(0.0, best - _kept_value(known, choice, planner)))
    return float(np.mean(gains)) if gains else 0.0
