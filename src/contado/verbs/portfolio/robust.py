"""contado portfolio robust: core projects of a score table, or sturdiness of a programme under draws."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.errors import DataError, TableNotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contado.kernel.errors import Finding
    from contado.kernel.portfolio import Problem
    from contado.kernel.portfolio.rpm import CoreIndex


class RobustRequest(Request, frozen=True, kw_only=True):
    """A score table with sets of weights, or a programme folder with intervals."""

    path: Annotated[Path, argument("FILE.json (scores, cost, budget, cases) or programme folder")]
    draws: Annotated[int, option("draws from the intervals of a programme folder", ge=1)] = 200
    seed: Annotated[int, option("seed of the draws", ge=0)] = 0
    floors: Annotated[bool, option("keep the floors of municipalities")] = True
    time_limit_s: Annotated[
        float, option("time the plan itself may take", unit="s", gt=0, flags=("--time-limit",))
    ] = 60.0


class CaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """Core index of every project for one set of weights and one spread of scores; projects from 0."""

    weights: str
    score_spread: float
    n_nondominated: int
    core_index: list[float]
    core: list[int]
    borderline: list[int]
    exterior: list[int]


class RegretRow(msgspec.Struct, frozen=True, kw_only=True):
    """Value lost for not knowing the draw beforehand."""

    mean: float
    max: float


class InformationRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a survey of a borderline intervention is worth."""

    id: str
    value_eur: float


class RobustAnswer(Answer, kw_only=True):
    """``cases`` for a score table; the other keys for a programme folder."""

    cases: list[CaseRow] | UnsetType = UNSET
    draws: int | UnsetType = UNSET
    replan_method: str | UnsetType = UNSET
    selection_frequency: dict[str, float] | UnsetType = UNSET
    robustness: dict[str, str] | UnsetType = UNSET
    value: float | UnsetType = UNSET
    value_low: float | UnsetType = UNSET
    value_high: float | UnsetType = UNSET
    soft_value_share: float | UnsetType | None = UNSET
    regret: RegretRow | UnsetType = UNSET
    information: list[InformationRow] | UnsetType = UNSET


class _Case(msgspec.Struct, kw_only=True):
    weights: str
    extreme_points: list[list[float]]
    score_spread: float = 0.0


class _Scores(msgspec.Struct, kw_only=True):
    scores: list[list[float]]
    cost: list[float]
    budget: float
    cases: list[_Case]


def _run(request: RobustRequest, context: Context) -> RobustAnswer:
    if request.path.is_dir():
        return _programme(request, context)
    if not request.path.is_file():
        raise TableNotFound(
            f"There is no {request.path.name}.", hint="give FILE.json or a programme folder", field="path"
        )
    return _score_table(request.path)


def _score_table(path: Path) -> RobustAnswer:
    from contado.kernel.portfolio.rpm import core_index

    try:
        table = msgspec.json.decode(path.read_bytes(), type=_Scores)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise DataError(
            f"{path.name}: {error}.",
            rule="bad_rpm_input",
            hint="scores, cost, budget, cases: [{weights, extreme_points, score_spread}]",
        ) from None
    found = [
        (c, core_index(table.scores, table.cost, table.budget, c.extreme_points, c.score_spread))
        for c in table.cases
    ]
    return RobustAnswer(cases=[_case_row(case, index) for case, index in found])


def _case_row(case: _Case, index: CoreIndex) -> CaseRow:
    return CaseRow(
        weights=case.weights,
        score_spread=case.score_spread,
        n_nondominated=index.n_nondominated,
        core_index=list(index.core_index),
        core=index.core,
        borderline=index.borderline,
        exterior=index.exterior,
    )


def _programme(request: RobustRequest, context: Context) -> RobustAnswer:
    from contado.verbs.portfolio._problem import read_problem

    problem, findings = read_problem(request.path, context, floors=request.floors)
    asked = Draws(draws=request.draws, seed=request.seed, time_limit_s=request.time_limit_s)
    return assessed(problem, asked, context, findings)


class Draws(NamedTuple):
    """How many draws, from which seed, and the time the plan itself may take."""

    draws: int
    seed: int
    time_limit_s: float


def assessed(problem: Problem, asked: Draws, context: Context, findings: Sequence[Finding]) -> RobustAnswer:
    """Plan, plan again under draws, and say what stays, what is lost and what is worth asking."""
    from contado.kernel.portfolio import robust

    draws, seed, time_limit_s = asked
    plan = problem.solve(gap_share=0.0, time_limit_s=time_limit_s, seed=seed)
    sturdy = robust.assess(
        problem,
        plan.choice,
        draws=draws,
        seed=seed,
        gap_share=0.0,
        progress=context.progress,
        cancel=context.cancel,
    )
    lost = robust.regret(problem, plan.choice, draws=draws, seed=seed)
    worth = robust.information(problem, plan.choice, sturdy.selection_frequency, seed=seed)
    return RobustAnswer(
        draws=sturdy.draws,
        replan_method=sturdy.replan_method,
        selection_frequency=sturdy.selection_frequency,
        robustness={k: str(w) for k, w in sturdy.robustness.items()},
        value=plan.value_eur,
        value_low=sturdy.value_low,
        value_high=sturdy.value_high,
        soft_value_share=sturdy.soft_value_share,
        regret=RegretRow(mean=lost.mean, max=lost.max),
        information=[InformationRow(id=a.id, value_eur=a.value_eur) for a in worth],
        findings=list(findings),
    )


VERB = Verb(
    name="portfolio robust",
    help="Say which projects stay whatever the weights, scores, costs and benefits",
    request=RobustRequest,
    answer=RobustAnswer,
    run=_run,
    examples=("contado portfolio robust rpm12.json --json", "contado portfolio robust folder --draws 500"),
)
