"""Strategies as files: strategies.csv for `pavement programme`, and the options folder of the planner.

In the options folder a segment (with ``bundle``, a road) is a site. The budgets 0, 1 ... are the years' euros;
where crews are limited, further budgets of source ``crews`` hold the square metres of each year. A least condition
is a floor: a segment that would end below it is a "municipality" that must be paid its cheapest way above it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.engines.pavement.maintenance.bundles import Bundle, bundles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from contado.engines.pavement.maintenance.strategy import Roads, Strategies
    from contado.engines.pavement.maintenance.treatments import Treatment

__all__ = ["Limits", "write_folder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the folder states beside the strategies."""

    years: Sequence[int]
    budget_eur: float
    crew_m2: float | None = None
    min_condition: float | None = None
    label: str = "estimated"
    """What the segments are: simulated, estimated or measured."""
    road: Sequence[str] | None = None
    """Road of each segment where these are to be treated together."""


def write_folder(
    out: Path,
    roads: Roads,
    treatments: Sequence[Treatment],
    found: Strategies,
    benefit: NDArray[np.float64],
    limits: Limits,
) -> list[str]:
    """Write the files and return their paths; strategies without a known benefit are left out."""
    import pyarrow as pa

    from contado.kernel import tables

    segment = np.array(roads.segment, object)
    must = _must(found, limits)
    files = {
        "strategies.csv": _strategies(segment, treatments, found, benefit, limits.label),
        "options.csv": _options(segment, found, benefit, must, limits),
        "budgets.csv": _budgets(limits),
    }
    if must.any():
        files["sites.csv"] = {"site": segment[must], "municipality": segment[must]}
        files["equity_floors.csv"] = _floors(segment, found, benefit, must, limits)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        tables.write_csv(pa.table({c: pa.array(v) for c, v in content.items()}), out / name)
    return [str(out / name) for name in files]


def _must(found: Strategies, limits: Limits) -> NDArray[np.bool_]:
    """Return which segments would end below the least condition if nothing were done."""
    nothing = found.condition_end[found.strategy == 0]
    return np.zeros(nothing.size, bool) if limits.min_condition is None else nothing < limits.min_condition


def _treated(
    found: Strategies, benefit: NDArray[np.float64], must: NDArray[np.bool_], limits: Limits
) -> NDArray[np.int64]:
    """Return the strategies that do something; where doing nothing will not do, only those that keep the condition."""
    usable = (found.strategy > 0) & ~np.isnan(benefit)
    if limits.min_condition is not None:
        usable &= ~must[found.segment] | (found.condition_end >= limits.min_condition)
    return np.flatnonzero(usable)


def _strategies(
    segment: NDArray[np.object_],
    treatments: Sequence[Treatment],
    found: Strategies,
    benefit: NDArray[np.float64],
    label: str,
) -> dict[str, Any]:
    names = np.array([*(t.code for t in treatments), ""], object)
    full = {
        "segment": segment[found.segment],
        "strategy": found.strategy,
        "year": found.year,
        "treatment": names[found.treatment],
        "cost_eur": found.cost_eur,
        "benefit": benefit,
        "worksite_cost_eur": found.worksite_eur,
        "area_m2": found.area_m2,
        "condition_end": found.condition_end,
        "label": np.full(len(found), label, object),
    }
    known = ~np.isnan(benefit)
    return {name: values[known] for name, values in full.items()}


def _options(
    segment: NDArray[np.object_],
    found: Strategies,
    benefit: NDArray[np.float64],
    must: NDArray[np.bool_],
    limits: Limits,
) -> dict[str, Any]:
    if limits.road is not None:
        return _of_roads(segment, found, bundles(found, limits.road, benefit), limits)
    rows = _treated(found, benefit, must, limits)
    return _columns(
        segment[found.segment[rows]],
        found.year[rows],
        (benefit[rows], found.cost_eur[rows], found.area_m2[rows]),
        limits,
    )


def _of_roads(
    segment: NDArray[np.object_], found: Strategies, ways: Sequence[Bundle], limits: Limits
) -> dict[str, Any]:
    figures = np.array([(w.benefit, w.cost_eur, w.area_m2) for w in ways]).reshape(-1, 3)
    told = [";".join(f"{segment[found.segment[r]]}:{found.strategy[r]}" for r in w.rows) for w in ways]
    year = np.array([w.year for w in ways], np.int64)
    site = np.array([w.road for w in ways], object)
    return {**_columns(site, year, (figures[:, 0], figures[:, 1], figures[:, 2]), limits), "strategies": told}


def _columns(
    site: NDArray[np.object_],
    year: NDArray[np.int64],
    figures: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    limits: Limits,
) -> dict[str, Any]:
    benefit, cost, area = figures
    place = year - limits.years[0]
    crews = limits.crew_m2 is not None
    return {
        "site": site,
        "benefit_eur": benefit,
        "budget_a": place,
        "cost_a_eur": cost,
        "budget_b": place + (len(limits.years) if crews else 0),
        "cost_b_eur": area if crews else np.zeros(place.size, np.int64),
    }


def _budgets(limits: Limits) -> dict[str, Any]:
    years = list(limits.years)
    sources, amounts = ["own"] * len(years), [limits.budget_eur] * len(years)
    if limits.crew_m2 is not None:
        sources, amounts = (
            sources + ["crews"] * len(years),
            amounts + [limits.crew_m2] * len(years),
        )
        years = years * 2
    return {"budget": list(range(len(years))), "year": years, "source": sources, "budget_eur": amounts}


def _floors(
    segment: NDArray[np.object_],
    found: Strategies,
    benefit: NDArray[np.float64],
    must: NDArray[np.bool_],
    limits: Limits,
) -> dict[str, Any]:
    """Return what must be paid at each segment; one that no treatment brings above it is left to the finding."""
    rows = _treated(found, benefit, must, limits)
    use = found.cost_eur + (found.area_m2 if limits.crew_m2 is not None else 0.0)
    least = np.full(segment.size, np.inf)
    np.minimum.at(least, found.segment[rows], use[rows])
    kept = must & np.isfinite(least)
    return {"municipality": segment[kept], "min_spend_eur": np.floor(least[kept] * 100) / 100}
