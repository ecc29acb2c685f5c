"""Strategies as a programme of options for the planner, and its answer back as strategies.

A segment is a site and a strategy an option; what counts is the gain over doing nothing, so doing nothing is
always possible. Each year has a budget of euros and, where crews are limited, one of square metres. A least
condition makes doing nothing impossible where it would break it: the site gets a floor at the cost of its
cheapest strategy that keeps the condition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from contado.kernel.errors import InfeasibleProgramme, SolverStopped
from contado.kernel.portfolio.options import Options
from contado.kernel.portfolio.price import OptionsResult, solve_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from contado.engines.pavement.maintenance.offers import Offers
    from contado.kernel.declare import Context
    from contado.kernel.progress import Progress

    Numbers = NDArray[np.int64]
    Vector = NDArray[np.float64]

__all__ = ["Limits", "Plan", "best_plan", "price_that_tells", "values_at"]

_TO_SPARE = 2.0
"""How much closer than asked the rounding of prices is let come: it takes a moment."""
_CENTS = 100.0
_TINY = 1e-6
_NOTHING = 1e-4
"""Share of the worth of a programme at which a year's money counts as free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a programme may use: EUR and, where known, square metres a year; a least condition."""

    budget_eur: Mapping[int, float]
    crew_m2: float | None = None
    min_condition: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Row of the offers chosen at each segment (n; -1 = nothing) and what proves how good that is.

    ``proof``: ``prices`` when the printed prices prove the bound, ``solver`` when it is the exact solver's claim.
    ``bound`` is None where the least condition cannot be kept: the plan is then the one that misses it least.
    """

    chosen: Numbers
    objective: float
    bound: float | None
    price: Mapping[int, float]
    crew_price: Mapping[int, float]
    proof: Literal["prices", "solver", "none"]
    method: str
    solver: str
    seconds: float

    @property
    def gap(self) -> float | None:
        """(bound - objective) / bound."""
        if self.bound is None:
            return None
        missing = max(0.0, self.bound - self.objective)
        return missing / abs(self.bound) if missing > 0 and self.bound else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stated:
    """The options that are worth handing over: their rows, gains over ``base`` (n), floors [EUR] (n; 0 = none)."""

    rows: Numbers
    gain: Vector
    base: Vector
    rest: Numbers
    """Row that a segment without a chosen option gets (n; -1 = nothing at all)."""
    floor_eur: Vector


def best_plan(
    offers: Offers, limits: Limits, *, gap: float, time_limit_s: float, seed: int, context: Context
) -> Plan:
    """Return the programme worth most under the limits.

    Raises
    ------
    SolverStopped
        No plan that keeps the budgets was found in time.
    """
    search = (gap, time_limit_s, seed)
    try:
        return _solved(offers, limits, _stated(offers, limits), search, context)
    except (InfeasibleProgramme, SolverStopped):
        if limits.min_condition is None:
            raise
    plan = _solved(offers, limits, _with_penalty(offers, limits), search, context)
    return Plan(
        chosen=plan.chosen,
        objective=_worth(offers, plan.chosen),
        bound=None,
        price={},
        crew_price={},
        proof="none",
        method=plan.method,
        solver=plan.solver,
        seconds=plan.seconds,
    )


def _possible(offers: Offers, limits: Limits) -> NDArray[np.bool_]:
    """Return which strategies (k) do something in a year whose money and crews can pay for them alone."""
    budget = np.array([limits.budget_eur.get(int(y), 0.0) for y in offers.year])
    crew = np.inf if limits.crew_m2 is None else limits.crew_m2
    paid = (offers.cost_eur <= budget + _TINY) & (offers.area_m2 <= crew + _TINY)
    known = np.isin(offers.year, list(limits.budget_eur))
    result: NDArray[np.bool_] = offers.works & paid & known
    return result


def _stated(offers: Offers, limits: Limits) -> _Stated:
    """Return the programme of gains over doing nothing.

    Raises
    ------
    InfeasibleProgramme
        No strategy that the years can pay for keeps the least condition of some segment.
    """
    base, rest = offers.nothing_benefit, offers.nothing.copy()
    possible = _possible(offers, limits)
    must = np.zeros(base.size, bool)
    if limits.min_condition is not None:
        must = offers.nothing_short(limits.min_condition) > 0
        possible &= offers.short(limits.min_condition) == 0
        _settle_free(offers, possible, must, base, rest)
    forced = must[offers.site]
    rows = np.flatnonzero(possible & (forced | (offers.benefit > base[offers.site])))
    site, benefit = offers.site[rows], offers.benefit[rows]
    least, most, floor = np.full(base.size, np.inf), np.full(base.size, -np.inf), np.full(base.size, np.inf)
    np.minimum.at(least, site, benefit)
    np.maximum.at(most, site, benefit)
    np.minimum.at(floor, site, offers.cost_eur[rows] + _area(offers, limits)[rows])
    if (must & ~np.isfinite(least)).any():
        raise InfeasibleProgramme("No strategy keeps the least condition.", hint="lower it")
    # where doing nothing is no alternative, any reference below all options is as good as another
    base[must] = least[must] - np.maximum(most[must] - least[must], 1.0)
    return _Stated(
        rows=rows, gain=benefit - base[site], base=base, rest=rest, floor_eur=np.where(must, floor, 0.0)
    )


def _settle_free(
    offers: Offers, possible: NDArray[np.bool_], must: NDArray[np.bool_], base: Vector, rest: Numbers
) -> None:
    """Let the best strategy that costs nothing and keeps the condition stand where doing nothing would break it."""
    free = possible & (offers.cost_eur == 0) & (offers.area_m2 == 0) & must[offers.site]
    for row in np.flatnonzero(free).tolist():
        site = offers.site[row]
        if must[site] or offers.benefit[row] > base[site]:
            base[site], rest[site], must[site] = offers.benefit[row], row, False


def _area(offers: Offers, limits: Limits) -> Vector:
    """Return what each strategy (k) takes from the crews; 0 where these are not limited."""
    return offers.area_m2 if limits.crew_m2 is not None else np.zeros(len(offers))


def _with_penalty(offers: Offers, limits: Limits) -> _Stated:
    """Return the programme in which a point of condition missed outweighs all benefits together."""
    assert limits.min_condition is not None
    reach = offers.benefit - offers.nothing_benefit[offers.site]
    weight = 1.0 + np.abs(reach).sum()
    missed = offers.short(limits.min_condition)
    before = offers.nothing_short(limits.min_condition)
    gain = reach + weight * (before[offers.site] - missed)
    rows = np.flatnonzero(_possible(offers, limits) & (gain > 0))
    base = offers.nothing_benefit
    return _Stated(rows=rows, gain=gain[rows], base=base, rest=offers.nothing, floor_eur=np.zeros(base.size))


def _solved(
    offers: Offers, limits: Limits, stated: _Stated, search: tuple[float, float, int], context: Context
) -> Plan:
    years = sorted(limits.budget_eur)
    result, bound = _result(_options(offers, limits, stated, years), stated, search, context)
    chosen = stated.rest.copy()
    taken = stated.rows[list(result.chosen)]
    chosen[offers.site[taken]] = taken
    prices = result.prices
    price = {y: prices.get(f"eur {y}", 0.0) for y in years}
    crew = {y: prices.get(f"m2 {y}", 0.0) for y in years} if limits.crew_m2 is not None else {}
    funded = {y: price[y] for y in years if limits.budget_eur[y] > 0}
    whole = {y: price[y] if y in funded else _of_nothing(offers, funded, crew, y) for y in years}
    return Plan(
        chosen=chosen,
        objective=_worth(offers, chosen),
        bound=float(stated.base.sum()) + bound,
        price=whole,
        crew_price=crew,
        proof="solver" if bound < result.bound_eur else "prices",
        method=result.method,
        solver=result.solver,
        seconds=result.seconds,
    )


def _worth(offers: Offers, chosen: Numbers) -> float:
    return float(offers.benefit[chosen[chosen >= 0]].sum())


def _options(offers: Offers, limits: Limits, stated: _Stated, years: list[int]) -> Options:
    """State the options; cents are rounded against the plan, so that budgets are kept as they were written."""
    rows, site = stated.rows, offers.site[stated.rows]
    place = np.searchsorted(years, offers.year[rows])
    money = np.floor(np.array([limits.budget_eur[y] for y in years]) * _CENTS + _TINY) / _CENTS
    cost = np.ceil(offers.cost_eur[rows] * _CENTS - _TINY) / _CENTS
    names = [f"eur {y}" for y in years]
    budget, use = place[:, None], cost[:, None]
    if limits.crew_m2 is not None:
        area = np.ceil(offers.area_m2[rows] * _CENTS - _TINY) / _CENTS
        budget, use = np.column_stack([place, place + len(years)]), np.column_stack([cost, area])
        money = np.concatenate([money, np.full(len(years), np.floor(limits.crew_m2 * _CENTS) / _CENTS)])
        names += [f"m2 {y}" for y in years]
    floors = np.flatnonzero(stated.floor_eur > 0)
    number = np.full(stated.floor_eur.size, -1)
    number[floors] = np.arange(floors.size)
    return Options.from_arrays(
        site=site,
        benefit_eur=stated.gain,
        budget=budget.astype(np.int64),
        cost_eur=use,
        budget_eur=money,
        municipality=number[site] if floors.size else None,
        floor_eur=stated.floor_eur[floors] if floors.size else None,
        budgets=names,
        municipalities=[offers.segment[i] for i in floors],
    )


def _result(
    options: Options, stated: _Stated, search: tuple[float, float, int], context: Context
) -> tuple[OptionsResult, float]:
    """Solve by prices, a little closer than asked; where that misses the gap, with the exact solver too.

    Beside the result its bound: that of the prices, or, where the exact solver closed the gap, its claim.
    """
    gap, limit_s, seed = search
    told = None if context.progress is None else _told(context.progress, float(stated.base.sum()))
    first: OptionsResult | None = None
    try:
        first = solve_options(
            options,
            gap_share=gap / _TO_SPARE,
            time_limit_s=limit_s,
            method="price",
            seed=seed,
            progress=told,
            cancel=context.cancel,
        )
    except SolverStopped:
        if context.cancel.requested:
            raise
    wanted = _share(gap, stated, first)
    # the compiler's work before the first search is no part of it, so the search's own seconds count
    left = limit_s - (first.seconds if first is not None else 0.0)
    if first is not None and (first.gap_share <= wanted or left <= 0 or context.cancel.requested):
        return first, first.bound_eur
    second = solve_options(
        options,
        gap_share=wanted,
        time_limit_s=max(0.1, left),
        seed=seed,
        progress=told,
        cancel=context.cancel,
    )
    if second.claimed_eur is not None:
        # never a rounding error above the gap that the solver says it closed
        most = second.value_eur / (1 - (1 - 1e-9) * min(wanted, 0.5))
        return second, max(second.value_eur, min(second.bound_eur, second.claimed_eur, most))
    better = first is not None and first.value_eur > second.value_eur
    return (first if first is not None and better else second), second.bound_eur


def _told(progress: Progress, base: float) -> Progress:
    """Return a progress that tells of all benefits where the search tells of the gains over doing nothing.

    The end of a search is left out: the answer may rest on another one, and is told with it.
    """

    def tell(
        stage: str, done: float, total: float | None = None, info: Mapping[str, object] | None = None
    ) -> None:
        if stage == "plan":
            return
        facts = {k: v + base for k, v in (info or {}).items() if k != "gap" and isinstance(v, float)}
        if "plan" in facts and facts.get("bound"):
            facts["gap"] = max(0.0, facts["bound"] - facts["plan"]) / abs(facts["bound"])
        progress(stage, done, total, facts)

    return tell


def _share(gap: float, stated: _Stated, result: OptionsResult | None) -> float:
    """Return the gap of the gains over doing nothing that is the gap asked for of the whole objective."""
    if result is None or result.bound_eur <= 0:
        return gap
    return gap * abs(result.bound_eur + float(stated.base.sum())) / result.bound_eur


def price_that_tells(plan: Plan, year: int, budget_eur: float, even_eur: float) -> bool:
    """Whether a break-even cost rests on a price of money that is more than the rounding of the search.

    Money that is left over is worth nothing; the search ends at a price near zero at which the whole budget of the year
    is worth a ten-thousandth of the programme or less, and the break-even cost is more than that budget.
    """
    worth = plan.price.get(year, 0.0) * budget_eur
    return worth > _NOTHING * abs(plan.bound or 0.0) or even_eur <= budget_eur


def values_at(offers: Offers, price: Mapping[int, float], crew_price: Mapping[int, float]) -> Vector:
    """Return benefit less what money and crews cost at their prices, of each strategy (k)."""
    euro = np.array([price.get(int(y), 0.0) for y in offers.year])
    metre = np.array([crew_price.get(int(y), 0.0) for y in offers.year])
    result: Vector = offers.benefit - euro * offers.cost_eur - metre * offers.area_m2
    return result


def _of_nothing(
    offers: Offers, price: Mapping[int, float], crew_price: Mapping[int, float], year: int
) -> float:
    """Return what the first euro of a year without budget would bring: the steepest gain over the best without.

    ``price`` holds the years that have a budget; what costs money in any other year is out of reach.
    """
    value = values_at(offers, price, crew_price)
    best = offers.nothing_benefit.copy()
    other = np.isin(offers.year, list(price)) | (offers.cost_eur == 0)
    np.maximum.at(best, offers.site[other], value[other])
    rows = np.flatnonzero((offers.year == year) & (offers.cost_eur > 0))
    gain = (value[rows] - best[offers.site[rows]]) / offers.cost_eur[rows]
    return float(max(0.0, gain.max(initial=0.0)))
