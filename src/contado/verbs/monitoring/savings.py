"""contado monitoring savings: adjusted baseline less metered, by meter, with an honest interval."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.errors import Finding, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.kernel.monitoring import MeterSaving, Refusal


class SavingsRequest(Request, frozen=True, kw_only=True):
    """Meters, and the day on which something was changed."""

    meters: Annotated[
        Path,
        argument(
            "table with meter, date, energy_kwh, temperature_degc: one row a day, or a bill dated by its first day"
        ),
    ]
    event: Annotated[dt.date, option("first day after the change, as 2026-10-01")]
    confidence: Annotated[float, option("probability of the interval", gt=0, lt=1)] = 0.9
    adjustment: Annotated[
        list[str], option("METER=KWH: non-routine adjustment added to the adjusted baseline; repeatable")
    ] = msgspec.field(default_factory=list)


class SavingFlag(msgspec.Struct, kw_only=True):
    """What a reader must know; a non-routine event has the first day of the change and its energy."""

    flag: str
    date: dt.date | None
    kwh: float | None


class MeterAnswer(msgspec.Struct, kw_only=True):
    """One meter; the figures of a refused one are null and a flag says why."""

    meter: str
    model: Literal["mean", "hdd", "cdd", "hdd_cdd"] | None
    balance_heating_degc: float | None
    balance_cooling_degc: float | None
    baseline_kwh: float | None
    metered_kwh: float | None
    adjustment_kwh: float
    saving_kwh: float | None
    saving_low_kwh: float | None
    saving_high_kwh: float | None
    saving_share: float | None
    cv_rmse: float | None
    r2: float | None
    autocorrelation: float | None
    days_used: int
    days_missing: int
    flags: list[SavingFlag]


class SavingsAnswer(Answer, kw_only=True):
    """Meters in the order of their names; ``false_alarm`` is the chance of a non-routine event where none was."""

    meters: list[MeterAnswer]
    confidence: float
    false_alarm: float


def _run(request: SavingsRequest, context: Context) -> SavingsAnswer:
    from contado.kernel import monitoring, tables
    from contado.kernel.monitoring.events import FALSE_ALARM
    from contado.kernel.tables.findings import raise_refused

    adjustments = _adjustments(request.adjustment)
    table, findings, lines = tables.read(request.meters, declared="folder/meters")
    names = [str(n) for n in table.column("meter").to_pylist()] if "meter" in table.column_names else []
    _check_known(adjustments, names)
    bad = _bad_cells(findings, dict(zip(lines or (), names, strict=False)))
    found = monitoring.savings(
        table,
        event=request.event,
        confidence=request.confidence,
        adjustments=adjustments,
        refused=bad,
        progress=context.progress,
    )
    findings = [f for f in findings if f.action != "refused"] + _findings(found)
    context.accept(findings)
    if all(m.refusal for m in found):
        raise_refused(findings)
    return SavingsAnswer(
        meters=[msgspec.convert(m, MeterAnswer, from_attributes=True) for m in found],
        confidence=request.confidence,
        false_alarm=FALSE_ALARM,
        findings=findings,
    )


def _adjustments(texts: Sequence[str]) -> dict[str, float]:
    found = {}
    for text in texts:
        name, _, amount = text.rpartition("=")
        try:
            found[name] = float(amount)
        except ValueError:
            name = ""
        if not name:
            raise UsageError(
                f"adjustment: {text!r} is not METER=KWH.",
                rule="bad_value",
                hint="as school-1=1200",
                field="adjustment",
            )
    return found


def _check_known(adjustments: Mapping[str, float], names: Sequence[str]) -> None:
    for name in adjustments:
        if name not in names:
            raise UsageError(
                f"adjustment: there is no meter {name!r}.",
                rule="unknown_meter",
                hint=did_you_mean(name, names),
                field="adjustment",
            )


def _bad_cells(findings: Sequence[Finding], meter_of: Mapping[int, str]) -> dict[str, Refusal]:
    """Return the meters with a cell that cannot be read: they are refused, the others go on."""
    from contado.kernel.monitoring import Refusal

    return {
        meter_of[f.row]: Refusal(meter=meter_of[f.row], rule=f.rule, message=f.message, hint=f.hint)
        for f in reversed(findings)
        if f.action == "refused" and isinstance(f.row, int) and f.row in meter_of
    }


def _findings(found: Sequence[MeterSaving]) -> list[Finding]:
    return [
        Finding(
            severity="error",
            rule=m.refusal.rule,
            message=m.refusal.message,
            table="meters",
            row=m.meter,
            hint=m.refusal.hint,
            action="refused",
        )
        for m in found
        if m.refusal
    ]


VERB = Verb(
    name="monitoring savings",
    help="Say what each meter saved after an event",
    request=SavingsRequest,
    answer=SavingsAnswer,
    run=_run,
    examples=("contado monitoring savings meters.csv --event 2026-10-01 --json",),
)
