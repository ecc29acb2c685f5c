"""contado robust: which interventions of the workspace stay whatever the costs and benefits turn out to be."""

from __future__ import annotations

from typing import Annotated

from contado.kernel.declare import Context, Process, Verb, option
from contado.verbs._planning import PlanningRequest, read_planning
from contado.verbs.portfolio.robust import Draws, RobustAnswer, assessed


class RobustRequest(PlanningRequest, frozen=True, kw_only=True):
    """How many draws."""

    draws: Annotated[int, option("draws from the intervals of the inputs", ge=1)] = 200
    seed: Annotated[int, option("seed of the draws", ge=0)] = 0


def _run(request: RobustRequest, context: Context) -> RobustAnswer:
    planning = read_planning(request, context)
    asked = Draws(draws=request.draws, seed=request.seed, time_limit_s=planning.time_limit_s)
    return assessed(planning.problem, asked, context, planning.findings)


VERB = Verb(
    name="robust",
    help="Say how sturdy the workspace's programme is under draws",
    request=RobustRequest,
    answer=RobustAnswer,
    run=_run,
    workspace=True,
    process=Process(
        title_it="Solidità del programma", title_en="Sturdiness of the programme", right="programme.planned"
    ),
    examples=("contado robust --draws 500 -w city",),
)
