"""Discounting: present values, annuities, rate of return, payback, cost-effectiveness.

References
----------
.. [1] European Commission, Guide to Cost-Benefit Analysis of Investment Projects, 2014.
.. [2] European Commission, Economic Appraisal Vademecum 2021-2027, 2021.

Examples
--------
>>> round(annuity(0.07, 25), 6), round(annuity(0.03, 30), 7)
(0.085811, 0.0510193)
>>> round(break_even_life(1.2 * 100, 100 * annuity(0.03, 12), 0.03), 2)
15.01
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "annuity",
    "break_even_life",
    "checked_rate",
    "cost_effectiveness",
    "discount_factors",
    "equivalent_annual",
    "err",
    "npv",
    "payback_year",
    "present_values",
]


def checked_rate(rate: float) -> float:
    """Return a discount rate that can discount.

    Raises
    ------
    UsageError
        ``bad_rate``: -1 or less, or not finite.
    """
    if not math.isfinite(rate) or rate <= -1:
        raise UsageError(
            f"A discount rate of {rate} cannot discount: it must be above -1.",
            rule="bad_rate",
            hint="3 % is written 0.03",
            field="rate",
        )
    return rate


def annuity(rate: float, years: float) -> float:
    """Return the yearly payment that repays 1 over ``years``: ``r / (1 - (1 + r)^-n)``, 1/n at r = 0.

    Raises
    ------
    UsageError
        ``bad_rate``; ``years`` not above 0.
    """
    if years <= 0:
        raise UsageError(
            f"An annuity over {years} years has no value.", rule="bad_value", hint="years above 0"
        )
    if checked_rate(rate) == 0:
        return 1 / years
    return rate / -math.expm1(-years * math.log1p(rate))


def equivalent_annual(present_eur: float, rate: float, years: float) -> float | None:
    """Return the even yearly amount [EUR/y] over ``years`` after the base year, None over no years."""
    return present_eur * annuity(rate, years) if years > 0 else None


def break_even_life(cost_eur: float, annual_eur: float, rate: float) -> float | None:
    """Return the least life [y] at which a cost is no dearer a year than ``annual_eur``, None where none is."""
    if checked_rate(rate) == 0:
        return cost_eur / annual_eur if annual_eur > 0 else None
    left = 1 - cost_eur * rate / annual_eur if annual_eur > 0 else 0.0
    return -math.log(left) / math.log1p(rate) if left > 0 else None


def discount_factors(
    years: Iterable[int], rate: float | Mapping[int, float], base_year: int
) -> dict[int, float]:
    """Return the factor of each year to the base year.

    Parameters
    ----------
    years
        Calendar years.
    rate
        One rate [share a year], or a rate of each year: a value of year t is divided by the product of
        (1 + r) of the years from the base to the one before t.
    base_year
        The year that is not discounted.
    """
    if not isinstance(rate, Mapping):
        growth = 1 + checked_rate(rate)
        return {year: growth ** -(year - base_year) for year in years}
    return {year: _factor_of_path(rate, base_year, year) for year in years}


def _factor_of_path(rates: Mapping[int, float], base_year: int, year: int) -> float:
    between = range(base_year, year) if year >= base_year else range(year, base_year)
    missing = [y for y in between if y not in rates]
    if missing:
        raise UsageError(
            f"No discount rate for {missing[0]}.",
            rule="bad_rate",
            hint="give a rate for each year",
            field="rate",
        )
    product = math.prod(1 + checked_rate(rates[y]) for y in between)
    return 1 / product if year >= base_year else product


def present_values(
    flows: Mapping[int, float], rate: float | Mapping[int, float] = 0.03, base_year: int | None = None
) -> dict[int, float]:
    """Return the value of each year's amount at the base year (default: the first year)."""
    if not flows:
        return {}
    factors = discount_factors(flows, rate, min(flows) if base_year is None else base_year)
    return {year: amount * factors[year] for year, amount in flows.items()}


def npv(
    flows: Mapping[int, float], rate: float | Mapping[int, float] = 0.03, base_year: int | None = None
) -> float:
    """Return the net present value of yearly amounts at the base year (default: the first year).

    Raises
    ------
    UsageError
        ``bad_rate``: a rate of -1 or less, or none for a year.
    """
    return math.fsum(present_values(flows, rate, base_year).values())


def err(flows: Mapping[int, float]) -> tuple[float | None, Literal["unique", "ambiguous", "undefined"]]:
    """Return the rate at which the flows are worth nothing, and whether it is the only one.

    None where the sign of the yearly flows changes more than once (several rates may do) or never.
    """
    years = [y for y in sorted(flows) if flows[y] != 0]
    signs = [flows[y] > 0 for y in years]
    changes = sum(a != b for a, b in pairwise(signs))
    if changes != 1:
        return None, "undefined" if changes == 0 else "ambiguous"
    return _root([y - years[0] for y in years], [flows[y] for y in years]), "unique"


def _root(lags: Sequence[int], amounts: Sequence[float]) -> float | None:
    """Bracket and solve in ``s = ln(1 + r)``; amounts are scaled by the largest factor, so nothing overflows."""
    from scipy.optimize import brentq

    def value(s: float) -> float:
        largest = max(-s * lag for lag in lags)
        return math.fsum(a * math.exp(-s * lag - largest) for a, lag in zip(amounts, lags, strict=True))

    reach = 1.0
    while value(-reach) * value(reach) > 0:
        reach *= 2
        if reach > 64:
            return None
    return math.expm1(brentq(value, -reach, reach, xtol=1e-15, rtol=1e-14))


def payback_year(
    flows: Mapping[int, float], rate: float | Mapping[int, float] = 0.03, base_year: int | None = None
) -> int | None:
    """Return the first year in which the discounted flows have summed to 0 or more, None if never."""
    values = present_values(flows, rate, base_year)
    years = sorted(values)
    for count, year in enumerate(years, start=1):
        if math.fsum(values[y] for y in years[:count]) >= 0:
            return year
    return None


def cost_effectiveness(
    costs: Mapping[int, float],
    effects: Mapping[int, float],
    rate: float = 0.03,
    base_year: int | None = None,
) -> float | None:
    """Return EUR per unit of an effect, both discounted to the same base year [2]_; None without effect.

    Parameters
    ----------
    costs
        EUR by year.
    effects
        Quantity of one indicator by year.
    """
    if base_year is None:
        base_year = min([*costs, *effects], default=0)
    effect = npv(effects, rate, base_year)
    return npv(costs, rate, base_year) / effect if effect > 0 else None
