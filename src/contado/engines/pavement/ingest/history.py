"""What observations of many drives say together: anomalies with their state, and states of the cells."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from contado.engines.pavement.anomalies import life, track
from contado.engines.pavement.anomalies.kind import criticality
from contado.engines.pavement.anomalies.passages import passages_of
from contado.engines.pavement.road.lines import Line
from contado.kernel import tables
from contado.kernel.dates import local

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

__all__ = ["anomalies", "follow", "lines_of"]

_DAY_S = 86400.0
_NEAR_M = 8.0
"""Observations within this distance of an anomaly tell how well its place is known."""


def lines_of(sections: pa.Table) -> dict[str, Line]:
    """Return the line of each section that has one."""
    names = ("section_id", "length_m", "geometry")
    rows = zip(*(sections[n].to_pylist() for n in names), strict=True)
    return {section: Line.of(wkb, length) for section, length, wkb in rows if wkb is not None}


def anomalies(
    cell_obs: pa.Table,
    anomaly_obs: pa.Table,
    *,
    on: date,
    lines: Mapping[str, Line],
    timezone: str = local.ROME,
    source_id: str | None = None,
) -> pa.Table:
    """Return table ``pavement_anomaly``: what is known of each anomaly at the end of the legal day ``on``.

    Parameters
    ----------
    cell_obs, anomaly_obs
        All observations; a pass that measured a place without noticing anything speaks against it.
    on
        Day of the state.
    lines
        Lines of the sections, for the points.
    timezone
        Zone of the legal time.
    """
    found, _ = follow(cell_obs, anomaly_obs, on=on, lines=lines, timezone=timezone, source_id=source_id)
    return found


def follow(
    cell_obs: pa.Table,
    anomaly_obs: pa.Table,
    *,
    on: date,
    lines: Mapping[str, Line],
    timezone: str = local.ROME,
    source_id: str | None = None,
) -> tuple[pa.Table, list[life.Change]]:
    """Return what `anomalies` returns, and who met each anomaly when, with the state before and after."""
    simulated = {r["section_id"] for r in anomaly_obs.to_pylist() if r["label"] == "simulated"}
    passages = passages_of(cell_obs, anomaly_obs, on=on, timezone=timezone)
    found: list[life.Anomaly] = []
    met: list[life.Change] = []
    for part in _by_section(passages):
        here, changes = track.follow([], part)
        found += here
        met += (replace(c, label="simulated") if c.section_id in simulated else c for c in changes)
    facts = _facts(anomaly_obs.to_pylist())
    rows = [
        {
            **_row(a, timezone),
            "position_sd_m": _position_sd(facts.get(a.section_id, ()), a.chainage_m),
            "geometry": _point(lines.get(a.section_id), a.chainage_m),
            "label": "simulated" if a.section_id in simulated else "estimated",
            "source_id": source_id,
        }
        for a in found
    ]
    return tables.sort("pavement_anomaly", tables.from_rows("pavement_anomaly", rows)), met


def _by_section(passages: Iterable[life.Passage]) -> Iterable[list[life.Passage]]:
    """Return the passages of each section: what lies on one says nothing about another."""
    parts: dict[str, list[life.Passage]] = defaultdict(list)
    for passage in passages:
        parts[passage.section_id].append(passage)
    return [parts[section] for section in sorted(parts)]


def _facts(felt: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[float, float]]]:
    """Return place and its standard deviation of every observation, by section and in the order of the places."""
    facts: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in felt:
        if row["position_sd_m"] is not None:
            facts[row["section_id"]].append((row["chainage_m"], row["position_sd_m"]))
    return {section: sorted(found) for section, found in facts.items()}


def _position_sd(facts: Sequence[tuple[float, float]], chainage_m: float) -> float | None:
    """Return the median standard deviation of the places near one [m]; None without any."""
    first = bisect_left(facts, chainage_m - _NEAR_M, key=_place)
    last = bisect_right(facts, chainage_m + _NEAR_M, first, key=_place)
    return median(sd for _, sd in facts[first:last]) if last > first else None


def _place(fact: tuple[float, float]) -> float:
    return fact[0]


def _point(line: Line | None, chainage_m: float) -> Any:
    """Return the point of the line at a place; None without a line."""
    import shapely

    if line is None:
        return None
    lon, lat = line.lonlat(chainage_m)
    return shapely.Point(float(lon), float(lat))


def _row(anomaly: life.Anomaly, timezone: str) -> dict[str, Any]:
    """Return what the tracking itself knows of an anomaly."""
    return {
        "anomaly_id": anomaly.anomaly_id,
        "section_id": anomaly.section_id,
        "chainage_m": anomaly.chainage_m,
        "kind": anomaly.kind,
        "height_mm": anomaly.height_mm,
        "side": anomaly.side,
        "severity": anomaly.severity,
        "criticality": None if anomaly.severity is None else criticality(anomaly.severity),
        "p_exists": anomaly.p_exists,
        "passes": anomaly.hits,
        "passes_possible": anomaly.passes_possible,
        "first_seen": _date(anomaly.first_seen, timezone),
        "last_seen": _date(anomaly.last_seen, timezone),
        "last_not_seen": _date(anomaly.last_not_seen, timezone),
        "state": anomaly.state,
        "fixture_id": anomaly.fixture_id,
        "confirmed_by": anomaly.confirmed_by,
        "photo": anomaly.photo,
        "source": anomaly.source,
    }


def _date(day: float | None, timezone: str) -> date | None:
    return None if day is None else local.legal_day(datetime.fromtimestamp(day * _DAY_S, UTC), timezone)
