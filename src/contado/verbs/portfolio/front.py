"""contado portfolio front: all nondominated plans of several objectives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contado.kernel.errors import Finding
    from contado.kernel.portfolio.front import Objectives


class FrontRequest(Request, frozen=True, kw_only=True):
    """A folder and its objectives, all maximised."""

    path: Annotated[
        Path, argument("folder a.csv, b.csv, c.csv (a x <= b, maximise the rows of c), or programme folder")
    ]
    objectives: Annotated[
        list[str] | None, option("numeric columns of the interventions; needed for a programme folder")
    ] = None
    floors: Annotated[bool, option("keep the floors of municipalities")] = True
    time_limit_s: Annotated[
        float, option("time the search may take", unit="s", gt=0, flags=("--time-limit",))
    ] = 60.0


class FrontAnswer(Answer, kw_only=True):
    """The points; not complete: all of them are proven, others may exist."""

    points: list[list[float]]
    n: int
    complete: bool
    solves: int

    def exit_code(self) -> int:
        """3 when the time ended before the front was complete."""
        return 0 if self.complete else 3


def _run(request: FrontRequest, context: Context) -> FrontAnswer:
    objectives, findings = _objectives(request, context)
    context.cancel.raise_if_requested()
    return drawn(objectives, request.time_limit_s, context, findings)


def drawn(
    objectives: Objectives, time_limit_s: float, context: Context, findings: Sequence[Finding]
) -> FrontAnswer:
    """Return the front of some objectives."""
    from contado.kernel.portfolio.front import front

    found = front(objectives, time_limit_s=time_limit_s, progress=context.progress, cancel=context.cancel)
    return FrontAnswer(
        points=[list(p) for p in found.points],
        n=len(found.points),
        complete=found.complete,
        solves=found.solves,
        findings=list(findings),
    )


def _objectives(request: FrontRequest, context: Context) -> tuple[Objectives, list[Finding]]:
    from contado.kernel.portfolio.front import of_programme, read_knapsack
    from contado.verbs.portfolio._problem import read_problem

    if (request.path / "c.csv").is_file():
        return read_knapsack(request.path), []
    names = two_or_more(request.objectives)
    problem, findings = read_problem(request.path, context, floors=request.floors)
    return of_programme(problem, names), findings


def two_or_more(names: Sequence[str] | None) -> list[str]:
    """Return the objectives of a programme.

    Raises
    ------
    UsageError
        There are fewer than two.
    """
    if len(names or ()) < 2:
        raise UsageError(
            "A front of a programme needs two objectives or more.",
            hint="--objectives benefit_eur,other_column",
            field="objectives",
        )
    return list(names or ())


VERB = Verb(
    name="portfolio front",
    help="List all nondominated plans of several objectives",
    request=FrontRequest,
    answer=FrontAnswer,
    run=_run,
    best_so_far=True,
    examples=("contado portfolio front 2kp50 --json",),
)
