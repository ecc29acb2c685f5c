"""Things of the road that shake a car on purpose: speed tables, level crossings, joints of bridges.

They are known from OpenStreetMap or declared by the body. What cars feel there is not reported as a defect but
followed for change: a bump that wears, a joint that settles. A fixture takes only what it can explain: a hole
beside a speed bump stays a hole.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal, cast

import numpy as np

from contado.engines.pavement.anomalies.sources import sense_of
from contado.kernel import tables
from contado.kernel.errors import ColumnNotFound, DataError
from contado.kernel.territory import crs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from contado.engines.pavement.measuring.onroute import RouteFrame

__all__ = ["Fixture", "Located", "located", "marked", "reach_of", "read_fixtures", "take"]

Kind = Literal["traffic_calming", "level_crossing", "bridge_joint", "declared_bump", "declared"]
ACROSS_M: Final = 12.0
"""Farther from the route's line than this a fixture belongs to another road."""
STEP_M: Final = 1.0
_OSM: Final = (".pbf", ".osm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """A known thing of the road at a place [deg]."""

    fixture_id: str
    kind: Kind
    lon: float
    lat: float
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A fixture where a route passes it."""

    fixture: Fixture
    chainage_m: float

    def explains(self, chainage_m: float, kind: str, height_mm: float | None) -> bool:
        """Whether something felt there is this fixture."""
        sense, reach_m = _rules()[self.fixture.kind]
        return abs(chainage_m - self.chainage_m) <= reach_m and sense in {0, sense_of(kind, height_mm)}


@cache
def _rows() -> tuple[Mapping[str, str], ...]:
    text = files("contado.engines.pavement.data").joinpath("fixture.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def _rules() -> Mapping[str, tuple[int, float]]:
    """Return sense (1 up, 0 either) and reach along the road [m] of each kind."""
    return {row["kind"]: (int(row["sense"]), float(row["reach_m"])) for row in _rows()}


def reach_of(kind: Kind) -> float:
    """Return how far along the road cars feel a fixture of a kind [m]."""
    return _rules()[kind][1]


def read_fixtures(path: Path) -> list[Fixture]:
    """Read fixtures from an OpenStreetMap extract (.osm.pbf, .osm) or a table.

    The table has ``lon, lat`` and may have ``kind`` (default ``declared_bump``), ``fixture_id, name``.

    Raises
    ------
    ColumnNotFound
        lon or lat is missing.
    DataError
        ``network_unreadable``, ``not_a_number``, ``impossible_position``, ``unknown_choice``.
    """
    found = list(_of_map(path)) if path.suffix.lower() in _OSM else _of_table(path)
    return sorted(found, key=lambda f: f.fixture_id)


def _of_map(path: Path) -> Iterator[Fixture]:
    from contado.kernel.territory import osm

    wanted = {row["osm_key"]: row for row in _rows() if row["osm_element"] == "node"}
    nodes = osm.read_nodes(path, list(wanted), tags=["name"])
    for key, row in wanted.items():
        values = set(row["osm_values"].split())
        for k in np.flatnonzero([value in values for value in nodes.tags[key]]):
            yield Fixture(
                fixture_id=f"osm:n{nodes.node_id[k]}",
                kind=cast("Kind", row["kind"]),
                lon=float(nodes.lon[k]),
                lat=float(nodes.lat[k]),
                name=nodes.tags["name"][k],
            )
    yield from _bridge_ends(path)


def _bridge_ends(path: Path) -> Iterator[Fixture]:
    """Yield the ends of the bridges that carry a street; where two parts of a bridge meet there is none."""
    from contado.kernel.territory import osm

    (row,) = (r for r in _rows() if r["osm_element"] == "way_end")
    ways = osm.read_ways(path, row["osm_key"], tags=["highway", "name"])
    carried = np.array([h is not None for h in ways.tags["highway"]], dtype=bool)
    built = np.isin(ways.tags[row["osm_key"]].astype(str), row["osm_values"].split())
    ways = ways.where(carried & built)
    ends = np.column_stack([ways.offsets[:-1], ways.offsets[1:] - 1])
    met = Counter(ways.node[ends].ravel().tolist())
    for way, pair in enumerate(ends):
        for k in pair:
            if met[int(ways.node[k])] == 1:
                yield Fixture(
                    fixture_id=f"osm:n{ways.node[k]}",
                    kind="bridge_joint",
                    lon=float(ways.lon[k]),
                    lat=float(ways.lat[k]),
                    name=ways.tags["name"][way],
                )


def _of_table(path: Path) -> list[Fixture]:
    read = tables.read(path)
    rows, names = read.table.to_pylist(), read.table.column_names
    if missing := [name for name in ("lon", "lat") if name not in names]:
        raise ColumnNotFound.from_missing(missing, names, table=path.name)
    lines = read.lines if read.lines is not None else range(1, len(rows) + 1)
    return [_declared(row, line, path.name) for row, line in zip(rows, lines, strict=True)]


def _declared(row: Mapping[str, object], line: int, name: str) -> Fixture:
    place = []
    for column, most in (("lon", 180.0), ("lat", 90.0)):
        try:
            value = float(str(row[column]))
        except ValueError:
            raise _bad(name, line, column, row[column], "not_a_number", "give degrees") from None
        if not abs(value) <= most:
            raise _bad(name, line, column, value, "impossible_position", "give degrees, WGS84")
        place.append(value)
    kind = str(row.get("kind") or "declared_bump")
    if kind not in _rules():
        raise _bad(name, line, "kind", kind, "unknown_choice", f"valid: {', '.join(_rules())}")
    lon, lat = place
    return Fixture(
        fixture_id=str(row.get("fixture_id") or f"{kind}:{lon:.6f},{lat:.6f}"),
        kind=cast("Kind", kind),
        lon=lon,
        lat=lat,
        name=None if row.get("name") in (None, "") else str(row["name"]),
    )


def _bad(name: str, line: int, column: str, value: object, rule: str, hint: str) -> DataError:
    message = f"{name}, line {line}: {column} is {value!r}; {hint}."
    return DataError(message, rule=rule, hint=hint, rows=[line], field=column)


def located(fixtures: Sequence[Fixture], frame: RouteFrame) -> list[Located]:
    """Return where a route passes the fixtures, in order of chainage; a route may pass one more than once."""
    from scipy.spatial import cKDTree

    if not fixtures:
        return []
    dense = frame.line.densified(STEP_M)
    place = np.array([(f.lon, f.lat) for f in fixtures])
    x, y = crs.to_measure(place[:, 0], place[:, 1], frame.network.epsg)
    tree = cKDTree(np.column_stack([dense.x_m, dense.y_m]))
    found = []
    for fixture, fx, fy in zip(fixtures, x, y, strict=True):
        near = np.sort(np.asarray(tree.query_ball_point((fx, fy), ACROSS_M), dtype=np.int64))
        for run in np.split(near, np.flatnonzero(np.diff(near) > ACROSS_M / STEP_M) + 1):
            if run.size:
                away = np.hypot(dense.x_m[run] - fx, dense.y_m[run] - fy)
                at = float(dense.chainage_m[run[int(away.argmin())]]) + frame.start_m
                found.append(Located(fixture=fixture, chainage_m=at))
    return sorted(found, key=lambda place: (place.chainage_m, place.fixture.fixture_id))


def take(known: Iterable[Located], chainage_m: float, kind: str, height_mm: float | None) -> Fixture | None:
    """Return the nearest fixture that explains something felt at a place; None where none does."""
    near = [f for f in known if f.explains(chainage_m, kind, height_mm)]
    best = min(near, key=lambda f: (abs(f.chainage_m - chainage_m), f.fixture.fixture_id), default=None)
    return None if best is None else best.fixture


def marked(anomaly_obs: pa.Table, known: Mapping[str, Sequence[Located]]) -> pa.Table:
    """Return table ``pavement_anomaly_obs`` with the fixture of each observation, by section of ``known``.

    What people and cameras told stays as it was told.
    """
    import pyarrow as pa

    columns = (
        anomaly_obs[n].to_pylist() for n in ("section_id", "chainage_m", "kind", "height_mm", "source")
    )
    names: list[str | None] = []
    for section, chainage, kind, height, source in zip(*columns, strict=True):
        found = take(known.get(section, ()), chainage, kind, height) if source == "car" else None
        names.append(None if found is None else found.fixture_id)
    column = pa.array(names, pa.string())
    at = anomaly_obs.column_names.index("fixture_id")
    return anomaly_obs.set_column(at, anomaly_obs.schema.field("fixture_id"), column)
