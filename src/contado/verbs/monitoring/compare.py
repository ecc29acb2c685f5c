"""contado monitoring compare: before, after, control; difference of differences with placebo tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.errors import Finding


class CompareRequest(Request, frozen=True, kw_only=True):
    """A panel, and the first period after the change."""

    panel: Annotated[Path, argument("table with unit, group (treated, control), period, value")]
    event: Annotated[str, option("first period after the change, as it stands in the table")]
    confidence: Annotated[float, option("probability of the interval", gt=0, lt=1)] = 0.9
    seed: Annotated[int, option("of the sample of assignments, where there are more than 20,000", ge=0)] = 0


class CompareAnswer(Answer, kw_only=True):
    """The effect in the unit of the values; ``reason`` says why the interval is null."""

    effect: float
    low: float | None
    high: float | None
    p_value: float | None
    n_treated: int
    n_control: int
    pretrend_p: float | None
    assignments: int
    exact: bool
    detectable_effect: float | None
    reason: str | None


def _run(request: CompareRequest, context: Context) -> CompareAnswer:
    from contado.kernel import monitoring, tables
    from contado.kernel.tables.findings import raise_refused

    table, findings, lines = tables.read(request.panel, declared="folder/panel")
    raise_refused(findings)
    panel = monitoring.panel_from_table(table, event=request.event, lines=lines)
    findings += panel.findings
    context.accept(findings)
    done = monitoring.compare(
        panel.values,
        panel.treated,
        n_before=panel.n_before,
        confidence=request.confidence,
        seed=request.seed,
    )
    if done.reason:
        findings.append(_unknown(done.reason, controls=done.n_control))
    return CompareAnswer(
        findings=context.accept(findings),
        **{f: getattr(done, f) for f in CompareAnswer.__struct_fields__ if f != "findings"},
    )


def _unknown(reason: str, *, controls: int) -> Finding:
    return Finding(
        severity="warning",
        rule="no_interval" if controls else "no_control",
        message=f"No interval: {reason}.",
        table="panel",
        hint="observe more units of the same kind where nothing was done",
    )


VERB = Verb(
    name="monitoring compare",
    help="Compare what changed with units where nothing was done",
    request=CompareRequest,
    answer=CompareAnswer,
    run=_run,
    examples=("contado monitoring compare panel.csv --event 2027 --json",),
)
