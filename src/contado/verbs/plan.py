"""contado plan: the programme of the workspace under its budgets, verified and recorded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Answer as BaseAnswer
from contado.kernel.declare import Context, Process, Verb, option
from contado.kernel.errors import InfeasibleProgramme
from contado.kernel.labels import Label
from contado.verbs._details import detailed
from contado.verbs._planning import Planning, PlanningRequest, read_planning
from contado.verbs._plans import Chosen, JointWorksite, Relax, chosen, joint_worksites, relaxations
from contado.verbs._runs import Run, keep, label_of, make_current
from contado.verbs._worksites import SharedWorksite

if TYPE_CHECKING:
    from contado.kernel.portfolio.details import Details
    from contado.kernel.portfolio.record import RunRecord, RunSettings
    from contado.kernel.portfolio.result import Result
    from contado.kernel.portfolio.robust import Robustness

_STURDY = (
    "draws",
    "replan_method",
    "selection_frequency",
    "robustness",
    "value_low",
    "value_high",
    "soft_value_share",
)
"""Keys of the answer that come from the draws."""


class PlanRequest(PlanningRequest, frozen=True, kw_only=True):
    """What the optimiser may do."""

    gap: Annotated[float, option("relative gap at which the search may stop", ge=0)] | None = None
    seed: Annotated[int, option("seed of the solver and of the draws", ge=0)] = 0
    robust: Annotated[bool, option("plan again under draws from the inputs' intervals")] = True
    draws: Annotated[int, option("number of draws", ge=1)] = 200
    increments: Annotated[bool, option("plan also at half to one and a half times the budgets")] = False
    explain: Annotated[list[str], option("ids to explain exactly, by planning again")] = msgspec.field(
        default_factory=list
    )
    draft: Annotated[bool, option("keep the run only; the workspace's programme stays as it is")] = False


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """Value of one more euro in a budget."""

    source: str
    year: int
    price: float


class Seconds(msgspec.Struct, frozen=True, kw_only=True):
    """Where the time went."""

    read: float
    solve: float
    robust: float
    write: float


class PlanAnswer(BaseAnswer, kw_only=True):
    """The programme, how far it may be from the best, and how sturdy it is.

    ``draws`` null: robustness was left out on request.
    """

    kind: Literal["programme"] = "programme"
    status: str
    value: float | None = None
    bound: float | None = None
    gap: float | None = None
    proof: str = "none"
    verified: bool = False
    violations: list[str] = msgspec.field(default_factory=list)
    method: str = "milp"
    solver: str = "HiGHS"
    seconds: Seconds
    rows_set_aside: int
    candidates: int
    programme: list[Chosen] = msgspec.field(default_factory=list)
    joint_worksites: list[JointWorksite] = msgspec.field(default_factory=list)
    worksites: list[SharedWorksite] = msgspec.field(default_factory=list)
    prices: list[Price] = msgspec.field(default_factory=list)
    conflict: list[Relax] = msgspec.field(default_factory=list)
    draws: int | None = None
    replan_method: Literal["milp", "lp_rounding", "price"] | None = None
    selection_frequency: dict[str, float] = msgspec.field(default_factory=dict)
    robustness: dict[str, Literal["core", "borderline", "exterior"]] = msgspec.field(default_factory=dict)
    value_low: float | None = None
    value_high: float | None = None
    soft_value_share: float | None = None
    run: str | None = None
    label: Label | None

    def exit_code(self) -> int:
        """3 when no programme keeps the rules, or the gap asked for was not reached; it is printed all the same."""
        return 3 if self.status in {"feasible", "infeasible"} else 0


def _run(request: PlanRequest, context: Context) -> PlanAnswer:
    started = time.perf_counter()
    planning = read_planning(request, context)
    settings = _settings(request, planning)
    read_s = time.perf_counter() - started
    try:
        result = planning.problem.solve(
            gap_share=settings.gap_share,
            time_limit_s=settings.time_limit_s,
            seed=settings.seed,
            progress=context.progress,
            cancel=context.cancel,
        )
    except InfeasibleProgramme:
        return _infeasible(planning, read_s)
    drawn = time.perf_counter()
    sturdy = assessed(result, settings, context)
    details = detailed(result, sturdy, settings, request, planning.worksites)
    written = time.perf_counter()
    made = _write(planning, result, settings, sturdy, details, draft=request.draft)
    ended = time.perf_counter()
    seconds = Seconds(read=read_s, solve=result.seconds, robust=written - drawn, write=ended - written)
    return _answer(planning, result, made, sturdy, seconds)


def assessed(result: Result, settings: RunSettings, context: Context) -> Robustness | None:
    """Plan again under the draws that the settings ask for; None when they ask for none, or none was made."""
    from contado.kernel.portfolio import robust

    if settings.draws == 0:
        return None
    sturdy = robust.assess(
        result.problem,
        result.choice,
        draws=settings.draws,
        seed=settings.seed,
        gap_share=settings.gap_share,
        progress=context.progress,
        cancel=context.cancel,
    )
    return sturdy if sturdy.draws else None


def _infeasible(planning: Planning, read_s: float) -> PlanAnswer:
    """Name the rules that cannot hold together; nothing is written."""
    from contado.kernel.portfolio.conflict import conflicts

    started = time.perf_counter()
    found = conflicts(planning.problem, time_limit_s=planning.time_limit_s)
    return PlanAnswer(
        status="infeasible",
        seconds=Seconds(read=read_s, solve=time.perf_counter() - started, robust=0.0, write=0.0),
        rows_set_aside=planning.rows_set_aside,
        candidates=len(planning.problem.ids),
        worksites=list(planning.worksites),
        conflict=relaxations(found),
        label=label_of(planning.inputs["intervention"]),
        findings=list(planning.findings),
    )


def _settings(request: PlanRequest, planning: Planning) -> RunSettings:
    from contado.kernel.portfolio.record import RunSettings

    default = planning.workspace.settings.planning.gap_share
    return RunSettings(
        gap_share=default if request.gap is None else request.gap,
        time_limit_s=planning.time_limit_s,
        discount_rate_share=planning.discount_rate_share,
        seed=request.seed,
        floors=request.floors,
        draws=request.draws if request.robust else 0,
        on=planning.on.isoformat(),
    )


def _write(
    planning: Planning,
    result: Result,
    settings: RunSettings,
    sturdy: Robustness | None,
    details: Details,
    *,
    draft: bool,
) -> RunRecord:
    """Commit the run's folder and, unless it is a draft, the programme of the workspace, all or nothing."""
    from contado.kernel.portfolio import record

    programme = record.programme_table(result, sturdy)
    run = Run(
        record=record.recorded("plan", planning.inputs, result, record.as_done(settings, sturdy), programme),
        programme=programme,
        price=record.price_table(result),
        inputs=planning.inputs,
    )
    with planning.workspace.commit() as commit:
        keep(commit, planning.workspace, run, details, draft=draft)
        if not draft:
            make_current(commit, planning.workspace, run)
    return run.record


def _answer(
    planning: Planning, result: Result, made: RunRecord, sturdy: Robustness | None, seconds: Seconds
) -> PlanAnswer:
    ids = result.problem.ids
    answer = PlanAnswer(
        status=result.status,
        value=result.value_eur,
        bound=result.bound_eur,
        gap=result.gap_share,
        proof=result.proof,
        verified=result.verdict.ok,
        violations=[v.message for v in result.verdict.violations],
        method=made.method,
        solver=result.solver,
        seconds=seconds,
        rows_set_aside=planning.rows_set_aside,
        candidates=len(ids),
        programme=chosen(result.problem, result.choice),
        joint_worksites=joint_worksites(result.problem, result.choice),
        worksites=list(planning.worksites),
        prices=[Price(source=s, year=y, price=p) for (s, y), p in sorted(result.prices.items())],
        run=made.run_id,
        label=label_of(planning.inputs["intervention"]),
        findings=list(planning.findings),
    )
    if sturdy is not None:
        for name in _STURDY:
            setattr(answer, name, getattr(sturdy, name))
    return answer


def _text(answer: PlanAnswer, lang: Literal["it", "en"]) -> str:
    """Write the answer for a person: what it buys, how near to the best, how sturdy, what one more euro is worth."""
    italian = lang == "it"
    if answer.value is None or answer.gap is None:
        return "\n".join(_conflict_lines(answer, italian=italian))
    spent = sum(p.amount_eur for c in answer.programme for p in c.payments)
    proof = {
        "prices": ("dimostrato dai prezzi", "proven by prices"),
        "enumeration": ("dimostrato contando tutti i casi", "proven by counting all cases"),
        "solver": ("parola del solutore", "solver's claim"),
    }
    words = proof.get(answer.proof, ("senza prova", "without proof"))
    if italian:
        head = f"{len(answer.programme)} interventi su {answer.candidates}, {spent:,.2f} EUR"
        lines = [
            head,
            f"valore {answer.value:,.2f} EUR, al massimo {answer.gap:.4%} sotto il meglio ({words[0]})",
        ]
        lines += ["verificato al centesimo" if answer.verified else "NON verificato"]
    else:
        head = f"{len(answer.programme)} of {answer.candidates} interventions, EUR {spent:,.2f}"
        lines = [head, f"value EUR {answer.value:,.2f}, at most {answer.gap:.4%} below the best ({words[1]})"]
        lines += ["verified to the cent" if answer.verified else "NOT verified"]
    lines += _sturdy_lines(answer, italian=italian)
    more = (
        "un euro in più in {s} {y} vale {p:.2f} EUR"
        if italian
        else "one more euro in {s} {y} is worth EUR {p:.2f}"
    )
    return "\n".join(lines + [more.format(s=p.source, y=p.year, p=p.price) for p in answer.prices])


def _conflict_lines(answer: PlanAnswer, *, italian: bool) -> list[str]:
    if italian:
        head, by = "nessun programma rispetta tutte le regole insieme:", "da allentare almeno di"
    else:
        head, by = "no programme keeps all rules together:", "must give way by at least"
    never = "non basta allentarla" if italian else "no amount of it suffices"
    return [
        head,
        *(
            f"{c.rule} {c.key}: {never if c.relax_eur is None else f'{by} EUR {c.relax_eur:,.2f}'}"
            for c in answer.conflict
        ),
    ]


def _sturdy_lines(answer: PlanAnswer, *, italian: bool) -> list[str]:
    """Say beside the gap what the intervals of the inputs do to the plan."""
    if answer.draws is None or answer.value_low is None or answer.value_high is None:
        return ["solidità non calcolata (--no-robust)" if italian else "robustness left out (--no-robust)"]
    words = [answer.robustness[c.intervention_id] for c in answer.programme]
    core, low, high = words.count("core"), f"{answer.value_low:,.0f}", f"{answer.value_high:,.0f}"
    soft = "?" if answer.soft_value_share is None else f"{answer.soft_value_share:.0%}"
    if italian:
        return [
            (
                f"valore fra {low} e {high} EUR in {answer.draws} estrazioni; {core} interventi su {len(words)} "
                f"restano quasi sempre; {soft} del valore su dati stimati, simulati o da confermare"
            )
        ]
    return [
        (
            f"value between EUR {low} and {high} in {answer.draws} draws; {core} of {len(words)} interventions "
            f"nearly always stay; {soft} of the value rests on estimated, simulated or unconfirmed data"
        )
    ]


VERB = Verb(
    name="plan",
    help="Choose the programme of the workspace under its budgets",
    request=PlanRequest,
    answer=PlanAnswer,
    run=_run,
    best_so_far=True,
    workspace=True,
    text=_text,
    process=Process(
        title_it="Programma",
        title_en="Programme",
        right="programme.planned",
        right_of=lambda request: "programme.planned" if request.draft else "programme.published",
    ),
    examples=(
        "contado plan -w city",
        "contado plan -w city --gap 0.001 --increments --json",
        "contado plan -w city --draft --budget 'own 2027=500000'",
    ),
)
