"""contado portfolio explain: why an intervention is in the best programme or not, in figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contado.kernel.portfolio import Problem


class ExplainRequest(Request, frozen=True, kw_only=True):
    """Which intervention of which folder."""

    path: Annotated[Path, argument("programme folder (interventions.csv, funding_rules.csv, budgets.csv)")]
    intervention_id: Annotated[str, argument("id of an intervention")]
    floors: Annotated[bool, option("keep the floors of municipalities")] = True
    time_limit_s: Annotated[
        float, option("time all solves may take together", unit="s", gt=0, flags=("--time-limit",))
    ] = 60.0
    discount_rate: Annotated[float, option("social discount rate a year", gt=-1)] = 0.03


class CauseRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that decided, with its shadow price where it is money."""

    kind: str
    key: str
    price: float | None


class ReasonRow(msgspec.Struct, frozen=True, kw_only=True):
    """The reason as a stable code and a sentence."""

    code: str
    it: str
    en: str


class ExplainAnswer(Answer, kw_only=True):
    """Each figure can be checked by solving again; null where no such number exists."""

    intervention_id: str
    chosen: bool
    start_year: int | None
    loss_if_forced_eur: float | None
    loss_if_removed_eur: float | None
    break_even_cost_eur: float | None
    break_even_benefit_eur: float | None
    because: list[CauseRow]
    reason: ReasonRow

    def exit_code(self) -> int:
        """3 when the time did not suffice for every figure."""
        return 3 if any(f.rule == "time_limit" for f in self.findings) else 0


def _run(request: ExplainRequest, context: Context) -> ExplainAnswer:
    from contado.verbs.portfolio._problem import read_problem

    problem, findings = read_problem(
        request.path,
        context,
        floors=request.floors,
        discount_rate_share=request.discount_rate,
    )
    return explained(problem, request.intervention_id, request.time_limit_s, findings, context)


def explained(
    problem: Problem,
    intervention_id: str,
    time_limit_s: float,
    findings: Sequence[Finding],
    context: Context,
) -> ExplainAnswer:
    """Return the answer on one intervention of a problem."""
    from contado.kernel.portfolio.breakeven import explain

    found = explain(problem, intervention_id, time_limit_s=time_limit_s)
    late = [_unfinished(name, intervention_id, time_limit_s) for name in found.unfinished]
    return ExplainAnswer(
        intervention_id=found.intervention_id,
        chosen=found.chosen,
        start_year=found.start_year,
        loss_if_forced_eur=found.loss_if_forced_eur,
        loss_if_removed_eur=found.loss_if_removed_eur,
        break_even_cost_eur=found.break_even_cost_eur,
        break_even_benefit_eur=found.break_even_benefit_eur,
        because=[CauseRow(kind=c.kind, key=c.key, price=c.price) for c in found.because],
        reason=ReasonRow(code=found.reason.code, it=found.reason.it, en=found.reason.en),
        findings=context.accept([*findings, *late]),
    )


def _unfinished(name: str, intervention_id: str, time_limit_s: float) -> Finding:
    return Finding(
        severity="warning",
        table="interventions",
        row=intervention_id,
        rule="time_limit",
        message=f"{name} of {intervention_id} is unknown: {time_limit_s:g} s did not suffice",
        hint="give more time with --time-limit-s",
        action="kept",
    )


def text(answer: ExplainAnswer, lang: Literal["it", "en"]) -> str:
    """Write the reason, then the figures that exist."""
    italian = lang == "it"
    words = {
        "loss_if_forced_eur": ("metterlo costerebbe", "putting it in would cost"),
        "loss_if_removed_eur": ("toglierlo costerebbe", "leaving it out would cost"),
        "break_even_cost_eur": ("entra fino a un costo di", "it comes in up to a cost of"),
        "break_even_benefit_eur": ("entra da un beneficio di", "it comes in from a benefit of"),
    }
    out = [f"{answer.intervention_id}: {answer.reason.it if italian else answer.reason.en}"]
    for name, (it, en) in words.items():
        amount = getattr(answer, name)
        if amount is not None:
            out.append(f"{it if italian else en} EUR {amount:,.2f}")
    out += [f"{c.kind} {c.key}" + (f": {c.price:.4f}" if c.price is not None else "") for c in answer.because]
    return "\n".join(out)


VERB = Verb(
    name="portfolio explain",
    help="Say why an intervention is in the best programme or not, in figures",
    request=ExplainRequest,
    answer=ExplainAnswer,
    run=_run,
    text=text,
    examples=("contado portfolio explain tiny7 I004 --no-floors",),
)
