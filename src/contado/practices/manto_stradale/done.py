"""Which chosen interventions ended works belong to, and on which stretch of road."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contado.engines.pavement.ingest import history
from contado.practices.manto_stradale.ids import NAME, asset_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from contado.engines.pavement.road.lines import Line
    from contado.kernel.workspace import WorkspaceView

__all__ = ["ROUNDED_M", "Done", "done"]

ROUNDED_M = 0.5
"""How far the place of a segment may be off: its id tells the metre at which it begins."""
_HALF = 0.5

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The part of works that lies in the segment of a chosen intervention [m]."""

    work: Row
    intervention: Row
    from_m: float
    to_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """A chosen intervention and the ends of its segment [m]."""

    intervention: Row
    from_m: float
    to_m: float


def done(workspace: WorkspaceView, chosen: Sequence[Row], works: Iterable[Row]) -> list[Done]:
    """Return what works did of the chosen interventions, in the order of works and segments.

    Works belong to the intervention that they name, and to every one whose segment they share by half or more of the
    segment or of the works, if they ended in or after its first year.

    Parameters
    ----------
    workspace
        For the sections and for where segments end.
    chosen
        Interventions with their ``start_year``.
    works
        Rows of table ``pavement_works``.
    """
    planned = _planned(workspace, chosen)
    by_id = {p.intervention["id"]: p for own in planned.values() for p in own}
    found = []
    for work in works:
        named = by_id.get(work["intervention_id"])
        if named is not None:
            found.append(_part(work, named))
        hit = [p for p in planned.get(asset_id(work["section_id"]), ()) if p is not named and _hit(work, p)]
        found += [_part(work, p) for p in hit]
    return found


def _hit(work: Row, planned: _Planned) -> bool:
    common = min(work["to_m"], planned.to_m) - max(work["from_m"], planned.from_m)
    shorter = min(work["to_m"] - work["from_m"], planned.to_m - planned.from_m)
    since = work["date"].year >= planned.intervention["start_year"]
    return bool(since and common > 0 and common >= _HALF * shorter)


def _part(work: Row, planned: _Planned) -> Done:
    """Return the common stretch; of works that name an intervention of another place, all of them."""
    from_m, to_m = max(work["from_m"], planned.from_m), min(work["to_m"], planned.to_m)
    elsewhere = planned.intervention["asset_id"] != asset_id(work["section_id"])
    if elsewhere or from_m >= to_m:
        from_m, to_m = work["from_m"], work["to_m"]
    return Done(work=work, intervention=planned.intervention, from_m=from_m, to_m=to_m)


def _planned(workspace: WorkspaceView, chosen: Sequence[Row]) -> dict[str, list[_Planned]]:
    """Return the chosen interventions by asset, each with its segment, in order of place."""
    starts = _starts(workspace)
    sections = workspace.read("pavement_lrs_section")
    lengths = {asset_id(s["section_id"]): s["length_m"] for s in sections.to_pylist()}
    lines = {asset_id(section): line for section, line in history.lines_of(sections).items()}
    found: dict[str, list[_Planned]] = defaultdict(list)
    for row in sorted(chosen, key=lambda r: r["choice_group"]):
        asset, begin = _place(row["choice_group"])
        after = starts[asset][bisect_right(starts[asset], begin) :]
        end = after[0] if after else lengths.get(asset) or begin
        to_m = min(end, _drawn_to(row, lines.get(asset), begin) or end)
        found[asset].append(_Planned(intervention=row, from_m=begin, to_m=to_m))
    return found


def _place(segment: str) -> tuple[str, float]:
    """Return asset and start [m] of a segment from its id."""
    asset, _, metre = segment.rpartition(":")
    return asset, float(metre)


def _starts(workspace: WorkspaceView) -> dict[str, list[float]]:
    """Return where the segments of each asset begin, of all that were proposed or left as they are."""
    groups = {r["choice_group"] for r in workspace.read("intervention").to_pylist() if r["practice"] == NAME}
    segments = groups | set(workspace.read("pavement_strategy")["segment_id"].to_pylist())
    found: dict[str, list[float]] = defaultdict(list)
    for asset, metre in sorted(map(_place, segments)):
        found[asset].append(metre)
    return found


def _drawn_to(row: Row, line: Line | None, begin_m: float) -> float | None:
    """Return where the intervention's line ends on its section, which a gap may part from the next segment."""
    import shapely

    if line is None or row["geometry"] is None:
        return None
    lon, lat = shapely.get_coordinates(shapely.from_wkb(row["geometry"]))[-1].tolist()
    chainage, _ = line.nearest(lon, lat)
    return chainage if chainage > begin_m + ROUNDED_M else None  # the end of a ring is its beginning, too
