"""Roads whose anomalies cars have met, as `contado pavement load` leaves them: tables, states, evidence."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import shapely

from contado.engines.pavement.evidence import log
from contado.engines.pavement.ingest import history
from contado.kernel import records, tables
from contado.kernel.records import accounts, credentials
from contado.kernel.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from contado.kernel.records import Store

CELL_M = 20.0
LENGTH_M = 600.0
MILANO, LEGNANO = "015146", "015118"
SYSTEM = records.Scope.system("test")
_WRITTEN = ("cell_obs", "anomaly_obs", "anomaly", "evidence")


def section(name: str, lon: float, lat: float, *, municipality: str = MILANO, road: str = "SP1") -> dict:
    """A straight section of 600 m to the north."""
    north = LENGTH_M / 111_195.0
    return {
        "section_id": name,
        "road_code": road,
        "road_name": road,
        "direction": "nord",
        "from_km": 9.0,
        "to_km": 9.0 + LENGTH_M / 1000,
        "length_m": LENGTH_M,
        "municipality": municipality,
        "links": [],
        "geometry": shapely.LineString([(lon, lat), (lon, lat + north)]),
        "label": "simulated",
    }


def hole(chainage_m: float, kind: str = "pothole", severity: float = 50.0) -> tuple[float, str, float]:
    return chainage_m, kind, severity


def drive(
    workspace: Workspace,
    name: str,
    at: dt.datetime,
    felt: Mapping[str, Sequence[tuple[float, str, float]]],
    *,
    on: dt.date | None = None,
) -> list[dict]:
    """Let a car pass over the sections of ``felt`` and write what follows; return the anomalies."""
    cells, felt_rows = [], []
    for where, met in felt.items():
        cells += [_cell(where, k, name, at) for k in range(int(LENGTH_M / CELL_M))]
        felt_rows += [_felt(where, name, at, *one) for one in met]
    with (
        workspace.commit(lock=[f"tables/pavement_{n}" for n in _WRITTEN]) as c,
        records.open_store(workspace) as store,
        records.commits.writing(c, store, SYSTEM) as session,
    ):
        obs = _more(workspace, "pavement_cell_obs", cells)
        told = _more(workspace, "pavement_anomaly_obs", felt_rows)
        lines = history.lines_of(workspace.read("pavement_lrs_section"))
        last = max(t for t in [*obs["t_utc"].to_pylist(), *told["t_utc"].to_pylist()] if t)
        anomalies, met = history.follow(obs, told, on=on or last.date(), lines=lines)
        evidence = log.appended(session, workspace.read(log.TABLE), met, timezone="Europe/Rome")
        for table, rows in (
            ("pavement_cell_obs", obs),
            ("pavement_anomaly_obs", told),
            ("pavement_anomaly", anomalies),
            (log.TABLE, evidence),
        ):
            c.table(table, rows)
    return anomalies.to_pylist()


def _more(workspace: Workspace, name: str, rows: Iterable[dict]):
    import pyarrow as pa

    new = tables.from_rows(name, list(rows))
    return pa.concat_tables([workspace.read(name), new], promote_options="permissive")


def _cell(where: str, k: int, name: str, at: dt.datetime) -> dict:
    return {
        "section_id": where,
        "cell": k,
        "drive_id": name,
        "t_utc": at + dt.timedelta(seconds=k),
        "iri_m_km": 3.0,
        "sd_log": 0.1,
        "speed_m_s": 15.0,
        "coverage": 1.0,
        "label": "simulated",
        "vehicle_id": "car",
        "sd_cal_log": 0.05,
        "cell_m": CELL_M,
    }


def _felt(where: str, name: str, at: dt.datetime, chainage_m: float, kind: str, severity: float) -> dict:
    return {
        "section_id": where,
        "drive_id": name,
        "chainage_m": chainage_m,
        "t_utc": at + dt.timedelta(seconds=chainage_m / 15),
        "kind": kind,
        "height_mm": -35.0 - 6 * (int(name[-1]) if name[-1].isdigit() else 0) if kind != "raised" else 40.0,
        "length_m": 0.7,
        "severity": severity,
        "criticality": "arancione",
        "p_exists": 0.9,
        "position_sd_m": 0.6,
        "passes": 1,
        "passes_possible": 1,
        "source": "car",
        "label": "simulated",
    }


def add_sections(workspace: Workspace, rows: Sequence[dict]) -> None:
    with workspace.commit() as c:
        c.table("pavement_lrs_section", tables.from_rows("pavement_lrs_section", rows))


def add_inspections(path: Path, *, spots: int = 20) -> list[str]:
    """Give a workspace roads of two municipalities and ``spots`` open anomalies in Milano; return their ids."""
    workspace = Workspace.open(path)
    roads = [section(f"M{k:02d}", 9.17 + 0.004 * k, 45.46) for k in range((spots + 3) // 4)]
    roads.append(section("L00", 8.91, 45.59, municipality=LEGNANO, road="SP9"))
    add_sections(workspace, roads)
    kinds = ("pothole", "depression", "manhole", "pothole")
    felt: dict[str, list] = {r["section_id"]: [] for r in roads}
    for k in range(spots):
        felt[f"M{k // 4:02d}"].append(hole(60.0 + 120.0 * (k % 4), kinds[k % 4], 40.0 + k % 7))
    felt["L00"].append(hole(300.0))
    start = dt.datetime(2026, 9, 14, 8, 0, tzinfo=dt.UTC)
    for number in range(3):
        drive(workspace, f"drive{number}", start + dt.timedelta(days=10 * number), felt)
    found = workspace.read("pavement_anomaly").to_pylist()
    return [a["anomaly_id"] for a in found if a["section_id"] != "L00"]


def link_of(
    store: Store, account: str = "anna", units: Sequence[str] = (MILANO,), role: str = "case_officer"
) -> str:
    """A sign-in link of an officer of some municipalities."""
    with store.writing(records.local_administrator()) as session:
        found = accounts.ensure_account(session, account)
        accounts.add_grant(session, found, role, list(units))
        issued = credentials.issue(session, "link", found.id, minutes=15)
    return credentials.LINK_PATH + issued.secret
