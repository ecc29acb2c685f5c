"""Roads of a workspace as files show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.engines.pavement.views.model import Road, RoadState, Work, joined_label
from contado.engines.pavement.views.reading import by_section, in_order, spot_of, state_cell
from contado.kernel.errors import DataError, TableNotFound

if TYPE_CHECKING:
    from pathlib import Path

    from contado.kernel.workspace import WorkspaceView

__all__ = ["of_workspace"]

_OPEN = frozenset({"new", "confirmed", "worse"})


def of_workspace(folder: Path) -> RoadState:
    """Return the sections of a workspace with their cells, open anomalies and works.

    Raises
    ------
    DataError
        Rule ``no_survey``: no drive was loaded.
    """
    from contado.engines.pavement.ingest import history
    from contado.kernel.workspace import WorkspaceView

    view = WorkspaceView(folder)
    cells = by_section(_rows(view, "pavement_cell_state"))
    if not cells:
        raise DataError(
            f"The workspace {folder.name} holds no state of roads.",
            rule="no_survey",
            hint="run `contado pavement load DIR -w DIR` and `contado diagnose manto_stradale -w DIR`",
            field="pavement_cell_state",
        )
    lines = history.lines_of(view.read("pavement_lrs_section"))
    spots = by_section(r for r in _rows(view, "pavement_anomaly") if r["state"] in _OPEN)
    works = by_section(_rows(view, "pavement_works"))
    roads = tuple(
        Road(
            name=name,
            line=lines.get(name),
            cells=tuple(sorted((state_cell(r) for r in rows), key=lambda c: c.from_m)),
            spots=in_order(spot_of(r, lines.get(name)) for r in spots.get(name, ())),
            works=tuple(
                Work(from_m=r["from_m"], to_m=r["to_m"], day=r["date"], treatment=r.get("treatment") or "")
                for r in works.get(name, ())
            ),
        )
        for name, rows in sorted(cells.items())
    )
    days = [r["date"] for rows in cells.values() for r in rows]
    labels = {r["label"] for rows in cells.values() for r in rows}
    return RoadState(roads=roads, label=joined_label(labels), on=max(days), drives=None)


def _rows(view: WorkspaceView, name: str) -> list[dict[str, object]]:
    try:
        return list(view.read(name).to_pylist())
    except TableNotFound:
        return []
