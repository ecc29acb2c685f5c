"""Roads of a workspace as files show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.engines.pavement import treatments
from contado.engines.pavement.views import grading
from contado.engines.pavement.views.model import Road, RoadState
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
    from pathlib import Path

    from contado.kernel.workspace import WorkspaceView

__all__ = ["of_workspace"]

_OPEN = frozenset({"new", "confirmed", "worse"})


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
    cells = by_section(_states(view))
    if not cells:
        raise DataError(
            f"The workspace {folder.name} holds no drive.",
            rule="no_survey",
            hint="run `contado pavement load DIR -w DIR`",
            field="pavement_cell_obs",
        )
    sections = view.read("pavement_lrs_section")
    lines = history.lines_of(sections)
    spots = by_section(r for r in view.read("pavement_anomaly").to_pylist() if r["state"] in _OPEN)
    works = view.read("pavement_works")
    names = treatments.names(view.read("pavement_treatment"))
    roads = tuple(
        Road(
            name=section["section_id"],
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
    days = [r["date"] for rows in cells.values() for r in rows]
    label = labels.joint(r["label"] for rows in cells.values() for r in rows)
    return RoadState(roads=roads, label=label, on=max(days), findings=without_place(roads))


def _states(view: WorkspaceView) -> list[dict[str, Any]]:
    """Return the states of the cells as they were loaded, else fused on the day of the last pass."""
    from contado.engines.pavement.fusion import FuseSettings, fuse

    kept = view.read("pavement_cell_state")
    if kept.num_rows:
        return list(kept.to_pylist())
    observed = view.read("pavement_cell_obs")
    timezone = view.settings.territory.timezone
    days = [local.legal_day(t, timezone) for t in observed["t_utc"].drop_null().unique().to_pylist()]
    if not days:
        return []
    settings = FuseSettings(
        cell_m=view.settings.pavement.cell_m, not_driven_d=view.settings.pavement.not_driven_d
    )
    works = view.read("pavement_works")
    fused = fuse([observed], on=max(days), works=works, settings=settings, timezone=timezone)
    return list(fused.cells.drop_columns(["observations"]).to_pylist())
