"""State of the roads on a day: cells fused, anomalies tracked, segments cut, graded and ranked."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.engines.pavement.anomalies.explained import explaining
from contado.engines.pavement.anomalies.sources import DEFECTS, is_open
from contado.engines.pavement.ingest import history
from contado.engines.pavement.maintenance import condition, priority
from contado.engines.pavement.segmentation import segments
from contado.engines.pavement.segmentation.cuts import at_cell_ends
from contado.engines.pavement.state.change import level_of
from contado.engines.pavement.state.fusion import fuse
from contado.engines.pavement.state.settings import FuseSettings
from contado.kernel import labels, tables
from contado.kernel.errors import Finding
from contado.practices.manto_stradale import cuts
from contado.practices.manto_stradale.ids import DRIVES, segment_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from contado.engines.pavement.road.lines import Line
    from contado.engines.pavement.segmentation.cuts import Cut
    from contado.engines.pavement.state.change import CellErrors, Level
    from contado.kernel.workspace import WorkspaceView

__all__ = ["Snapshot", "forced_cuts", "level", "notes", "segment_table", "snapshot", "told"]

_NO_DEFECT = frozenset({"closed", "fixture"})
_AVERAGED = ("iri_m_km", "growth_per_y", "growth_sd_per_y")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Roads on a day: sections and rows of cells, anomalies and segments by section.

    ``anomalies`` are the open defects; ``settled`` those that were repaired or are hardly there any more. Each of
    ``cells`` has ``explained_by``, the thing on purpose that makes it rough, or None: the IRI of such a cell is
    measured and kept, but counts in no segment, index or proposal.
    """

    on: date
    sections: tuple[Row, ...]
    lines: Mapping[str, Line]
    cells: Mapping[str, tuple[Row, ...]]
    anomalies: Mapping[str, tuple[Row, ...]]
    settled: Mapping[str, tuple[Row, ...]]
    segments: tuple[Row, ...]
    levels: Mapping[str, Level]
    """Mean of each measured section with the parts of its error."""
    changed: tuple[Finding, ...] = ()
    """Sections that changed although no works are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What passes told of the roads until a day: cells with ``explained_by``, anomalies, both by section."""

    cells: Mapping[str, tuple[Row, ...]]
    felt: Mapping[str, tuple[Row, ...]]
    errors: CellErrors
    changed: tuple[Finding, ...]
    """Sections that changed although no works are known."""


def forced_cuts(workspace: WorkspaceView) -> dict[str, tuple[Cut, ...]]:
    """Return where segments must end on any day, by section; for `snapshot`, when it is asked for many days."""
    found = workspace.read("pavement_lrs_section")
    return cuts.of_roads(workspace, found.to_pylist(), history.lines_of(found))


def snapshot(
    workspace: WorkspaceView, on: date, forced: Mapping[str, tuple[Cut, ...]] | None = None
) -> Snapshot:
    """Return the state of the roads at the end of the legal day ``on``; ``forced`` are the `forced_cuts`."""
    found = workspace.read("pavement_lrs_section")
    sections = tuple(sorted(found.to_pylist(), key=lambda s: s["section_id"]))
    known = {s["section_id"] for s in sections}
    standing = forced_cuts(workspace) if forced is None else forced
    works = cuts.works_until(workspace, on)
    lines = history.lines_of(found)
    now = told(workspace, on, lines)
    cells = now.cells
    felt = [a for rows in now.felt.values() for a in rows]
    defects = [a for a in felt if a["kind"] in DEFECTS and a["state"] not in _NO_DEFECT]
    anomalies = _by_section([a for a in defects if is_open(a)], known)
    rows = [
        row
        for s in sections
        for row in _segments(
            s,
            [c for c in cells.get(s["section_id"], ()) if c["iri_m_km"] is not None],
            anomalies.get(s["section_id"], ()),
            (standing.get(s["section_id"], ()), works.get(s["section_id"], ())),
            now.errors,
            on,
        )
    ]
    return Snapshot(
        on=on,
        sections=sections,
        lines=lines,
        cells=cells,
        anomalies=anomalies,
        settled=_by_section([a for a in defects if not is_open(a)], known),
        segments=tuple(_ranked(rows, sections, lines, on)),
        levels=_levels(now.errors, cells, on),
        changed=now.changed,
    )


def told(workspace: WorkspaceView, on: date, lines: Mapping[str, Line] | None = None) -> Told:
    """Return what passes told of the sections of the workspace until the end of the legal day ``on``.

    Parameters
    ----------
    lines
        Lines of the sections, for the points of the anomalies, where they are wanted.
    """
    known = set(workspace.read("pavement_lrs_section")["section_id"].to_pylist())
    cell_obs, timezone = workspace.read("pavement_cell_obs"), workspace.settings.territory.timezone
    fused = fuse(
        [cell_obs],
        on=on,
        works=workspace.read("pavement_works"),
        settings=FuseSettings.of(workspace.settings.pavement),
        timezone=timezone,
    )
    spots = workspace.read("pavement_anomaly_obs")
    anomalies = history.anomalies(cell_obs, spots, on=on, lines=lines or {}, timezone=timezone)
    numbered = fused.cells.drop_columns(["observations"]).append_column("row", [range(fused.cells.num_rows)])
    felt = _by_section(anomalies.to_pylist(), known)
    cells = _explained(_by_section(numbered.to_pylist(), known), felt)
    changed = tuple(f for f in fused.findings if f.rule == "changed_without_works")
    return Told(cells=cells, felt=felt, errors=fused.errors, changed=changed)


def _explained(
    cells: Mapping[str, Sequence[Row]], felt: Mapping[str, Sequence[Row]]
) -> dict[str, tuple[Row, ...]]:
    """Return the cells with the thing on purpose that explains the roughness of each."""
    found = {}
    for section, rows in cells.items():
        start, end = (np.array([c[n] for c in rows], np.float64) for n in ("from_m", "to_m"))
        causes = explaining(start, end, felt.get(section, ()))
        found[section] = tuple({**c, "explained_by": why} for c, why in zip(rows, causes, strict=True))
    return found


def _levels(errors: CellErrors, cells: Mapping[str, Sequence[Row]], on: date) -> dict[str, Level]:
    found = {}
    for section, rows in cells.items():
        measured = [c for c in rows if c["iri_m_km"] is not None and c["explained_by"] is None]
        if measured:
            found[section] = level(errors, measured, on)
    return found


def level(errors: CellErrors, measured: Sequence[Row], on: date) -> Level:
    """Return the mean over measured cells with the parts of its error."""
    return level_of(
        errors,
        np.array([c["row"] for c in measured]),
        np.array([c["iri_m_km"] for c in measured]),
        np.array([c["to_m"] - c["from_m"] for c in measured]),
        on=on,
        renewed_on=max((c["life_from"] for c in measured if c["life_from"]), default=None),
    )


def _by_section(rows: Sequence[Row], known: set[str]) -> dict[str, tuple[Row, ...]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["section_id"] in known:
            found[row["section_id"]].append(row)
    return {section: tuple(found[section]) for section in sorted(found)}


def _segments(
    section: Row,
    measured: Sequence[Row],
    defects: Sequence[Row],
    limits: tuple[Sequence[Cut], Sequence[Row]],
    errors: CellErrors,
    on: date,
) -> list[Row]:
    """Cut the measured cells of a section where roughness changes and where they must be cut.

    ``limits`` are the cuts that hold on any day, and the works until the day.
    """
    start, end, iri = (np.array([c[n] for c in measured], float) for n in ("from_m", "to_m", "iri_m_km"))
    plain = np.array([c["explained_by"] is None for c in measured], bool)
    if not plain.any():
        return []
    # a bump moves no cut and leaves no hole between segments: its cells are cut as their neighbours go on
    iri = np.where(plain, iri, np.exp(np.interp(start, start[plain], np.log(iri[plain]))))
    forced = [*limits[0], *cuts.of_works(start, end, limits[1])]
    found = segments.segment(start, end, iri, cuts_m=[cut.chainage_m for cut in forced])
    reasons = at_cell_ends(forced, start, end)
    rows = []
    for first, count in zip(found.first_cell, found.cells, strict=True):
        part = measured[first : first + count]
        plainly = [c for c in part if c["explained_by"] is None]
        if plainly:
            row = _segment(section, part, plainly, defects, level(errors, plainly, on))
            rows.append({**row, "cut_by": sorted(reasons.get(row["to_m"], ()))})
    return rows


def _segment(
    section: Row, part: Sequence[Row], cells: Sequence[Row], defects: Sequence[Row], whole: Level
) -> Row:
    """Return the segment over ``part``, graded by those of its ``cells`` that nothing on purpose explains."""
    from_m, to_m = part[0]["from_m"], part[-1]["to_m"]
    inside = [a["severity"] or 0.0 for a in defects if from_m <= a["chainage_m"] < to_m]
    severity = 100.0 * sum(inside) / (to_m - from_m)
    model = condition.model(whole.on)
    low, high = whole.interval()
    mean = {n: float(np.mean([c[n] for c in cells])) for n in _AVERAGED}
    mean |= {"low_m_km": low, "high_m_km": high}
    index, worst, best = (
        float(model.index(mean[n], severity)) for n in ("iri_m_km", "high_m_km", "low_m_km")
    )
    return {
        **mean,
        "segment_id": segment_id(section["section_id"], from_m),
        "section_id": section["section_id"],
        "from_m": from_m,
        "to_m": to_m,
        "measured_m": sum(c["to_m"] - c["from_m"] for c in part),
        "cv": _cv([c["iri_m_km"] for c in cells]),
        "severity_per_100m": severity,
        "condition_index": index,
        "condition_low": worst,
        "condition_high": best,
        "criticality": model.criticality(index),
        "uncertain": model.criticality(worst) != model.criticality(best),
        "passes": min(c["n_passes"] for c in cells),
        "vehicles": max(c["n_vehicles"] or 0 for c in cells),
        "last_on": max(c["last_on"] for c in cells),
        "on": whole.on,
        "left_out": [_left_out(c) for c in part if c["explained_by"] is not None],
        "label": labels.joint(c["label"] for c in cells),
        "source_id": DRIVES,
    }


def _cv(iri_m_km: Sequence[float]) -> float | None:
    """Return the coefficient of variation; None of a single cell."""
    return None if len(iri_m_km) < 2 else float(np.std(iri_m_km, ddof=1) / np.mean(iri_m_km))


def _left_out(cell: Row) -> Row:
    """Return what is told of a cell whose roughness says nothing about the surface."""
    cause = cell["explained_by"]
    return {
        **{n: cell[n] for n in ("from_m", "to_m", "iri_m_km")},
        **{n: cause[n] for n in ("anomaly_id", "kind", "chainage_m", "state")},
    }


def _ranked(rows: list[Row], sections: Sequence[Row], lines: Mapping[str, Line], on: date) -> list[Row]:
    """Return the segments with priority, rank, reasons and their part of the section's line."""
    if not rows:
        return []
    facts = {s["section_id"]: s for s in sections}
    chosen = priority.terms(on)
    values = {
        t.column: np.array([_value(row, facts[row["section_id"]], t.column) for row in rows]) for t in chosen
    }
    ranking = priority.rank(values, chosen)
    for i, row in enumerate(rows):
        known = ranking.priority[i] == ranking.priority[i]
        row["priority"] = float(ranking.priority[i]) if known else None
        row["rank"] = int(ranking.rank[i])
        row["why"] = _why(ranking, values, i, row.pop("left_out"))
        line = lines.get(row["section_id"])
        row["geometry"] = None if line is None else line.part(row["from_m"], row["to_m"])
    return rows


def _value(row: Row, section: Row, column: str) -> float:
    value = row[column] if column in row else section[column]
    return float("nan") if value is None else float(value)


def _why(ranking: priority.Ranking, values: Mapping[str, Any], row: int, left_out: Sequence[Row]) -> str:
    """Return the contributions, and the cells that were left out with what explains them, as JSON; unknown is null."""
    terms = [
        {
            "term": term.name,
            "value": _or_none(values[term.column][row]),
            "contribution": _or_none(ranking.contribution[row, k]),
        }
        for k, term in enumerate(ranking.terms)
    ]
    overtakes = _or_none(ranking.overtakes_at[row])
    told = {"terms": terms, "overtakes_at_condition_index": overtakes, "left_out": left_out}
    return json.dumps(told, sort_keys=True)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def segment_table(found: Snapshot) -> Any:
    """Return table ``pavement_segment``."""
    return tables.sort("pavement_segment", tables.from_rows("pavement_segment", found.segments))


def notes(found: Snapshot) -> list[Finding]:
    """Return what the diagnosis has to say about roads that changed without works, and those that nobody drove."""
    driven = {s["section_id"] for s in found.segments}
    never = [s["section_id"] for s in found.sections if s["section_id"] not in driven]
    if not never:
        return list(found.changed)
    return [
        *found.changed,
        Finding(
            severity="note",
            rule="not_driven",
            table="pavement_lrs_section",
            row=never[0],
            message=f"{len(never)} of {len(found.sections)} sections have no usable pass: their state is unknown.",
            hint="let a car pass",
        ),
    ]
