"""Large programmes of options: how sturdy a plan is under draws, and floors as goals."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.errors import SolverStopped
from contado.kernel.portfolio.draws import triangular
from contado.kernel.portfolio.edit import Extension
from contado.kernel.portfolio.options_model import options_model
from contado.kernel.portfolio.price import FloorConflict, OptionsResult, solve_options
from contado.kernel.portfolio.price_dual import Dual, dual_prices
from contado.kernel.portfolio.price_round import round_plan
from contado.kernel.portfolio.robust import Robustness, word_of
from contado.kernel.solver import solve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.kernel.portfolio.options import Options
    from contado.kernel.portfolio.price import Method
    from contado.kernel.portfolio.price_loops import Path
    from contado.kernel.progress import Cancel, Progress

__all__ = ["SoftFloors", "assess_options", "shortfalls", "solve_soft_floors"]

_EXACT = 500
"""Sites up to which the least shortfall is found by the integer programme; beyond it is bisected."""
_SHORTFALL_TOLERANCE = 1e-3
"""To within which a bisection makes the largest shortfall least."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SoftFloors:
    """A plan with floors as goals; its prices and bound are those at what is kept of the floors [EUR]."""

    result: OptionsResult
    kept_eur: dict[str, float]
    shortfall_share: dict[str, float]
    """By which share of itself each floor is missed: 0 = met."""


def assess_options(  # noqa: PLR0913 - a plan, what is drawn, and how often
    options: Options,
    result: OptionsResult,
    sites: Sequence[str],
    ends_eur: NDArray[np.float64],
    *,
    draws: int,
    seed: int = 0,
    gap_share: float = 1e-3,
    path: Path | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Robustness:
    """Plan again under draws of all benefits, each from the prices of the plan on.

    Parameters
    ----------
    sites
        Site of each row of the input (O): a site is selected when one of its options is.
    ends_eur
        Low and high end of each row's benefit [EUR] (O, 2); equal ends = width zero.
    """
    prices = np.array([*result.prices.values(), *result.floor_prices.values()])
    at = np.argsort(options.source_row)[list(result.chosen)]
    ends = 100 * ends_eur[options.source_row]
    names = np.array(sites, dtype=str)
    known, of = np.unique(names, return_inverse=True)
    counts, values, made, failed = np.zeros(len(known)), list[float](), 0, 0
    generator = np.random.default_rng(seed)
    still = not bool((ends[:, 1] > ends[:, 0]).any())
    for number in range(draws):
        if cancel is not None and cancel.requested:
            break
        made += 1
        drawn = dataclasses.replace(
            options, benefit=triangular(generator.random(options.n_options), ends, options.benefit)
        )
        values.append(float(drawn.benefit[at].sum()) / 100)
        chosen = at if still else _planned(drawn, prices, gap_share, path)
        if chosen is None:
            failed += 1
        else:
            counts[of[options.source_row[chosen]]] += 1
        if progress is not None:
            progress("draws", number + 1, draws, {})
    frequency = dict(zip(known.tolist(), (counts / max(1, made - failed)).tolist(), strict=True))
    low, high = np.quantile(values, [0.05, 0.95]) if values else (0.0, 0.0)
    return Robustness(
        draws=made,
        replan_method="price",
        selection_frequency=frequency,
        robustness={k: word_of(f) for k, f in frequency.items()},
        value_low=float(low),
        value_high=float(high),
        soft_value_share=None,
        infeasible_draws=failed,
    )


def _planned(
    drawn: Options, prices: NDArray[np.float64], gap_share: float, path: Path | None
) -> NDArray[np.int64] | None:
    dual: Dual = dual_prices(drawn, gap_share=gap_share, path=path, start=prices)
    plan = round_plan(drawn, dual, gap_share=gap_share, path=path)
    return None if plan is None else plan.chosen


def solve_soft_floors(
    options: Options,
    *,
    gap_share: float = 1e-4,
    time_limit_s: float = 60.0,
    method: Method = "auto",
    seed: int = 0,
    path: Path | None = None,
) -> SoftFloors:
    """Make the largest relative shortfall over the floors least, then the value largest.

    Few sites: by the integer programme. Many: the share of every floor that can be kept is bisected to a
    thousandth; a share counts as kept where a plan is found.

    Raises
    ------
    SolverStopped
        No plan was found even without floors.
    """
    begun = time.perf_counter()
    if options.n_sites <= _EXACT:
        kept = 1.0 - _least_shortfall(options, time_limit_s)
        result = solve_options(
            _scaled(options, kept),
            gap_share=gap_share,
            time_limit_s=time_limit_s,
            method=method,
            seed=seed,
            path=path,
        )
        return _soft(options, result, kept)

    def tried(kept: float) -> OptionsResult | None:
        left = max(1.0, time_limit_s - (time.perf_counter() - begun))
        try:
            return solve_options(
                _scaled(options, kept),
                gap_share=gap_share,
                time_limit_s=left,
                method=method,
                seed=seed,
                path=path,
            )
        except (SolverStopped, FloorConflict):
            return None

    low, high, best = 0.0, 1.0, tried(1.0)
    if best is not None:
        return _soft(options, best, 1.0)
    while high - low > _SHORTFALL_TOLERANCE or best is None:
        middle = (low + high) / 2 if high - low > _SHORTFALL_TOLERANCE else 0.0
        found = tried(middle)
        if found is not None:
            low, best = middle, found
        elif middle == 0.0:
            raise SolverStopped("No plan was found even without floors.", hint="report the folder")
        else:
            high = middle
    return _soft(options, best, low)


def _least_shortfall(options: Options, time_limit_s: float) -> float:
    """Return the least largest relative shortfall, by the integer programme, rounded up past its tolerance."""
    model, nb, m = options_model(options), options.n_budgets, options.n_rows
    changed = Extension(model)
    short = changed.column(upper=1.0)
    for row in range(nb, m):
        columns = model.index[model.start[row] : model.start[row + 1]]
        values = model.value[model.start[row] : model.start[row + 1]]
        floor = -float(model.row_upper[row])
        changed.side(row, upper=np.inf)
        changed.row([*columns.tolist(), short], [*values.tolist(), -floor], upper=-floor)
    changed.objective([(short, -1.0)])
    claim = solve(changed.finish(), gap_share=0.0, time_limit_s=time_limit_s)
    if claim.x is None:
        raise SolverStopped(
            "No plan was found with floors as goals.", hint="give more time with --time-limit-s"
        )
    chosen = np.flatnonzero(claim.x[: options.n_options] > 0.5)
    floors, spent = -options.limit[nb:], -options.use(chosen)[nb:]
    missed = 1.0 - spent[floors > 0] / floors[floors > 0]
    return float(min(1.0, max([0.0, *missed])))


def _soft(options: Options, result: OptionsResult, kept: float) -> SoftFloors:
    floors = -_scaled(options, kept).limit[options.n_budgets :] / 100
    return SoftFloors(
        result=result,
        kept_eur=dict(zip(options.municipalities, floors.tolist(), strict=True)),
        shortfall_share=shortfalls(options, result),
    )


def _scaled(options: Options, kept: float) -> Options:
    limit = options.limit.copy()
    limit[options.n_budgets :] = np.ceil(-1e-6 + kept * limit[options.n_budgets :])
    return dataclasses.replace(options, limit=limit)


def shortfalls(options: Options, result: OptionsResult) -> dict[str, float]:
    """Return by which share of itself each floor is missed: 0 = met."""
    chosen = np.argsort(options.source_row)[list(result.chosen)]
    nb = options.n_budgets
    floor, spent = -options.limit[nb:], -options.use(chosen)[nb:]
    short = np.where(floor > 0, np.maximum(0.0, 1.0 - spent / np.maximum(floor, 1.0)), 0.0)
    return dict(zip(options.municipalities, short.tolist(), strict=True))
