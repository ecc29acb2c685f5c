"""The price method: large programmes with a bound that a reader can recompute.

Prices of budgets and floors come from the smoothed dual (`price_dual`), a plan from sweeps, repair and
fill at those prices (`price_round`). The bound is that of weak duality at the printed prices; small
programmes may be finished by the exact solver, whose word never counts as proof.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from contado.kernel.errors import CertificateFailed, InfeasibleProgramme, SolverStopped
from contado.kernel.portfolio.price_loops import path_of
from contado.kernel.portfolio.price_stop import Stop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from contado.kernel.portfolio.options import Options
    from contado.kernel.portfolio.price_dual import Dual
    from contado.kernel.portfolio.price_loops import Path
    from contado.kernel.portfolio.price_round import Plan
    from contado.kernel.progress import Cancel, Progress

__all__ = ["FloorConflict", "Method", "OptionsResult", "OptionsStatus", "solve_options"]

Method = Literal["auto", "milp", "price"]
OptionsStatus = Literal["optimal", "claimed", "feasible", "empty"]

_ATTEMPTS = (1.0, 4.0, 16.0)
"""How much sharper the prices of each attempt are than the gap asks for."""
_SMALL = 2_000
"""Sites up to which, where rounding missed the gap, pairs are exchanged and ``auto`` lets the exact solver try."""


class FloorConflict(InfeasibleProgramme):
    """Floors that cannot be met together; ``lacking_eur`` says by how much, by municipality."""

    lacking_eur: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsResult:
    """A plan of a large programme, the prices, and the bound that they prove."""

    chosen: tuple[int, ...]
    """Rows of the input, ascending."""
    status: OptionsStatus
    value_eur: float
    bound_eur: float
    prices: Mapping[str, float]
    """Value of one more euro in each budget."""
    floor_prices: Mapping[str, float]
    """Benefit that one more euro reserved for a municipality costs."""
    margins_given_up_eur: float
    priced_slack_eur: float
    """The gap is exactly the sum of these two."""
    method: str
    solver: str
    passes: int
    seconds: float
    stop_after: int = 0
    """Where the clock or a person ended the price method, so that it can end there again; 0 = they did not."""
    claimed_eur: float | None = None
    """Bound that the exact solver claims, where its word closes the gap."""

    @property
    def gap_share(self) -> float:
        """Relative gap (bound - value) / bound."""
        return max(0.0, self.bound_eur - self.value_eur) / self.bound_eur if self.bound_eur > 0 else 0.0


def solve_options(  # noqa: PLR0913 - each is one fact of a run
    options: Options,
    *,
    gap_share: float = 1e-4,
    time_limit_s: float = 60.0,
    method: Method = "auto",
    seed: int = 0,
    path: Path | None = None,
    stop_after: int | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> OptionsResult:
    """Choose at most one option a site under budgets and floors.

    Parameters
    ----------
    path
        Compiled or numpy loops; None = the fastest at hand. The result's ``solver`` says which were taken.
    stop_after
        Where an earlier run was ended (its ``stop_after``), so that this one ends there.

    Raises
    ------
    FloorConflict
        The floors cannot be met under the budgets.
    SolverStopped
        No plan was found that keeps every row.
    """
    if not options.n_options:
        return _empty(options)
    _refuse_impossible_floors(options)
    way = path_of(path)
    _made_ready(way)
    started = time.perf_counter()
    run, stop = (started, way), Stop(ends_s=started + time_limit_s, cancel=cancel, after=stop_after)
    dual, result = _by_prices(
        options, gap_share, seed, run, stop=stop, rounded=method != "milp", progress=progress
    )
    exact = method == "milp" or (method == "auto" and options.n_sites <= _SMALL)
    if result is not None and stop.ended:
        result = replace(result, stop_after=stop.at if result.status != "optimal" else 0)
    elif exact and (result is None or result.status != "optimal") and not (cancel and cancel.requested):
        left = max(1.0, time_limit_s - (time.perf_counter() - started))
        result = _finished(options, dual, result, (gap_share, left, seed, run), progress, cancel)
    if result is None:
        _explain_failure(options, time_limit_s)
    assert result is not None
    if progress is not None:
        progress("plan", 2, 2, {"plan": result.value_eur, "bound": result.bound_eur, "gap": result.gap_share})
    return result


@cache
def _made_ready(path: Path) -> None:
    """Let the compiler do its work, or load it, on a programme of two sites: no part of the time of a search."""
    from contado.kernel.portfolio.options import Options

    budget = np.column_stack([np.arange(4) % 2, np.full(4, -1)])
    cost = np.column_stack([np.arange(1.0, 5.0), np.zeros(4)])
    tiny = Options.from_arrays(
        site=np.arange(4) // 2,
        benefit_eur=cost[:, 0],
        budget=budget,
        cost_eur=cost,
        budget_eur=np.array([3.0, 2.0]),
        municipality=np.zeros(4, dtype=np.int64),
        floor_eur=np.array([1.0]),
    )
    _by_prices(tiny, 0.1, 0, (0.0, path), stop=Stop(), rounded=True, progress=None)


def _by_prices(
    options: Options,
    gap_share: float,
    seed: int,
    run: tuple[float, Path],
    *,
    stop: Stop,
    rounded: bool,
    progress: Progress | None,
) -> tuple[Dual, OptionsResult | None]:
    """Return prices and, unless only these are wanted, the best plan that some attempts round from them.

    An attempt that misses the gap is followed by one with sharper prices, whose rounding ends elsewhere.
    """
    from contado.kernel.portfolio.price_dual import dual_prices
    from contado.kernel.portfolio.price_round import plan_of, round_plan

    best: OptionsResult | None = None
    chosen: NDArray[np.int64] | None = None
    start: NDArray[np.float64] | None = None
    dual: Dual | None = None
    for sharper in _ATTEMPTS if rounded else _ATTEMPTS[:1]:
        wanted = gap_share / sharper
        new = dual_prices(options, gap_share=wanted, seed=seed, stop=stop, path=run[1], start=start)
        dual = new if dual is None or new.bound < dual.bound else dual
        start = new.prices
        if progress is not None:
            progress("prices", 1, 2, {"bound": dual.bound / 100})
        if not rounded:
            break
        plan = round_plan(options, new, gap_share=gap_share, stop=stop, path=run[1])
        plan = _polished(options, dual, plan, gap_share)
        if plan is not None and (best is None or plan.value > 100 * best.value_eur):
            chosen = plan.chosen
        if chosen is not None:
            best = _result(options, dual, plan_of(options, dual, chosen), gap_share, run)
        if (best is not None and best.status == "optimal") or stop.reached():
            break
    assert dual is not None
    return dual, best


def _polished(options: Options, dual: Dual, plan: Plan | None, gap_share: float) -> Plan | None:
    """Return the plan after exchanges between pairs of sites, where it needs them and these are few enough."""
    from contado.kernel.portfolio.exchange import exchanged
    from contado.kernel.portfolio.price_round import plan_of

    if plan is None or options.n_sites > _SMALL or dual.bound - plan.value <= gap_share * dual.bound:
        return plan
    return plan_of(options, dual, exchanged(options, dual.prices, plan.chosen))


def _refuse_impossible_floors(options: Options) -> None:
    """Refuse a floor above all that its municipality's sites could ever be paid."""
    m = options.n_rows
    if m == options.n_budgets:
        return
    most = np.zeros(m + 1)
    for k in range(options.row.shape[1]):
        paid = -np.minimum(options.amount[:, k], 0.0)
        largest = np.maximum.reduceat(paid, options.ptr[:-1])
        row = np.where(options.amount[:, k] < 0, options.row[:, k], m)
        np.add.at(most, np.minimum.reduceat(row, options.ptr[:-1]), largest)
    floor = -options.limit[options.n_budgets :]
    short = np.flatnonzero(most[options.n_budgets : m] < floor)
    if len(short):
        lacking = {
            options.municipalities[q]: float(floor[q] - most[options.n_budgets + q]) / 100 for q in short
        }
        raise _infeasible(lacking)


def _infeasible(lacking_eur: Mapping[str, float]) -> FloorConflict:
    named = ", ".join(f"{place} ({eur:.2f} EUR)" for place, eur in lacking_eur.items())
    error = FloorConflict(
        f"No programme keeps all rules: floors that cannot be met, and what they lack: {named}.",
        hint="lower these floors, raise the budgets, or solve without floors",
        field="equity_floors",
    )
    error.lacking_eur = dict(lacking_eur)
    return error


def _explain_failure(options: Options, time_limit_s: float) -> None:
    """Say whether the floors are in conflict or the search merely found nothing.

    Raises
    ------
    FloorConflict
        The floors cannot be met even by fractions of options.
    SolverStopped
        They can, but no plan was found.
    """
    from contado.kernel.portfolio.options_model import floor_conflict

    floors = options.n_rows > options.n_budgets
    conflict = floor_conflict(options, time_limit_s=time_limit_s) if floors else []
    if conflict:
        raise _infeasible({c.municipality: c.relax_eur for c in conflict})
    raise SolverStopped(
        "No plan was found that keeps every budget and floor.",
        hint="give more time, lower the floors, or install the extra roads, whose compiler speeds this up",
    )


def _result(
    options: Options, dual: Dual, plan: Plan, gap_share: float, run: tuple[float, Path]
) -> OptionsResult:
    started, path = run
    _refuse_broken(options, plan.chosen)
    nb = options.n_budgets
    bound = options.bound(dual.prices)
    status: OptionsStatus = "optimal" if bound - plan.value <= gap_share * abs(bound) else "feasible"
    return OptionsResult(
        chosen=tuple(sorted(options.source_row[plan.chosen].tolist())),
        status=status,
        value_eur=plan.value / 100,
        bound_eur=bound / 100,
        prices=dict(zip(options.budgets, dual.prices[:nb].tolist(), strict=True)),
        floor_prices=dict(zip(options.municipalities, dual.prices[nb:].tolist(), strict=True)),
        margins_given_up_eur=plan.margins_given_up / 100,
        priced_slack_eur=plan.priced_slack / 100,
        method="price",
        solver=f"price method, {path}",
        passes=dual.passes,
        seconds=time.perf_counter() - started,
    )


def _refuse_broken(options: Options, chosen: NDArray[np.int64]) -> None:
    sites = np.searchsorted(options.ptr, chosen, side="right")
    if (options.use(chosen) > options.limit).any() or len(np.unique(sites)) < len(sites):
        raise CertificateFailed(
            "The plan found breaks a row of the programme.", hint="report the folder; nothing was written"
        )


def _finished(
    options: Options,
    dual: Dual,
    result: OptionsResult | None,
    limits: tuple[float, float, int, tuple[float, Path]],
    progress: Progress | None,
    cancel: Cancel | None,
) -> OptionsResult | None:
    """Return the better of the plan so far and the exact solver's; its bound is a claim, the prices' stays."""
    from contado.kernel.portfolio.options_model import best_by_milp
    from contado.kernel.portfolio.price_round import plan_of

    gap_share, left, seed, run = limits
    claim, chosen = best_by_milp(
        options, gap_share=gap_share, time_limit_s=left, seed=seed, progress=progress, cancel=cancel
    )
    if chosen is None:
        return result
    found = _result(options, dual, plan_of(options, dual, chosen), gap_share, run)
    claimed = found.status == "feasible" and claim.gap is not None and claim.gap <= gap_share
    found = replace(found, method="milp", solver=claim.solver)
    if claimed and claim.bound is not None:
        found = replace(found, status="claimed", claimed_eur=1000 * claim.bound)
    better = result is None or found.value_eur > result.value_eur or claimed
    return found if better else result


def _empty(options: Options) -> OptionsResult:
    if (options.limit[options.n_budgets :] < 0).any():
        floor = -options.limit[options.n_budgets :] / 100
        raise _infeasible(dict(zip(options.municipalities, floor.tolist(), strict=True)))
    return OptionsResult(
        chosen=(),
        status="empty",
        value_eur=0.0,
        bound_eur=0.0,
        prices=dict.fromkeys(options.budgets, 0.0),
        floor_prices=dict.fromkeys(options.municipalities, 0.0),
        margins_given_up_eur=0.0,
        priced_slack_eur=0.0,
        method="price",
        solver="none",
        passes=0,
        seconds=0.0,
    )
