"""Where the segments of a road must end: borders of municipalities, bridges, junctions of owners, limits of works."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.engines.pavement.anomalies.fixtures import ACROSS_M
from contado.engines.pavement.maintenance import treatments
from contado.engines.pavement.segmentation.cuts import Cut, changes, works_of_cells
from contado.engines.pavement.segmentation.segments import LEAST_M
from contado.engines.pavement.state import works_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from contado.engines.pavement.road.lines import Line
    from contado.kernel.workspace import WorkspaceView

    Row = dict[str, Any]

__all__ = ["of_roads", "of_works", "works_until"]

_DEGREES: Final = 2e-4
"""Half side of the box in which sections near a bridge's end are looked for, 15 m or more as far north as 47 deg."""


def of_roads(
    workspace: WorkspaceView, sections: Sequence[Row], lines: Mapping[str, Line]
) -> dict[str, tuple[Cut, ...]]:
    """Return the cuts of each section that do not depend on the day, in order of chainage."""
    found: dict[str, list[Cut]] = defaultdict(list)
    for part in (_borders(workspace, lines), _bridges(workspace, lines), _owners(workspace, sections)):
        for section, cut in part:
            found[section].append(cut)
    return {section: tuple(sorted(found[section])) for section in sorted(found)}


def _borders(workspace: WorkspaceView, lines: Mapping[str, Line]) -> Iterator[tuple[str, Cut]]:
    """Yield where sections pass from one municipality to another and stay for a segment's least length."""
    from contado.kernel.territory import boundaries
    from contado.kernel.territory.locate import Locator

    if not lines or workspace.read("territory_unit").num_rows == 0:
        return
    step_m = workspace.settings.pavement.cell_m
    locator = Locator(boundaries.from_workspace(workspace))
    for section, line in lines.items():
        edges = np.append(np.arange(0.0, line.chainage_m[-1], step_m), line.chainage_m[-1])
        codes = locator.istat(*line.lonlat((edges[1:] + edges[:-1]) / 2)).to_pylist()
        for place in changes(codes, edges, least_m=LEAST_M):
            yield section, Cut(chainage_m=place, reason="municipality")


def _bridges(workspace: WorkspaceView, lines: Mapping[str, Line]) -> Iterator[tuple[str, Cut]]:
    """Yield the ends of bridges that the workspace knows as fixtures, on the sections they lie on."""
    import shapely

    rows = [r for r in workspace.read("pavement_fixture").to_pylist() if r["kind"] == "bridge_joint"]
    if not rows or not lines:
        return
    names = list(lines)
    tree = shapely.STRtree([shapely.LineString(np.column_stack([lines[n].lon, lines[n].lat])) for n in names])
    points = shapely.points([(r["lon"], r["lat"]) for r in rows])
    for end, near in tree.query(points, predicate="dwithin", distance=_DEGREES).T.tolist():
        chainage, away = lines[names[near]].nearest(rows[end]["lon"], rows[end]["lat"])
        if away <= ACROSS_M:
            yield names[near], Cut(chainage_m=chainage, reason="bridge")


def _owners(workspace: WorkspaceView, sections: Sequence[Row]) -> Iterator[tuple[str, Cut]]:
    """Yield where the next link of a section has another owner; an owner who is not known is no change."""
    links = workspace.read("road_link").select(["link_id", "owner", "length_m"]).to_pylist()
    if all(link["owner"] is None for link in links):
        return
    known = {link["link_id"]: link for link in links}
    for section in sections:
        own = [known[name] for name in section["links"] or () if name in known]
        if len(own) == len(section["links"] or ()):
            start = np.concatenate(([0.0], np.cumsum([link["length_m"] for link in own])))
            for place in changes([link["owner"] for link in own], start):
                yield section["section_id"], Cut(chainage_m=place, reason="owner")


def works_until(workspace: WorkspaceView, on: date) -> dict[str, list[Row]]:
    """Return the works that ended by the day ``on``, by section; of one day those that last longest come last."""
    found: dict[str, list[Row]] = defaultdict(list)
    known = treatments.of_workspace(workspace.read("pavement_treatment"))
    for row in works_file.in_order(workspace.read("pavement_works").to_pylist(), known):
        if row["date"] <= on:
            found[row["section_id"]].append(row)
    return dict(found)


def of_works(start: NDArray[np.float64], end: NDArray[np.float64], works: Sequence[Row]) -> list[Cut]:
    """Return the limits of the last works on the cells of a section: another day or another treatment."""
    last = works_of_cells(start, end, works)
    return [
        Cut(chainage_m=float(start[k]), reason="works") for k in range(1, len(last)) if last[k] != last[k - 1]
    ]
