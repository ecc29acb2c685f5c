"""What could be done: each treatment that a segment's condition allows, with cost, years and effects."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.engines.pavement.maintenance import strategy, treatments, user_cost
from contado.engines.pavement.road import posts
from contado.kernel import tables
from contado.kernel.errors import Finding
from contado.kernel.portfolio import horizon
from contado.practices.manto_stradale import counts, cuts, growth
from contado.practices.manto_stradale.ids import CATALOGUE, DRIVES, NAME, asset_id, intervention_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    import pyarrow as pa

    from contado.engines.pavement.deterioration import GrowthModel
    from contado.engines.pavement.maintenance.strategy import Roads, Strategies, StrategySettings
    from contado.engines.pavement.maintenance.treatments import Treatment
    from contado.kernel.workspace import WorkspaceView

__all__ = ["measured_catalogue", "proposals"]

PRIOR_WORKS = 3.0
"""Weight of the catalogue against what was measured after works, as a number of works."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A treatment of a segment: first and last year, and its row in the strategies at three roughnesses."""

    segment: Row
    section: Row
    treatment: Treatment
    years: tuple[int, int]
    gain_a_year: tuple[float, float, float]
    user_eur: tuple[float, float, float]
    area_m2: float


def measured_catalogue(table: pa.Table) -> tuple[tuple[Treatment, ...], list[Finding]]:
    """Return the treatments of the workspace, else the illustrative ones, drawn to what works showed.

    A measured roughness after works counts with the number of works against `PRIOR_WORKS` for the
    catalogue's own.
    """
    if table.num_rows == 0:
        note = Finding(
            severity="note",
            rule="illustrative",
            table="pavement_treatment",
            message="Costs and effects are those of the illustrative catalogue.",
            hint="bring the body's price list into table pavement_treatment",
        )
        return treatments.catalogue(), [note]
    found, findings = treatments.from_table(tables.sort("pavement_treatment", table))
    facts = {row["code"]: row for row in table.to_pylist()}
    return tuple(_drawn(t, facts[t.code]) for t in found), findings


def _drawn(treatment: Treatment, fact: Row) -> Treatment:
    measured, count = fact["iri_after_measured_m_km"], float(fact["works"] or 0)
    if treatment.iri_after_m_km is None or measured is None or count == 0:
        return treatment
    iri = (PRIOR_WORKS * treatment.iri_after_m_km + count * measured) / (PRIOR_WORKS + count)
    return replace(treatment, iri_after_m_km=iri)


def proposals(
    workspace: WorkspaceView, segments: pa.Table, on: date
) -> tuple[dict[str, pa.Table], list[Finding]]:
    """Return tables ``intervention``, ``relation``, ``effect`` and ``pavement_strategy``.

    Parameters
    ----------
    workspace
        For the sections, the streets and the catalogue.
    segments
        Table ``pavement_segment`` of the diagnosis.
    on
        Day of the diagnosis; works begin in the year after, in the years whose budgets may pay for them.
    """
    links = workspace.read("road_link")
    known = {s["section_id"]: s for s in workspace.read("pavement_lrs_section").to_pylist()}
    sections, traffic_ends, uncounted = counts.with_traffic(known, links, on)
    rows = sorted(segments.to_pylist(), key=lambda s: s["segment_id"])
    rows = [r for r in rows if r["section_id"] in sections and r["iri_m_km"] is not None]
    catalogue, findings = measured_catalogue(workspace.read("pavement_treatment"))
    settings = strategy.StrategySettings(discount_rate=workspace.settings.planning.discount_rate_share)
    if not rows:
        names = ("intervention", "relation", "effect", "pavement_strategy")
        return {name: tables.empty(name) for name in names}, findings
    model = growth.fitted(workspace, sections, on)
    roads, assumed = _roads(rows, sections, cuts.works_until(workspace, on), model, on, settings)
    places = {s["municipality"] for s in sections.values()}
    years, beyond = horizon.proposal_years(workspace, NAME, places, on)
    found = strategy.strategies(roads, catalogue, years, on=on, settings=settings)
    cases = _cases(
        found, rows, sections, catalogue, _ends(rows, roads, catalogue, years, on, settings), roads
    )
    lengths = dict(zip(links["link_id"].to_pylist(), links["length_m"].to_pylist(), strict=True))
    named = _road_names(sections.values())
    planned = [_intervention(c, lengths, traffic_ends[c.section["section_id"]], named) for c in cases]
    out = {
        "intervention": tables.from_rows("intervention", planned),
        "relation": tables.from_rows("relation", _bundled(planned, cases)),
        "effect": tables.from_rows("effect", [e for c in cases for e in _effects(c)]),
        "pavement_strategy": _strategy_table(found, rows, catalogue),
    }
    findings += [*beyond, *assumed, *uncounted, *_illustrative(on, found)]
    return {name: tables.sort(name, table) for name, table in out.items()}, findings


def _roads(
    rows: Sequence[Row],
    sections: Mapping[str, Row],
    works: Mapping[str, Sequence[Row]],
    model: GrowthModel,
    on: date,
    settings: StrategySettings,
) -> tuple[Roads, list[Finding]]:
    import pyarrow as pa

    texts = {
        "segment": [r["segment_id"] for r in rows],
        "municipality": [sections[r["section_id"]]["municipality"] or "" for r in rows],
    }
    numbers: dict[str, list[Any]] = {
        "length_m": [r["to_m"] - r["from_m"] for r in rows],
        **{n: [r[n] for r in rows] for n in ("iri_m_km", "severity_per_100m")},
        **{n: [sections[r["section_id"]][n] for r in rows] for n in ("width_m", "aadt", "heavy_share")},
        "growth_per_y": [
            _growth(sections[r["section_id"]], len(works.get(r["section_id"], ())), model, on) for r in rows
        ],
        "surface_age_y": [
            growth.surface_age_y(_laid_on(r, sections[r["section_id"]], works.get(r["section_id"], ())), on)
            for r in rows
        ],
    }
    columns = {n: pa.array(v, pa.string()) for n, v in texts.items()}
    columns |= {n: pa.array(v, pa.float64()) for n, v in numbers.items()}
    return strategy.roads_of(pa.table(columns), settings)


def _growth(section: Row, done: int, model: GrowthModel, on: date) -> float:
    """Return the growth of the surface after so many works, else of its family; no road becomes smoother by itself."""
    life = growth.life_of(section["section_id"], done)
    return max(0.0, model.of(life, growth.family(section, on)).mean)


def _laid_on(row: Row, section: Row, works: Sequence[Row]) -> date | None:
    """Return the day the segment's surface was laid: of the section's last works on most of it, else of the section."""
    half = (row["to_m"] - row["from_m"]) / 2
    days = [w["date"] for w in works if min(w["to_m"], row["to_m"]) - max(w["from_m"], row["from_m"]) > half]
    laid: date | None = max(days, default=section["built_on"])
    return laid


def _ends(
    rows: Sequence[Row],
    roads: Roads,
    catalogue: Sequence[Treatment],
    years: Sequence[int],
    on: date,
    settings: StrategySettings,
) -> list[dict[tuple[int, int, int], tuple[float, float]]]:
    """Return yearly gain and users' saving by (segment, treatment, year) at both ends of the roughness."""
    anywhere = [replace(t, min_condition=0.0, max_condition=100.0) for t in catalogue]
    out = []
    for end in ("low_m_km", "high_m_km"):
        iri = np.array([r[end] if r[end] is not None else r["iri_m_km"] for r in rows], float)
        found = strategy.strategies(roads.with_iri(iri), anywhere, years, on=on, settings=settings)
        keys = zip(found.segment.tolist(), found.treatment.tolist(), found.year.tolist(), strict=True)
        values = zip(found.gain_a_year.tolist(), found.user_eur.tolist(), strict=True)
        out.append(dict(zip(keys, values, strict=True)))
    return out


def _cases(
    found: Strategies,
    rows: Sequence[Row],
    sections: Mapping[str, Row],
    catalogue: Sequence[Treatment],
    ends: Sequence[Mapping[tuple[int, int, int], tuple[float, float]]],
    roads: Roads,
) -> list[_Case]:
    """Return one case for each treatment and segment, with the years in which it applies in a row."""
    years: dict[tuple[int, int], list[int]] = defaultdict(list)
    figures = {}
    for i in np.flatnonzero(found.strategy > 0).tolist():
        segment, treatment, year = int(found.segment[i]), int(found.treatment[i]), int(found.year[i])
        years[segment, treatment].append(year)
        figures[segment, treatment, year] = (float(found.gain_a_year[i]), float(found.user_eur[i]))
    cases = []
    for (segment, number), possible in sorted(years.items()):
        key = (segment, number, min(possible))
        gains, savings = zip(*(source[key] for source in (ends[0], figures, ends[1])), strict=True)
        cases.append(
            _Case(
                segment=rows[segment],
                section=sections[rows[segment]["section_id"]],
                treatment=catalogue[number],
                years=(min(possible), _last_in_a_row(possible)),
                gain_a_year=_ordered(gains),
                user_eur=_ordered(savings),
                area_m2=float(roads.length_m[segment] * roads.width_m[segment]),
            )
        )
    return cases


def _last_in_a_row(years: Sequence[int]) -> int:
    ordered = sorted(years)
    last = ordered[0]
    for year in ordered[1:]:
        if year != last + 1:
            break
        last = year
    return last


def _ordered(values: Sequence[float]) -> tuple[float, float, float]:
    """Return low, value, high with the value between its ends."""
    low, value, high = values
    return min(low, value, high), value, max(low, value, high)


def _intervention(
    case: _Case, links: Mapping[str, float], traffic_ends: tuple[float, float], named: Mapping[str, str]
) -> Row:
    segment, treatment = case.segment, case.treatment
    cost = case.area_m2 * treatment.unit_cost_eur_m2
    low, value, high = (None if np.isnan(v) else v for v in case.user_eur)
    return {
        "id": intervention_id(segment["segment_id"], treatment.code),
        "practice": NAME,
        "type": treatment.code,
        "asset_id": asset_id(segment["section_id"]),
        "site_id": None,
        "municipality": case.section["municipality"],
        "geometry": segment["geometry"],
        "cost_eur": cost,
        "cost_low_eur": case.area_m2 * treatment.cost_low_eur_m2,
        "cost_high_eur": case.area_m2 * treatment.cost_high_eur_m2,
        "price_year": treatment.price_year,
        "life_y": treatment.life_y,
        "earliest_year": case.years[0],
        "latest_year": case.years[1],
        "benefit_eur": value,
        "benefit_low_eur": None if low is None else low * traffic_ends[0],
        "benefit_high_eur": None if high is None else high * traffic_ends[1],
        "worksite_cost_eur": cost * treatment.worksite_share,
        "choice_group": segment["segment_id"],
        "road_link_ids": _links_of(case.section, segment, links),
        "design_level": treatment.design_level,
        "name": _name(case, named[case.section["section_id"]]),
        "label": segment["label"],
        "source_id": CATALOGUE,
    }


def _bundled(planned: Sequence[Row], cases: Sequence[_Case]) -> list[Row]:
    """Return what one worksite saves where the next segment of the road gets the same treatment in the same year.

    Each treatment loses its set-up at most once, to the segment after it, so a whole road pays one.
    """
    begins = {
        (c.section["section_id"], c.segment["from_m"], c.treatment.code): i for i, c in enumerate(cases)
    }
    out = []
    for i, case in enumerate(cases):
        after = begins.get((case.section["section_id"], case.segment["to_m"], case.treatment.code))
        if after is None or case.treatment.worksite_share == 0:
            continue
        a, b = planned[i], planned[after]
        saving = min(a["worksite_cost_eur"], b["worksite_cost_eur"])
        common = {"a": a["id"], "b": b["id"], "kind": "joint_worksite"}
        out.append({**common, "saving_eur": saving, "source_id": CATALOGUE})
    return out


def _road_names(sections: Iterable[Row]) -> dict[str, str]:
    """Return what the road of each section is called; sections of one name, as two directions, by their id too."""
    roads = {s["section_id"]: s["road_name"] or s["road_code"] or s["section_id"] for s in sections}
    times = Counter(roads.values())
    return {name: road if times[road] == 1 else f"{road} ({name})" for name, road in roads.items()}


def _name(case: _Case, road: str) -> str:
    place = posts.of_section(case.section).name(case.segment["from_m"], case.segment["to_m"])
    return f"{case.treatment.name_it}, {road}, {place}"


def _links_of(section: Row, segment: Row, lengths: Mapping[str, float]) -> list[str]:
    """Return the section's links that the segment lies on by more than a metre."""
    chosen, start = [], 0.0
    for link in section["links"]:
        end = start + (lengths.get(link) or 0.0)
        if min(end, segment["to_m"]) - max(start, segment["from_m"]) > 1.0:
            chosen.append(link)
        start = end
    return chosen


def _effects(case: _Case) -> list[Row]:
    treatment = case.treatment
    common = {
        "intervention_id": intervention_id(case.segment["segment_id"], treatment.code),
        "start_lag_y": 0.0,
        "label": case.segment["label"],
    }
    low, value, high = case.gain_a_year
    effects = [
        {
            **common,
            "indicator": "condition_index_km_y",
            "unit": "km_y",
            "value": value,
            "low": low,
            "high": high,
            "method": "condition over doing nothing, index times km, mean over the treatment's life",
            "source_id": DRIVES,
        }
    ]
    if treatment.gwp_kg_m2 is not None and treatment.life_y > 0:
        emitted = treatment.gwp_kg_m2 * case.area_m2 / 1000 / treatment.life_y
        effects.append(
            {
                **common,
                "indicator": "ghg_tco2e_y",
                "unit": "tco2e_y",
                "value": -emitted,
                "method": "no_interval: emissions of laying a year of life, from the catalogue; negative = emitted",
                "source_id": CATALOGUE,
            }
        )
    return effects


def _strategy_table(found: Strategies, rows: Sequence[Row], catalogue: Sequence[Treatment]) -> pa.Table:
    names = [*(t.code for t in catalogue), None]
    out = [
        {
            "segment_id": rows[int(found.segment[i])]["segment_id"],
            "strategy": int(found.strategy[i]),
            "year": int(found.year[i]),
            "treatment": names[int(found.treatment[i])],
            "cost_eur": float(found.cost_eur[i]),
            "condition_gain_km_y": float(found.condition_gain[i]),
            "benefit_eur": float(found.user_eur[i]),
            "source_id": CATALOGUE,
        }
        for i in range(len(found))
    ]
    return tables.from_rows("pavement_strategy", out)


def _illustrative(on: date, found: Strategies) -> list[Finding]:
    """Say on what the euros of benefit rest, and how many have none."""
    unknown = np.unique(found.segment[np.isnan(found.user_eur)]).size
    findings = []
    if user_cost.status(on) != "confirmed":
        findings.append(
            Finding(
                severity="note",
                rule="illustrative",
                table="intervention",
                message=f"The users' costs behind benefit_eur are {user_cost.status(on)}.",
                hint="replace the dated table user_cost before a decision",
            )
        )
    if unknown:
        findings.append(
            Finding(
                severity="warning",
                rule="missing_benefit",
                table="intervention",
                message=f"{unknown} segments have no known traffic, so their interventions have no benefit_eur.",
                hint="give aadt of their sections",
            )
        )
    return findings
