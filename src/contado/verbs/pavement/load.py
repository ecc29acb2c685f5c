"""contado pavement load."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from contado.kernel.dates import today
from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.errors import UsageError
from contado.verbs.pavement._dialect import accepted, named
from contado.verbs.pavement.read import RejectedDrive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contado.engines.pavement.anomalies.fixtures import Fixture
    from contado.engines.pavement.ingest.rehearsal import Rehearsal
    from contado.engines.pavement.ingest.roads import Sections, Streets, Surveyed
    from contado.engines.pavement.state.works_file import Works
    from contado.kernel.errors import Finding
    from contado.kernel.workspace import Commit, WorkspaceView

__all__ = ["VERB", "LoadAnswer", "LoadRequest"]


class LoadRequest(Request, frozen=True, kw_only=True):
    """A folder of drives in; observations and states in the workspace out."""

    folder: Annotated[Path, argument("folder of drives; those in its folders are read too")]
    network: Annotated[Path | None, option("street network to bring in first")] = None
    profile: Annotated[str, option("profile of the streets that cars use")] = "drive"
    routes: Annotated[
        Path | None,
        option("edges of the sections: section_id, seq, way_id, from_node, to_node; default the ways"),
    ] = None
    sections: Annotated[Path | None, option("facts of the sections: section_id, width_m, aadt ...")] = None
    works: Annotated[Path | None, option("works: section_id, from_m, to_m, date, treatment")] = None
    survey: Annotated[
        Path | None, option("surveyed stretches that calibrate the cars: section_id, from_m, to_m, iri_m_km")
    ] = None
    fixtures: Annotated[
        Path | None,
        option("what shakes a car on purpose: OpenStreetMap extract, or table lon, lat, kind"),
    ] = None
    vehicles: Annotated[Path | None, option("what is known of the vehicles")] = None
    columns: Annotated[Path | None, option("column maps of further logs (TOML)")] = None
    on: Annotated[date | None, option("day of the states; default today")] = None


class LoadAnswer(LabelledAnswer, kw_only=True):
    """What became of the drives; loading them again changes nothing."""

    drives: int
    loaded: int
    unchanged: int
    rejected: list[RejectedDrive]
    cells: int
    anomalies: int
    cells_changed: int
    """Cells whose state is new or another: measured, not_driven, renewed, not_measurable."""
    anomalies_changed: int
    """Anomalies that are new, gone or in another state."""
    states_changed: int
    """Both together."""
    links: int
    sections: int
    compute_s: float


def _run(request: LoadRequest, context: Context) -> LoadAnswer:
    from contado.engines.pavement.ingest import fleet, load
    from contado.engines.pavement.ingest.rehearsal import Rehearsal
    from contado.engines.pavement.measuring.survey import read_fleet
    from contado.kernel.workspace import Workspace

    assert context.workspace is not None
    on = request.on or today()
    # every input is read and every drive looked at before anything is written
    sets = load.read_folders(request.folder, request.columns)
    vehicles = read_fleet(request.vehicles) if request.vehicles else None
    workspace = Workspace.open(context.workspace)
    given = _given(request, workspace)
    after = Rehearsal(workspace)
    given.put(after)
    prepared = load.prepare(after.workspace, sets, vehicles=vehicles, progress=context.progress)
    told = [
        *given.findings,
        *_idle(request, after.workspace, given.works, on),
        *fleet.doubtful(after.workspace),
    ]
    accepted(context, [*told, *prepared.findings], prepared.rejected)
    with context.records() as records:
        with workspace.commit(lock=given.locks) as commit:
            given.put(commit)
        loaded = load.put(workspace, prepared, on=on, scope=records.scope)
    return LoadAnswer(
        label=loaded.label,
        findings=named([*told, *loaded.findings]),
        drives=loaded.drives,
        loaded=loaded.loaded,
        unchanged=loaded.unchanged,
        rejected=[RejectedDrive.of(one) for one in loaded.rejected],
        cells=loaded.cells,
        anomalies=loaded.anomalies,
        cells_changed=loaded.cells_changed,
        anomalies_changed=loaded.anomalies_changed,
        states_changed=loaded.states_changed,
        links=workspace.read("road_link").num_rows,
        sections=workspace.read("pavement_lrs_section").num_rows,
        compute_s=loaded.compute_s,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What files tell of the roads, read and checked; None where no file was given."""

    request: LoadRequest
    streets: Streets | None
    sections: Sections | None
    survey: Surveyed | None
    shakes: Sequence[Fixture] | None
    works: Works | None

    @property
    def findings(self) -> list[Finding]:
        """What was noticed in the files."""
        return [f for part in (self.sections, self.survey, self.works) if part for f in part.findings]

    @property
    def locks(self) -> list[str]:
        """Tables that are added to, not written anew."""
        from contado.engines.pavement.ingest import roads

        both = ((roads.WORKS_LOCK, self.works), (roads.SURVEY_LOCK, self.survey))
        return [lock for lock, part in both if part is not None]

    def put(self, commit: Commit | Rehearsal) -> None:
        """Write all of it."""
        from contado.engines.pavement.ingest import fixtures, roads

        for part in (self.streets, self.sections, self.survey):
            if part is not None:
                part.put(commit)
        if self.shakes is not None and self.request.fixtures is not None:
            fixtures.put_fixtures(commit, self.shakes, self.request.fixtures)
        if self.works is not None and self.request.works is not None:
            roads.put_works(commit, self.works, self.request.works)


def _given(request: LoadRequest, workspace: WorkspaceView) -> _Given:
    """Read network, sections, survey, fixtures and works where they are given; nothing is written."""
    from contado.engines.pavement.anomalies.fixtures import read_fixtures
    from contado.engines.pavement.ingest import roads

    if request.sections is not None and request.routes is None:
        raise UsageError(
            "--sections tells facts of sections whose edges are not given.",
            rule="missing_value",
            hint="give --routes too",
            field="routes",
        )
    network = request.network
    streets = roads.read_network(workspace, network, profile=request.profile) if network else None
    made = streets is not None or request.routes is not None
    return _Given(
        request=request,
        streets=streets,
        sections=roads.read_sections(workspace, request.routes, request.sections, streets) if made else None,
        works=roads.read_works(workspace, request.works) if request.works else None,
        shakes=read_fixtures(request.fixtures) if request.fixtures else None,
        survey=roads.read_survey(request.survey) if request.survey else None,
    )


def _idle(request: LoadRequest, workspace: WorkspaceView, works: Works | None, on: date) -> list[Finding]:
    """Tell of works that renew nothing, and of surveyed sections that do not exist."""
    from contado.engines.pavement.ingest import roads
    from contado.engines.pavement.state import works_file

    rows = workspace.read("pavement_lrs_section")
    found: list[Finding] = []
    if works is not None:
        found += works_file.not_used(works, works_file.grid(rows, workspace.settings.pavement.cell_m), on)
    if request.survey is not None:
        found += roads.unplaced(request.survey, rows["section_id"].to_pylist())
    return found


VERB = Verb(
    name="pavement load",
    help="Bring a folder of drives into the workspace",
    request=LoadRequest,
    answer=LoadAnswer,
    run=_run,
    extra="roads",
    needs=("numba",),
    workspace=True,
    right="anomaly.observed",
    examples=("contado pavement load week47 -w milano",),
)
