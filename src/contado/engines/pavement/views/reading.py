"""Read what a file is made of: the answer of `process`, a state of cells, a folder of either, a workspace."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.engines.pavement.anomalies.sources import is_open
from contado.engines.pavement.labels import label_of
from contado.engines.pavement.maintenance import treatments
from contado.engines.pavement.road.lines import Line
from contado.engines.pavement.views import grading
from contado.engines.pavement.views.model import (
    Cell,
    Road,
    RoadState,
    Spot,
    Vehicle,
    Work,
)
from contado.kernel import labels
from contado.kernel.dates import local
from contado.kernel.errors import ColumnNotFound, DataError, Finding, TableNotFound, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from contado.kernel.publish.words import Words
    from contado.kernel.territory import Network, Route

__all__ = [
    "CONFIRMED_P",
    "by_section",
    "in_order",
    "on_route",
    "only",
    "read_state",
    "route_line",
    "spot_of",
    "state_cell",
    "without_place",
    "works_of",
]

_STATE, _OBS, _SPOTS, _WORKS, _PLANNED, _ANSWER = (
    "cell_state.parquet",
    "cell_obs.parquet",
    "anomaly_obs.parquet",
    "works.csv",
    "planned.csv",
    "process.json",
)
_HINT: Final = (
    "give the answer of `contado pavement process --json`, a cell_state.parquet of `contado pavement fuse`, "
    "a folder of either, or a workspace"
)
Row = dict[str, Any]


def read_state(path: Path) -> RoadState:
    """Return the roads that a file, folder or workspace describes.

    Raises
    ------
    TableNotFound
        There is no such file, or nothing readable in the folder.
    DataError
        The file is damaged (``damaged_file``) or of another kind (``unknown_format``).
    """
    if path.is_dir():
        return _of_folder(path)
    if not path.exists():
        known = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise TableNotFound.from_name(path.name, known, kind="file")
    if path.suffix == ".json":
        return _of_answer(path)
    if path.suffix == ".parquet":
        return _of_tables(path, {name: path.parent / name for name in (_SPOTS, _WORKS, _PLANNED)})
    raise DataError(
        f"{path.name} is neither an answer (.json) nor a state of cells (.parquet).",
        rule="unknown_format",
        hint=_HINT,
        field=path.name,
    )


def _of_folder(folder: Path) -> RoadState:
    if (folder / "contado.toml").is_file():
        from contado.engines.pavement.views.of_workspace import of_workspace

        return of_workspace(folder)
    inside = [folder, *sorted(p for p in folder.iterdir() if p.is_dir())]
    found = {
        name: f for name in (_STATE, _OBS, _SPOTS, _WORKS, _PLANNED, _ANSWER) if (f := _first(inside, name))
    }
    if not found.keys() & {_STATE, _OBS, _ANSWER}:
        held = ", ".join(sorted(p.name for p in folder.iterdir())[:5])
        raise TableNotFound(
            f"{folder.name} holds no result of a survey" + (f", only {held}." if held else ": it is empty."),
            rule="no_survey",
            hint=_HINT,
            field=str(folder.name),
        )
    answer = _of_answer(found[_ANSWER]) if _ANSWER in found else None
    tables_at = found.get(_STATE) or found.get(_OBS)
    if tables_at is None:
        assert answer is not None
        return answer
    state = _of_tables(tables_at, found)
    return state if answer is None else replace(state, vehicles=answer.vehicles, drives=answer.drives)


def _first(folders: Iterable[Path], name: str) -> Path | None:
    return next((f / name for f in folders if (f / name).is_file()), None)


# The answer of `process`


def _of_answer(path: Path) -> RoadState:
    try:
        answer = json.loads(path.read_text(encoding="utf-8-sig"))
        cells = [_answer_cell(c) for c in answer["cells"]]
        spots = in_order(_answer_spot(a) for a in answer["anomalies"])
        vehicles = tuple(
            Vehicle(name=v["vehicle"], scale=v["scale"], sd_log=v["sd_log"], calibrated=v["calibrated"])
            for v in answer["vehicles"]
        )
        line = _line_of(answer.get("line") or [])
        last = _day(answer.get("last_on"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path.name} is no answer of `contado pavement process`: {type(error).__name__} {error}.",
            rule="damaged_file",
            hint=_HINT,
            field=path.name,
        ) from None
    if not cells:
        raise _empty(path.name)
    name = answer.get("section_id") or path.stem
    road = Road(
        name=name,
        line=line,
        cells=tuple(replace(c, last_on=last if c.passes else None) for c in cells),
        spots=spots,
    )
    return RoadState(
        roads=(road,),
        label=labels.joint({answer.get("label")}),
        on=last,
        vehicles=vehicles,
        drives=len(answer.get("drives") or ()) or None,
        findings=without_place([road]),
    )


def _answer_cell(row: Row) -> Cell:
    return Cell(
        from_m=float(row["from_m"]),
        to_m=float(row["to_m"]),
        iri=_real(row["iri_m_km"]),
        low=_real(row["low_m_km"]),
        high=_real(row["high_m_km"]),
        passes=row.get("passes"),
        vehicles=row.get("vehicles"),
        state=row.get("state", "measured"),
    )


def _answer_spot(row: Row) -> Spot:
    return Spot(
        at_m=float(row["chainage_m"]),
        kind=str(row["kind"]),
        height_mm=_real(row["height_mm"]),
        severity=_real(row["severity"]),
        p_exists=_real(row["p_exists"]),
        confirmed=row["p_exists"] >= CONFIRMED_P and row["passes"] >= 2,
        passes=row["passes"],
        passes_possible=row["passes_possible"],
        lonlat=(float(row["lon"]), float(row["lat"])),
        side=row.get("side"),
    )


CONFIRMED_P: Final = 0.9
"""As in `contado.engines.pavement.anomalies.track`: at least two passes and this probability."""


def _line_of(points: Sequence[Sequence[float]]) -> Line | None:
    if len(points) < 2:
        return None
    lon, lat, chainage = np.asarray(points, float).T
    return Line(lon=lon, lat=lat, chainage_m=chainage)


# States and observations of cells


def _of_tables(path: Path, beside: Mapping[str, Path]) -> RoadState:
    from contado.kernel import tables

    def table(name: str) -> pa.Table | None:
        at = beside.get(name)
        return tables.read(at).table if at is not None and at.is_file() else None

    found = tables.read(path)
    works, planned, spots = table(_WORKS), table(_PLANNED), table(_SPOTS)
    state, obs = _fused(found.table, path.name, works)
    lines = _lines(found.table)
    on = max((d for d in state["date"].to_pylist() if d), default=None)
    marks = _spots(obs, spots, on, lines) if spots is not None and on is not None else {}
    names = treatments.names()
    roads = [
        Road(
            name=name,
            line=lines.get(name),
            cells=grading.whole([state_cell(r) for r in rows]),
            spots=in_order(marks.get(name, ())),
            works=(*works_of(works, name, names), *works_of(planned, name, names)),
        )
        for name, rows in sorted(by_section(state.to_pylist()).items())
    ]
    if not roads:
        raise _empty(path.name)
    return RoadState(
        roads=tuple(roads),
        label=label_of(state),
        on=on,
        findings=(*found.findings, *without_place(roads)),
    )


def _empty(name: str) -> DataError:
    return DataError(
        f"{name} holds no cell.", rule="empty_file", hint="process and fuse the drives first", field=name
    )


def _fused(table: pa.Table, name: str, works: pa.Table | None) -> tuple[pa.Table, pa.Table | None]:
    """Return the state of the cells, and the observations it rests on where the file tells them."""
    import pyarrow as pa

    from contado.engines.pavement.state import fusion

    if "drive_id" in table.column_names:
        days = [local.legal_day(t) for t in table["t_utc"].drop_null().unique().to_pylist()]
        if not days:
            raise DataError(
                f"{name} has no dated pass.", rule="no_date", hint="fuse it with --on DATE first", field=name
            )
        fused = fusion.fuse([table], on=max(days), works=works)
        return fused.cells.drop_columns(["observations"]), table
    missing = [c for c in ("section_id", "from_m", "to_m", "iri_m_km", "date") if c not in table.column_names]
    if missing:
        raise ColumnNotFound.from_missing(missing, table.column_names, table=name)
    if "observations" not in table.column_names:
        return table, None
    obs = pa.Table.from_pandas(fusion.observations_of(table), preserve_index=False)
    return table.drop_columns(["observations"]), obs


def _lines(table: pa.Table) -> dict[str, Line]:
    """Return the line of each section, put together from the geometry of its cells."""
    if "geometry" not in table.column_names:
        return {}
    names = [
        "section_id",
        "cell",
        "geometry",
        *(n for n in ("cell_m", "from_m", "to_m") if n in table.column_names),
    ]
    parts: dict[str, dict[int, tuple[float, float, bytes]]] = defaultdict(dict)
    for row in table.select(names).to_pylist():
        if row["geometry"] is not None:
            length = row.get("cell_m") or (row["to_m"] - row["from_m"])
            parts[row["section_id"]][row["cell"]] = (row["cell"] * length, length, row["geometry"])
    lines = {}
    for section, cells in parts.items():
        points = []
        for _, (start, length, wkb) in sorted(cells.items()):
            part = Line.of(wkb, length)
            points += list(zip(part.lon, part.lat, part.chainage_m + start, strict=True))
        lines[section] = _line_of(
            [p for k, p in enumerate(points) if not k or p[2] > points[k - 1][2] + 1e-6]
        )
    return {name: line for name, line in lines.items() if line is not None}


def _spots(
    obs: pa.Table | None, felt: pa.Table, on: date, lines: Mapping[str, Line]
) -> dict[str, list[Spot]]:
    """Return the open anomalies of each section at the end of a day, tracked over all passes."""
    from contado.engines.pavement.ingest import history

    if obs is None or felt.num_rows == 0:
        return {}
    if "coverage" not in obs.column_names:
        obs = obs.append_column("coverage", [[1.0] * obs.num_rows])
    rows = history.anomalies(obs, felt, on=on, lines=lines).to_pylist()
    found: dict[str, list[Spot]] = defaultdict(list)
    for row in rows:
        if is_open(row):
            line = lines.get(row["section_id"])
            found[row["section_id"]].append(spot_of(row, line))
    return found


def in_order(spots: Iterable[Spot]) -> tuple[Spot, ...]:
    """Return anomalies by their place."""
    return tuple(sorted(spots, key=lambda s: (s.at_m, s.kind)))


def spot_of(row: Row, line: Line | None) -> Spot:
    """Return an anomaly of the table ``pavement_anomaly``."""
    place = None
    if line is not None:
        lon, lat = line.lonlat(row["chainage_m"])
        place = (float(lon), float(lat))
    return Spot(
        at_m=row["chainage_m"],
        kind=row["kind"],
        height_mm=row["height_mm"],
        severity=row["severity"],
        p_exists=row["p_exists"],
        confirmed=row["state"] in {"confirmed", "worse"},
        passes=row["passes"],
        passes_possible=row["passes_possible"],
        last_seen=row["last_seen"],
        lonlat=place,
        side=row.get("side"),
    )


def state_cell(row: Row) -> Cell:
    """Return a cell of the table ``pavement_cell_state``."""
    return Cell(
        from_m=row["from_m"],
        to_m=row["to_m"],
        iri=row["iri_m_km"],
        low=row.get("low_m_km"),
        high=row.get("high_m_km"),
        passes=row.get("n_passes"),
        vehicles=row.get("n_vehicles"),
        last_on=row.get("last_on"),
        state=row.get("state") or "measured",
    )


def works_of(table: pa.Table | None, section: str, names: Mapping[str, Words]) -> list[Work]:
    """Return the works on a section, of a table with ``date`` (done) or ``year`` (planned).

    Parameters
    ----------
    names
        What treatments are called, by code.
    """
    rows = [] if table is None else [r for r in table.to_pylist() if str(r.get("section_id")) == section]
    return [
        Work(
            from_m=float(r["from_m"]),
            to_m=float(r["to_m"]),
            day=_day(r.get("date")),
            year=r.get("year"),
            treatment=str(r.get("treatment") or ""),
            name=names.get(str(r.get("treatment"))),
        )
        for r in rows
    ]


def by_section(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return the rows of each section."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[str(row["section_id"])].append(row)
    return found


def only(state: RoadState, names: Sequence[str]) -> RoadState:
    """Return the state of the named roads, all where none is named.

    Raises
    ------
    DataError
        Rule ``unknown_section``: a road is not in the state.
    """
    known = [road.name for road in state.roads]
    for name in names:
        if name not in known:
            raise _unknown(name, known, "road")
    return replace(state, roads=tuple(r for r in state.roads if r.name in names)) if names else state


def _unknown(name: str, known: Sequence[str], field: str) -> DataError:
    return DataError(
        f"No road of the state is called {name!r}.",
        rule="unknown_section",
        hint=did_you_mean(name, known) or f"there are: {', '.join(known[:5])}",
        field=field,
    )


# Roads whose place is not in the file


def route_line(network: Network, route: Route) -> Line:
    """Return the line of a route by its chainage, in degrees."""
    from contado.engines.pavement.measuring.onroute import frame_of
    from contado.kernel.territory import crs

    frame = frame_of(network, route)
    lon, lat = crs.to_lonlat(frame.line.x_m, frame.line.y_m, network.epsg)
    return Line(lon=lon, lat=lat, chainage_m=frame.line.chainage_m + frame.start_m)


def on_route(state: RoadState, name: str, line: Line) -> RoadState:
    """Return the state with a line for the road of that name, or for its only road.

    Raises
    ------
    DataError
        Rule ``unknown_section``: several roads, none of that name.
    """
    names = [road.name for road in state.roads]
    wanted = names[0] if len(names) == 1 else name
    if wanted not in names:
        raise _unknown(name, names, "route")
    roads = tuple(replace(road, line=line) if road.name == wanted else road for road in state.roads)
    kept = tuple(f for f in state.findings if f.rule != "no_geometry")
    return replace(state, roads=roads, findings=(*kept, *without_place(roads)))


def without_place(roads: Sequence[Road]) -> tuple[Finding, ...]:
    """Return the finding that says how roads without a line are shown, where there are any."""
    lost = [road.name for road in roads if road.line is None]
    if not lost:
        return ()
    drawn = "drawn straight, by chainage" if len(lost) == len(roads) else "in the table but not on the map"
    return (
        Finding(
            severity="warning",
            rule="no_geometry",
            row=lost[0],
            message=f"{len(lost)} of {len(roads)} roads have no line: they are {drawn}.",
            hint="give --network and --route",
            action="kept",
        ),
    )


def _real(value: Any) -> float | None:
    return None if value is None else float(value)


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    return date.fromisoformat(str(value)[:10])
