"""contado front: all nondominated programmes of the workspace under several objectives."""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict
from typing import TYPE_CHECKING, Annotated, Any

from contado.kernel.declare import Context, Process, Verb, option
from contado.verbs._planning import PlanningRequest, read_planning
from contado.verbs.portfolio.front import FrontAnswer, drawn, two_or_more

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contado.verbs._planning import Planning


class FrontRequest(PlanningRequest, frozen=True, kw_only=True):
    """The objectives, all maximised."""

    objectives: Annotated[
        list[str], option("numeric columns of the interventions, or indicators of their effects")
    ]


def _run(request: FrontRequest, context: Context) -> FrontAnswer:
    from contado.kernel.portfolio.front import of_programme

    names = two_or_more(request.objectives)
    planning = read_planning(request, context)
    problem = dataclasses.replace(planning.problem, rows=_with_effects(planning, names))
    return drawn(of_programme(problem, names), planning.time_limit_s, context, planning.findings)


def _with_effects(planning: Planning, names: Sequence[str]) -> dict[str, Any]:
    """Return the problem's rows, each intervention with the sum of its effects on the indicators named.

    An intervention without such an effect has 0 of it.
    """
    rows = dict(planning.problem.rows)
    totals: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for effect in planning.workspace.read("effect").to_pylist():
        if effect["indicator"] in names and effect["value"] is not None:
            totals[effect["indicator"]][effect["intervention_id"]].append(effect["value"])
    rows["interventions"] = tuple(
        {**{name: math.fsum(of[row["id"]]) for name, of in totals.items()}, **row}
        for row in rows["interventions"]
    )
    return rows


VERB = Verb(
    name="front",
    help="List all nondominated programmes of the workspace",
    request=FrontRequest,
    answer=FrontAnswer,
    run=_run,
    best_so_far=True,
    workspace=True,
    process=Process(
        title_it="Frontiera dei programmi", title_en="Nondominated programmes", right="programme.planned"
    ),
    examples=("contado front --objectives benefit_eur,ghg_tco2e_y -w city",),
)
