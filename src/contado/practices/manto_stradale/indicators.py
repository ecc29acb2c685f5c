"""Indicators of the roads: of each section, and of each municipality over its sections."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from contado.engines.pavement.quantiles import Z_90
from contado.engines.pavement.road import coverage
from contado.kernel import labels, tables
from contado.practices.manto_stradale.ids import DRIVES, NAME, asset_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

    from contado.practices.manto_stradale.state import Row, Snapshot

__all__ = ["assets", "indicator_values", "section_figures"]

_TOGETHER = "mean by length; interval as if all errors went together"
_ENDS = {"growth": 0.0, "growth_low": -Z_90, "growth_high": Z_90}
_UNITS = {
    "iri_m_km": "m_km",
    "condition_index": "1",
    "anomalies_per_km": "count_km",
    "km_not_driven_30d": "km",
}


def assets(found: Snapshot) -> pa.Table:
    """Return every section as an asset."""
    import json

    facts = ("road_code", "length_m", "width_m", "aadt", "surface")
    rows = [
        {
            "id": asset_id(s["section_id"]),
            "practice": NAME,
            "kind": "road_section",
            "municipality": s["municipality"],
            "name": s["road_name"] or s["road_code"] or s["section_id"],
            "geometry": s["geometry"],
            "attributes": json.dumps({name: s[name] for name in facts}, sort_keys=True),
            "label": s["label"],
            "source_id": s["source_id"],
        }
        for s in found.sections
    ]
    return tables.from_rows("asset", rows)


def section_figures(found: Snapshot) -> dict[str, Row]:
    """Return what is known of each section: lengths, means with interval, anomalies, passes, last day."""
    by_section: dict[str, list[Row]] = defaultdict(list)
    for segment in found.segments:
        by_section[segment["section_id"]].append(segment)
    return {
        s["section_id"]: _figures(
            s,
            by_section[s["section_id"]],
            found.cells.get(s["section_id"], ()),
            found.anomalies.get(s["section_id"], ()),
        )
        for s in found.sections
    }


def _figures(section: Row, segments: Sequence[Row], cells: Sequence[Row], anomalies: Sequence[Row]) -> Row:
    length_m = sum(s["to_m"] - s["from_m"] for s in segments)
    not_driven_m, not_measurable_m = _unmeasured(section["length_m"], cells)
    inside = [a for a in anomalies if any(s["from_m"] <= a["chainage_m"] < s["to_m"] for s in segments)]
    return {
        "length_m": section["length_m"],
        "measured_m": length_m,
        "not_driven_m": not_driven_m,
        "not_measurable_m": not_measurable_m,
        "anomalies": len(inside),
        "iri": _mean(segments, "iri_m_km", "low_m_km", "high_m_km"),
        "condition": _mean(segments, "condition_index", "condition_low", "condition_high"),
        "growth": _growth(segments),
        "passes": min((s["passes"] for s in segments), default=0),
        "vehicles": max((s["vehicles"] for s in segments), default=0),
        "last_on": max((s["last_on"] for s in segments), default=None),
        "first_segment": min(segments, key=lambda s: s["rank"], default=None),
        "label": labels.joint(s["label"] for s in segments),
    }


def _unmeasured(length_m: float, cells: Sequence[Row]) -> tuple[float, float]:
    """Return how much of a section had no pass lately, and how much passes could not measure [m]."""
    told: dict[str, float] = defaultdict(float)
    for c in cells:
        told[c["state"]] += c["to_m"] - c["from_m"]
    for gap in coverage.gaps([(c["from_m"], c["to_m"]) for c in cells], length_m):
        told["not_measurable" if gap.driven else "not_driven"] += gap.length_m
    return told["not_driven"] + told["renewed"], told["not_measurable"]


def _mean(segments: Sequence[Row], *names: str) -> tuple[float, float, float] | None:
    """Return the means by length of value, low and high; None where nothing was measured."""
    total = sum(s["to_m"] - s["from_m"] for s in segments)
    if total <= 0:
        return None
    value, low, high = (sum(s[n] * (s["to_m"] - s["from_m"]) for s in segments) / total for n in names)
    return value, min(low, value), max(high, value)


def _growth(segments: Sequence[Row]) -> tuple[float, float, float] | None:
    """Return the growth of IRI a year [m/km] with its 90 % interval, mean by length."""
    rows = [
        {
            **s,
            **{
                name: s["iri_m_km"] * (s["growth_per_y"] + z * s["growth_sd_per_y"])
                for name, z in _ENDS.items()
            },
        }
        for s in segments
    ]
    return _mean(rows, *_ENDS)


def indicator_values(found: Snapshot) -> pa.Table:
    """Return the indicators of sections and municipalities on the day of the snapshot."""
    figures = section_figures(found)
    by_town: dict[str, list[Row]] = defaultdict(list)
    rows: list[Row] = []
    for section in found.sections:
        figure = figures[section["section_id"]]
        rows += _rows(asset_id(section["section_id"]), [figure], found)
        if section["municipality"]:
            by_town[section["municipality"]].append(figure)
    for town in sorted(by_town):
        rows += _rows(town, by_town[town], found)
    table = tables.from_rows("indicator_value", rows)
    return tables.sort("indicator_value", table)


def _rows(subject: str, figures: Sequence[Row], found: Snapshot) -> Iterable[dict[str, Any]]:
    measured_km = sum(f["measured_m"] for f in figures) / 1000
    common = {
        "subject_id": subject,
        "period": found.on.isoformat(),
        "label": labels.joint(f["label"] for f in figures),
        "source_id": DRIVES,
    }
    for indicator, name in (("iri_m_km", "iri"), ("condition_index", "condition")):
        value = _pooled(figures, name)
        known = {} if value is None else dict(zip(("value", "low", "high"), value, strict=True))
        method = "no_interval: not driven yet" if value is None else _TOGETHER
        yield {**common, "indicator": indicator, "unit": _UNITS[indicator], "method": method, **known}
    count = sum(f["anomalies"] for f in figures)
    method = "no_interval: not driven yet"
    known = {}
    if measured_km > 0:
        method = "open defects found by drives; interval of a Poisson count, 90 %"
        low, high = _poisson(count)
        known = {"value": count / measured_km, "low": low / measured_km, "high": high / measured_km}
    yield {**common, "indicator": "anomalies_per_km", "unit": "count_km", "method": method, **known}
    not_driven = sum(f["not_driven_m"] for f in figures) / 1000
    method = "exact: length without a pass in the days before"
    yield {**common, "indicator": "km_not_driven_30d", "unit": "km", "method": method, "value": not_driven}


def _pooled(figures: Sequence[Row], name: str) -> tuple[float, float, float] | None:
    """Return the mean by measured length of sections' figures with interval."""
    known = [(f["measured_m"], f[name]) for f in figures if f[name] is not None]
    total = sum(length for length, _ in known)
    if total <= 0:
        return None
    value, low, high = (sum(length * v[k] for length, v in known) / total for k in range(3))
    return value, min(low, value), max(high, value)


def _poisson(count: int) -> tuple[float, float]:
    """Return the exact 90 % interval of a Poisson mean (Garwood 1936)."""
    from scipy.special import gammaincinv

    low = float(gammaincinv(count, 0.05)) if count else 0.0
    return low, float(gammaincinv(count + 1, 0.95))
