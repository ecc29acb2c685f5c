"""What an inspector should look at: open anomalies that nobody of the body has seen since they last changed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from contado.engines.pavement.evidence.answers import OPEN
from contado.engines.pavement.road import posts
from contado.web.data.view import day, real, rows, text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from shapely import Geometry

    from contado.kernel.records import Scope
    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.territory import Territory
    from contado.web.data.view import Row

__all__ = ["MOST", "Given", "Spot", "answers_of", "nearest", "spots", "within"]

MOST = 50
"""Spots that one page holds; the nearest, or the first in the order that was asked."""
_DEGREE_M = 111_195.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """An anomaly to look at, with its place in words and what passes said of it."""

    id: str
    section_id: str
    kind: str
    state: str
    code: str | None
    municipality: str | None
    direction: str | None
    km: float | None
    chainage_m: float
    side: str | None
    """Wheel track in the direction of the section: left, right, both."""
    height_mm: float | None
    lowest_mm: float | None
    highest_mm: float | None
    severity: float | None
    p_exists: float
    passes: int
    passes_possible: int
    first_seen: dt.date | None
    last_seen: dt.date | None
    photo: str | None
    label: str
    lon: float
    lat: float
    line: Geometry | None = field(default=None, repr=False, compare=False)

    def away_m(self, lon: float, lat: float) -> float:
        """Return the distance to a point [m]."""
        east = (self.lon - lon) * math.cos(math.radians(lat))
        return math.hypot(east, self.lat - lat) * _DEGREE_M


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer that was taken in: what, where, when in the legal time."""

    key: str
    section_id: str
    what: str
    at: str
    photo: bool


def spots(view: View, territory: Territory) -> list[Spot]:
    """Return what waits to be looked at, by section and chainage."""
    import shapely

    sections = {str(r["section_id"]): r for r in rows(view, "pavement_lrs_section")}
    looked = _looked_at(rows(view, "pavement_evidence"))
    heights = _heights(rows(view, "pavement_anomaly_obs"))
    names = {u.code: u.name for u in territory.units}
    found = []
    for row in rows(view, "pavement_anomaly"):
        section = sections.get(str(row["section_id"]))
        open_ = row["state"] in OPEN and row["anomaly_id"] not in looked
        if section is None or not open_ or row["geometry"] is None:
            continue
        point: Any = shapely.from_wkb(row["geometry"])
        near = heights.get(row["section_id"], ())
        read = [h for place, h in near if abs(place - row["chainage_m"]) <= 8.0]
        found.append(_spot(row, section, names, (float(point.x), float(point.y)), read))
    return sorted(found, key=lambda s: (s.section_id, s.chainage_m, s.id))


def _looked_at(evidence: Iterable[Row]) -> set[str]:
    """Return the anomalies that an inspector answered about after their last change of state."""
    looked: dict[str, bool] = {}
    for row in sorted(evidence, key=lambda r: (r["at_utc"], r["audit_seq"])):
        if row["source"] == "inspector":
            looked[row["anomaly_id"]] = True
        elif row["state_before"] != row["state_after"]:
            looked[row["anomaly_id"]] = False
    return {name for name, done in looked.items() if done}


def _heights(felt: Iterable[Row]) -> Mapping[str, Sequence[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for row in felt:
        if row["height_mm"] is not None:
            found.setdefault(row["section_id"], []).append((row["chainage_m"], row["height_mm"]))
    return found


def _spot(
    row: Row, section: Row, names: Mapping[str, str], point: tuple[float, float], read: list[float]
) -> Spot:
    known = posts.of_section(section)
    code = text(section, "municipality")
    lowest, highest = _range(read)
    return Spot(
        id=str(row["anomaly_id"]),
        section_id=str(row["section_id"]),
        kind=text(row, "kind") or "unknown",
        state=str(row["state"]),
        code=code,
        municipality=names.get(code or "") or code,
        direction=text(section, "direction"),
        km=known.km(row["chainage_m"]) if known.official else None,
        chainage_m=float(row["chainage_m"]),
        side=text(row, "side"),
        height_mm=real(row, "height_mm"),
        lowest_mm=lowest,
        highest_mm=highest,
        severity=real(row, "severity"),
        p_exists=float(row["p_exists"]),
        passes=int(row["passes"] or 0),
        passes_possible=int(row["passes_possible"] or 0),
        first_seen=day(row, "first_seen"),
        last_seen=day(row, "last_seen"),
        photo=text(row, "photo"),
        label=text(row, "label") or "estimated",
        lon=point[0],
        lat=point[1],
        line=_line(section),
    )


def _range(read: Iterable[float]) -> tuple[float | None, float | None]:
    """Return the lowest and highest of what single passes read [mm]; None where all say the same.

    One height that all passes of a load share is copied into the row of each: copies are no range.
    """
    sizes = sorted(map(abs, read))
    if len({round(size) for size in sizes}) < 2:
        return None, None
    return sizes[0], sizes[-1]


def _line(section: Row) -> Geometry | None:
    from shapely import from_wkb

    wkb = section.get("geometry")
    return from_wkb(wkb) if wkb else None


def within(found: Iterable[Spot], scope: Scope) -> list[Spot]:
    """Return the spots of a scope's municipalities."""
    return [s for s in found if scope.covers(s.code or "*")]


def nearest(found: Sequence[Spot], lon: float, lat: float) -> list[Spot]:
    """Return the spots, the nearest first."""
    return sorted(found, key=lambda s: (s.away_m(lon, lat), s.id))


def answers_of(view: View, account_id: str, on: dt.date) -> list[Given]:
    """Return what an account answered on a legal day, the latest first."""
    who = f"account:{account_id}"
    own = [
        Given(
            key=str(r["drive_id"]).removeprefix("answer:"),
            section_id=str(r["section_id"]),
            what=str(r["what"]),
            at=str(r["at_local"]),
            photo=r["photo"] is not None,
        )
        for r in rows(view, "pavement_evidence")
        if r["who"] == who and r["what"] != "withdrawn" and str(r["at_local"])[:10] == on.isoformat()
    ]
    return sorted(own, key=lambda g: g.at, reverse=True)
