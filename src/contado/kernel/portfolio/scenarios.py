"""One plan for several futures: mean and tail, regret, and what may wait.

CVaR: R. T. Rockafellar, S. Uryasev, Optimization of conditional value-at-risk, Journal of Risk 2, 2000. A
scenario states other benefits; costs, budgets and rules stay. All scenarios weigh the same.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.kernel.errors import DataError, InfeasibleProgramme, UsageError, did_you_mean
from contado.kernel.portfolio.edit import Extension, joined
from contado.kernel.portfolio.milp import build, choice_of
from contado.kernel.portfolio.search import Clock, best_plan, solve_exactly

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from contado.kernel.portfolio.milp import Columns
    from contado.kernel.portfolio.problem import Problem
    from contado.kernel.portfolio.result import Choice
    from contado.kernel.solver import Model

__all__ = ["RiskPlan", "TwoStage", "cvar", "read_scenarios", "solve_cvar", "solve_regret", "two_stage"]

Scenarios = dict[str, "NDArray[np.float64]"]
"""Scenario -> benefit of each intervention at its start [EUR], shape (n,)."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RiskPlan:
    """One plan for all scenarios, its value in each, their mean and the mean of the worst ones [EUR]."""

    choice: Choice
    objective: float
    mean_value: float
    cvar_value: float
    scenario_values: dict[str, float]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TwoStage:
    """Starts up to a year alike in all scenarios, later ones each scenario's own.

    ``recourse_value``: mean value less the best mean of one plan for all scenarios [EUR].
    """

    value: float
    recourse_value: float
    now: dict[int, int]
    by_scenario: dict[str, tuple[float, Choice]]


def read_scenarios(problem: Problem, rows: Iterable[Mapping[str, Any]]) -> Scenarios:
    """Read rows scenario, intervention_id, benefit_eur; what a scenario leaves out keeps its stated benefit.

    Raises
    ------
    DataError
        Rules ``unknown_id``, ``missing_benefit``, ``no_scenario``.
    """
    position = {key: i for i, key in enumerate(problem.ids)}
    found: Scenarios = {}
    for row in rows:
        key, cell = str(row["intervention_id"]), row["benefit_eur"]
        if key not in position:
            raise DataError(
                f"Scenario {row['scenario']}: there is no intervention {key!r}.",
                rule="unknown_id",
                hint=did_you_mean(key, position),
                field="intervention_id",
            )
        if cell is None or cell == "" or not math.isfinite(float(cell)):
            raise DataError(
                f"Scenario {row['scenario']}: the benefit of {key} is {cell!r}.",
                rule="missing_benefit",
                hint="give benefit_eur at the start year",
                field="benefit_eur",
            )
        benefits = found.setdefault(str(row["scenario"]), problem.benefit_eur.copy())
        benefits[position[key]] = float(cell)
    if not found:
        raise DataError(
            "There is no scenario.", rule="no_scenario", hint="scenario,intervention_id,benefit_eur"
        )
    return dict(sorted(found.items()))


def cvar(values: Sequence[float], alpha: float) -> float:
    """Return the mean of the worst (1 - alpha) share of equally likely values; alpha 0 is the mean.

    Examples
    --------
    >>> cvar([10.0, 20.0, 30.0, 40.0], 0.5), cvar([10.0, 20.0, 30.0, 40.0], 0.0)
    (15.0, 25.0)
    """
    ordered = sorted(values)
    weight = (1 - alpha) * len(ordered)
    shares = [min(1.0, max(0.0, weight - k)) for k in range(len(ordered))]
    return math.fsum(s * v for s, v in zip(shares, ordered, strict=True)) / weight


def solve_cvar(
    problem: Problem, scenarios: Scenarios, *, alpha: float, weight: float, time_limit_s: float = 60.0
) -> RiskPlan:
    """Maximise (1 - weight) mean + weight CVaR_alpha, with alpha in [0, 1).

    Raises
    ------
    InfeasibleProgramme
        No programme meets the floors under the budgets.
    UsageError
        alpha or weight out of range.
    """
    _in_range(alpha, weight)
    model, columns = build(problem)
    changed = Extension(model)
    worth = _objectives(problem, scenarios)
    tail = changed.column(lower=-math.inf)
    short = [changed.column() for _ in worth]
    for column, value in zip(short, worth, strict=True):
        used = np.flatnonzero(value)
        changed.row([column, tail, *used.tolist()], [1.0, -1.0, *value[used].tolist()], lower=0.0)
    mean = (1 - weight) * np.mean(worth, axis=0)
    terms = [(int(c), float(mean[c])) for c in np.flatnonzero(mean)]
    terms += [(tail, weight)] + [(c, -weight / ((1 - alpha) * len(short))) for c in short]
    changed.objective(terms)
    return _risk_plan(problem, columns, changed.finish(), scenarios, time_limit_s, (alpha, weight))


def solve_regret(
    problem: Problem, scenarios: Scenarios, *, time_limit_s: float = 60.0
) -> tuple[RiskPlan, float]:
    """Return the plan whose greatest regret over the scenarios is least, and that regret [EUR].

    The regret in a scenario is the value of its own best plan less that of this plan.

    Raises
    ------
    InfeasibleProgramme
        No programme meets the floors under the budgets.
    """
    clock = Clock(limit_s=time_limit_s)
    best = {name: _best_value(problem.with_figures(benefit_eur=b), clock) for name, b in scenarios.items()}
    model, columns = build(problem)
    changed = Extension(model)
    worst = changed.column()
    for value, name in zip(_objectives(problem, scenarios), scenarios, strict=True):
        used = np.flatnonzero(value)
        changed.row([worst, *used.tolist()], [1.0, *value[used].tolist()], lower=best[name] / 1000)
    changed.objective([(worst, -1.0)])
    plan = _risk_plan(problem, columns, changed.finish(), scenarios, clock.left_s(), (0.0, 0.0))
    return plan, max(0.0, *(best[name] - value for name, value in plan.scenario_values.items()))


def two_stage(
    problem: Problem, scenarios: Scenarios, *, now_years: int, time_limit_s: float = 60.0
) -> TwoStage:
    """Plan with recourse: starts in years up to ``now_years`` are common, later ones follow the scenario.

    The deterministic equivalent: one copy of the model a scenario, joined by the common starts.

    Raises
    ------
    InfeasibleProgramme
        No programme meets the floors under the budgets.
    """
    clock = Clock(limit_s=time_limit_s)
    drawn = {name: problem.with_figures(benefit_eur=b) for name, b in scenarios.items()}
    built = [build(p) for p in drawn.values()]
    width = built[0][0].n_columns
    changed = Extension(joined([model for model, _ in built]))
    common = [c for (_, year), c in built[0][1].x.items() if year <= now_years]
    for k in range(1, len(built)):
        for c in common:
            changed.row([c, c + k * width], [1.0, -1.0], lower=0.0, upper=0.0)
    claim = solve_exactly(changed.finish(), clock)
    if claim is None or claim.x is None:
        raise _no_plan()
    plans = {
        name: _scenario_plan(p, columns, claim.x[k * width : (k + 1) * width])
        for k, ((name, p), (_, columns)) in enumerate(zip(drawn.items(), built, strict=True))
    }
    value = math.fsum(v for v, _ in plans.values()) / len(plans)
    mean = problem.with_figures(benefit_eur=np.mean(list(scenarios.values()), axis=0))
    first = next(iter(plans.values()))[1]
    return TwoStage(
        value=value,
        recourse_value=max(0.0, value - _best_value(mean, clock)),
        now={i: year for i, year in sorted(first.starts.items()) if year <= now_years},
        by_scenario=plans,
    )


def _scenario_plan(problem: Problem, columns: Columns, x: NDArray[np.float64]) -> tuple[float, Choice]:
    choice = choice_of(problem, columns, x)
    return problem.plan_value_eur(choice.starts), choice


def _objectives(problem: Problem, scenarios: Scenarios) -> list[NDArray[np.float64]]:
    """Return the objective of each scenario over the columns of the model, in thousands."""
    return [build(problem.with_figures(benefit_eur=b))[0].cost for b in scenarios.values()]


def _risk_plan(
    problem: Problem,
    columns: Columns,
    model: Model,
    scenarios: Scenarios,
    time_limit_s: float,
    risk: tuple[float, float],
) -> RiskPlan:
    claim = solve_exactly(model, Clock(limit_s=time_limit_s))
    if claim is None or claim.x is None:
        raise _no_plan()
    choice = choice_of(problem, columns, claim.x)
    values = {
        name: problem.with_figures(benefit_eur=b).plan_value_eur(choice.starts)
        for name, b in scenarios.items()
    }
    alpha, weight = risk
    mean, tail = float(np.mean(list(values.values()))), cvar(list(values.values()), alpha)
    return RiskPlan(
        choice=choice,
        objective=(1 - weight) * mean + weight * tail,
        mean_value=mean,
        cvar_value=tail,
        scenario_values=values,
    )


def _best_value(problem: Problem, clock: Clock) -> float:
    plan = best_plan(problem, clock)
    if plan is None:
        raise _no_plan()
    return plan.value_eur


def _no_plan() -> InfeasibleProgramme:
    return InfeasibleProgramme(
        "No programme keeps all rules: the floors cannot be met under the budgets.",
        hint="lower a floor, raise a budget, or plan without floors",
    )


def _in_range(alpha: float, weight: float) -> None:
    if not 0 <= alpha < 1:
        raise UsageError(f"cvar_alpha is {alpha:g}.", hint="0 <= alpha < 1", field="cvar_alpha")
    if not 0 <= weight <= 1:
        raise UsageError(f"cvar_weight is {weight:g}.", hint="0 <= weight <= 1", field="cvar_weight")
