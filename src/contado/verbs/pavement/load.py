"""contado pavement load."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from contado.kernel.dates import today
from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.errors import UsageError
from contado.verbs.pavement._dialect import named
from contado.verbs.pavement.read import RejectedDrive

if TYPE_CHECKING:
    from contado.kernel.errors import Finding
    from contado.kernel.workspace import Workspace

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
    states_changed: int
    links: int
    sections: int
    compute_s: float


def _run(request: LoadRequest, context: Context) -> LoadAnswer:
    from contado.engines.pavement.ingest import load
    from contado.engines.pavement.survey import read_fleet
    from contado.kernel.workspace import Workspace

    assert context.workspace is not None
    sets = load.read_folders(request.folder, request.columns)  # bad input is told before anything is written
    workspace = Workspace.open(context.workspace)
    findings = _roads(request, workspace)
    with context.records() as records:
        loaded = load.load(
            workspace,
            sets,
            on=request.on or today(),
            vehicles=read_fleet(request.vehicles) if request.vehicles else None,
            scope=records.scope,
            progress=context.progress,
        )
    return LoadAnswer(
        label=loaded.label,
        findings=named([*findings, *loaded.findings]),
        drives=loaded.drives,
        loaded=loaded.loaded,
        unchanged=loaded.unchanged,
        rejected=[RejectedDrive.of(one) for one in loaded.rejected],
        cells=loaded.cells,
        anomalies=loaded.anomalies,
        states_changed=loaded.states_changed,
        links=workspace.read("road_link").num_rows,
        sections=workspace.read("pavement_lrs_section").num_rows,
        compute_s=loaded.compute_s,
    )


def _roads(request: LoadRequest, workspace: Workspace) -> list[Finding]:
    """Bring in network, sections, survey, fixtures and works where they were given."""
    from contado.engines.pavement.ingest import roads
    from contado.engines.pavement.ingest.fixtures import load_fixtures

    if request.sections is not None and request.routes is None:
        raise UsageError(
            "--sections tells facts of sections whose edges are not given.",
            rule="missing_value",
            hint="give --routes too",
            field="routes",
        )
    if request.network is not None:
        roads.load_network(workspace, request.network, profile=request.profile)
    findings: list[Finding] = []
    if request.network is not None or request.routes is not None:
        findings += roads.load_sections(workspace, request.routes, request.sections)[1]
    if request.survey is not None:
        findings += roads.load_survey(workspace, request.survey)[1]
    if request.fixtures is not None:
        load_fixtures(workspace, request.fixtures)
    if request.works is not None:
        findings += roads.load_works(workspace, request.works)[1]
    return findings


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
