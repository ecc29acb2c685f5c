"""contado portfolio alternatives: plans nearly as good that decide otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.errors import InfeasibleProgramme
from contado.verbs._plans import Chosen


class AlternativesRequest(Request, frozen=True, kw_only=True):
    """How much value may be given up, for how many plans."""

    path: Annotated[Path, argument("programme folder (interventions.csv, funding_rules.csv, budgets.csv)")]
    within: Annotated[float, option("share of the best value that may be given up", ge=0, le=1)] = 0.01
    count: Annotated[int, option("number of alternatives", ge=1)] = 5
    time_limit_s: Annotated[
        float, option("time all searches may take together", unit="s", gt=0, flags=("--time-limit",))
    ] = 60.0
    floors: Annotated[bool, option("keep the floors of municipalities")] = True


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One plan; ``differs``: money of the starts that only it or the best makes, as a share of both."""

    value: float
    differs: float
    programme: list[Chosen]


class AlternativesAnswer(Answer, kw_only=True):
    """The best plan and the others; fewer than asked for where no further plan differs."""

    best: Plan
    alternatives: list[Plan]
    least_difference: float | None
    """Least difference between any two of all these plans."""


def _run(request: AlternativesRequest, context: Context) -> AlternativesAnswer:
    from contado.kernel.portfolio.alternatives import (
        alternatives,
        difference_share,
        least_difference_share,
    )
    from contado.verbs._plans import chosen
    from contado.verbs.portfolio._problem import read_problem

    problem, findings = read_problem(request.path, context, floors=request.floors)
    plans = alternatives(
        problem, within_share=request.within, count=request.count, time_limit_s=request.time_limit_s
    )
    if not plans:
        raise InfeasibleProgramme(
            "No programme keeps all rules: the floors cannot be met under the budgets.",
            hint="lower a floor, raise a budget, or plan with --no-floors",
        )
    best = plans[0]
    rows = [
        Plan(
            value=p.value_eur,
            differs=difference_share(problem, best.starts, p.starts),
            programme=chosen(problem, p.choice),
        )
        for p in plans
    ]
    return AlternativesAnswer(
        best=rows[0],
        alternatives=rows[1:],
        least_difference=least_difference_share(problem, plans),
        findings=findings,
    )


VERB = Verb(
    name="portfolio alternatives",
    help="List plans nearly as good as the best that decide otherwise",
    request=AlternativesRequest,
    answer=AlternativesAnswer,
    run=_run,
    examples=("contado portfolio alternatives tiny7 --no-floors --within 0.1 --count 3 --json",),
)
