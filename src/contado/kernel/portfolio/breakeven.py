"""Why yes or no, in figures that a re-solve confirms: what it would cost to decide otherwise.

Loss = best value less the best value with the intervention forced in (rejected) or left out (chosen).
Break-even cost = the highest cost at which a best plan includes it: one MILP in which its cost is a
variable, the rates of the sources follow it, the plan is worth at least the best one without it, and the
cost is maximised. Break-even benefit = the least benefit at which a best plan includes it: the best value
with it forced in is a convex piecewise linear function of its benefit, whose crossing with the best value
without it is found by Newton steps, each a MILP (W. Dinkelbach, On nonlinear fractional programming,
Management Science 13, 1967).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from contado.kernel.errors import DataError, SolverStopped, did_you_mean
from contado.kernel.portfolio.edit import Extension
from contado.kernel.portfolio.explain import Reason, why_not
from contado.kernel.portfolio.milp import build
from contado.kernel.portfolio.search import Clock, Found, best_plan, force_in, rounded, solve_exactly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.kernel.portfolio.problem import Problem
    from contado.kernel.portfolio.result import Result

__all__ = ["Cause", "Explanation", "break_even_benefit", "break_even_cost", "explain"]

_STEPS = 20
"""Newton steps at most; two or three are the rule."""
_SLACK = 1e-6
"""Tolerance of the value row in the model's unit, 1,000 EUR."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that decided: kind (budget, floor, excludes, choice_group, requires, sources), key, price."""

    kind: str
    key: str
    price: float | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is said of one intervention; a null says that no such number exists.

    ``unfinished`` names the figures for which the time did not suffice.
    """

    intervention_id: str
    chosen: bool
    start_year: int | None
    loss_if_forced_eur: float | None
    loss_if_removed_eur: float | None
    break_even_cost_eur: float | None
    break_even_benefit_eur: float | None
    because: list[Cause]
    reason: Reason
    unfinished: list[str] = msgspec.field(default_factory=list)


def explain(
    problem: Problem, intervention_id: str, *, time_limit_s: float = 60.0, result: Result | None = None
) -> Explanation:
    """Explain one intervention by re-solving.

    Parameters
    ----------
    intervention_id
        Id of a usable row of the problem.
    time_limit_s
        For all solves together.
    result
        A solve of the same problem without gap, where there is one already.

    Raises
    ------
    DataError
        Rule ``unknown_id``: the hint names the nearest ids.
    """
    if intervention_id not in problem.ids:
        raise DataError(
            f"There is no intervention {intervention_id!r}.",
            rule="unknown_id",
            hint=did_you_mean(intervention_id, problem.ids),
            field="intervention_id",
        )
    clock = Clock(limit_s=time_limit_s)
    result = result or problem.solve(gap_share=0.0, time_limit_s=time_limit_s)
    return _Case(problem, problem.ids.index(intervention_id), result, clock).explanation()


@dataclasses.dataclass(slots=True)
class _Case:
    """One intervention beside the best plan."""

    problem: Problem
    i: int
    result: Result
    clock: Clock
    unfinished: list[str] = dataclasses.field(default_factory=list)

    def explanation(self) -> Explanation:
        chosen = self.i in self.result.choice.starts
        best = self.result.value_eur
        with_it, without = (None, self._without()) if chosen else (self._with(), best)
        cost = benefit = None
        if without is not None:
            cost = self._finished("break_even_cost_eur", break_even_cost, without)
            if chosen or with_it is not None:
                benefit = self._finished("break_even_benefit_eur", break_even_benefit, without)
        reason = self._reason(forced=with_it)
        return Explanation(
            intervention_id=self.problem.ids[self.i],
            chosen=chosen,
            start_year=self.result.choice.starts.get(self.i),
            loss_if_forced_eur=None if with_it is None else max(0.0, best - with_it.value_eur),
            loss_if_removed_eur=max(0.0, best - without) if chosen and without is not None else None,
            break_even_cost_eur=cost,
            break_even_benefit_eur=benefit,
            because=_because(self.problem, self.result, self.i, reason),
            reason=reason,
            unfinished=self.unfinished,
        )

    def _with(self) -> Found | None:
        try:
            return best_plan(self.problem, self.clock, force=[self.i])
        except SolverStopped:
            self.unfinished.append("loss_if_forced_eur")
            return None

    def _without(self) -> float | None:
        """Best value without it; where floors need it there is no plan without it."""
        try:
            plan = best_plan(self.problem, self.clock, forbid=[self.i])
        except SolverStopped:
            self.unfinished.append("loss_if_removed_eur")
            return None
        return None if plan is None else plan.value_eur

    def _finished(self, name: str, figure: object, without: float) -> float | None:
        try:
            return figure(self.problem, self.i, without, self.clock)  # type: ignore[operator, no-any-return]
        except SolverStopped:
            self.unfinished.append(name)
            return None

    def _reason(self, *, forced: Found | None) -> Reason:
        known = self.result.reasons[self.i]
        impossible = (
            known.code == "outranked" and forced is None and "loss_if_forced_eur" not in self.unfinished
        )
        if not impossible:
            return known
        code, it, en, names = why_not(self.problem, self.result.choice, self.i, payable=False)
        return Reason(
            code=code,
            it=it,
            en=en,
            value_eur=known.value_eur,
            priced_cost_eur=known.priced_cost_eur,
            names=names,
        )


def break_even_cost(problem: Problem, i: int, without_eur: float, clock: Clock) -> float | None:
    """Return the highest cost of ``i`` [EUR] at which a plan with it is worth ``without_eur`` or more.

    None when no cost works.
    """
    model, columns = build(problem, free_cost=i)
    if not columns.c:
        return None
    changed = Extension(force_in(model, columns.x, [i]))
    worth = [(c, float(v)) for c, v in enumerate(model.cost) if v]
    changed.row([c for c, _ in worth], [v for _, v in worth], lower=without_eur / 1000 - _SLACK)
    changed.objective((c, 1.0) for c in columns.c.values())
    claim = solve_exactly(changed.finish(), clock)
    if claim is None or claim.x is None:
        return None
    exact = rounded(claim.x, changed.finish(), clock) or claim
    assert exact.value is not None
    return exact.value * 1000


def break_even_benefit(problem: Problem, i: int, without_eur: float, clock: Clock) -> float | None:
    """Return the least benefit of ``i`` [EUR, at its start] at which a best plan includes it.

    None when no benefit works; never below 0.
    """
    benefit = float(problem.benefit_eur[i])
    for _ in range(_STEPS):
        plan = best_plan(_with_benefit(problem, i, benefit), clock, force=[i])
        if plan is None:
            return None
        rest = _with_benefit(problem, i, 0.0).plan_value_eur(plan.starts)
        slope = _alone(problem, i).plan_value_eur(plan.starts)
        if slope <= 0:
            return None
        crossing = max(0.0, (without_eur - rest) / slope)
        if abs(crossing - benefit) <= 1e-4:
            return crossing
        benefit = crossing
    return benefit


def _with_benefit(problem: Problem, i: int, benefit_eur: float) -> Problem:
    benefits = problem.benefit_eur.copy()
    benefits[i] = benefit_eur
    return dataclasses.replace(problem, benefit_eur=benefits)


def _alone(problem: Problem, i: int) -> Problem:
    """Return the problem in which ``i`` brings 1 EUR and nothing else brings any."""
    benefits = np.zeros_like(problem.benefit_eur)
    benefits[i] = 1.0
    return dataclasses.replace(problem, benefit_eur=benefits)


def _because(problem: Problem, result: Result, i: int, reason: Reason) -> list[Cause]:
    """List what decided: relations first, then the budgets and floors that bind where it could be paid."""
    causes = []
    if reason.names is not None:
        kind = "requires" if reason.code == "requires_unfunded" else "excludes"
        causes.append(Cause(kind=kind, key=reason.names))
    if reason.code == "not_fundable":
        causes.append(Cause(kind="sources", key=";".join(problem.open_caps_cents(i)) or "none"))
    sources, years = set(problem.rates(i)), set(problem.starts(i))
    causes += [
        Cause(kind="budget", key=f"{source} {year}", price=price)
        for (source, year), price in sorted(result.prices.items())
        if price > 0 and source in sources and year in years
    ]
    return causes + _floors(problem, result.floor_prices, i)


def _floors(problem: Problem, prices: Mapping[tuple[str, str], float], i: int) -> list[Cause]:
    mine = {"municipality": problem.municipalities[i], "domain": problem.domains[i]}
    return [
        Cause(kind="floor", key=f"{kind} {key}", price=price)
        for (kind, key), price in sorted(prices.items())
        if price > 0 and mine.get(kind, key) == key
    ]
