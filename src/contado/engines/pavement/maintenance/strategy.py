"""Strategies of maintenance: each segment, each year, each treatment, and doing nothing.

Log IRI grows linearly, or by HDM-4. A treatment in the year y brings IRI to that of its new surface where that is
better, multiplies the growth during its life and the severity of the anomalies; after its life the
surface grows as before and the anomalies are back. The benefit is the gain of condition over doing nothing, for as
long as the treatment lives - then it is to be done anew -,

``sum over years of its life of (CI with - CI without) x length x traffic weight / (1 + r)^(year - first year)``,

in index points times km times years; in EUR on request, with what roughness costs the users. A treatment that
cuts the surface waits until the moratorium of the municipality is over.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement import columns
from contado.engines.pavement.deterioration import curves
from contado.engines.pavement.maintenance import condition, moratorium, user_cost
from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.engines.pavement.maintenance.treatments import Treatment

__all__ = ["COLUMNS", "DO_NOTHING_YEAR", "Roads", "Strategies", "StrategySettings", "roads_of", "strategies"]

DO_NOTHING_YEAR = -1
"""Year of the strategy that does nothing."""


_NUMBERS = (
    "iri_m_km",
    "length_m",
    "width_m",
    "severity_per_100m",
    "growth_per_y",
    "aadt",
    "heavy_share",
    "surface_age_y",
    "snpk",
    "ye4",
)
COLUMNS: Final = ("segment", *_NUMBERS, "municipality", "road", "family", "label")
"""Columns of a table of segments; snpk and ye4 are for growth by HDM-4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySettings:
    """Assumptions of the comparison."""

    discount_rate: float = 0.03
    """Social discount rate a year."""
    horizon_y: int = 20
    """Years over which with and without are compared, from the first year of the programme."""
    growth_per_y: float = 0.05
    """Growth of log IRI where a segment has none of its own."""
    width_m: float = 7.0
    """Width of the carriageway where it is unknown [m]."""
    reference_aadt: float = 5000.0
    """Vehicles a day of a road with traffic weight 1."""
    hdm4: bool = False
    """Whether a growth that is unknown is that of HDM-4, where structure, axles and age of the surface are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roads:
    """Segments as arrays, shape (n,); NaN = unknown, which `roads_of` has already answered."""

    segment: tuple[str, ...]
    iri_m_km: NDArray[np.float64]
    length_m: NDArray[np.float64]
    width_m: NDArray[np.float64]
    severity_per_100m: NDArray[np.float64]
    growth_per_y: NDArray[np.float64]
    aadt: NDArray[np.float64]
    heavy_share: NDArray[np.float64]
    surface_age_y: NDArray[np.float64]
    """NaN where it is unknown: then no moratorium is known to hold."""
    structure: curves.Structure
    municipality: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.segment)

    def with_iri(self, iri_m_km: NDArray[np.float64]) -> Roads:
        """Return the same roads with another roughness (an end of its interval)."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return Roads(**{**values, "iri_m_km": iri_m_km})


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategies:
    """Strategies as arrays, shape (k,), in the order of segment and strategy; 0 does nothing.

    ``segment`` counts segments, ``treatment`` treatments (-1 = none), ``year`` is `DO_NOTHING_YEAR` for
    doing nothing. ``condition_gain`` [index km y] is discounted to the first year, ``gain_a_year`` is the
    undiscounted mean over the treatment's life, ``user_eur`` the users' saving discounted to the
    strategy's own year (NaN where the traffic is unknown), ``cost_eur`` in EUR of the price year.
    ``worksite_eur`` is the part of it that a shared worksite saves, ``area_m2`` what is treated and
    ``condition_end`` the condition index in the last year of the programme.
    """

    segment: NDArray[np.int64]
    strategy: NDArray[np.int64]
    year: NDArray[np.int64]
    treatment: NDArray[np.int64]
    cost_eur: NDArray[np.float64]
    condition_gain: NDArray[np.float64]
    gain_a_year: NDArray[np.float64]
    user_eur: NDArray[np.float64]
    worksite_eur: NDArray[np.float64]
    area_m2: NDArray[np.float64]
    condition_end: NDArray[np.float64]

    def __len__(self) -> int:
        return int(self.segment.size)


def roads_of(
    table: pa.Table,
    settings: StrategySettings,
    *,
    name: str = "segments",
    lines: Sequence[int] | None = None,
) -> tuple[Roads, list[Finding]]:
    """Return the segments of a table; what was unknown and had to be assumed is told with counts.

    Raises
    ------
    DataError
        segment, iri_m_km or length_m is missing; a segment has no name or stands twice; a length, a width or IRI is
        not positive; an amount is negative; a growth is no growth of a road; a number cannot be read.
    """
    asked = ("surface_age_y", "snpk", "ye4") if settings.hdm4 else ()
    columns.require(table, ["segment", "iri_m_km", "length_m", *asked], name)
    names = tuple(columns.names(table, "segment", name, lines=lines))
    number = {n: columns.numbers(table, n, name, lines=lines) for n in _NUMBERS}
    for column, bad, rule, hint in _faults(number):
        if column in table.column_names:
            columns.refuse(np.flatnonzero(bad), table, column, name, rule, hint, lines)
    structure = _structure(number, settings)
    findings = [] if not settings.hdm4 else [_by_hdm4(int(structure.known.sum()))]
    number["growth_per_y"] = np.where(structure.known, 0.0, number["growth_per_y"])
    for column, default, what in (
        ("width_m", settings.width_m, "m"),
        ("growth_per_y", settings.growth_per_y, "a year"),
        ("severity_per_100m", 0.0, "(no anomaly known)"),
    ):
        unknown = np.isnan(number[column])
        if unknown.any():
            findings.append(_assumed(column, int(unknown.sum()), default, what))
        number[column] = np.where(unknown, default, number[column])
    places = columns.texts(table, "municipality") if "municipality" in table.column_names else None
    roads = Roads(
        segment=names, municipality=tuple(places or [""] * len(names)), structure=structure, **number
    )
    return roads, findings


def _structure(number: dict[str, NDArray[np.float64]], settings: StrategySettings) -> curves.Structure:
    """Take the columns of HDM-4 out; they count where it is asked for and the growth is unknown."""
    asked = np.isnan(number["growth_per_y"]) & settings.hdm4
    snpk, ye4 = (np.where(asked, number.pop(name), np.nan) for name in ("snpk", "ye4"))
    return curves.Structure(snpk=snpk, ye4=ye4, age_y=number["surface_age_y"])


def _by_hdm4(count: int) -> Finding:
    return Finding(
        severity="note",
        rule="growth_hdm4",
        table="segments",
        message=f"Growth of {count} segments by HDM-4, whose coefficients are to be confirmed against the manual.",
        hint="give growth_per_y or a history where there is one",
    )


def _faults(number: dict[str, NDArray[np.float64]]) -> tuple[tuple[str, NDArray[np.bool_], str, str], ...]:
    """Return column, rows, rule and hint of what no segment can have."""
    above, or_more = "a number above 0", "0 or more; empty where it is unknown"
    share, growth = number["heavy_share"], number["growth_per_y"]
    return (
        ("iri_m_km", ~(number["iri_m_km"] > 0), "iri_not_positive", above),
        ("length_m", ~(number["length_m"] > 0), "length_not_positive", above),
        ("width_m", number["width_m"] <= 0, "length_not_positive", above),
        *(
            (c, number[c] < 0, "negative_value", or_more)
            for c in ("severity_per_100m", "aadt", "surface_age_y", "snpk", "ye4")
        ),
        (
            "heavy_share",
            (share < 0) | (share > 1),
            "share_range",
            "a share lies between 0 and 1: 15 % is 0.15",
        ),
        ("growth_per_y", np.abs(growth) > 1, "out_of_range", "growth of log IRI a year, such as 0.05"),
    )


def _assumed(column: str, count: int, value: float, what: str) -> Finding:
    return Finding(
        severity="note",
        rule="assumed_value",
        table="segments",
        message=f"{column} is unknown for {count} segments; {value:g} {what} was assumed.",
        hint=f"give the column {column}",
        action="kept",
    )


def strategies(
    roads: Roads,
    treatments: Sequence[Treatment],
    years: Sequence[int],
    *,
    on: date,
    settings: StrategySettings | None = None,
) -> Strategies:
    """Return every strategy of every segment.

    Parameters
    ----------
    roads
        Segments with their condition today.
    treatments
        Catalogue; one is offered where the condition in its year lies in its bounds.
    years
        Years in which works can be done, ascending; today's condition is that of the year of ``on``.
    on
        Day whose condition model and user costs count.
    settings
        Assumptions; see `StrategySettings`.

    Raises
    ------
    DataError
        No year was given, or one lies before the day ``on`` or beyond the horizon.
    """
    options = settings or StrategySettings()
    if not years or min(years) < on.year:
        raise DataError(
            f"Years {list(years)} do not begin in or after {on.year}.",
            rule="year_outside_horizon",
            hint="give a range A:B that begins in the year of --on or later",
            field="years",
        )
    if max(years) - min(years) >= options.horizon_y:
        raise DataError(
            f"{max(years)} lies beyond the {options.horizon_y} years over which strategies are compared.",
            rule="year_outside_horizon",
            hint=f"end before {min(years) + options.horizon_y}, or compare over more years (--horizon-y)",
            field="years",
        )
    future = _Future(roads, on, years, options)
    rows = [_nothing(future)]
    rows += [
        _offered(future, number, treatment, year)
        for year in years
        for number, treatment in enumerate(treatments)
    ]
    joined = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    order = np.argsort(joined["segment"], kind="stable")
    joined = {name: values[order] for name, values in joined.items()}
    first = np.searchsorted(joined["segment"], joined["segment"])
    return Strategies(strategy=np.arange(order.size) - first, **joined)


def _nothing(future: _Future) -> dict[str, NDArray[np.generic]]:
    count = len(future.roads)
    figures = ("cost_eur", "condition_gain", "gain_a_year", "user_eur", "worksite_eur", "area_m2")
    return {
        "segment": np.arange(count),
        "year": np.full(count, DO_NOTHING_YEAR),
        "treatment": np.full(count, -1),
        **{name: np.zeros(count) for name in figures},
        "condition_end": future.index[:, future.end],
    }


class _Future:
    """Roughness and condition of the segments year by year without works."""

    def __init__(self, roads: Roads, on: date, years: Sequence[int], options: StrategySettings) -> None:
        self.roads = roads
        self.options = options
        self.on = on
        self.model = condition.model(on)
        self.first_year = first_year = min(years)
        self.years = first_year + np.arange(options.horizon_y)
        self.end = max(years) - first_year
        self.free_from = moratorium.free_from(roads.surface_age_y, roads.municipality, on)
        self.wait = first_year - on.year
        pace = np.ones(self.wait + self.years.size - 1)
        self.iri = self._run(roads.iri_m_km, pace, roads.structure.age_y)[:, self.wait :]
        self.index = self.model.index(self.iri, roads.severity_per_100m[:, None])
        self.discount = (1 + options.discount_rate) ** -(self.years - first_year)
        traffic = roads.aadt / options.reference_aadt
        self.weight_km = roads.length_m / 1000 * np.where(np.isnan(traffic), 1.0, traffic)
        self.eur = user_cost.eur_per_km_and_year(roads.aadt, roads.heavy_share, on) * roads.length_m / 1000

    def _run(
        self, iri: NDArray[np.float64], pace: NDArray[np.float64], age_y: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        return curves.run(iri, self.roads.growth_per_y, pace, self.roads.structure, age_y, self.on)

    def life(self, treatment: Treatment, start: int) -> NDArray[np.float64]:
        """Return which part of each year lies in the life of a treatment in the year number ``start``."""
        age = np.arange(self.years.size) - start
        return np.where(age < 0, 0.0, np.clip(treatment.life_y - age, 0.0, 1.0))

    def treated_iri(self, treatment: Treatment, start: int) -> NDArray[np.float64]:
        """Return the roughness of every segment after a treatment in the year number ``start``."""
        new, age = self.iri[:, start], self.roads.structure.age_y + self.wait + start
        if treatment.iri_after_m_km is not None:
            new, age = np.minimum(new, treatment.iri_after_m_km), np.zeros(len(self.roads))
        pace = 1.0 + self.life(treatment, start)[start:-1] * (treatment.growth_factor - 1.0)
        treated = self.iri.copy()
        treated[:, start:] = self._run(new, pace, age)
        return treated


def _offered(future: _Future, number: int, treatment: Treatment, year: int) -> dict[str, NDArray[np.generic]]:
    """Return the strategy "``treatment`` in ``year``" of the segments whose condition allows it."""
    start = year - future.first_year
    roads, options = future.roads, future.options
    free = future.free_from <= year if treatment.cuts_surface else np.ones(len(roads), bool)
    chosen = np.flatnonzero(treatment.applies(future.index[:, start]) & free)
    iri = future.treated_iri(treatment, start)[chosen]
    life = future.life(treatment, start)
    severity = roads.severity_per_100m[chosen, None] * (1.0 + life * (treatment.severity_factor - 1.0))
    index = future.model.index(iri, severity)
    gain = (index - future.index[chosen]) * life
    smoother = (future.iri[chosen] - iri) * life
    km = roads.length_m[chosen] / 1000
    area = roads.length_m[chosen] * roads.width_m[chosen]
    cost = area * treatment.unit_cost_eur_m2
    return {
        "segment": chosen,
        "year": np.full(chosen.size, year),
        "treatment": np.full(chosen.size, number),
        "cost_eur": cost,
        "condition_gain": gain @ future.discount * future.weight_km[chosen],
        "gain_a_year": gain.sum(axis=1) / life.sum() * km,
        "user_eur": smoother @ future.discount * future.eur[chosen] * (1 + options.discount_rate) ** start,
        "worksite_eur": cost * treatment.worksite_share,
        "area_m2": area,
        "condition_end": index[:, future.end],
    }
