"""contado programme publish: a draft becomes the programme of the workspace, with its budgets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from contado.kernel.declare import Answer, Context, Request, Verb, argument
from contado.kernel.errors import DataError, TableNotFound
from contado.verbs._planning import PlanningRequest, budget_words, read_planning
from contado.verbs._runs import Run, make_current, mark, read_inputs, read_record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from contado.kernel.portfolio.record import RunRecord
    from contado.kernel.workspace import Commit, Workspace
    from contado.verbs._planning import Planning


class PublishRequest(Request, frozen=True, kw_only=True):
    """Which run."""

    run: Annotated[str, argument("id of a recorded run (runs/ID of the workspace)")]


class PublishAnswer(Answer, kw_only=True):
    """What is the programme now, and how many budgets changed with it."""

    run: str
    value: float
    budgets_changed: int


def _run(request: PublishRequest, context: Context) -> PublishAnswer:
    assert context.workspace is not None
    run = _read(context.workspace, request.run)
    planning = _present(run, context)
    _refuse_stale(run, planning)
    with context.records() as records:
        changed = _budgets_changed(planning.workspace, run)
        with planning.workspace.commit() as commit:
            _stage(commit, run, budgets=bool(changed))
            with records.committing(commit) as session:
                from contado.kernel.records import audit

                body = {"programme_sha256": run.record.programme_sha256, "budgets_changed": changed}
                audit.append(session, "programme.published", f"run:{run.record.run_id}", body)
    return PublishAnswer(run=run.record.run_id, value=run.record.value_eur, budgets_changed=changed)


def _read(workspace: Path, run_id: str) -> Run:
    """Read a run with its tables; an id that is no plain name has none."""
    from contado.kernel import tables

    folder = workspace / "runs" / run_id
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", run_id) or not (folder / "run.json").is_file():
        raise TableNotFound(
            f"There is no run {run_id!r}.", hint="see the folder runs of the workspace", field="run"
        )
    record = read_record(folder / "run.json")
    if missing := [n for n in ("programme", "price") if not (folder / f"{n}.parquet").is_file()]:
        raise TableNotFound(
            f"The run {run_id} keeps no table {missing[0]}.", hint="run `contado plan` again", field="run"
        )
    return Run(
        record=record,
        programme=tables.read(folder / "programme.parquet").table,
        price=tables.read(folder / "price.parquet").table,
        inputs=read_inputs(folder / "inputs", sorted(record.inputs)),
    )


def _present(run: Run, context: Context) -> Planning:
    """State the problem of the run again, from the workspace as it is today."""
    settings = run.record.settings
    budgets = run.inputs["budget"].to_pylist()
    request = PlanningRequest(
        floors=settings.floors,
        on=settings.day,
        discount_rate=settings.discount_rate_share,
        without_worksite=_switched_off(context.workspace, run.record),
        budget=[budget_words(b["source"], b["year"], b["budget_eur"]) for b in budgets],
    )
    return read_planning(request, context)


def _switched_off(workspace: Path | None, record: RunRecord) -> list[str]:
    from contado.kernel.portfolio.details import decode

    assert workspace is not None
    details = workspace / "runs" / record.run_id / "details.json"
    pairs = decode(details.read_bytes()).worksites if details.is_file() else []
    return [f"{p.a},{p.b}" for p in pairs if p.off]


def _refuse_stale(run: Run, planning: Planning) -> None:
    """Refuse a plan whose interventions, rules or floors are not those of today.

    Raises
    ------
    DataError
        Names the tables that changed since (rule ``stale_run``).
    """
    from contado.kernel.portfolio import record

    now = record.input_hashes(planning.inputs)
    if changed := sorted(name for name, digest in run.record.inputs.items() if now.get(name) != digest):
        raise DataError(
            f"The data have changed since run {run.record.run_id}: {', '.join(changed)}.",
            rule="stale_run",
            hint="plan again, then publish",
            field="run",
        )


def _amounts(budget: pa.Table) -> Mapping[tuple[str, int], float]:
    return {(b["source"], b["year"]): b["budget_eur"] for b in budget.to_pylist()}


def _budgets_changed(workspace: Workspace, run: Run) -> int:
    """Count the budgets of the run that are not those of the workspace.

    Raises
    ------
    DataError
        They are, and the workspace keeps its budgets in shares, which only their owners write.
    """
    before, after = _amounts(workspace.read("budget")), _amounts(run.inputs["budget"])
    changed = sum(before.get(cell) != amount for cell, amount in after.items())
    if changed and any((workspace.path / "tables" / "budget").glob("*.parquet")):
        raise DataError(
            "The budgets of this workspace are kept in shares of practices.",
            rule="shared_budgets",
            hint="change the budgets there, then plan",
            field="run",
        )
    return changed


def _stage(commit: Commit, run: Run, *, budgets: bool) -> None:
    from contado.kernel.portfolio import record

    make_current(commit, commit.workspace, run)
    if budgets:
        commit.table("budget", run.inputs["budget"])
    if record.is_draft(commit.workspace.path / "runs" / run.record.run_id):
        mark(commit, run.record.run_id, draft=False)


VERB = Verb(
    name="programme publish",
    help="Make a recorded run the programme of the workspace",
    request=PublishRequest,
    answer=PublishAnswer,
    run=_run,
    workspace=True,
    right="programme.published",
    examples=("contado programme publish plan-0123456789ab -w city",),
)
