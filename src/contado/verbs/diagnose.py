"""contado diagnose."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from contado.kernel.dates import today
from contado.kernel.declare import Context, Process, Request, Verb, argument, option
from contado.verbs._steps import StepAnswer

if TYPE_CHECKING:
    from contado.kernel.workspace import Commit, Workspace

__all__ = ["VERB", "DiagnoseRequest"]


class DiagnoseRequest(Request, frozen=True, kw_only=True):
    """A practice measures the territory."""

    practice: Annotated[str, argument("name of the practice")]
    on: Annotated[date | None, option("day of the state; default today")] = None
    seed: Annotated[int, option("seed of what is random", ge=0)] = 0


def _run(request: DiagnoseRequest, context: Context) -> StepAnswer:
    from contado.kernel import practice as practices
    from contado.verbs import _steps

    practice = practices.load(request.practice)
    workspace = _steps.open_workspace(context.workspace)
    on = request.on or today()
    provenance = _steps.provenance_of("diagnose", practice, workspace, on, request.seed)
    result = practice.diagnose(workspace, on=on, seed=request.seed, progress=context.progress)
    findings = context.accept(result.findings)
    with workspace.commit() as commit:
        rows = _steps.keep(commit, request.practice, result, provenance)
        layers = _layers(commit, practice, workspace, on)
    return StepAnswer(
        label=_steps.label_of(result.tables),
        findings=findings,
        practice=request.practice,
        tables=rows,
        layers=layers,
    )


def _layers(commit: Commit, practice: Any, workspace: Workspace, on: date) -> dict[str, int]:
    """Write the layers that the practice registered and gives rows for (its method ``layers``)."""
    from contado.verbs import _steps

    given = practice.layers(workspace, on=on) if hasattr(practice, "layers") else {}
    specs = {spec.id: spec for spec in practice.register_layers()} if given else {}
    for name, table in given.items():
        spec = specs[name]
        commit.layer(
            name,
            table,
            crs="EPSG:4326",
            title_it=spec.title_it,
            title_en=spec.title_en,
            licence=spec.licence or None,
            label=_steps.label_of({name: table}),
            access=spec.access,
            style=dict(spec.style) or None,
            updated_at=f"{on.isoformat()}T00:00:00Z",
        )
    return {name: table.num_rows for name, table in given.items()}


VERB = Verb(
    name="diagnose",
    help="Let a practice measure the territory",
    request=DiagnoseRequest,
    answer=StepAnswer,
    run=_run,
    workspace=True,
    process=Process(
        title_it="Diagnosi di una buona pratica",
        title_en="Diagnosis of a good practice",
        right="practice.computed",
    ),
    examples=("contado diagnose manto_stradale -w milano",),
)
