"""contado portfolio solve: the best programme of a folder, with a bound, prices and the auditor's verdict."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.verbs._plans import Chosen, JointWorksite, Relax
from contado.verbs.portfolio.verify import Broken


class SolveRequest(Request, frozen=True, kw_only=True):
    """A folder and what the optimiser may do."""

    folder: Annotated[
        Path, argument("programme folder (interventions.csv ...) or options folder (options.csv ...)")
    ]
    floors: Annotated[
        Literal["hard", "soft", "none"],
        option(
            "floors of municipalities: kept, missed as little as can be, or left out", bare="hard", off="none"
        ),
    ] = "hard"
    gap: Annotated[float, option("relative gap at which the search may stop", ge=0)] = 1e-4
    time_limit_s: Annotated[
        float, option("time the search may take", unit="s", gt=0, flags=("--time-limit",))
    ] = 60.0
    method: Annotated[Literal["auto", "milp", "price"], option("exact programme or price method")] = "auto"
    seed: Annotated[int, option("seed of samples and solver", ge=0)] = 0
    discount_rate: Annotated[float, option("social discount rate a year", gt=-1)] = 0.03
    draws: Annotated[int, option("plan again under so many draws from the inputs' intervals", ge=0)] = 0
    scenarios: Annotated[
        Path | None,
        option("file with scenario, intervention_id, benefit_eur: plan in two stages, or for the worst ones"),
    ] = None
    now_years: Annotated[int | None, option("last year whose starts all scenarios share")] = None
    cvar_alpha: Annotated[
        float | None, option("share of the scenarios left out of the worst ones: 0 = all, near 1 = the worst")
    ] = None
    cvar_weight: Annotated[
        float | None, option("weight of the mean of the worst scenarios beside the mean of all")
    ] = None
    out: Annotated[Path | None, option("folder for programme.parquet, price.parquet, run.json")] = None


class Price(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Value of one more euro in a budget: of a source and year, or by the budget's number in an options folder."""

    price: float
    source: str | UnsetType = UNSET
    year: int | UnsetType = UNSET
    budget: str | UnsetType = UNSET


class FloorPrice(msgspec.Struct, frozen=True, kw_only=True):
    """Benefit that one more euro reserved for a municipality costs."""

    municipality: str
    price: float


class Shortfall(msgspec.Struct, frozen=True, kw_only=True):
    """By which share of itself a soft floor is missed: 0 = met."""

    municipality: str
    share: float


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """An intervention that starts in every scenario."""

    intervention_id: str
    start_year: int


class ScenarioPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The programme of one scenario and its value there."""

    value: float
    programme: list[Chosen]


class Seconds(msgspec.Struct, frozen=True, kw_only=True):
    """Where the time went."""

    read: float
    build: float
    solve: float
    verify: float


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds up to the solve, and the clock when it began."""

    read: float
    build: float
    begun: float

    def until(self, solved: float) -> Seconds:
        """Return the seconds of an answer whose solve ended at ``solved`` and whose audit ends now."""
        now = time.perf_counter()
        return Seconds(read=self.read, build=self.build, solve=solved - self.begun, verify=now - solved)


class SolveAnswer(Answer, kw_only=True):
    """The plan and how far it may be from the best; keys of the other kind of folder are absent."""

    kind: Literal["programme", "options"]
    status: Literal["optimal", "claimed", "feasible", "infeasible", "empty"]
    value: float | None
    bound: float | None
    gap: float | None
    proof: str
    verified: bool
    violations: list[Broken]
    method: str
    solver: str
    seconds: Seconds
    rows_set_aside: int
    prices: list[Price]
    floor_prices: list[FloorPrice]
    programme: list[Chosen] | UnsetType = UNSET
    joint_worksites: list[JointWorksite] | UnsetType = UNSET
    chosen: list[int] | UnsetType = UNSET
    margins_given_up: float | UnsetType = UNSET
    priced_slack: float | UnsetType = UNSET
    conflict: list[Relax] | UnsetType = UNSET
    now: list[Started] | UnsetType = UNSET
    by_scenario: dict[str, ScenarioPlan] | UnsetType = UNSET
    recourse_value: float | UnsetType = UNSET
    mean_value: float | UnsetType = UNSET
    cvar_value: float | UnsetType = UNSET
    scenario_values: dict[str, float] | UnsetType = UNSET
    largest_shortfall: float | UnsetType = UNSET
    shortfalls: list[Shortfall] | UnsetType = UNSET
    draws: int | UnsetType = UNSET
    replan_method: str | UnsetType = UNSET
    selection_frequency: dict[str, float] | UnsetType = UNSET
    robustness: dict[str, Literal["core", "borderline", "exterior"]] | UnsetType = UNSET
    value_low: float | UnsetType = UNSET
    value_high: float | UnsetType = UNSET
    soft_value_share: float | UnsetType | None = UNSET

    def exit_code(self) -> int:
        """3 when there is no plan, the gap was not reached, or the auditor refuses the plan."""
        return 3 if self.status in {"feasible", "infeasible"} or not self.verified else 0


def _run(request: SolveRequest, context: Context) -> SolveAnswer:
    from contado.verbs.portfolio import _options, _programme
    from contado.verbs.portfolio._folder import read_portfolio

    started = time.perf_counter()
    folder = read_portfolio(request.folder, context, floors=request.floors)
    context.cancel.raise_if_requested()
    solve = _programme.solve if folder.kind == "programme" else _options.solve
    return solve(folder, request, context, time.perf_counter() - started)


def _text(answer: SolveAnswer, lang: Literal["it", "en"]) -> str:
    """Write the answer for a person: how much, how near to the best, what one more euro is worth."""
    it = lang == "it"
    if answer.value is None or answer.gap is None:
        lines = ["nessun programma rispetta tutte le regole" if it else "no programme keeps all rules"]
        conflict = answer.conflict if answer.conflict is not UNSET else []
        return "\n".join([*lines, *(f"{c.rule} {c.key}: {_money(c.relax_eur)}" for c in conflict)])
    plan = answer.programme if answer.programme is not UNSET else answer.chosen
    number = len(plan) if plan is not UNSET else 0
    if it:
        lines = [
            f"scelti {number}, valore {answer.value:,.2f} EUR",
            f"gap {answer.gap:.4%}, prova: {answer.proof}",
        ]
        lines += ["verificato al centesimo" if answer.verified else "NON verificato"]
    else:
        lines = [
            f"{number} chosen, value EUR {answer.value:,.2f}",
            f"gap {answer.gap:.4%}, proof: {answer.proof}",
        ]
        lines += ["verified to the cent" if answer.verified else "NOT verified"]
    lines += [f"{_budget(p)}: {p.price:.4f}" for p in answer.prices]
    return "\n".join([*lines, *(f"floor {f.municipality}: {f.price:.4f}" for f in answer.floor_prices)])


def _money(amount: float | None) -> str:
    return "?" if amount is None else f"{amount:,.2f} EUR"


def _budget(price: Price) -> str:
    return f"{price.source} {price.year}" if price.budget is UNSET else f"budget {price.budget}"


VERB = Verb(
    name="portfolio solve",
    help="Choose the best programme of a folder, with a bound and prices",
    request=SolveRequest,
    answer=SolveAnswer,
    run=_run,
    best_so_far=True,
    text=_text,
    examples=(
        "contado portfolio solve folder",
        "contado portfolio solve folder --gap 0.001 --time-limit-s 30 --json",
    ),
)
