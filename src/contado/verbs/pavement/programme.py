"""contado pavement programme."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.errors import Finding, UsageError
from contado.verbs.pavement import _programme_text
from contado.verbs.pavement._dialect import accepted

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.engines.pavement.maintenance.offers import Offers
    from contado.verbs.pavement._programme import Limits, Plan

__all__ = ["VERB", "ProgrammeAnswer", "ProgrammeRequest"]


class ProgrammeRequest(Request, frozen=True, kw_only=True):
    """Strategies and budgets in, one strategy a segment out."""

    strategies: Annotated[
        Path,
        argument(
            "strategies: segment, strategy, year (-1 = do nothing), cost_eur, benefit[, area_m2, condition_end]"
        ),
    ]
    budget_per_year: Annotated[float, option("budget of each year, in EUR", ge=0, le=1e15)] | None = None
    budgets: Annotated[Path | None, option("budgets: year, budget_eur")] = None
    gap: Annotated[float, option("relative gap that the plan must reach", ge=0)] = 1e-3
    time_limit_s: Annotated[
        float, option("time the search may take", unit="s", gt=0, flags=("--time-limit",))
    ] = 20.0
    explain: Annotated[list[str], option("segments whose strategies are all weighed in the answer")] = (
        msgspec.field(default_factory=list)
    )
    crew_m2_per_year: (
        Annotated[float, option("what the crews can treat in a year (column area_m2)", ge=0, le=1e15)] | None
    ) = None
    min_condition: (
        Annotated[
            float, option("least condition of every segment at the end (column condition_end)", ge=0, le=100)
        ]
        | None
    ) = None
    seed: Annotated[int, option("seed of the solver", ge=0)] = 0


class YearSpent(msgspec.Struct, kw_only=True):
    """A year's money; ``shadow_price`` = benefit of one more EUR, null where no plan keeps the least condition."""

    year: int
    budget_eur: float
    spent_eur: float
    shadow_price: float | None
    crew_m2: float | None
    used_m2: float | None
    crew_price: float | None


class Weighed(msgspec.Struct, kw_only=True):
    """A strategy; ``value`` = benefit less what its euros (and crews) are worth elsewhere."""

    segment: str
    strategy: int
    year: int
    treatment: str | None
    """As column ``treatment`` of the strategies calls it; null where there is none."""
    cost_eur: float
    benefit: float
    value: float


class ChosenStrategy(msgspec.Struct, kw_only=True):
    """A strategy of the plan; ``treatment`` as the strategies call it, null where they do not."""

    segment: str
    strategy: int
    year: int
    treatment: str | None
    cost_eur: float
    benefit: float


class Why(msgspec.Struct, kw_only=True):
    """Why a segment gets what it gets: its strategy against the best other one, at the shadow prices."""

    segment: str
    strategy: int | None
    year: int
    value: float
    next_best: Weighed | None
    margin: float | None
    """Value of the chosen one less that of the next best; below 0 where budgets leave no room for the latter."""
    break_even_cost_eur: float | None
    """Cost at which the chosen one would be worth no more than the next best; null where it already is not,
    and where the year's money is worth nothing (some is left over)."""
    reason: dict[str, str]
    strategies: list[Weighed]


class Short(msgspec.Struct, kw_only=True):
    """A segment that ends below the least condition, by so many points of the index."""

    segment: str
    shortfall: float


class ProgrammeAnswer(LabelledAnswer, kw_only=True):
    """The plan, how far it may be from the best, and why."""

    status: Literal["optimal", "feasible", "infeasible", "empty"]
    objective: float
    bound: float | None
    gap: float | None
    proof: Literal["prices", "solver", "none"]
    """What proves the bound: the shadow prices, which a reader can recompute, or the exact solver's claim."""
    years: list[YearSpent]
    chosen: list[ChosenStrategy]
    """What is done; doing nothing stands here only where it has a benefit of its own."""
    why: list[Why]
    shortfalls: list[Short]
    method: str
    solver: str
    compute_s: float

    def exit_code(self) -> int:
        """3 when the gap was not reached or the least condition cannot be kept; the plan is printed all the same."""
        return 3 if self.status in {"feasible", "infeasible"} else 0


def _run(request: ProgrammeRequest, context: Context) -> ProgrammeAnswer:
    from contado.engines.pavement import columns
    from contado.engines.pavement.labels import label_of_file
    from contado.engines.pavement.maintenance.offers import COLUMNS, offers_of
    from contado.kernel import tables
    from contado.verbs.pavement._programme import best_plan

    read = tables.read(request.strategies)
    offers, found = offers_of(read.table, name=request.strategies.name, lines=read.lines)
    ignored = columns.unknown(read.table, COLUMNS, request.strategies.name)
    findings = [*read.findings, *ignored, *found]
    _refuse_missing(request, read.table, offers)
    limits = _limits(request, offers, findings)
    told = accepted(context, findings)
    plan = best_plan(
        offers,
        limits,
        gap=request.gap,
        time_limit_s=request.time_limit_s,
        seed=request.seed,
        context=context,
    )
    if context.progress is not None:
        context.progress("plan", 2, 2, {"plan": plan.objective, "bound": plan.bound, "gap": plan.gap})
    short = _shortfalls(offers, plan, limits)
    if plan.bound is None:
        told.append(_infeasible(short, request))
    return ProgrammeAnswer(
        label=label_of_file(read.table, request.strategies),
        findings=told,
        status=_status(offers, plan, request),
        objective=plan.objective,
        bound=plan.bound,
        gap=plan.gap,
        proof=plan.proof,
        years=_years(offers, plan, limits),
        chosen=_chosen(offers, plan),
        why=_why(offers, plan, limits, request.explain),
        shortfalls=short,
        method=plan.method,
        solver=plan.solver,
        compute_s=plan.seconds,
    )


def _refuse_missing(request: ProgrammeRequest, table: pa.Table, offers: Offers) -> None:
    """Refuse limits whose columns are absent and segments that are not there.

    Raises
    ------
    ColumnNotFound, UsageError
        See above.
    """
    from contado.engines.pavement import columns
    from contado.kernel.errors import did_you_mean

    needed = {"area_m2": request.crew_m2_per_year, "condition_end": request.min_condition}
    wanted = [name for name, limit in needed.items() if limit is not None]
    columns.require(table, wanted, request.strategies.name)
    for name in request.explain:
        if name not in offers.segment:
            raise UsageError(
                f"--explain: there is no segment {name!r}.",
                rule="unknown_reference",
                hint=did_you_mean(name, offers.segment) or "see column segment",
                field="explain",
            )


def _limits(request: ProgrammeRequest, offers: Offers, findings: list[Finding]) -> Limits:
    from contado.verbs.pavement._programme import Limits

    years = sorted({int(y) for y in offers.year[offers.works]})
    if (request.budget_per_year is None) == (request.budgets is None):
        raise UsageError(
            "Give the budget once: --budget-per-year EUR or --budgets FILE.",
            hint="--budgets: a table with year, budget_eur",
            field="budget_per_year",
        )
    if request.budgets is None:
        assert request.budget_per_year is not None
        budget = dict.fromkeys(years, request.budget_per_year)
    else:
        budget = _budgets(request.budgets, findings)
    if lost := [y for y in years if y not in budget]:
        findings.append(_unfunded(lost))
    return Limits(budget_eur=budget, crew_m2=request.crew_m2_per_year, min_condition=request.min_condition)


def _budgets(path: Path, findings: list[Finding]) -> dict[int, float]:
    import numpy as np

    from contado.engines.pavement import columns
    from contado.engines.pavement.maintenance.offers import MOST
    from contado.kernel import tables

    read = tables.read(path)
    findings += read.findings
    columns.require(read.table, ["year", "budget_eur"], path.name)
    year, money = (
        columns.numbers(read.table, n, path.name, lines=read.lines) for n in ("year", "budget_eur")
    )
    again = np.array([i for i, y in enumerate(year) if y in year[:i]], np.intp)
    checks = (
        ("year", np.flatnonzero(year != np.rint(year)), "bad_number", "write a year"),
        ("year", again, "duplicate_budget", "one row a year"),
        ("budget_eur", np.flatnonzero(np.isnan(money)), "missing_cost", "give the budget in EUR"),
        ("budget_eur", np.flatnonzero(money < 0), "negative_budget", "a budget is 0 or more"),
        ("budget_eur", np.flatnonzero(money > MOST), "out_of_range", f"give {MOST:g} at most"),
    )
    for column, bad, rule, hint in checks:
        columns.refuse(bad, read.table, column, path.name, rule, hint, read.lines)
    return dict(zip(year.astype(int).tolist(), money.tolist(), strict=True))


def _unfunded(years: list[int]) -> Finding:
    return Finding(
        severity="warning",
        rule="year_outside_horizon",
        table="budgets",
        message=f"No budget is given for {', '.join(map(str, years))}: nothing is done then.",
        hint="add the years to the budgets",
        action="kept",
    )


def _status(
    offers: Offers, plan: Plan, request: ProgrammeRequest
) -> Literal["optimal", "feasible", "infeasible", "empty"]:
    if plan.gap is None:
        return "infeasible"
    if plan.gap > request.gap:
        return "feasible"
    rows = plan.chosen[plan.chosen >= 0]
    return "optimal" if offers.works[rows].any() else "empty"


def _years(offers: Offers, plan: Plan, limits: Limits) -> list[YearSpent]:
    rows = plan.chosen[plan.chosen >= 0]
    out = []
    for year, budget in sorted(limits.budget_eur.items()):
        now = rows[offers.year[rows] == year]
        out.append(
            YearSpent(
                year=year,
                budget_eur=budget,
                spent_eur=float(offers.cost_eur[now].sum()),
                shadow_price=plan.price.get(year),
                crew_m2=limits.crew_m2,
                used_m2=None if limits.crew_m2 is None else float(offers.area_m2[now].sum()),
                crew_price=plan.crew_price.get(year),
            )
        )
    return out


def _chosen(offers: Offers, plan: Plan) -> list[ChosenStrategy]:
    rows = plan.chosen[plan.chosen >= 0]
    told = rows[offers.works[rows] | (offers.benefit[rows] != 0)]
    return [
        ChosenStrategy(
            segment=offers.segment[offers.site[r]],
            strategy=int(offers.strategy[r]),
            year=int(offers.year[r]),
            treatment=offers.treatment(r),
            cost_eur=float(offers.cost_eur[r]),
            benefit=float(offers.benefit[r]),
        )
        for r in told.tolist()
    ]


def _shortfalls(offers: Offers, plan: Plan, limits: Limits) -> list[Short]:
    if limits.min_condition is None:
        return []
    missed = offers.short(limits.min_condition)
    rows = [int(r) for r in plan.chosen[plan.chosen >= 0] if missed[r] > 0]
    return [Short(segment=offers.segment[offers.site[r]], shortfall=float(missed[r])) for r in rows]


def _infeasible(short: list[Short], request: ProgrammeRequest) -> Finding:
    worst = max(short, key=lambda s: s.shortfall, default=None)
    return Finding(
        severity="error",
        rule="infeasible_floor",
        table="strategies",
        row=None if worst is None else worst.segment,
        message=f"No plan was found that keeps a condition of {request.min_condition:g} everywhere: {len(short)} segments "
        "end below it"
        + ("." if worst is None else f", {worst.segment} by {worst.shortfall:.1f} points the most."),
        hint="raise the budgets, or lower --min-condition; the plan is the one that misses it least",
        action="kept",
    )


def _why(offers: Offers, plan: Plan, limits: Limits, explain: list[str]) -> list[Why]:
    """Return the reasons of each segment where something is done, and of those asked for."""
    import numpy as np

    from contado.verbs.pavement._programme import values_at

    value = values_at(offers, plan.price, plan.crew_price)
    asked = {offers.segment.index(name) for name in explain}
    done = {s for s, r in enumerate(plan.chosen.tolist()) if r >= 0 and offers.works[r]}
    order = np.argsort(offers.site, kind="stable")
    ends = np.searchsorted(offers.site[order], np.arange(len(offers.segment) + 1))
    rows = {s: order[ends[s] : ends[s + 1]] for s in asked | done}
    return [_reason(offers, plan, limits, value, s, rows[s], s in asked) for s in sorted(asked | done)]


def _reason(
    offers: Offers,
    plan: Plan,
    limits: Limits,
    value: NDArray[np.float64],
    site: int,
    rows: NDArray[np.int64],
    full: bool,
) -> Why:
    row = int(plan.chosen[site])
    others = sorted((int(r) for r in rows if r != row), key=lambda r: (-value[r], r))
    own = float(value[row]) if row >= 0 else 0.0
    best = others[0] if others else None
    margin = None if best is None else own - float(value[best])
    year = int(offers.year[row]) if row >= 0 else -1
    treated = row >= 0 and bool(offers.works[row])
    return Why(
        segment=offers.segment[site],
        strategy=int(offers.strategy[row]) if row >= 0 else None,
        year=year,
        value=own,
        next_best=None if best is None else _weighed(offers, value, best),
        margin=margin,
        break_even_cost_eur=_even(offers, plan, limits, row, margin) if treated else None,
        reason=_programme_text.reason(offers, limits, rows, row, best, margin),
        strategies=[_weighed(offers, value, int(r)) for r in rows] if full else [],
    )


def _even(offers: Offers, plan: Plan, limits: Limits, row: int, margin: float | None) -> float | None:
    from contado.verbs.pavement._programme import price_that_tells

    year = int(offers.year[row])
    price = plan.price.get(year) or 0.0
    if margin is None or margin < 0 or price <= 0:
        return None
    even = float(offers.cost_eur[row]) + margin / price
    return even if price_that_tells(plan, year, limits.budget_eur.get(year, 0.0), even) else None


def _weighed(offers: Offers, value: NDArray[np.float64], row: int) -> Weighed:
    return Weighed(
        segment=offers.segment[offers.site[row]],
        strategy=int(offers.strategy[row]),
        year=int(offers.year[row]),
        treatment=offers.treatment(row),
        cost_eur=float(offers.cost_eur[row]),
        benefit=float(offers.benefit[row]),
        value=float(value[row]),
    )


VERB = Verb(
    name="pavement programme",
    help="Choose a strategy a segment under yearly budgets, with bound and reasons",
    request=ProgrammeRequest,
    answer=ProgrammeAnswer,
    run=_run,
    best_so_far=True,
    text=_programme_text.text,
    examples=(
        "contado pavement programme strategies.csv --budget-per-year 1500000",
        "contado pavement programme strategies.csv --budgets budgets.csv --explain SP35-3",
    ),
)
