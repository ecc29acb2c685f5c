"""Solve a programme folder exactly, through the shared tables that it stands for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from contado.kernel.errors import InfeasibleProgramme
from contado.kernel.portfolio import Problem, verify
from contado.kernel.portfolio.milp import build
from contado.kernel.portfolio.verify import Start
from contado.kernel.solver import solve as solve_here
from contado.kernel.tables.programme_folder import as_shared_tables
from contado.verbs.portfolio._folder import rows_set_aside
from contado.verbs.portfolio._out import write_programme
from contado.verbs.portfolio.solve import Chosen, FloorPrice, Joint, Payment, Price, Seconds, SolveAnswer
from contado.verbs.portfolio.verify import broken

if TYPE_CHECKING:
    from contado.kernel.declare import Context
    from contado.kernel.portfolio import Result, Verdict
    from contado.kernel.tables.exchange import Folder
    from contado.verbs.portfolio.solve import SolveRequest

__all__ = ["solve"]


def solve(folder: Folder, request: SolveRequest, context: Context, read_s: float) -> SolveAnswer:
    """Return the programme of a folder; rules that cannot be kept together are an answer, not an error."""
    started = time.perf_counter()
    shared = as_shared_tables(folder.tables)
    problem = Problem.from_tables(shared, floors=request.floors, discount_rate_share=request.discount_rate)
    built = time.perf_counter()
    try:
        result = problem.solve(
            gap_share=request.gap,
            time_limit_s=request.time_limit_s,
            seed=request.seed,
            progress=context.progress,
            cancel=context.cancel,
        )
    except InfeasibleProgramme:
        seconds = Seconds(read=read_s, build=built - started, solve=time.perf_counter() - built, verify=0.0)
        return _infeasible(folder, seconds)
    solved = time.perf_counter()
    verdict = _audited(folder, result, floors=request.floors)
    seconds = Seconds(
        read=read_s, build=built - started, solve=solved - built, verify=time.perf_counter() - solved
    )
    if request.out is not None and verdict.ok:
        write_programme(request.out, shared, result, request)
    return _answer(folder, result, verdict, seconds)


def _audited(folder: Folder, result: Result, *, floors: bool) -> Verdict:
    """Recompute the programme from the folder's own rows, not from the problem's."""
    plan = [
        Start(
            intervention_id=result.problem.ids[i],
            start_year=year,
            payments_cents=dict(result.choice.payments[i]),
        )
        for i, year in sorted(result.choice.starts.items())
    ]
    rows = {n: t.to_pylist() for n, t in folder.tables.items() if floors or n != "equity_floors"}
    return verify(rows, plan, discount_rate_share=result.problem.discount_rate_share)


def _answer(folder: Folder, result: Result, verdict: Verdict, seconds: Seconds) -> SolveAnswer:
    joint = result.joint_worksites()
    return SolveAnswer(
        kind="programme",
        status=result.status,
        value=result.value_eur,
        bound=result.bound_eur,
        gap=result.gap_share,
        proof=result.proof,
        verified=verdict.ok,
        violations=broken(verdict),
        method="milp",
        solver=result.solver,
        seconds=seconds,
        rows_set_aside=rows_set_aside(folder),
        prices=[Price(source=s, year=y, price=p) for (s, y), p in sorted(result.prices.items())],
        floor_prices=_floor_prices(result.problem),
        programme=[_chosen(result, i) for i in sorted(result.choice.starts)],
        joint_worksites=[Joint(a=a, b=b, year=y, saving_eur=cents / 100) for a, b, y, cents in joint],
        findings=list(folder.findings),
    )


def _chosen(result: Result, i: int) -> Chosen:
    year = result.choice.starts[i]
    return Chosen(
        intervention_id=result.problem.ids[i],
        start_year=year,
        value_eur=result.problem.value_eur(i, year),
        payments=[Payment(source=f, amount_eur=c / 100) for f, c in result.choice.payments[i].items()],
    )


def _floor_prices(problem: Problem) -> list[FloorPrice]:
    """Return the duals of the floors in the linear relaxation; they are the model's last rows, sorted."""
    floors = sorted(problem.floors_cents)
    if not floors:
        return []
    dual = solve_here(build(problem)[0].relaxed()).row_dual
    if dual is None:
        return []
    prices = zip(floors, dual[-len(floors) :], strict=True)
    return [FloorPrice(municipality=key, price=abs(float(p))) for (_, key), p in prices]


def _infeasible(folder: Folder, seconds: Seconds) -> SolveAnswer:
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
        seconds=seconds,
        rows_set_aside=rows_set_aside(folder),
        prices=[],
        floor_prices=[],
        programme=[],
        joint_worksites=[],
        conflict=[],
        findings=list(folder.findings),
    )
