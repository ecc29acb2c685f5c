"""contado explain: why an intervention is in the programme of the workspace or not, in figures."""

from __future__ import annotations

from typing import Annotated

from contado.kernel.declare import Context, Process, Verb, argument
from contado.verbs._planning import PlanningRequest, read_planning
from contado.verbs.portfolio.explain import ExplainAnswer, explained, text


class ExplainRequest(PlanningRequest, frozen=True, kw_only=True):
    """Which intervention."""

    intervention_id: Annotated[str, argument("id of an intervention")]


def _run(request: ExplainRequest, context: Context) -> ExplainAnswer:
    planning = read_planning(request, context)
    return explained(
        planning.problem, request.intervention_id, planning.time_limit_s, planning.findings, context
    )


VERB = Verb(
    name="explain",
    help="Say why an intervention is in the workspace's programme or not",
    request=ExplainRequest,
    answer=ExplainAnswer,
    run=_run,
    workspace=True,
    text=text,
    process=Process(
        title_it="Perché sì o perché no",
        title_en="Why an intervention is in or out",
        right="programme.planned",
    ),
    examples=("contado explain manto_stradale:S01:000 -w city",),
)
