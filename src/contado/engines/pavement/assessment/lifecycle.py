"""Life-cycle cost and carbon of pavements: equal annual cost, break-even life, alternatives with their spread.

Costs are those of one square metre; the arithmetic of discounting is the kernel's. A mix that costs more and lasts
longer pays at the life at which its equal annual cost is that of the ordinary mix [1]_. Greenhouse gases are those of
the table, or come from declarations by module (`declarations`).

Monte Carlo: life, cost and gases of each alternative are drawn by themselves from two half-triangles whose
*median* is the likely value and whose ends are its bounds. A quantity that grows with one and falls with the
other is then below its deterministic value with a probability of at least a quarter, and above with the same, so
that the deterministic value always lies inside the 90 % interval.

References
----------
.. [1] EN 15643:2021, EN 17472:2022 (life-cycle assessment and cost of construction works; to be confirmed against
   the text of the norm).

Examples
--------
>>> found = compare_mixes(base_cost=100, base_life_y=12, extra_cost_share=0.2, rate=0.03)
>>> round(found.euac_base_eur, 3), round(found.break_even_life_y, 2)
(10.046, 15.01)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from contado.engines.pavement import columns
from contado.kernel.appraisal import annuity, break_even_life
from contado.kernel.errors import DataError, Finding, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "COLUMNS",
    "NUMBERS",
    "Alternative",
    "Assessed",
    "Bounded",
    "BreakEven",
    "alternatives_of",
    "assess",
    "compare_mixes",
]

_ASSUMED: Final = {"cost_eur_m2": 0.10, "life_y": 0.25, "gwp_kg_m2": 0.20}
"""Half-width that is assumed, as a share, where a table gives no bounds."""
_LEVEL: Final = (0.05, 0.95)


class Bounded(NamedTuple):
    """A likely value between its bounds."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One mix: cost and gases of laying a square metre, and how long it lasts."""

    name: str
    cost_eur_m2: Bounded
    life_y: Bounded
    gwp_kg_m2: Bounded | None
    recycled_share: float | None
    delay_eur_m2: float = 0.0
    """What the users lose each time it is laid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Equal annual cost of the base [EUR/y] and the life at which the dearer mix costs the same a year [y]."""

    euac_base_eur: float
    break_even_life_y: float | None
    """None where it never pays: the interest alone costs more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """An alternative over its life, a square metre: the likely values and the 90 % intervals of the draws.

    ``p_cheapest`` is the share of draws in which its annual cost is the least of all; equal ones share it.
    """

    name: str
    euac_eur: float
    low: float
    high: float
    npv_eur: float
    """Cost over the analysis period at its beginning: each laying, less what the last is still worth at the end."""
    gwp_kg_m2_y: float | None
    gwp_low_kg_m2_y: float | None
    gwp_high_kg_m2_y: float | None
    break_even_life_y: float | None
    """Life at which it costs as much a year as the first alternative; None for the first, and where it never does."""
    p_cheapest: float


def compare_mixes(*, base_cost: float, base_life_y: float, extra_cost_share: float, rate: float) -> BreakEven:
    """Return what the base costs a year and how long a dearer mix must last.

    Parameters
    ----------
    base_cost
        Cost of the base [EUR]; positive.
    base_life_y
        Life of the base [y]; positive.
    extra_cost_share
        How much more the other mix costs (0.20 = 20 %); above -1.
    rate
        Discount rate a year.

    Raises
    ------
    UsageError
        ``bad_rate``, ``bad_value``.
    """
    if base_cost <= 0 or extra_cost_share <= -1:
        raise UsageError(
            f"A cost of {base_cost} and {extra_cost_share:+.0%} leaves no cost to compare.",
            rule="bad_value",
            hint="a cost above 0 and an extra share above -1",
        )
    euac = base_cost * annuity(rate, base_life_y)
    return BreakEven(
        euac_base_eur=euac,
        break_even_life_y=break_even_life(base_cost * (1 + extra_cost_share), euac, rate),
    )


def alternatives_of(
    table: pa.Table,
    *,
    name: str = "alternatives",
    lines: Sequence[int] | None = None,
    gwp: Mapping[str, float] | None = None,
) -> tuple[tuple[Alternative, ...], list[Finding]]:
    """Return the alternatives of a table and what was assumed.

    Parameters
    ----------
    table
        One row a mix: name, cost_eur_m2, life_y[, gwp_kg_m2, recycled_share, delay_eur_m2, and bounds
        cost_low_eur_m2, cost_high_eur_m2, life_low_y, life_high_y, gwp_low_kg_m2, gwp_high_kg_m2].
    gwp
        Gases of each mix from its declaration; they replace the column.

    Raises
    ------
    DataError
        ``missing_column``, ``negative_cost``, ``missing_cost``, ``bad_life`` (not above 0 or empty),
        ``interval_order``, ``missing_value``, ``duplicate_id``, ``share_range``.
    """
    columns.require(table, ["name", "cost_eur_m2", "life_y"], name)
    read = {c: columns.numbers(table, c, name, lines=lines) for c in NUMBERS}
    _refuse(table, read, name, lines)
    names = columns.names(table, "name", name, lines=lines)
    if gwp is not None:
        _refuse_unknown(names, gwp)
        read["gwp_kg_m2"] = np.array([gwp.get(n, np.nan) for n in names])
        read |= {"gwp_low_kg_m2": np.full(len(names), np.nan), "gwp_high_kg_m2": np.full(len(names), np.nan)}
    assumed: set[str] = set()
    found = tuple(
        _alternative(n, {c: float(v[i]) for c, v in read.items()}, assumed) for i, n in enumerate(names)
    )
    return found, [_assumed_bounds(assumed)] if assumed else []


NUMBERS: Final = (
    "cost_eur_m2",
    "cost_low_eur_m2",
    "cost_high_eur_m2",
    "life_y",
    "life_low_y",
    "life_high_y",
    "gwp_kg_m2",
    "gwp_low_kg_m2",
    "gwp_high_kg_m2",
    "recycled_share",
    "delay_eur_m2",
)
"""Columns of a table of alternatives that hold numbers."""
COLUMNS: Final = ("name", *NUMBERS, "label")
"""Columns of a table of alternatives."""


def _refuse(table: pa.Table, read: Mapping[str, Floats], name: str, lines: Sequence[int] | None) -> None:
    cost, life, share = (read[c] for c in ("cost_eur_m2", "life_y", "recycled_share"))
    checks = (
        (cost < 0, "cost_eur_m2", "negative_cost", "a cost is 0 or more"),
        (np.isnan(cost), "cost_eur_m2", "missing_cost", "give the cost in EUR/m2"),
        (~(life > 0), "life_y", "bad_life", "a life is a number of years above 0"),
        (
            (share < 0) | (share > 1),
            "recycled_share",
            "share_range",
            "a share lies between 0 and 1: 15 % is 0.15",
        ),
    )
    for bad, column, rule, hint in checks:
        if bad.any():
            columns.refuse(np.flatnonzero(bad), table, column, name, rule, hint, lines)


def _refuse_unknown(names: Sequence[str], gwp: Mapping[str, float]) -> None:
    for key in gwp:
        if key not in names:
            raise DataError(
                f"modules: there is no alternative {key!r}; valid: {', '.join(names)}.",
                rule="unknown_choice",
                hint=did_you_mean(key, names) or "use the names of the alternatives",
                field="name",
            )


def _alternative(name: str, cells: Mapping[str, float], assumed: set[str]) -> Alternative:
    share = cells["recycled_share"]
    gwp = cells["gwp_kg_m2"]
    delay = cells["delay_eur_m2"]
    return Alternative(
        name=name,
        cost_eur_m2=_bounded(name, "cost_eur_m2", cells, assumed),
        life_y=_bounded(name, "life_y", cells, assumed),
        gwp_kg_m2=None if np.isnan(gwp) else _bounded(name, "gwp_kg_m2", cells, assumed),
        recycled_share=None if np.isnan(share) else share,
        delay_eur_m2=0.0 if np.isnan(delay) else delay,
    )


def _bounded(name: str, column: str, cells: Mapping[str, float], assumed: set[str]) -> Bounded:
    stem, _, unit = column.partition("_")
    value, low, high = (cells[c] for c in (column, f"{stem}_low_{unit}", f"{stem}_high_{unit}"))
    if np.isnan(low) and np.isnan(high):
        assumed.add(column)
        half = abs(value) * _ASSUMED[column]
        return Bounded(value, value - half, value + half)
    found = Bounded(value, value if np.isnan(low) else low, value if np.isnan(high) else high)
    if not found.low <= value <= found.high or (column == "life_y" and found.low <= 0):
        raise DataError(
            f"alternatives: {name}: {column} {value:g} is not between its bounds {found.low:g} and {found.high:g}.",
            rule="interval_order",
            hint="low <= value <= high, and a life above 0",
            field=column,
        )
    return found


def assess(
    alternatives: Sequence[Alternative],
    *,
    rate: float,
    period_y: float = 30.0,
    draws: int = 10_000,
    seed: int = 0,
) -> tuple[Assessed, ...]:
    """Return the annual cost and gases of each alternative with the spread of seeded draws.

    Parameters
    ----------
    alternatives
        The first is the base with which the others must break even.
    rate
        Discount rate a year.
    period_y
        Analysis period [y]; above 0.
    draws, seed
        Of the Monte Carlo; equal seeds give equal numbers.

    Raises
    ------
    UsageError
        ``bad_rate``.
    """
    chance = np.random.default_rng(seed)
    drawn = [_draw(a, rate, draws, chance) for a in alternatives]
    if not drawn:
        return ()
    costs = np.stack([euac for euac, _ in drawn])
    least = costs == costs.min(axis=0)
    cheapest = (least / least.sum(axis=0)).mean(axis=1)
    likely = [_annual(a, rate) for a in alternatives]
    return tuple(
        Assessed(
            name=a.name,
            euac_eur=euac,
            **_spread(own, drawn[k][1]),
            npv_eur=_present_cost(a, rate, period_y),
            gwp_kg_m2_y=None if a.gwp_kg_m2 is None else a.gwp_kg_m2.value / a.life_y.value,
            break_even_life_y=_break_even(a, likely[0], rate) if k else None,
            p_cheapest=float(cheapest[k]),
        )
        for k, (a, euac, own) in enumerate(zip(alternatives, likely, costs, strict=True))
    )


def _annual(alternative: Alternative, rate: float) -> float:
    cost = alternative.cost_eur_m2.value + alternative.delay_eur_m2
    return cost * annuity(rate, alternative.life_y.value)


def _present_cost(alternative: Alternative, rate: float, period_y: float) -> float:
    """Return layings at 0, L, 2L ... before the end of the period, less the unused share of the last at the end."""
    life = alternative.life_y.value
    layings = max(1, int(np.ceil(period_y / life - 1e-9)))  # a life that divides the period is no laying more
    starts = life * np.arange(layings)
    unused = (starts[-1] + life - period_y) / life
    paid = ((1 + rate) ** -starts).sum() * (alternative.cost_eur_m2.value + alternative.delay_eur_m2)
    return float(paid - alternative.cost_eur_m2.value * unused * (1 + rate) ** -period_y)


def _break_even(alternative: Alternative, base: float, rate: float) -> float | None:
    return break_even_life(alternative.cost_eur_m2.value + alternative.delay_eur_m2, base, rate)


def _draw(
    alternative: Alternative, rate: float, draws: int, chance: np.random.Generator
) -> tuple[Floats, Floats | None]:
    """Return drawn annual cost and gases a year."""
    life = _half_triangles(alternative.life_y, draws, chance)
    cost = _half_triangles(alternative.cost_eur_m2, draws, chance) + alternative.delay_eur_m2
    gwp = alternative.gwp_kg_m2
    gases = None if gwp is None else _half_triangles(gwp, draws, chance) / life
    factor = np.array([annuity(rate, years) for years in life])
    return cost * factor, gases


def _half_triangles(bounds: Bounded, n: int, chance: np.random.Generator) -> Floats:
    """Draw from two half-triangles that meet at the likely value, which is the median."""
    u = chance.random(n)
    below = bounds.value - (bounds.value - bounds.low) * (1 - np.sqrt(np.minimum(2 * u, 1.0)))
    above = bounds.value + (bounds.high - bounds.value) * (1 - np.sqrt(np.minimum(2 * (1 - u), 1.0)))
    drawn: Floats = np.where(u < 0.5, below, above)
    return drawn


def _spread(costs: Floats, gases: Floats | None) -> dict[str, Any]:
    """Return the ends of the 90 % intervals of the draws."""
    low, high = (float(v) for v in np.quantile(costs, _LEVEL))
    ends = (None, None) if gases is None else tuple(float(v) for v in np.quantile(gases, _LEVEL))
    return {"low": low, "high": high, "gwp_low_kg_m2_y": ends[0], "gwp_high_kg_m2_y": ends[1]}


def _assumed_bounds(assumed: set[str]) -> Finding:
    told = ", ".join(f"{c} +-{_ASSUMED[c]:.0%}" for c in sorted(assumed))
    return Finding(
        severity="warning",
        rule="assumed_value",
        table="alternatives",
        message=f"No bounds are given for some values; assumed: {told}.",
        hint="give cost_low_eur_m2, cost_high_eur_m2, life_low_y, life_high_y, gwp_low_kg_m2, gwp_high_kg_m2",
    )
