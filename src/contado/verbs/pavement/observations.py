"""contado pavement observations: what cameras, citizens and inspectors saw, into the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from contado.kernel import labels
from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument
from contado.kernel.errors import Rejected

if TYPE_CHECKING:
    from contado.engines.pavement.evidence.observations import Read
    from contado.kernel.records import Scope
    from contado.kernel.workspace import Workspace


class ObservationsRequest(Request, frozen=True, kw_only=True):
    """The observations."""

    file: Annotated[
        Path,
        argument(
            "CSV or Parquet: lon, lat, kind (or D00, D10, D20, D40), source (camera, citizen, inspector), "
            "seen_at; optional photo, answer (present, absent, repaired), label"
        ),
    ]


class ObservationsAnswer(LabelledAnswer, kw_only=True):
    """What became of the observations; the same file again changes nothing."""

    read: int
    loaded: int
    unchanged: int
    rejected: list[Rejected]
    anomalies: int
    states_changed: int


def _run(request: ObservationsRequest, context: Context) -> ObservationsAnswer:
    from contado.engines.pavement.evidence import observations
    from contado.engines.pavement.evidence.placing import Places
    from contado.kernel.workspace import Workspace

    assert context.workspace is not None
    workspace = Workspace.open(context.workspace)
    with context.records() as records:
        known = workspace.read("pavement_anomaly").to_pylist()
        places = Places(workspace.read("pavement_lrs_section"), known)
        found = observations.read(request.file, places, workspace.settings.territory.timezone)
        context.accept([*(r.as_finding(request.file.name) for r in found.rejected), *found.findings])
        loaded, changed = _taken(workspace, records.scope, found)
    return ObservationsAnswer(
        label=labels.joint(t.label for t in found.told),
        findings=list(found.findings),
        read=found.rows,
        loaded=loaded,
        unchanged=len(found.told) - loaded,
        rejected=list(found.rejected),
        anomalies=workspace.read("pavement_anomaly").num_rows,
        states_changed=changed,
    )


def _taken(workspace: Workspace, scope: Scope, found: Read) -> tuple[int, int]:
    from contado.engines.pavement.evidence.told import desk

    if not found.told:
        return 0, 0
    with desk(workspace, scope) as open_desk:
        return open_desk.take(found.told)


VERB = Verb(
    name="pavement observations",
    help="Take in what cameras, citizens and inspectors saw on the road",
    request=ObservationsRequest,
    answer=ObservationsAnswer,
    run=_run,
    extra="roads",
    workspace=True,
    right="anomaly.observed",
    examples=("contado pavement observations reports.csv -w milano",),
)
