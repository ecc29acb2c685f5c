"""A point of somebody's device -> the place on a section of road."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.engines.pavement.anomalies.sources import sense_of
from contado.engines.pavement.ingest import history
from contado.engines.pavement.road.lines import EARTH_M

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

__all__ = ["WITHIN_M", "Place", "Places"]

WITHIN_M: Final = 40.0
"""A point farther than this from every section lies on none of them [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place along a section, and how far the point was from it [m]."""

    section_id: str
    chainage_m: float
    away_m: float


class Places:
    """The sections of a workspace, to find places on.

    Parameters
    ----------
    sections
        Table ``pavement_lrs_section``.
    known
        Rows of ``pavement_anomaly``: of two sections that lie side by side (the directions of one road), the
        one that has something of the same sense there is meant.
    """

    def __init__(self, sections: pa.Table, known: Iterable[Mapping[str, Any]] = ()) -> None:
        import shapely

        self._lines = history.lines_of(sections)
        self._names = sorted(self._lines)
        self._known = [a for a in known if a["state"] not in {"repaired", "closed"}]
        lines = [self._lines[n] for n in self._names]
        self._tree = shapely.STRtree([shapely.LineString(np.column_stack([x.lon, x.lat])) for x in lines])

    def find(self, lon: float, lat: float, kind: str, reach_m: float) -> Place | None:
        """Return the place that is meant by a point, None where no section is within 40 m.

        Parameters
        ----------
        lon, lat
            The point [deg].
        kind
            What stands there.
        reach_m
            How far along the road what is known there already may lie [m].
        """
        near = self._near(lon, lat)
        sense = sense_of(kind, None)
        return min(
            near,
            key=lambda p: (not self._has(p, sense, reach_m), round(p.away_m, 1), p.section_id),
            default=None,
        )

    def _near(self, lon: float, lat: float) -> list[Place]:
        import shapely

        north = float(np.degrees(WITHIN_M / EARTH_M))
        east = north / max(0.01, float(np.cos(np.radians(lat))))
        inside = self._tree.query(shapely.box(lon - east, lat - north, lon + east, lat + north))
        found = []
        for name in (self._names[int(i)] for i in inside):
            chainage, away = self._lines[name].nearest(lon, lat)
            if away <= WITHIN_M:
                found.append(Place(section_id=name, chainage_m=chainage, away_m=away))
        return found

    def _has(self, place: Place, sense: int, reach_m: float) -> bool:
        return any(
            a["section_id"] == place.section_id
            and abs(a["chainage_m"] - place.chainage_m) <= reach_m
            and sense_of(a["kind"], a["height_mm"]) == sense
            for a in self._known
        )
