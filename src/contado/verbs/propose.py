"""contado propose."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from contado.kernel.dates import today
from contado.kernel.declare import Context, Process, Request, Verb, argument, option
from contado.verbs._steps import StepAnswer

__all__ = ["VERB", "ProposeRequest"]


class ProposeRequest(Request, frozen=True, kw_only=True):
    """A practice proposes interventions for what it finds on a day."""

    practice: Annotated[str, argument("name of the practice")]
    on: Annotated[date | None, option("day of the state; default today")] = None
    seed: Annotated[int, option("seed of what is random", ge=0)] = 0


def _run(request: ProposeRequest, context: Context) -> StepAnswer:
    from contado.kernel import practice as practices
    from contado.verbs import _steps

    practice = practices.load(request.practice)
    workspace = _steps.open_workspace(context.workspace)
    on = request.on or today()
    provenance = _steps.provenance_of("propose", practice, workspace, on, request.seed)
    diagnosis = practice.diagnose(workspace, on=on, seed=request.seed, progress=context.progress)
    result = practice.propose(workspace, diagnosis, on=on, seed=request.seed, progress=context.progress)
    findings = context.accept(result.findings)
    with workspace.commit() as commit:
        rows = _steps.keep(commit, request.practice, result, provenance)
    return StepAnswer(
        label=_steps.label_of({**diagnosis.tables, **result.tables}),
        findings=findings,
        practice=request.practice,
        tables=rows,
    )


VERB = Verb(
    name="propose",
    help="Let a practice propose interventions",
    request=ProposeRequest,
    answer=StepAnswer,
    run=_run,
    workspace=True,
    process=Process(
        title_it="Proposte di una buona pratica",
        title_en="Proposals of a good practice",
        right="practice.computed",
    ),
    examples=("contado propose manto_stradale -w milano",),
)
