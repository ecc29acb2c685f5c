"""What observations of many drives say together: anomalies with their state, and states of the cells."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.engines.pavement.anomalies import life, track
from contado.engines.pavement.anomalies.kind import criticality
from contado.engines.pavement.anomalies.sources import sensor_of
from contado.engines.pavement.lines import Line
from contado.kernel import tables
from contado.kernel.dates import local

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

__all__ = ["anomalies", "covered", "follow", "lines_of"]

_DAY_S = 86400.0
MIN_COVERAGE = 0.5
"""Share of a cell that a pass must have measured for its silence about an anomaly to count."""


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
    """
    return follow(cell_obs, anomaly_obs, on=on, lines=lines, source_id=source_id)[0]


def follow(
    cell_obs: pa.Table,
    anomaly_obs: pa.Table,
    *,
    on: date,
    lines: Mapping[str, Line],
    source_id: str | None = None,
) -> tuple[pa.Table, list[life.Change]]:
    """Return what `anomalies` returns, and who met each anomaly when, with the state before and after."""
    end = local.place(datetime.combine(on + timedelta(days=1), time())).instant
    simulated = {r["section_id"] for r in anomaly_obs.to_pylist() if r["label"] == "simulated"}
    passages = _passages(cell_obs, anomaly_obs, end)
    found: list[life.Anomaly] = []
    met: list[life.Change] = []
    for part in _by_section(passages):
        here, changes = track.follow([], part)
        found += here
        met += (replace(c, label="simulated") if c.section_id in simulated else c for c in changes)
    facts = _facts(anomaly_obs.to_pylist())
    rows = [_row(a, lines.get(a.section_id), facts, simulated, source_id) for a in found]
    return tables.sort("pavement_anomaly", tables.from_rows("pavement_anomaly", rows)), met


def _passages(cell_obs: pa.Table, anomaly_obs: pa.Table, end: datetime) -> list[life.Passage]:
    """Return one passage a section and drive, with what it measured and noticed."""
    measured, day = covered(cell_obs, end)
    told: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in anomaly_obs.to_pylist():
        moment = row["t_utc"] or end
        if moment > end:
            continue
        key = (row["section_id"], row["drive_id"])
        day.setdefault(key, moment.timestamp() / _DAY_S)
        told[key].append(row)
    return [_passage(key, day[key], measured.get(key, ()), told[key]) for key in sorted(day)]


def _passage(
    key: tuple[str, str], day: float, measured: tuple[tuple[float, float], ...], rows: list[dict[str, Any]]
) -> life.Passage:
    """Return what one drive, camera or person said of one section."""
    fields = ("chainage_m", "kind", "height_mm", "severity")
    further = ("fixture_id", "second_axle", "side")  # of rows told by people they may be absent
    told = sorted(
        (life.Sighting(**{n: row[n] for n in fields} | {n: row.get(n) for n in further}) for row in rows),
        key=lambda s: (s.chainage_m, s.kind),
    )
    first: dict[str, Any] = rows[0] if rows else {"source": "car"}
    answer = first.get("answer")
    return life.Passage(
        section_id=key[0],
        drive_id=key[1],
        day=day,
        covered_m=measured,
        sightings=() if answer in {"absent", "repaired"} else tuple(told),
        sensor=sensor_of(first["source"], first.get("kind", "")),
        source=first["source"],
        asked=told[0] if answer else None,
        answer=answer,
        who=first.get("who"),
        photo=first.get("photo"),
        label=first.get("label", "estimated"),
    )


def covered(
    cell_obs: pa.Table, end: datetime
) -> tuple[dict[tuple[str, str], tuple[tuple[float, float], ...]], dict[tuple[str, str], float]]:
    """Return the stretches that each drive measured of each section, and the day it did."""
    names = ["section_id", "drive_id", "cell", "cell_m", "t_utc", "iri_m_km", "coverage"]
    rows = cell_obs.select(names).to_pandas()
    rows["t_utc"] = rows["t_utc"].fillna(end)
    rows = rows[(rows["t_utc"] <= end) & rows["iri_m_km"].notna() & (rows["coverage"] >= MIN_COVERAGE)]
    rows = rows.sort_values(["section_id", "drive_id", "cell"], ignore_index=True)
    if rows.empty:
        return {}, {}
    start = rows["cell"].to_numpy(float) * rows["cell_m"].to_numpy(float)
    stop = start + rows["cell_m"].to_numpy(float)
    pass_of = rows.groupby(["section_id", "drive_id"], sort=False).ngroup().to_numpy()
    new = np.concatenate(([True], (np.diff(pass_of) != 0) | (start[1:] > stop[:-1] + 1e-6)))
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(rows)) - 1
    found: dict[tuple[str, str], tuple[tuple[float, float], ...]] = {}
    for section, drive, a, b in zip(
        rows["section_id"].iloc[first], rows["drive_id"].iloc[first], start[first], stop[last], strict=True
    ):
        found[section, drive] = (*found.get((section, drive), ()), (float(a), float(b)))
    moment = rows.groupby(["section_id", "drive_id"])["t_utc"].min()
    return found, {key: stamp.timestamp() / _DAY_S for key, stamp in moment.items()}


def _by_section(passages: Iterable[life.Passage]) -> Iterable[list[life.Passage]]:
    """Return the passages of each section: what lies on one says nothing about another."""
    parts: dict[str, list[life.Passage]] = defaultdict(list)
    for passage in passages:
        parts[passage.section_id].append(passage)
    return [parts[section] for section in sorted(parts)]


def _facts(felt: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[float, float]]]:
    """Return place and its standard deviation of every observation, by section."""
    facts: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in felt:
        if row["position_sd_m"] is not None:
            facts[row["section_id"]].append((row["chainage_m"], row["position_sd_m"]))
    return facts


def _row(
    anomaly: life.Anomaly,
    line: Line | None,
    facts: Mapping[str, list[tuple[float, float]]],
    simulated: set[str],
    source_id: str | None,
) -> dict[str, Any]:
    import shapely

    near = [sd for place, sd in facts.get(anomaly.section_id, ()) if abs(place - anomaly.chainage_m) <= 8.0]
    point = None
    if line is not None:
        lon, lat = line.lonlat(anomaly.chainage_m)
        point = shapely.Point(float(lon), float(lat))
    return {
        "anomaly_id": anomaly.anomaly_id,
        "section_id": anomaly.section_id,
        "chainage_m": anomaly.chainage_m,
        "position_sd_m": float(np.median(near)) if near else None,
        "kind": anomaly.kind,
        "height_mm": anomaly.height_mm,
        "side": anomaly.side,
        "severity": anomaly.severity,
        "criticality": None if anomaly.severity is None else criticality(anomaly.severity),
        "p_exists": anomaly.p_exists,
        "passes": anomaly.hits,
        "passes_possible": anomaly.hits + anomaly.misses,
        "first_seen": _date(anomaly.first_seen),
        "last_seen": _date(anomaly.last_seen),
        "last_not_seen": _date(anomaly.last_not_seen),
        "state": anomaly.state,
        "fixture_id": anomaly.fixture_id,
        "confirmed_by": anomaly.confirmed_by,
        "photo": anomaly.photo,
        "source": anomaly.source,
        "geometry": point,
        "label": "simulated" if anomaly.section_id in simulated else "estimated",
        "source_id": source_id,
    }


def _date(day: float | None) -> date | None:
    return None if day is None else local.legal_day(datetime.fromtimestamp(day * _DAY_S, UTC))
