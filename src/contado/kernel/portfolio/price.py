"""The price method: large programmes with a bound that a reader can recompute.

Prices of budgets and floors come from the smoothed dual (`price_dual`), a plan from sweeps, repair and
fill at those prices (`price_round`). The bound is that of weak duality at the printed prices; small
programmes may be finished by the exact solver, whose word never counts as proof.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from contado.kernel.errors import CertificateFailed, InfeasibleProgramme, SolverStopped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from contado.kernel.portfolio.options import Options
    from contado.kernel.portfolio.price_dual import Dual
    from contado.kernel.portfolio.price_round import Plan
    from contado.kernel.progress import Cancel, Progress

__all__ = ["FloorConflict", "Method", "OptionsResult", "OptionsStatus", "solve_options"]

Method = Literal["auto", "milp", "price"]
OptionsStatus = Literal["optimal", "claimed", "feasible", "empty"]

_SMALL = 2_000
"""Sites up to which ``auto`` lets the exact solver try where the price method did not reach the gap."""


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

    @property
    def gap_share(self) -> float:
        """Relative gap (bound - value) / bound."""
        return max(0.0, self.bound_eur - self.value_eur) / self.bound_eur if self.bound_eur > 0 else 0.0


def solve_options(
    options: Options,
    *,
    gap_share: float = 1e-4,
    time_limit_s: float = 60.0,
    method: Method = "auto",
    seed: int = 0,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> OptionsResult:
    """Choose at most one option a site under budgets and floors.

    Raises
    ------
    FloorConflict
        The floors cannot be met under the budgets.
    SolverStopped
        No plan was found that keeps every row.
    """
    started = time.perf_counter()
    if not options.n_options:
        return _empty(options)
    _refuse_impossible_floors(options)
    from contado.kernel.portfolio.price_dual import dual_prices
    from contado.kernel.portfolio.price_round import round_plan

    dual = dual_prices(options, gap_share=gap_share, seed=seed, time_limit_s=time_limit_s)
    if progress is not None:
        progress("prices", 1, 2, {"bound": dual.bound / 100})
    plan = None
    if method != "milp":
        plan = round_plan(options, dual, gap_share=gap_share, deadline=started + time_limit_s)
    result = _result(options, dual, plan, gap_share, started) if plan is not None else None
    exact = method == "milp" or (method == "auto" and options.n_sites <= _SMALL)
    if exact and (result is None or result.status != "optimal") and not (cancel and cancel.requested):
        left = max(1.0, time_limit_s - (time.perf_counter() - started))
        result = _finished(options, dual, result, (gap_share, left, seed, started), progress, cancel)
    if result is None:
        _explain_failure(options, time_limit_s)
    assert result is not None
    if progress is not None:
        progress("plan", 2, 2, {"plan": result.value_eur, "bound": result.bound_eur, "gap": result.gap_share})
    return result


def _refuse_impossible_floors(options: Options) -> None:
    """Refuse a floor above all that its municipality's sites could ever be paid."""
    m = options.n_rows
    if m == options.n_budgets:
        return
    most = np.zeros(m + 1)
    for k in range(options.row.shape[1]):
        paid = -np.minimum(options.amount[:, k], 0.0)
        largest = np.maximum.reduceat(paid, options.ptr[:-1])
        row = options.row[options.ptr[:-1], k]
        np.add.at(most, row, largest)
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


def _result(options: Options, dual: Dual, plan: Plan, gap_share: float, started: float) -> OptionsResult:
    from contado.kernel.portfolio.price_kernels import COMPILED

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
        solver="price method, compiled" if COMPILED else "price method, numpy",
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
    limits: tuple[float, float, int, float],
    progress: Progress | None,
    cancel: Cancel | None,
) -> OptionsResult | None:
    """Return the better of the plan so far and the exact solver's; its bound is a claim, the prices' stays."""
    from contado.kernel.portfolio.options_model import best_by_milp
    from contado.kernel.portfolio.price_round import plan_of

    gap_share, left, seed, started = limits
    claim, chosen = best_by_milp(
        options, gap_share=gap_share, time_limit_s=left, seed=seed, progress=progress, cancel=cancel
    )
    if chosen is None:
        return result
    found = _result(options, dual, plan_of(options, dual, chosen), gap_share, started)
    claimed = found.status == "feasible" and claim.gap is not None and claim.gap <= gap_share
    found = replace(found, method="milp", solver=claim.solver, status="claimed" if claimed else found.status)
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
