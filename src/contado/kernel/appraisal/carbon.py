"""Carbon: its shadow cost by year, and the life-cycle modules of EN 15804 / EN 15978.

References
----------
.. [1] European Investment Bank, Climate Bank Roadmap 2021-2025: shadow cost of carbon, EUR of 2016.
.. [2] EN 15978:2011, Assessment of environmental performance of buildings, calculation method.
.. [3] EN 15804:2012+A2:2019, Environmental product declarations, core rules for construction products.

Examples
--------
>>> cost = shadow_cost(2027)
>>> cost.eur_tco2e, cost.price_year, cost.status
(199.0, 2016, 'to_confirm')
>>> factors = Factors(a1_a3_kg=12, mass_kg=5, a5_kg=0.5, c_kg=0.8, waste_share=0.05, service_life_y=30)
>>> done = modules(200, factors, distance_km=100, transport_kg_tkm=0.1, study_y=50)
>>> done.embodied_kg, round(payback_y(done.embodied_kg, 700), 6)
(5597.0, 7.995714)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from contado.kernel.appraisal.parameters import Status, carbon_knots

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SOURCE", "Factors", "Modules", "ShadowCost", "modules", "payback_y", "shadow_cost", "total"]

SOURCE: Final = "EIB Group Climate Bank Roadmap 2021-2025"


class ShadowCost(NamedTuple):
    """What a tonne is worth in a year [EUR of ``price_year`` / t CO2e]."""

    eur_tco2e: float
    price_year: int
    status: Status


def shadow_cost(year: int, *, hold_last: bool = False) -> ShadowCost | None:
    """Return the shadow cost of carbon in a year [1]_, None outside the table.

    Parameters
    ----------
    year
        Calendar year.
    hold_last
        After the last year of the table, keep its value (to be confirmed).

    Notes
    -----
    Linear between the years the source states, rounded to the euro; a value in between is to be confirmed.
    """
    knots = carbon_knots()
    if hold_last and year > knots[-1]["year"]:
        return ShadowCost(knots[-1]["eur_tco2e"], knots[-1]["price_year"], "to_confirm")
    for left, right in pairwise(knots):
        if left["year"] <= year <= right["year"]:
            share = (year - left["year"]) / (right["year"] - left["year"])
            value = round(left["eur_tco2e"] + share * (right["eur_tco2e"] - left["eur_tco2e"]))
            ends = {0.0: left["status"], 1.0: right["status"]}
            return ShadowCost(float(value), left["price_year"], ends.get(share, "to_confirm"))
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """Factors of one unit of a product (a ``carbon_item`` row) [kg CO2e, kg, share, y]; None = unknown."""

    a1_a3_kg: float | None
    mass_kg: float | None = None
    a5_kg: float | None = None
    c_kg: float | None = None
    waste_share: float | None = None
    service_life_y: float | None = None
    d_kg: float | None = None
    biogenic_kg: float | None = None
    a1_a3_low_kg: float | None = None
    a1_a3_high_kg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """Life-cycle modules [kg CO2e]; None where a factor is missing, and then named in ``missing``.

    ``d_kg`` and ``biogenic_kg`` are shown and are in no sum.
    """

    a1_a3_kg: float | None
    a4_kg: float | None
    a5_kg: float | None
    b4_kg: float | None
    c_kg: float | None
    embodied_kg: float | None
    embodied_low_kg: float | None
    embodied_high_kg: float | None
    d_kg: float | None
    biogenic_kg: float | None
    missing: tuple[str, ...] = ()


_NEEDED = ("a1_a3_kg", "mass_kg", "a5_kg", "c_kg", "waste_share", "service_life_y")


def modules(
    quantity: float,
    factors: Factors,
    *,
    distance_km: float | None,
    transport_kg_tkm: float | None,
    study_y: float,
) -> Modules:
    """Return the modules of a quantity of a product over a study period [2]_, [3]_.

    Parameters
    ----------
    quantity
        Units of the product.
    factors
        Its factors per unit.
    distance_km, transport_kg_tkm
        Transport to the site [km] and its factor [kg CO2e / t km].
    study_y
        Study period [y]; replacements are ``max(0, ceil(study / service life) - 1)``.

    Notes
    -----
    ``A13 = q a; A4 = q mass/1000 D f; C = q c; A5 = waste (A13 + A4 + C) + q a5; B4 = n (A13 + A4 + A5 + C)``,
    embodied = A13 + A4 + A5 + B4 + C. A missing factor makes what rests on it None, never 0.
    """
    given = {"distance_km": distance_km, "transport_kg_tkm": transport_kg_tkm}
    given |= {name: getattr(factors, name) for name in _NEEDED}
    parts = _parts(quantity, factors.a1_a3_kg, given, study_y)
    low = _parts(quantity, factors.a1_a3_low_kg, given, study_y)[-1]
    high = _parts(quantity, factors.a1_a3_high_kg, given, study_y)[-1]
    return Modules(
        a1_a3_kg=parts[0],
        a4_kg=parts[1],
        a5_kg=parts[2],
        b4_kg=parts[3],
        c_kg=parts[4],
        embodied_kg=parts[5],
        embodied_low_kg=low,
        embodied_high_kg=high,
        d_kg=_times(quantity, factors.d_kg),
        biogenic_kg=_times(quantity, factors.biogenic_kg),
        missing=tuple(name for name, value in given.items() if value is None),
    )


def _parts(
    quantity: float, a1_a3_kg: float | None, given: dict[str, float | None], study_y: float
) -> tuple[float | None, ...]:
    """A1-A3, A4, A5, B4, C and their sum."""
    a13, c = _times(quantity, a1_a3_kg), _times(quantity, given["c_kg"])
    a4 = _times(quantity / 1000, given["mass_kg"], given["distance_km"], given["transport_kg_tkm"])
    a5 = _plus(_times(1.0, given["waste_share"], _plus(a13, a4, c)), _times(quantity, given["a5_kg"]))
    once = _plus(a13, a4, a5, c)
    life = given["service_life_y"]
    n = None if life is None else max(0, math.ceil(study_y / life) - 1)
    b4 = _times(1.0, n, once)
    return a13, a4, a5, b4, c, _plus(once, b4)


def _times(first: float, *others: float | None) -> float | None:
    product = first
    for other in others:
        if other is None:
            return None
        product *= other
    return product


def _plus(*terms: float | None) -> float | None:
    known = [t for t in terms if t is not None]
    return math.fsum(known) if len(known) == len(terms) else None


def total(parts: Iterable[Modules]) -> Modules:
    """Return the modules of several products together; a module unknown for one is unknown for all."""
    rows = list(parts)
    names = [f.name for f in fields(Modules) if f.name != "missing"]
    missing = sorted({m for r in rows for m in r.missing})
    return Modules(**{n: _plus(*(getattr(r, n) for r in rows)) for n in names}, missing=tuple(missing))


def payback_y(embodied_kg: float | None, avoided_kg_y: float | None) -> float | None:
    """Return the years in which avoided emissions repay the embodied ones [y], None where unknown or never."""
    if embodied_kg is None or not avoided_kg_y or avoided_kg_y < 0:
        return None
    return embodied_kg / avoided_kg_y
