"""contado records retention: what has outlived its day is deleted, and the run is audited."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from contado.kernel.declare import Answer, Context, Request, Verb, option


class RetentionRequest(Request, frozen=True, kw_only=True):
    """When."""

    on: Annotated[
        date | None, option("day on which positions and signals are judged; default today in the territory")
    ] = None


class RetentionAnswer(Answer, kw_only=True):
    """What was deleted.

    ``fixes`` positions of ``drives``, ``signals`` files of raw signals of ``signal_bytes``, messages of drives
    that never ended among them; derived cells and anomalies stay.
    """

    documents: int
    credentials: int
    rate_counters: int
    fixes: int
    drives: int
    signals: int
    signal_bytes: int


def _run(request: RetentionRequest, context: Context) -> RetentionAnswer:
    from contado.engines.pavement.ingest import privacy
    from contado.kernel.records import audit, erasure
    from contado.kernel.workspace import Workspace

    with context.records() as records:
        workspace = Workspace.open(records.workspace.path)
        deleted = privacy.apply_retention(workspace, on=request.on)
        counts = {
            "fixes": deleted.fixes,
            "drives": deleted.drives,
            "signals": deleted.signals,
            "signal_bytes": deleted.bytes,
        }
        with records.writing() as session:
            done = erasure.apply_retention(session)
            audit.append(session, "retention.applied", "tables:pavement_fix", counts)
    return RetentionAnswer(
        documents=done.documents,
        credentials=done.credentials,
        rate_counters=done.rate_counters,
        findings=list(deleted.findings),
        **counts,
    )


VERB = Verb(
    name="records retention",
    help="Delete what has outlived its retention day, and say what",
    request=RetentionRequest,
    answer=RetentionAnswer,
    run=_run,
    workspace=True,
    right="retention.applied",
    examples=("contado records retention -w city",),
)
