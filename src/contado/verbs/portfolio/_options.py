"""Solve an options folder by the price method and let the auditor check plan and bound."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from contado.kernel.errors import CertificateFailed, UsageError
from contado.kernel.portfolio.options import Options
from contado.kernel.portfolio.price import FloorConflict, OptionsResult, solve_options
from contado.kernel.portfolio.verify_options import recomputed_bound_eur, verify_options
from contado.verbs.portfolio._folder import file_rows, rows_set_aside
from contado.verbs.portfolio._out import write_options
from contado.verbs.portfolio.solve import FloorPrice, Price, Relax, Seconds, SolveAnswer
from contado.verbs.portfolio.verify import broken

if TYPE_CHECKING:
    from contado.kernel.declare import Context
    from contado.kernel.portfolio.verify import Verdict
    from contado.kernel.tables.exchange import Folder
    from contado.verbs.portfolio.solve import SolveRequest

__all__ = ["solve"]


def solve(folder: Folder, request: SolveRequest, context: Context, read_s: float) -> SolveAnswer:
    """Return the plan of an options folder; infeasible floors are an answer, not an error."""
    _refuse_what_options_lack(request)
    started = time.perf_counter()
    floors = request.floors == "hard"
    options = Options.from_tables(folder.tables, floors=floors)
    built = time.perf_counter()
    try:
        result = solve_options(
            options,
            gap_share=request.gap,
            time_limit_s=request.time_limit_s,
            method=request.method,
            seed=request.seed,
            progress=context.progress,
            cancel=context.cancel,
        )
    except FloorConflict as conflict:
        seconds = Seconds(read=read_s, build=built - started, solve=time.perf_counter() - built, verify=0.0)
        return _infeasible(folder, conflict, seconds)
    solved = time.perf_counter()
    verdict = _audited(folder, result, floors=floors)
    seconds = Seconds(
        read=read_s,
        build=built - started,
        solve=solved - built,
        verify=time.perf_counter() - solved,
    )
    if request.out is not None and verdict.ok:
        write_options(request.out, folder, result, request)
    return _answer(folder, result, verdict, seconds)


def _refuse_what_options_lack(request: SolveRequest) -> None:
    """Refuse what only a programme folder knows.

    Raises
    ------
    UsageError
        Soft floors, draws or scenarios are asked for.
    """
    asked = {
        "floors": request.floors == "soft",
        "draws": request.draws > 0,
        "scenarios": request.scenarios is not None or request.now_years is not None,
    }
    for name in (n for n, wanted in asked.items() if wanted):
        raise UsageError(
            "Soft floors, draws and scenarios are questions to a programme folder, not to options.",
            hint=f"leave --{name} out, or give a programme folder",
            field=name,
        )


def _audited(folder: Folder, result: OptionsResult, *, floors: bool) -> Verdict:
    """Recompute plan and bound from the tables.

    Raises
    ------
    CertificateFailed
        The bound is not the one that the prices prove.
    """
    bound = recomputed_bound_eur(folder.tables, result.prices, result.floor_prices)
    if abs(bound - result.bound_eur) > 1e-9 * max(1.0, abs(bound)):
        raise CertificateFailed(
            f"The prices prove a bound of {bound:.2f} EUR, not {result.bound_eur:.2f} EUR.",
            hint="report the folder; nothing was written",
        )
    return verify_options(folder.tables, result.chosen, floors=floors)


def _answer(folder: Folder, result: OptionsResult, verdict: Verdict, seconds: Seconds) -> SolveAnswer:
    row = file_rows(folder)
    return SolveAnswer(
        kind="options",
        status=result.status,
        value=result.value_eur,
        bound=result.bound_eur,
        gap=result.gap_share,
        proof="prices",
        verified=verdict.ok,
        violations=broken(verdict),
        method=result.method,
        solver=result.solver,
        seconds=seconds,
        rows_set_aside=rows_set_aside(folder),
        prices=[Price(budget=b, price=p) for b, p in result.prices.items()],
        floor_prices=[FloorPrice(municipality=q, price=p) for q, p in result.floor_prices.items()],
        chosen=[row[o] for o in result.chosen],
        margins_given_up=result.margins_given_up_eur,
        priced_slack=result.priced_slack_eur,
        findings=list(folder.findings),
    )


def _infeasible(folder: Folder, conflict: FloorConflict, seconds: Seconds) -> SolveAnswer:
    return SolveAnswer(
        kind="options",
        status="infeasible",
        value=None,
        bound=None,
        gap=None,
        proof="none",
        verified=False,
        violations=[],
        method="price",
        solver="none",
        seconds=seconds,
        rows_set_aside=rows_set_aside(folder),
        prices=[],
        floor_prices=[],
        chosen=[],
        conflict=[
            Relax(rule="floor", key=f"municipality {place}", relax_eur=eur)
            for place, eur in conflict.lacking_eur.items()
        ],
        findings=list(folder.findings),
    )
