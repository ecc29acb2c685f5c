"""Drives into the workspace: read, settle, cut by section, look through the car, fuse, track.

What is stored: pseudonymous drives and vehicles, how the sensors sat, observations of cells and anomalies, the
states that follow from all of them, and until their retention day the positions. A drive that is in already changes
nothing, whichever door it came through (`contado.engines.pavement.ingest.arrivals`).
"""

from __future__ import annotations

import dataclasses
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.engines.pavement.anomalies.fixtures import marked
from contado.engines.pavement.evidence import log
from contado.engines.pavement.ingest import (
    arrivals,
    calibrated,
    fixtures,
    fleet,
    privacy,
    rows,
    sections,
    traverse,
)
from contado.engines.pavement.ingest.identity import drive_of_piece
from contado.engines.pavement.ingest.loaded import Loaded, changes, shifted
from contado.engines.pavement.ingest.noticed import noticed
from contado.engines.pavement.ingest.rows import SOURCE_ID
from contado.engines.pavement.ingest.states import states_of
from contado.kernel import labels, tables
from contado.kernel.errors import ContadoError, DataError
from contado.kernel.progress import track

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    import pyarrow as pa

    from contado.engines.pavement.anomalies.fixtures import Located
    from contado.engines.pavement.anomalies.life import Change
    from contado.engines.pavement.ingest.arrivals import Arrivals
    from contado.engines.pavement.measuring.measure import Trace
    from contado.engines.pavement.measuring.processing import ProcessResult
    from contado.engines.pavement.measuring.survey import Vehicle
    from contado.engines.pavement.telemetry.drive import Aligned, Drive, DriveSet, Rejected
    from contado.kernel.errors import Finding
    from contado.kernel.progress import Progress
    from contado.kernel.records import Scope
    from contado.kernel.territory import Network, Route
    from contado.kernel.territory.matching.result import MatchResult
    from contado.kernel.workspace import Commit, Workspace, WorkspaceView

__all__ = ["SOURCE_ID", "Loaded", "Prepared", "load", "prepare", "put", "read_folders", "routes_of"]

_WRITTEN = (
    "drive",
    "vehicle",
    "calibrated_stretch",
    "mounting",
    "cell_obs",
    "anomaly_obs",
    "anomaly",
    "cell_state",
    "evidence",
)
_OF_DRIVES = ("drive", "mounting", "cell_obs", "anomaly_obs")
_LOCKS = tuple(f"tables/pavement_{name}" for name in _WRITTEN)


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
    live: str | None = None,
    scope: Scope | None = None,
    progress: Progress | None = None,
) -> Loaded:
    """Bring drives into the workspace: `prepare`, then `put`."""
    prepared = prepare(workspace, sets, vehicles=vehicles, live=live, progress=progress)
    return put(workspace, prepared, on=on, scope=scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Drives that were read, settled and looked at, before anything of them is written."""

    sets: Sequence[DriveSet]
    came: Arrivals
    settled: list[Aligned]
    seen: _Observed
    marks: Mapping[str, Sequence[Located]] | None
    rejected: tuple[Rejected, ...]
    compute_s: float

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed so far."""
        return (*noticed(self.sets, self.seen.results), *self.came.findings(self.came.again))


def prepare(
    workspace: WorkspaceView,
    sets: Sequence[DriveSet],
    *,
    vehicles: Mapping[str, Vehicle] | None = None,
    live: str | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Tell new drives from known ones and look at the sections that they passed; nothing is written.

    Parameters
    ----------
    workspace
        With tables ``road_link`` and ``pavement_lrs_section``.
    sets
        Drives, as `read_folders` returns them.
    vehicles
        What is known of the vehicles, by the names in the files.
    live
        Identity of the drive (`contado.engines.pavement.ingest.identity`) where it comes from the live door, which
        may have dropped a part of it and gave its car a pseudonym.

    Raises
    ------
    DataError
        The workspace holds no section (`no_sections`) or no network (`network_unreadable`).
    """
    began = time.perf_counter()
    given = {d.sha256 for s in sets for d in s.drives}
    anew = calibrated.anew(workspace, given) if live is None else frozenset()
    came = arrivals.sort_out(sets, workspace, live, anew)
    settled, rejected = _settled(came.new, workspace, progress)
    seen = _observed(workspace, settled, vehicles or {}, progress)
    return Prepared(
        sets=sets,
        came=came,
        settled=settled,
        seen=seen,
        marks=_marks(workspace, seen),
        rejected=(*(r for s in sets for r in s.rejected), *rejected),
        compute_s=time.perf_counter() - began,
    )


def put(workspace: Workspace, prepared: Prepared, *, on: date, scope: Scope | None = None) -> Loaded:
    """Write prepared drives, and the states that follow; positions past their retention day are deleted.

    Parameters
    ----------
    on
        Day of the states; where a drive is later, the day of the last drive. A drive without a date counts
        as of that day from then on.
    scope
        On whose behalf the evidence is written; by default the program's own.
    """
    began = time.perf_counter()
    came, sets, seen = prepared.came, prepared.sets, prepared.seen
    written = _commit(workspace, came, prepared.settled, seen, on, scope, prepared.marks)
    deleted = privacy.apply_retention(workspace, unended=not came.live)
    return Loaded(
        drives=sum(len(s.drives) + len(s.rejected) for s in sets),
        loaded=len(written.ids),
        unchanged=came.unchanged + len(prepared.settled) - len(written.ids),
        rejected=prepared.rejected,
        cells=int(seen.fresh["cell_obs"]["iri_m_km"].drop_null().__len__()),
        anomalies=workspace.read("pavement_anomaly").num_rows,
        cells_changed=written.cells_changed,
        anomalies_changed=written.anomalies_changed,
        label=labels.joint(s.label for s in sets),
        findings=(
            *noticed(sets, seen.results),
            *came.findings(written.twice),
            *shifted(written.again),
            *calibrated.told(workspace, len(written.ids & came.anew)),
            *deleted.findings,
        ),
        compute_s=prepared.compute_s + time.perf_counter() - began,
        ids=came.ids,
        written=written.ids,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Observed:
    """What drives told: results by section, the new rows of each table, the roads that were read for it."""

    results: list[ProcessResult]
    fresh: dict[str, pa.Table]
    network: Network | None
    routes: Mapping[str, Route]


def _observed(
    workspace: WorkspaceView,
    settled: Sequence[Aligned],
    vehicles: Mapping[str, Vehicle],
    progress: Progress | None,
) -> _Observed:
    """Match the drives and look at each section that they passed."""
    network, routes = routes_of(workspace) if settled else (None, {})
    driven = [aligned for aligned in settled if aligned.drive.fix_t_s.size]
    results: list[ProcessResult] = []
    fixes = tables.empty("pavement_fix")
    if driven and network is not None:
        found = traverse.matched(driven, network, workspace.settings.pavement.sigma_m)
        results = list(_processed(driven, found, routes, workspace, vehicles, progress))
        fixes = privacy.fixes(driven, found, workspace.settings)
    names = ("cell_obs", "anomaly_obs")
    fresh = {name: _gathered(name, [getattr(r, name) for r in results]) for name in names}
    return _Observed(results=results, fresh=fresh | {"fix": fixes}, network=network, routes=routes)


def _marks(workspace: WorkspaceView, seen: _Observed) -> dict[str, Sequence[Located]] | None:
    """Return the known fixtures of every section with observations; None where the marks are as they are.

    Without new drives the roads are read only where fixtures are known or were, which may have changed.
    """
    felt, network, routes = seen.fresh["anomaly_obs"], seen.network, seen.routes
    old = workspace.read("pavement_anomaly_obs")
    if workspace.read("pavement_fixture").num_rows == 0 and old["fixture_id"].null_count == old.num_rows:
        return None
    touched = {*old["section_id"].to_pylist(), *felt["section_id"].to_pylist()}
    if network is None:
        network, routes = routes_of(workspace)
    marks = fixtures.on_sections(workspace, network, routes, touched)
    return marks if felt.num_rows or not marked(old, marks).equals(old) else None


def _settled(
    drives: Sequence[Drive], workspace: WorkspaceView, progress: Progress | None
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
    workspace: WorkspaceView,
    vehicles: Mapping[str, Vehicle],
    progress: Progress | None,
) -> Iterator[ProcessResult]:
    """Yield what the drives told about each section they passed."""
    from contado.engines.pavement.measuring import onroute
    from contado.engines.pavement.measuring.processing import process, trace_drive
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
    starts = {section: frames[section].start_m for section in surveys}
    known = fleet.learnt(known, pieces, surveys, starts)
    order = [*surveys, *sorted(set(pieces) - set(surveys))]  # a surveyed section calibrates the cars first
    for section in track(order, "sections", progress):
        drives = tuple(trace.aligned.drive for trace in pieces[section].values())
        day = max((d for drive in drives if (d := drive.day)), default=None)
        label = labels.joint(d.label for d in drives)
        result = process(
            DriveSet(drives=drives, label=label),
            network,
            routes[section],
            reference=surveys.get(section),
            vehicles=fleet.to_calibrate(known, day) if section in surveys else known,
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
    came: Arrivals,
    settled: Sequence[Aligned],
    seen: _Observed,
    on: date,
    scope: Scope | None,
    marks: Mapping[str, Sequence[Located]] | None,
) -> _Written:
    """Write observations, states and evidence; return what was.

    Without new drives the states may have changed all the same: with works, with marks, with the day. Where they
    have not, nothing is written.
    """
    import pyarrow as pa

    with workspace.commit(lock=_LOCKS) as commit:
        old = {name: workspace.read(f"pavement_{name}") for name in _WRITTEN}
        done, settled, fresh = _still_new(came, settled, seen.fresh, old["drive"])
        since = rows.instants(old, done.twice | came.anew)
        for name in _OF_DRIVES:
            old[name] = arrivals.of_drives(old[name], done.ids, inside=False)
        cell_obs = pa.concat_tables([old["cell_obs"], fresh["cell_obs"]], promote_options="permissive")
        felt = pa.concat_tables([old["anomaly_obs"], fresh["anomaly_obs"]], promote_options="permissive")
        felt = felt if marks is None else marked(felt, marks)
        now = states_of(workspace, cell_obs, felt, since, on)
        nothing_new = not settled and not done.twice and marks is None
        if nothing_new and now.cells.equals(old["cell_state"]) and now.anomalies.equals(old["anomaly"]):
            return done
        cars = {a.drive.vehicle for a in settled}
        vehicles = fleet.table(old["vehicle"], seen.results, cars, now.vehicle_bias, SOURCE_ID)
        known_cars = {r["vehicle_id"] for r in vehicles.to_pylist() if r["calibrated"]}
        drives = rows.drives(settled, fresh, came.known, known_cars, workspace.settings)
        commit.table("pavement_drive", rows.added(old["drive"], "pavement_drive", drives, twice=done.twice))
        commit.table(
            "pavement_mounting", rows.added(old["mounting"], "pavement_mounting", rows.mountings(settled))
        )
        privacy.keep(commit, workspace, fresh["fix"], instead=(done.twice | came.anew) & done.ids)
        remembered = calibrated.calibrated_on(workspace, fresh["cell_obs"], SOURCE_ID)
        commit.table(calibrated.CALIBRATED_ON, remembered)
        commit.table("pavement_vehicle", vehicles)
        commit.table("pavement_cell_obs", now.cell_obs)
        commit.table("pavement_anomaly_obs", now.felt)
        commit.table("pavement_anomaly", now.anomalies)
        commit.table("pavement_cell_state", now.cells)
        if settled:
            commit.table("source", rows.source(settled), practice="pavement")
        _commit_evidence(commit, old["evidence"], now.met, scope)
    return dataclasses.replace(
        done,
        again=frozenset(map(drive_of_piece, now.drives_alike)) & done.ids,
        cells_changed=changes(old["cell_state"], now.cells, "section_id", "cell"),
        anomalies_changed=changes(old["anomaly"], now.anomalies, "anomaly_id"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """Drives that were written, and how many states are others now.

    ``twice``: they came through both doors; ``again``: they tell what another one tells.
    """

    ids: frozenset[str] = frozenset()
    twice: frozenset[str] = frozenset()
    again: frozenset[str] = frozenset()
    cells_changed: int = 0
    anomalies_changed: int = 0


def _still_new(
    came: Arrivals, settled: Sequence[Aligned], fresh: Mapping[str, pa.Table], drives: pa.Table
) -> tuple[_Written, list[Aligned], dict[str, pa.Table]]:
    """Leave out what another process has brought in since; say what is written and what came twice."""
    late = came.late(drives)
    settled = [a for a in settled if a.drive.name not in late]
    left = {name: arrivals.of_drives(table, late, inside=False) for name, table in fresh.items()}
    ids = frozenset(a.drive.name for a in settled)
    twice = came.again | late | (ids & set(drives["drive_id"].to_pylist()) - came.anew)
    return _Written(ids=ids, twice=twice), settled, left


def _commit_evidence(commit: Commit, old: pa.Table, met: Sequence[Change], scope: Scope | None) -> None:
    """Write who met what to the audit chain and to the table of evidence, with the row of the commit."""
    from contado.kernel import records

    scope = scope or records.Scope.system("pavement.load")
    timezone = commit.workspace.settings.territory.timezone
    with (
        records.open_store(commit.workspace) as store,
        records.commits.writing(commit, store, scope) as session,
    ):
        commit.table(log.TABLE, log.appended(session, old, met, timezone=timezone))
