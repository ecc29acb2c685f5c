"""Drives into the workspace: read, settle, cut by section, look through the car, fuse, track.

What is stored: pseudonymous drives and vehicles, how the sensors sat, observations of cells and anomalies, the
states that follow from all of them, and until their retention day the positions. A drive whose content is
already in changes nothing.
"""

from __future__ import annotations

import dataclasses
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from contado.engines.pavement.anomalies.fixtures import marked
from contado.engines.pavement.evidence import log
from contado.engines.pavement.fusion import FuseSettings, fuse
from contado.engines.pavement.ingest import fixtures, fleet, history, privacy, sections, traverse
from contado.kernel import labels, tables
from contado.kernel.dates import local
from contado.kernel.errors import ContadoError, DataError, Finding
from contado.kernel.identifiers import keyed_hash
from contado.kernel.progress import track

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from contado.engines.pavement.anomalies.fixtures import Located
    from contado.engines.pavement.anomalies.track import Change
    from contado.engines.pavement.measure import Trace
    from contado.engines.pavement.processing import ProcessResult
    from contado.engines.pavement.survey import Vehicle
    from contado.engines.pavement.telemetry.drive import Aligned, Drive, DriveSet, Rejected
    from contado.kernel.labels import Label
    from contado.kernel.progress import Progress
    from contado.kernel.records import Scope
    from contado.kernel.settings import Settings
    from contado.kernel.territory import Network, Route
    from contado.kernel.territory.matching.result import MatchResult
    from contado.kernel.workspace import Workspace, WorkspaceView

__all__ = ["SOURCE_ID", "Loaded", "load", "read_folders", "routes_of"]

SOURCE_ID = "pavement_drives"
"""Source of everything that drives told."""
_WRITTEN = ("drive", "vehicle", "mounting", "cell_obs", "anomaly_obs", "anomaly", "cell_state", "evidence")
_LOCKS = tuple(f"tables/pavement_{name}" for name in _WRITTEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of a folder of drives.

    ``drives`` found, ``loaded`` now, ``unchanged`` already in; ``cells`` observations of cells that are
    new; ``anomalies`` known afterwards, ``states_changed`` anomalies that are new or changed state.
    """

    drives: int
    loaded: int
    unchanged: int
    rejected: tuple[Rejected, ...]
    cells: int
    anomalies: int
    states_changed: int
    label: Label
    findings: tuple[Finding, ...]
    compute_s: float


def read_folders(folder: Path, columns: Path | None = None) -> list[DriveSet]:
    """Read the drives of a folder, and of the folders in it, in the order of their paths.

    Raises
    ------
    DataError
        Nothing in it is readable.
    """
    from contado.engines.pavement.telemetry.read import read_drives

    inner = sorted(p for p in folder.rglob("*") if p.is_dir()) if folder.is_dir() else []
    found: list[DriveSet] = []
    problem: ContadoError | None = None
    for place in [folder, *inner]:
        if place.is_dir() and not any(p.is_file() for p in place.iterdir()):
            continue
        try:
            found.append(read_drives(place, columns))
        except DataError as error:
            problem = problem or error
    if not found:
        raise problem or DataError(
            f"{folder.name} holds no file.",
            rule="empty_file",
            hint="give a folder of drives",
            field=folder.name,
        )
    return found


def load(
    workspace: Workspace,
    sets: Sequence[DriveSet],
    *,
    on: date,
    vehicles: Mapping[str, Vehicle] | None = None,
    pseudonymous: bool = False,
    scope: Scope | None = None,
    progress: Progress | None = None,
) -> Loaded:
    """Bring drives into the workspace; positions past their retention day are deleted.

    Parameters
    ----------
    workspace
        With tables ``road_link`` and ``pavement_lrs_section``.
    sets
        Drives, as `read_folders` returns them.
    on
        Day of the states; where a drive is later, the day of the last drive.
    vehicles
        What is known of the vehicles, by the names in the files.
    pseudonymous
        Whether the names of the vehicles are keyed hashes already.
    scope
        On whose behalf the evidence is written; by default the program's own.

    Raises
    ------
    DataError
        The workspace holds no section (`no_sections`) or no network (`network_unreadable`).
    """
    began = time.perf_counter()
    new, unchanged = _new(sets, workspace, pseudonymous=pseudonymous)
    settled, rejected = _settled(new, workspace, progress)
    network, routes = routes_of(workspace) if settled else (None, {})
    driven = [aligned for aligned in settled if aligned.drive.fix_t_s.size]
    found = (
        traverse.matched(driven, network, workspace.settings.pavement.sigma_m) if driven and network else None
    )
    results = (
        list(_processed(driven, found, routes, workspace, vehicles or {}, progress))
        if found is not None
        else []
    )
    fresh = {
        name: _gathered(name, [getattr(r, name) for r in results]) for name in ("cell_obs", "anomaly_obs")
    }
    if found is not None:
        fresh["fix"] = privacy.fixes(driven, found, workspace.settings)
    marks = _marks(workspace, fresh["anomaly_obs"], network, routes)
    changed = (
        _commit(workspace, settled, results, fresh, on, scope, marks) if settled or marks is not None else 0
    )
    deleted = privacy.apply_retention(workspace)
    anomalies = workspace.read("pavement_anomaly")
    drives = sum(len(s.drives) + len(s.rejected) for s in sets)
    return Loaded(
        drives=drives,
        loaded=len(settled),
        unchanged=unchanged,
        rejected=(*(r for s in sets for r in s.rejected), *rejected),
        cells=int(fresh["cell_obs"]["iri_m_km"].drop_null().__len__()),
        anomalies=anomalies.num_rows,
        states_changed=changed,
        label=labels.joint(s.label for s in sets),
        findings=(*_findings(sets, results), *deleted.findings),
        compute_s=time.perf_counter() - began,
    )


def _marks(
    workspace: Workspace, felt: pa.Table, network: Network | None, routes: Mapping[str, Route]
) -> dict[str, Sequence[Located]] | None:
    """Return the known fixtures of every section with observations; None where the marks are as they are.

    Without new drives the roads are read only where fixtures are known or were, which may have changed.
    """
    old = workspace.read("pavement_anomaly_obs")
    if workspace.read("pavement_fixture").num_rows == 0 and old["fixture_id"].null_count == old.num_rows:
        return None
    touched = {*old["section_id"].to_pylist(), *felt["section_id"].to_pylist()}
    if network is None:
        network, routes = routes_of(workspace)
    marks = fixtures.on_sections(workspace, network, routes, touched)
    return marks if felt.num_rows or not marked(old, marks).equals(old) else None


def _new(sets: Sequence[DriveSet], workspace: Workspace, *, pseudonymous: bool) -> tuple[list[Drive], int]:
    """Return the drives whose content is not in yet, under their pseudonyms."""
    known = set(workspace.read("pavement_drive")["sha256"].to_pylist())
    key = workspace.settings.workspace.key
    new, unchanged = [], 0
    for drive in sorted((d for s in sets for d in s.drives), key=lambda d: (d.sha256, d.name)):
        if drive.sha256 in known:
            unchanged += 1
            continue
        known.add(drive.sha256)
        name = keyed_hash(key, drive.sha256)
        vehicle = drive.vehicle if pseudonymous else keyed_hash(key, drive.vehicle)
        new.append(dataclasses.replace(drive, name=name, vehicle=vehicle, findings=()))
    return new, unchanged


def _settled(
    drives: Sequence[Drive], workspace: Workspace, progress: Progress | None
) -> tuple[list[Aligned], list[Rejected]]:
    from contado.engines.pavement.telemetry.align import align_all

    zones = privacy.zones(workspace)
    settled: list[Aligned] = []
    rejected: list[Rejected] = []
    for drive in track(drives, "drives", progress):
        done, refused = align_all([drive])
        settled += [privacy.without(aligned, zones) for aligned in done]
        rejected += [
            dataclasses.replace(r, message=r.message.removeprefix(f"{drive.name}: ")) for r in refused
        ]
    return settled, rejected


def _processed(
    settled: Sequence[Aligned],
    matched: MatchResult,
    routes: Mapping[str, Route],
    workspace: Workspace,
    vehicles: Mapping[str, Vehicle],
    progress: Progress | None,
) -> Iterator[ProcessResult]:
    """Yield what the drives told about each section they passed."""
    from contado.engines.pavement import onroute
    from contado.engines.pavement.processing import process, trace_drive
    from contado.engines.pavement.telemetry.drive import DriveSet

    settings, network = workspace.settings, matched.network
    edges = {section: route.edges.tolist() for section, route in routes.items()}
    pieces: dict[str, dict[str, Trace]] = defaultdict(dict)
    found = traverse.traversals(settled, matched, edges)
    frames = {
        section: onroute.frame_of(network, routes[section]) for section in {t.section_id for t in found}
    }
    for piece in track(found, "traversals", progress):
        drive = piece.aligned.drive
        pieces[piece.section_id][drive.name] = trace_drive(drive, frames[piece.section_id], piece.aligned)
    traces = [trace for passes in pieces.values() for trace in passes.values()]
    known = fleet.vehicles(traces, workspace, vehicles)
    surveys = {section: r for section, r in fleet.surveys(workspace).items() if section in pieces}
    order = [*surveys, *sorted(set(pieces) - set(surveys))]  # a surveyed section calibrates the cars first
    for section in track(order, "sections", progress):
        drives = tuple(trace.aligned.drive for trace in pieces[section].values())
        label = labels.joint(d.label for d in drives)
        result = process(
            DriveSet(drives=drives, label=label),
            network,
            routes[section],
            reference=surveys.get(section),
            vehicles=fleet.to_calibrate(known) if section in surveys else known,
            cell_m=settings.pavement.cell_m,
            section_id=section,
            traced=pieces[section],
        )
        known = fleet.calibrated(known, result) if section in surveys else known
        yield result


def routes_of(workspace: WorkspaceView) -> tuple[Network, dict[str, Route]]:
    """Return the street network of a workspace and the routes of its sections, by their ids.

    Raises
    ------
    DataError
        There is no section (`no_sections`), or one has a link that the network lacks.
    """
    from contado.kernel.territory import Network

    rows = workspace.read("pavement_lrs_section").select(["section_id", "links"]).to_pylist()
    if not rows:
        raise DataError(
            "The workspace holds no section of road.",
            rule="no_sections",
            hint="contado pavement load DIR --network FILE [--routes FILE --sections FILE] brings them in",
            field="pavement_lrs_section",
        )
    network = Network.from_links(workspace.read("road_link"), epsg=workspace.settings.territory.epsg)
    edge_of = {str(link): edge for edge, link in enumerate(network.link_id)}
    return network, {r["section_id"]: sections.route_of(network, r["links"], edge_of) for r in rows}


def _gathered(name: str, parts: Sequence[pa.Table]) -> pa.Table:
    import pyarrow as pa

    table = f"pavement_{name}"
    return pa.concat_tables([tables.empty(table), *parts], promote_options="default")


def _commit(
    workspace: Workspace,
    settled: Sequence[Aligned],
    results: Sequence[ProcessResult],
    fresh: Mapping[str, pa.Table],
    on: date,
    scope: Scope | None,
    marks: Mapping[str, Sequence[Located]] | None,
) -> int:
    """Write observations, states and evidence; return how many anomalies are new or changed their state."""
    import pyarrow as pa

    with workspace.commit(lock=_LOCKS) as commit:
        old = {name: workspace.read(f"pavement_{name}") for name in _WRITTEN}
        cell_obs = pa.concat_tables([old["cell_obs"], fresh["cell_obs"]], promote_options="permissive")
        felt = pa.concat_tables([old["anomaly_obs"], fresh["anomaly_obs"]], promote_options="permissive")
        felt = felt if marks is None else marked(felt, marks)
        day = _day(on, cell_obs)
        fused = fuse(
            [cell_obs],
            on=day,
            works=workspace.read("pavement_works"),
            settings=_fuse_settings(workspace.settings),
        )
        lines = history.lines_of(workspace.read("pavement_lrs_section"))
        anomalies, met = history.follow(cell_obs, felt, on=_day(day, felt), lines=lines, source_id=SOURCE_ID)
        state = fused.cells.drop_columns(["observations"])
        commit.table(
            "pavement_drive",
            _with_rows(old["drive"], "pavement_drive", _drives(settled, fresh, workspace.settings)),
        )
        commit.table(
            "pavement_mounting", _with_rows(old["mounting"], "pavement_mounting", _mountings(settled))
        )
        if "fix" in fresh:
            privacy.keep(commit, workspace, fresh["fix"])
        commit.table("pavement_vehicle", fleet.table(old["vehicle"], results, fused.vehicle_bias, SOURCE_ID))
        commit.table("pavement_cell_obs", cell_obs)
        commit.table("pavement_anomaly_obs", felt)
        commit.table("pavement_anomaly", anomalies)
        commit.table("pavement_cell_state", _sourced("pavement_cell_state", state))
        if settled:
            commit.table("source", _source(settled), practice="pavement")
        commit.table(log.TABLE, _evidence(workspace, old["evidence"], met, scope))
    return _changes(old["anomaly"], anomalies)


def _evidence(workspace: Workspace, old: pa.Table, met: Sequence[Change], scope: Scope | None) -> pa.Table:
    """Write who met what to the audit chain, before the tables are renamed; return the table of evidence."""
    from contado.kernel import records

    scope = scope or records.Scope.system("pavement.load")
    with records.open_store(workspace) as store, store.writing(scope) as session:
        return log.appended(session, old, met, timezone=workspace.settings.territory.timezone)


def _fuse_settings(settings: Settings) -> FuseSettings:
    return FuseSettings(cell_m=settings.pavement.cell_m, not_driven_d=settings.pavement.not_driven_d)


def _day(on: date, observed: pa.Table) -> date:
    import pyarrow.compute as pc

    last = pc.max(observed["t_utc"]).as_py()
    return on if last is None else max(on, local.legal_day(last))


def _with_rows(old: pa.Table, name: str, rows: list[dict[str, Any]]) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables([old, tables.from_rows(name, rows)], promote_options="permissive")


def _sourced(name: str, table: pa.Table) -> pa.Table:
    import pyarrow as pa

    return tables.conform(name, table.append_column("source_id", pa.array([SOURCE_ID] * table.num_rows)))


def _drives(
    settled: Sequence[Aligned], fresh: Mapping[str, pa.Table], settings: Settings
) -> list[dict[str, Any]]:
    cells: dict[str, int] = defaultdict(int)
    for name, iri in zip(*(fresh["cell_obs"][c].to_pylist() for c in ("drive_id", "iri_m_km")), strict=True):
        cells[name.partition(".")[0]] += iri is not None
    rows = []
    for aligned in settled:
        drive = aligned.drive
        start = privacy.start_of(drive)
        span = timedelta(seconds=float(drive.fix_t_s[-1])) if drive.fix_t_s.size else timedelta()
        rows.append(
            {
                "drive_id": drive.name,
                "vehicle_id": drive.vehicle,
                "sha256": drive.sha256,
                "start_utc": start,
                "end_utc": None if start is None else start + span,
                "n_samples": drive.n_samples_raw,
                "n_fixes": drive.n_fixes_raw,
                "cells": cells[drive.name],
                "flags": list(aligned.flags),
                "retention_until": privacy.retention_until(drive, settings),
                "label": drive.label,
                "source_id": SOURCE_ID,
            }
        )
    return rows


def _mountings(settled: Sequence[Aligned]) -> list[dict[str, Any]]:
    """Return how the sensor sat, a row for each stretch between two re-mounts."""
    rows = []
    for aligned in settled:
        start = privacy.start_of(aligned.drive)
        for number, piece in enumerate(aligned.pieces):
            times = [
                None if start is None else start + timedelta(seconds=t) for t in (piece.from_s, piece.to_s)
            ]
            rows.append(
                {
                    "drive_id": aligned.drive.name,
                    "piece": number,
                    "vehicle_id": aligned.drive.vehicle,
                    **dict(zip(("axis_x", "axis_y", "axis_z"), piece.gravity_axis.tolist(), strict=True)),
                    "sd_deg": piece.sd_deg,
                    "fs_hz": aligned.drive.fs_hz,
                    "valid_from": times[0],
                    "valid_to": times[1],
                }
            )
    return rows


def _source(settled: Sequence[Aligned]) -> pa.Table:
    simulated = any(a.drive.label == "simulated" for a in settled)
    title = "Simulated drives" if simulated else "Drives of cars with an accelerometer and a GNSS receiver"
    row = {"source_id": SOURCE_ID, "title": title, "publisher": "the body"}
    return tables.from_rows("source", [row])


def _changes(before: pa.Table, after: pa.Table) -> int:
    states = dict(zip(before["anomaly_id"].to_pylist(), before["state"].to_pylist(), strict=True))
    now = zip(after["anomaly_id"].to_pylist(), after["state"].to_pylist(), strict=True)
    return sum(states.get(name) != state for name, state in now)


def _findings(sets: Sequence[DriveSet], results: Sequence[ProcessResult]) -> tuple[Finding, ...]:
    """Return the findings of reading, and those of the sections counted by rule."""
    found = [f for s in sets for f in (*s.findings, *(g for d in s.drives for g in d.findings))]
    counts: dict[str, int] = defaultdict(int)
    for result in results:
        for finding in result.findings:
            counts[finding.rule] += 1
    found += [
        Finding(
            severity="warning",
            rule=rule,
            table="pavement_cell_obs",
            message=f"{count} traversals of a section: {rule.replace('_', ' ')}.",
            hint="those parts were not used",
            action="dropped",
        )
        for rule, count in sorted(counts.items())
    ]
    return tuple(dict.fromkeys(found))
