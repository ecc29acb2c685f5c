"""Solve an options folder by the price method and let the auditor check plan and bound."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from contado.kernel.errors import CertificateFailed, UsageError
from contado.kernel.portfolio.options import Options
from contado.kernel.portfolio.options_robust import SoftFloors, assess_options, solve_soft_floors
from contado.kernel.portfolio.price import FloorConflict, OptionsResult, solve_options
from contado.kernel.portfolio.verify_options import recomputed_bound_eur, verify_options
from contado.verbs._plans import Relax
from contado.verbs.portfolio._folder import file_rows, rows_set_aside
from contado.verbs.portfolio._out import settings_of as _settings
from contado.verbs.portfolio._out import write_options
from contado.verbs.portfolio.solve import FloorPrice, Price, Seconds, Shortfall, SolveAnswer
from contado.verbs.portfolio.verify import broken

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.kernel.declare import Context
    from contado.kernel.portfolio.price_loops import Path
    from contado.kernel.portfolio.record import RunSettings
    from contado.kernel.portfolio.verify import Verdict
    from contado.kernel.tables.exchange import Folder
    from contado.verbs.portfolio.solve import SolveRequest

__all__ = ["solve", "solved_options"]


def solve(folder: Folder, request: SolveRequest, context: Context, read_s: float) -> SolveAnswer:
    """Return the plan of an options folder; infeasible floors are an answer, not an error."""
    _refuse_what_options_lack(request)
    started = time.perf_counter()
    options = Options.from_tables(folder.tables, floors=request.floors != "none")
    built = time.perf_counter()
    soft: SoftFloors | None = None
    try:
        result, soft = solved_options(options, _settings(request), context)
    except FloorConflict as conflict:
        seconds = Seconds(read=read_s, build=built - started, solve=time.perf_counter() - built, verify=0.0)
        return _infeasible(folder, conflict, seconds)
    solved = time.perf_counter()
    verdict = _audited(folder, result, soft, floors=request.floors != "none")
    seconds = Seconds(
        read=read_s,
        build=built - started,
        solve=solved - built,
        verify=time.perf_counter() - solved,
    )
    if request.out is not None and verdict.ok:
        write_options(request.out, folder, result, request)
    answer = _answer(folder, result, verdict, seconds)
    if soft is not None:
        missed = soft.shortfall_share
        answer.largest_shortfall = max(missed.values(), default=0.0)
        answer.shortfalls = [Shortfall(municipality=q, share=share) for q, share in missed.items()]
    if request.draws:
        _add_draws(answer, folder, options, result, request, context)
    return answer


def solved_options(
    options: Options,
    settings: RunSettings,
    context: Context,
    path: Path | None = None,
    stop_after: int | None = None,
) -> tuple[OptionsResult, SoftFloors | None]:
    """Solve as a run's settings say; beside the result what is kept of the floors where these are goals."""
    if settings.soft_floors and options.n_rows > options.n_budgets:
        soft = solve_soft_floors(
            options,
            gap_share=settings.gap_share,
            time_limit_s=settings.time_limit_s,
            method=settings.method,
            seed=settings.seed,
            path=path,
        )
        return soft.result, soft
    result = solve_options(
        options,
        gap_share=settings.gap_share,
        time_limit_s=settings.time_limit_s,
        method=settings.method,
        seed=settings.seed,
        path=path,
        stop_after=stop_after,
        progress=context.progress,
        cancel=context.cancel,
    )
    return result, None


def _add_draws(
    answer: SolveAnswer,
    folder: Folder,
    options: Options,
    result: OptionsResult,
    request: SolveRequest,
    context: Context,
) -> None:
    """Add how often each site is chosen when all benefits are drawn from their intervals."""
    table = folder.tables["options"]
    stated = table["benefit_eur"].to_numpy(zero_copy_only=False)
    ends = np.column_stack([_end(table, f"benefit_{end}_eur", stated) for end in ("low", "high")])
    ends[ends[:, 0] >= ends[:, 1]] = np.nan
    ends = np.where(np.isnan(ends), stated[:, None], ends)
    sturdy = assess_options(
        options,
        result,
        [str(s) for s in table["site"].to_pylist()],
        ends,
        draws=request.draws,
        seed=request.seed,
        gap_share=max(request.gap, 1e-3),
        progress=context.progress,
        cancel=context.cancel,
    )
    answer.draws, answer.replan_method = sturdy.draws, sturdy.replan_method
    answer.selection_frequency, answer.robustness = sturdy.selection_frequency, dict(sturdy.robustness)
    answer.value_low, answer.value_high = sturdy.value_low, sturdy.value_high
    answer.soft_value_share = sturdy.soft_value_share


def _end(table: pa.Table, name: str, stated: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a column of ends [EUR] (O), not a number where the cell or the column is empty."""
    if name not in table.column_names:
        return np.full(len(stated), np.nan)
    return np.asarray(table[name].to_numpy(zero_copy_only=False), dtype=np.float64)


def _refuse_what_options_lack(request: SolveRequest) -> None:
    """Refuse what only a programme folder knows: scenarios state benefits by intervention and year.

    Raises
    ------
    UsageError
        Scenarios are asked for.
    """
    asked = (request.scenarios, request.now_years, request.cvar_alpha, request.cvar_weight)
    if any(value is not None for value in asked):
        raise UsageError(
            "Scenarios and --now-years speak of interventions and years, which options do not have.",
            hint="leave --scenarios, --now-years, --cvar-alpha and --cvar-weight out, or give a programme folder",
            field="scenarios",
        )


def _audited(folder: Folder, result: OptionsResult, soft: SoftFloors | None, *, floors: bool) -> Verdict:
    """Recompute plan and bound from the tables; floors as goals count by what of them is kept.

    Raises
    ------
    CertificateFailed
        The bound is not the one that the prices prove.
    """
    tables = dict(folder.tables)
    if soft is not None:
        rows = [{"municipality": q, "min_spend_eur": eur} for q, eur in soft.kept_eur.items()]
        tables["equity_floors"] = pa.Table.from_pylist(rows)
    bound = recomputed_bound_eur(tables, result.prices, result.floor_prices)
    if abs(bound - result.bound_eur) > 1e-9 * max(1.0, abs(bound)):
        raise CertificateFailed(
            f"The prices prove a bound of {bound:.2f} EUR, not {result.bound_eur:.2f} EUR.",
            hint="report the folder; nothing was written",
        )
    return verify_options(tables, result.chosen, floors=floors)


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
