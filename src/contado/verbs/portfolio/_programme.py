"""Solve a programme folder exactly, through the shared tables that it stands for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from contado.kernel.errors import InfeasibleProgramme, SolverStopped, UsageError
from contado.kernel.portfolio import Problem, robust, verify
from contado.kernel.portfolio.conflict import conflicts
from contado.kernel.portfolio.scenarios import read_scenarios, solve_cvar, two_stage
from contado.kernel.portfolio.soft import solve_soft
from contado.kernel.portfolio.verify import Start
from contado.kernel.tables.programme_folder import as_shared_tables
from contado.verbs._plans import chosen, joint_worksites, relaxations
from contado.verbs.portfolio._folder import rows_set_aside
from contado.verbs.portfolio._out import write_programme
from contado.verbs.portfolio.solve import (
    FloorPrice,
    Price,
    ScenarioPlan,
    Shortfall,
    SolveAnswer,
    Started,
    Times,
)
from contado.verbs.portfolio.verify import broken

if TYPE_CHECKING:
    from pathlib import Path

    from contado.kernel.declare import Context
    from contado.kernel.portfolio import Choice, Result, Verdict
    from contado.kernel.portfolio.robust import Robustness
    from contado.kernel.tables.exchange import Folder
    from contado.verbs._plans import Relax
    from contado.verbs.portfolio.solve import Seconds, SolveRequest

__all__ = ["solve"]


def solve(folder: Folder, request: SolveRequest, context: Context, read_s: float) -> SolveAnswer:
    """Return the programme of a folder; rules that cannot be kept together are an answer, not an error."""
    started = time.perf_counter()
    shared = as_shared_tables(folder.tables)
    problem = Problem.from_tables(
        shared, floors=request.floors != "none", discount_rate_share=request.discount_rate
    )
    _refuse_half_a_question(request)
    context.accept([*folder.findings, *problem.findings])
    built = time.perf_counter()
    times = Times(read=read_s, build=built - started, begun=built)
    if request.floors == "soft" and problem.floors_cents:
        return _with_soft_floors(folder, problem, request, times)
    if request.cvar_alpha is not None:
        return _at_risk(folder, problem, request, times)
    try:
        result = problem.solve(
            gap_share=request.gap,
            time_limit_s=request.time_limit_s,
            seed=request.seed,
            method=request.method,
            progress=context.progress,
            cancel=context.cancel,
        )
    except InfeasibleProgramme:
        return _infeasible(folder, problem, request, times)
    solved = time.perf_counter()
    verdict = _audited(folder, problem, result.choice, floors=request.floors == "hard")
    seconds = times.until(solved)
    sturdy = _assessed(result, request, context)
    if request.out is not None and verdict.ok:
        write_programme(request.out, shared, result, request, sturdy)
    answer = _answer(folder, result, verdict, seconds, sturdy)
    if request.scenarios is not None and request.now_years is not None:
        _add_stages(answer, problem, request.scenarios, request.now_years, request.time_limit_s)
    return answer


def _refuse_half_a_question(request: SolveRequest) -> None:
    """Refuse options that go together or exclude each other.

    Raises
    ------
    UsageError
        Scenarios without a question about them or the reverse; a file for a plan that cannot be run again.
    """
    risk = {"cvar_alpha": request.cvar_alpha, "cvar_weight": request.cvar_weight}
    absent = [name for name, value in risk.items() if value is None]
    staged = request.now_years is not None
    if len(absent) == 1:
        raise UsageError(
            "The worst scenarios need both their share and their weight.",
            hint="give --cvar-alpha A and --cvar-weight K",
            field=absent[0],
        )
    if (request.scenarios is not None) != (staged or not absent) or (staged and not absent):
        raise UsageError(
            "Scenarios answer one of two questions: what starts now, or which plan bears the worst of them.",
            hint="give --scenarios FILE.csv with --now-years YEAR, or with --cvar-alpha A --cvar-weight K",
            field="now_years" if request.scenarios is not None else "scenarios",
        )
    if request.floors == "soft" and (request.out or request.draws or request.scenarios):
        raise UsageError(
            "With soft floors there is a plan only: it breaks floors, so it is not written, drawn or staged.",
            hint="leave --out, --draws and --scenarios out, or keep the floors",
            field="floors",
        )
    if not absent and (request.out or request.draws):
        raise UsageError(
            "A plan for the worst scenarios is neither written nor drawn.",
            hint="leave --out and --draws out",
            field="cvar_alpha",
        )


def _add_stages(
    answer: SolveAnswer, problem: Problem, path: Path, now_years: int, time_limit_s: float
) -> None:
    """Add what starts now in every scenario, each scenario's plan, and what waiting is worth."""
    from contado.kernel.tables import read

    scenarios = read_scenarios(problem, read(path).table.to_pylist())
    staged = two_stage(problem, scenarios, now_years=now_years, time_limit_s=time_limit_s)
    answer.now = [Started(intervention_id=problem.ids[i], start_year=y) for i, y in staged.now.items()]
    answer.by_scenario = {
        name: ScenarioPlan(
            value=value,
            programme=chosen(problem.with_figures(benefit_eur=scenarios[name]), choice),
        )
        for name, (value, choice) in staged.by_scenario.items()
    }
    answer.recourse_value = staged.recourse_value


def _assessed(result: Result, request: SolveRequest, context: Context) -> Robustness | None:
    if not request.draws:
        return None
    return robust.assess(
        result.problem,
        result.choice,
        draws=request.draws,
        seed=request.seed,
        gap_share=request.gap,
        progress=context.progress,
        cancel=context.cancel,
    )


def _audited(folder: Folder, problem: Problem, choice: Choice, *, floors: bool) -> Verdict:
    """Recompute the programme from the folder's own rows, not from the problem's."""
    plan = [
        Start(intervention_id=problem.ids[i], start_year=year, payments_cents=dict(choice.payments[i]))
        for i, year in sorted(choice.starts.items())
    ]
    rows = {n: t.to_pylist() for n, t in folder.tables.items() if floors or n != "equity_floors"}
    return verify(rows, plan, discount_rate_share=problem.discount_rate_share)


def _answer(
    folder: Folder, result: Result, verdict: Verdict, seconds: Seconds, sturdy: Robustness | None
) -> SolveAnswer:
    answer = SolveAnswer(
        kind="programme",
        status=result.status,
        value=result.value_eur,
        bound=result.bound_eur,
        gap=result.gap_share,
        proof=result.proof,
        verified=verdict.ok,
        violations=broken(verdict),
        method=result.method,
        solver=result.solver,
        seconds=seconds,
        rows_set_aside=rows_set_aside(folder),
        prices=[Price(source=s, year=y, price=p) for (s, y), p in sorted(result.prices.items())],
        floor_prices=[
            FloorPrice(municipality=key, price=p) for (_, key), p in sorted(result.floor_prices.items())
        ],
        programme=chosen(result.problem, result.choice),
        joint_worksites=joint_worksites(result.problem, result.choice),
        findings=[*folder.findings, *result.problem.findings],
    )
    if sturdy is not None:
        answer.draws, answer.replan_method = sturdy.draws, sturdy.replan_method
        answer.selection_frequency, answer.robustness = sturdy.selection_frequency, dict(sturdy.robustness)
        answer.value_low, answer.value_high = sturdy.value_low, sturdy.value_high
        answer.soft_value_share = sturdy.soft_value_share
    return answer


def _with_soft_floors(folder: Folder, problem: Problem, request: SolveRequest, times: Times) -> SolveAnswer:
    """Return the plan that misses the floors least; the auditor checks everything but them."""
    plan = solve_soft(problem, time_limit_s=request.time_limit_s)
    answer = _on_the_solvers_word(
        folder, problem, plan.choice, (plan.value_eur, plan.bound_eur), request, times
    )
    answer.largest_shortfall = plan.largest_shortfall_share
    answer.shortfalls = [
        Shortfall(municipality=key, share=share) for (_, key), share in sorted(plan.shortfall_share.items())
    ]
    return answer


def _at_risk(folder: Folder, problem: Problem, request: SolveRequest, times: Times) -> SolveAnswer:
    """Return the plan of the largest (1 - weight) mean + weight CVaR over the scenarios; that is its value."""
    from contado.kernel.tables import read

    assert request.scenarios is not None
    assert request.cvar_alpha is not None
    assert request.cvar_weight is not None
    scenarios = read_scenarios(problem, read(request.scenarios).table.to_pylist())
    try:
        plan = solve_cvar(
            problem,
            scenarios,
            alpha=request.cvar_alpha,
            weight=request.cvar_weight,
            time_limit_s=request.time_limit_s,
        )
    except InfeasibleProgramme:
        return _infeasible(folder, problem, request, times)
    answer = _on_the_solvers_word(
        folder, problem, plan.choice, (plan.objective, plan.objective), request, times
    )
    answer.mean_value, answer.cvar_value = plan.mean_value, plan.cvar_value
    answer.scenario_values = plan.scenario_values
    return answer


def _on_the_solvers_word(
    folder: Folder,
    problem: Problem,
    choice: Choice,
    money: tuple[float, float],
    request: SolveRequest,
    times: Times,
) -> SolveAnswer:
    """Return the answer of a plan whose bound (``money``: value, bound) is the solver's claim."""
    solved = time.perf_counter()
    verdict = _audited(folder, problem, choice, floors=request.floors == "hard")
    value, bound = money
    gap = max(0.0, bound - value) / bound if bound > 0 else 0.0
    return SolveAnswer(
        kind="programme",
        status="claimed" if gap <= max(request.gap, 1e-9) else "feasible",
        value=value,
        bound=bound,
        gap=gap,
        proof="solver",
        verified=verdict.ok,
        violations=broken(verdict),
        method="milp",
        solver="HiGHS",
        seconds=times.until(solved),
        rows_set_aside=rows_set_aside(folder),
        prices=[],
        floor_prices=[],
        programme=chosen(problem, choice),
        joint_worksites=joint_worksites(problem, choice),
        findings=[*folder.findings, *problem.findings],
    )


def _infeasible(folder: Folder, problem: Problem, request: SolveRequest, times: Times) -> SolveAnswer:
    solved = time.perf_counter()
    return SolveAnswer(
        kind="programme",
        status="infeasible",
        value=None,
        bound=None,
        gap=None,
        proof="solver",
        verified=False,
        violations=[],
        method="milp",
        solver="HiGHS",
        seconds=times.until(solved),
        rows_set_aside=rows_set_aside(folder),
        prices=[],
        floor_prices=[],
        programme=[],
        joint_worksites=[],
        conflict=_conflict(problem, request.time_limit_s),
        findings=[*folder.findings, *problem.findings],
    )


def _conflict(problem: Problem, time_limit_s: float) -> list[Relax]:
    """Return the rules in conflict; none where the time did not suffice to know them."""
    try:
        found = conflicts(problem, time_limit_s=time_limit_s)
    except SolverStopped:
        return []
    return relaxations(found)
