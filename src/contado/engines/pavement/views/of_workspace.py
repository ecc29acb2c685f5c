"""Roads of a workspace as files show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.engines.pavement.anomalies.sources import is_open
from contado.engines.pavement.maintenance import condition, treatments
from contado.engines.pavement.road import posts
from contado.engines.pavement.views import grading
from contado.engines.pavement.views.model import Road, RoadState, Segment
from contado.engines.pavement.views.reading import (
    by_section,
    in_order,
    spot_of,
    state_cell,
    without_place,
    works_of,
)
from contado.kernel import labels
from contado.kernel.dates import local
from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from contado.engines.pavement.road.lines import Line
    from contado.kernel.workspace import WorkspaceView

__all__ = ["of_workspace"]


def of_workspace(folder: Path) -> RoadState:
    """Return the sections of a workspace with their cells, open anomalies and works; undriven ones too.

    Raises
    ------
    DataError
        Rule ``no_survey``: no drive was loaded.
    """
    from contado.engines.pavement.ingest import history
    from contado.kernel.workspace import WorkspaceView

    view = WorkspaceView(folder)
    cells = by_section(_states(view, _diagnosed(view)))
    if not cells:
        raise DataError(
            f"The workspace {folder.name} holds no drive.",
            rule="no_survey",
            hint="run `contado pavement load DIR -w DIR`",
            field="pavement_cell_obs",
        )
    sections = view.read("pavement_lrs_section")
    lines = history.lines_of(sections)
    works = view.read("pavement_works")
    names = treatments.names(view.read("pavement_treatment"))
    on = max(r["date"] for rows in cells.values() for r in rows)
    segments = _segments(view, on)
    spots = by_section(r for r in _anomalies(view, on, lines) if is_open(r))
    roads = tuple(
        Road(
            name=section["section_id"],
            posts=posts.of_section(section),
            segments=segments.get(section["section_id"], ()),
            street=section["road_name"] or section["road_code"],
            line=lines.get(section["section_id"]),
            cells=grading.whole(
                [state_cell(r) for r in cells.get(section["section_id"], ())], section["length_m"]
            ),
            spots=in_order(
                spot_of(r, lines.get(section["section_id"])) for r in spots.get(section["section_id"], ())
            ),
            works=tuple(works_of(works, section["section_id"], names)),
        )
        for section in sorted(sections.to_pylist(), key=lambda s: str(s["section_id"]))
    )
    label = labels.joint(r["label"] for rows in cells.values() for r in rows)
    return RoadState(roads=roads, label=label, on=on, body=view.settings.whose, findings=without_place(roads))


def _segments(view: WorkspaceView, on: date) -> dict[str, tuple[Segment, ...]]:
    """Return the segments of each section, where the diagnosis cut them on the day of the cells."""
    rows = view.read("pavement_segment").to_pylist()
    found = by_section(r for r in rows if r["on"] == on)
    return {name: tuple(sorted(map(_segment, own), key=lambda s: s.from_m)) for name, own in found.items()}


def _segment(row: dict[str, Any]) -> Segment:
    return Segment(
        from_m=row["from_m"],
        to_m=row["to_m"],
        iri=row["iri_m_km"],
        low=row["low_m_km"],
        high=row["high_m_km"],
        index=row["condition_index"],
        index_low=row["condition_low"],
        index_high=row["condition_high"],
        class_id=condition.LETTERS.get(row["criticality"], "none"),
        uncertain=bool(row["uncertain"]),
        priority=row["priority"],
        rank=row["rank"],
    )


def _diagnosed(view: WorkspaceView) -> date | None:
    """Return the day of the diagnosis; None where there is none, or a car has passed after it."""
    days = view.read("pavement_segment")["on"].drop_null().to_pylist()
    last = _last_pass(view)
    return None if not days or last is None or max(days) < last else max(days)


def _last_pass(view: WorkspaceView) -> date | None:
    import pyarrow.compute as pc

    at = pc.max(view.read("pavement_cell_obs")["t_utc"]).as_py()
    return None if at is None else local.legal_day(at, view.settings.territory.timezone)


def _states(view: WorkspaceView, diagnosed: date | None) -> list[dict[str, Any]]:
    """Return the cells on the day of the diagnosis, else as they were loaded, else on the day of the last pass."""
    from contado.engines.pavement.state.fusion import fuse
    from contado.engines.pavement.state.settings import FuseSettings

    kept = view.read("pavement_cell_state").to_pylist()
    if kept and diagnosed in {None, *(r["date"] for r in kept)}:
        return list(kept)
    on = diagnosed or _last_pass(view)
    if on is None:
        return []
    chosen = view.settings.pavement
    fused = fuse(
        [view.read("pavement_cell_obs")],
        on=on,
        works=view.read("pavement_works"),
        settings=FuseSettings.of(chosen),
        timezone=view.settings.territory.timezone,
    )
    return list(fused.cells.drop_columns(["observations"]).to_pylist())


def _anomalies(view: WorkspaceView, on: date, lines: Mapping[str, Line]) -> list[dict[str, Any]]:
    """Return the anomalies as they were loaded, or tracked anew for the day of a diagnosis that is another day."""
    from contado.engines.pavement.ingest import history

    kept = view.read("pavement_cell_state")["date"].unique().to_pylist()
    if _diagnosed(view) != on or on in kept:
        return list(view.read("pavement_anomaly").to_pylist())
    observed, felt = view.read("pavement_cell_obs"), view.read("pavement_anomaly_obs")
    zone = view.settings.territory.timezone
    return list(history.anomalies(observed, felt, on=on, lines=lines, timezone=zone).to_pylist())
