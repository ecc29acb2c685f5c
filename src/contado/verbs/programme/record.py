"""contado programme record: what the offices report, into the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from contado.kernel.declare import Answer, Context, Request, Verb, argument
from contado.kernel.errors import ColumnNotFound, Rejected, TableNotFound

if TYPE_CHECKING:
    from contado.kernel.programme.record import Recorded
    from contado.kernel.records import Records
    from contado.kernel.workspace import Commit, Workspace

_LOCKS = tuple(f"tables/{name}" for name in ("milestone", "observation", "payment", "source"))
_SHARE = "programme"
"""Share of the reported rows in tables that practices write too."""


class RecordRequest(Request, frozen=True, kw_only=True):
    """The events."""

    events: Annotated[
        Path,
        argument(
            "CSV: intervention_id or cup, kind (committed, paid, works_start, works_end, observation), "
            "date, amount_eur, indicator, value, unit; optional source"
        ),
    ]


class RecordAnswer(Answer, kw_only=True):
    """What became of the events."""

    recorded: int
    unchanged: int
    rejected: list[Rejected]


def _run(request: RecordRequest, context: Context) -> RecordAnswer:
    from contado.kernel import tables
    from contado.kernel.provenance import sha256_of_file
    from contado.kernel.workspace import Workspace

    assert context.workspace is not None
    if not request.events.is_file():
        raise TableNotFound(f"There is no file {request.events}.", hint="give a CSV of events")
    read = tables.read(request.events)
    if missing := [name for name in ("kind", "date") if name not in read.table.column_names]:
        raise ColumnNotFound.from_missing(missing, read.table.column_names, table=request.events.name)
    lines = list(read.lines) if read.lines is not None else list(range(2, read.table.num_rows + 2))
    digest = sha256_of_file(request.events)
    workspace = Workspace.open(context.workspace)
    source = {"source_id": f"events-{digest[:12]}", "title": request.events.name, "sha256": digest}
    with context.records() as records, workspace.commit(lock=_LOCKS) as commit:
        done = _record(workspace, read.table.to_pylist(), lines, source["source_id"])
        context.accept([*(r.as_finding(request.events.name) for r in done.rejected), *read.findings])
        if done.recorded:
            _write(records, commit, done, source)
    return RecordAnswer(
        recorded=done.recorded,
        unchanged=done.unchanged,
        rejected=list(done.rejected),
        findings=list(read.findings),
    )


def _record(workspace: Workspace, events: list[dict[str, Any]], lines: list[int], source_id: str) -> Recorded:
    from contado.kernel.programme.record import record

    return record(
        events,
        lines=lines,
        interventions=workspace.read("intervention").select(["id", "cup"]).to_pylist(),
        programme=workspace.read("programme").select(["intervention_id", "source"]).to_pylist(),
        payment=workspace.read("payment"),
        milestone=_own(workspace, "milestone"),
        observation=_own(workspace, "observation"),
        source_id=source_id,
    )


def _own(workspace: Workspace, name: str) -> Any:
    """Return the share of what was reported; the shares of practices stay as they are."""
    from contado.kernel import tables

    path = workspace.path / "tables" / name / f"{_SHARE}.parquet"
    return tables.read(path).table if path.is_file() else tables.empty(name)


def _write(records: Records, commit: Commit, done: Recorded, source: dict[str, str]) -> None:
    """Write the tables and the rows that vouch for them: all, or on a failure none."""
    from contado.kernel.records import audit

    body = {"recorded": done.recorded, "sha256": source["sha256"]}
    with records.committing(commit) as session:
        audit.append(session, "realisation.recorded", f"source:{source['source_id']}", body)
        _stage(commit, done, source)


def _stage(commit: Commit, done: Recorded, source: dict[str, str]) -> None:
    from contado.kernel import tables

    known = [r for r in _own(commit.workspace, "source").to_pylist() if r["source_id"] != source["source_id"]]
    commit.table("payment", done.tables["payment"])
    for name in ("milestone", "observation"):
        if done.tables[name].num_rows:
            commit.table(name, done.tables[name], practice=_SHARE)
    commit.table("source", tables.from_rows("source", [*known, source]), practice=_SHARE)


VERB = Verb(
    name="programme record",
    help="Take in what the offices report: commitments, payments, works, observations",
    request=RecordRequest,
    answer=RecordAnswer,
    run=_run,
    workspace=True,
    right="realisation.recorded",
    examples=("contado programme record events.csv -w city",),
)
