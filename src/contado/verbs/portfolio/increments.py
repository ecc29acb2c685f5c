"""contado portfolio increments: what other budgets would buy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.errors import UsageError


class IncrementsRequest(Request, frozen=True, kw_only=True):
    """A folder and the scales of its budgets."""

    path: Annotated[Path, argument("programme folder (interventions.csv, funding_rules.csv, budgets.csv)")]
    scales: Annotated[list[float], option("all budgets times each of these")] = msgspec.field(
        default_factory=lambda: [0.5, 0.75, 1.0, 1.25, 1.5]
    )
    gap: Annotated[float, option("relative gap at which each search may stop", ge=0)] = 1e-4
    time_limit_s: Annotated[
        float, option("time each search may take", unit="s", gt=0, flags=("--time-limit",))
    ] = 60.0
    floors: Annotated[bool, option("keep the floors of municipalities")] = True


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """The best plan at one scale; nulls where no plan keeps the floors."""

    scale: float
    value: float | None
    bound: float | None
    gap: float | None
    chosen: list[str]


class EntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest printed scale whose plan has the intervention."""

    id: str
    scale: float | None


class IncrementsAnswer(Answer, kw_only=True):
    """The value curve; ``nested``: each plan holds the one before."""

    steps: list[StepRow]
    enters: list[EntryRow]
    nested: bool

    def exit_code(self) -> int:
        """3 when no scale has a plan."""
        return 3 if all(s.value is None for s in self.steps) else 0


def _run(request: IncrementsRequest, context: Context) -> IncrementsAnswer:
    from contado.kernel.portfolio.increments import increments
    from contado.verbs.portfolio._problem import read_problem

    if not request.scales or min(request.scales) < 0:
        raise UsageError(
            "The scales of the budgets are not negative, and at least one is given.", field="scales"
        )
    problem, findings = read_problem(request.path, context, floors=request.floors)
    found = increments(problem, request.scales, gap_share=request.gap, time_limit_s=request.time_limit_s)
    return IncrementsAnswer(
        steps=[msgspec.convert(s, StepRow, from_attributes=True) for s in found.steps],
        enters=[EntryRow(id=e.id, scale=e.scale) for e in found.enters],
        nested=found.nested,
        findings=findings,
    )


VERB = Verb(
    name="portfolio increments",
    help="Plan at larger and smaller budgets and say what enters when",
    request=IncrementsRequest,
    answer=IncrementsAnswer,
    run=_run,
    examples=("contado portfolio increments tiny7 --no-floors --scales 0.5,1,1.5 --json",),
)
