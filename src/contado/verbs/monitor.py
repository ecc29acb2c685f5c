"""contado monitor."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from contado.kernel.dates import today
from contado.kernel.declare import Context, Process, Request, Verb, argument, option
from contado.kernel.errors import Finding
from contado.verbs._steps import StepAnswer

__all__ = ["VERB", "MonitorRequest"]


class MonitorRequest(Request, frozen=True, kw_only=True):
    """A practice measures what the programme of the workspace did."""

    practice: Annotated[str, argument("name of the practice")]
    on: Annotated[date | None, option("day of the measure; default today")] = None
    seed: Annotated[int, option("seed of what is random", ge=0)] = 0


def _run(request: MonitorRequest, context: Context) -> StepAnswer:
    from contado.kernel import practice as practices
    from contado.verbs import _steps

    practice = practices.load(request.practice)
    workspace = _steps.open_workspace(context.workspace)
    on = request.on or today()
    programme = practices.Programme({name: workspace.read(name) for name in ("programme", "price", "run")})
    provenance = _steps.provenance_of("monitor", practice, workspace, on, request.seed)
    result = practice.monitor(workspace, programme, on=on, seed=request.seed, progress=context.progress)
    findings = list(result.findings)
    if programme.programme.num_rows == 0:
        findings.append(_no_programme())
    context.accept(findings)
    with workspace.commit() as commit:
        rows = _steps.keep(commit, request.practice, result, provenance)
    return StepAnswer(
        label=_steps.label_of(result.tables), findings=findings, practice=request.practice, tables=rows
    )


def _no_programme() -> Finding:
    return Finding(
        severity="note",
        rule="no_programme",
        table="programme",
        message="The workspace holds no programme, so nothing was chosen whose effect could be measured.",
        hint="contado plan -w DIR",
    )


VERB = Verb(
    name="monitor",
    help="Let a practice measure what was done",
    request=MonitorRequest,
    answer=StepAnswer,
    run=_run,
    workspace=True,
    process=Process(
        title_it="Effetti di una buona pratica",
        title_en="Effects of a good practice",
        right="practice.computed",
    ),
    examples=("contado monitor manto_stradale -w milano",),
)
