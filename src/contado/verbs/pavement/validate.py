"""contado pavement validate."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.verbs.pavement._dialect import accepted

if TYPE_CHECKING:
    from contado.engines.pavement.validation import Check
    from contado.engines.pavement.validation.alignment import Pairs, Stretch
    from contado.engines.pavement.validation.figures import Figures
    from contado.engines.pavement.validation.reading import Estimate
    from contado.kernel.errors import Finding

__all__ = ["VERB", "ValidateAnswer", "ValidateRequest"]


class ValidateRequest(Request, frozen=True, kw_only=True):
    """Estimated cells and a survey in, how near they are out."""

    cells: Annotated[
        Path,
        argument("answer of `pavement process --json`, or cell_obs or cell_state (.parquet, .csv)"),
    ]
    survey: Annotated[
        Path,
        argument(
            "survey: from_m, to_m, iri_m_km[, section_id, date, run, instrument, sd_log, role, label], or a profile x y"
        ),
    ]
    calibrated_on: Annotated[
        Path | None,
        option(
            "what calibrated the cars: from_m, to_m[, section_id]; its stretches check nothing",
            question_it="Su quale tratto rilevato sono state tarate le auto?",
            question_en="On which surveyed stretch were the cars calibrated?",
        ),
    ] = None
    stretch_m: Annotated[
        float, option("length to which shorter surveyed cells are joined", unit="m", gt=0)
    ] = 100.0
    instrument: Annotated[str | None, option("instrument, where the survey does not name it")] = None
    surveyed_on: Annotated[date | None, option("day of the survey, where it does not tell")] = None


class FigureFacts(msgspec.Struct, kw_only=True):
    """Agreement with the survey; errors in per cent of the surveyed IRI, null = cannot be told.

    ``coverage`` is the share of surveyed values inside the 90 % interval, with its own 95 % interval.
    """

    stretches: int
    length_km: float
    r2_log: float | None
    spearman: float | None
    bias_pct: float
    median_error_pct: float
    p90_error_pct: float
    sd_log: float | None
    limits_of_agreement_pct: tuple[float, float] | None
    inside: int | None
    coverage: float | None
    coverage_low: float | None
    coverage_high: float | None
    median_half_width_pct: float | None


class GroupRow(FigureFacts, kw_only=True):
    """The same of one class: ``by`` is speed_kmh, iri_m_km, passes or vehicle."""

    by: str
    name: str


class InstrumentFacts(msgspec.Struct, kw_only=True):
    """What the survey is itself uncertain by, and the median error that it alone makes."""

    instruments: list[str]
    sd_log: float
    source: Literal["repeats", "stated", "assumed"]
    repeats: int
    noise_floor_pct: float


class StretchRow(msgspec.Struct, kw_only=True):
    """One surveyed stretch and what was estimated of it."""

    section_id: str
    from_m: float
    to_m: float
    surveyed_m_km: float
    estimated_m_km: float
    low_m_km: float | None
    high_m_km: float | None
    error_pct: float


class ValidateAnswer(LabelledAnswer, kw_only=True):
    """Figures of all stretches, by groups, and each stretch.

    ``label`` says how the accuracy was born: measured only where a measured survey met drives that are not
    simulated. ``calibrated`` and ``uncovered`` count stretches that were left out.
    """

    figures: FigureFacts
    groups: list[GroupRow]
    instrument: InstrumentFacts
    first_on: date | None
    last_on: date | None
    neighbour_correlation: float | None
    effective_stretches: float
    calibrated: int
    uncovered: int
    stretches: list[StretchRow]
    compute_s: float


def _run(request: ValidateRequest, context: Context) -> ValidateAnswer:
    import time

    from contado.engines.pavement.validation import reading, validate

    estimate = reading.read_estimate(request.cells)
    told = reading.read_survey(
        request.survey,
        stretch_m=request.stretch_m,
        instrument=request.instrument,
        on=request.surveyed_on,
    )
    estimate = estimate.of_surface(told.survey)
    given = list(told.calibrated_on)
    if request.calibrated_on is not None:
        given += reading.read_stretches(request.calibrated_on)
    began = time.perf_counter()
    one = reading.on_one_section(estimate, told.survey, given)
    check = validate(one.cells, one.survey, calibrated_on=one.calibrated_on, vehicles=one.vehicles)
    seconds = time.perf_counter() - began
    findings = [*estimate.findings, *told.findings, *check.findings, *_unknown(estimate, given)]
    return _answer(check, accepted(context, findings), seconds)


def _unknown(estimate: Estimate, calibrated_on: list[Stretch]) -> list[Finding]:
    """Say that calibrated cars may have been calibrated on the very survey that checks them."""
    from contado.kernel.errors import Finding

    if estimate.calibrated is False or calibrated_on:
        return []
    return [
        Finding(
            severity="warning",
            rule="calibration_unknown",
            table="cells",
            message="Nobody says on which stretches the cars were calibrated: if on these, the figures prove nothing.",
            hint="give --calibrated-on REFERENCE, the file that `pavement process --reference` got",
        )
    ]


def _answer(check: Check, findings: list[Finding], seconds: float) -> ValidateAnswer:
    instrument = check.instrument
    return ValidateAnswer(
        label=check.label,
        findings=findings,
        figures=FigureFacts(**_facts(check.figures)),
        groups=[GroupRow(by=g.by, name=g.name, **_facts(g.figures)) for g in check.groups],
        instrument=InstrumentFacts(
            instruments=list(check.instruments),
            sd_log=instrument.sd_log,
            source=instrument.source,
            repeats=instrument.repeats,
            noise_floor_pct=100 * instrument.noise_floor,
        ),
        first_on=check.first_on,
        last_on=check.last_on,
        neighbour_correlation=check.neighbour_correlation,
        effective_stretches=check.effective,
        calibrated=check.calibrated,
        uncovered=check.uncovered,
        stretches=_stretches(check.pairs),
        compute_s=seconds,
    )


_AS_THEY_ARE = (
    "stretches",
    "length_km",
    "r2_log",
    "spearman",
    "sd_log",
    "inside",
    "coverage",
    "coverage_low",
    "coverage_high",
)


def _facts(found: Figures) -> dict[str, Any]:
    """Return the figures as the answer declares them."""
    limits = None
    if found.limit_low is not None and found.limit_high is not None:
        limits = (100 * found.limit_low, 100 * found.limit_high)
    return {
        **{name: getattr(found, name) for name in _AS_THEY_ARE},
        "bias_pct": 100 * found.bias,
        "median_error_pct": 100 * found.median_error,
        "p90_error_pct": 100 * found.p90_error,
        "limits_of_agreement_pct": limits,
        "median_half_width_pct": None if found.half_width is None else 100 * found.half_width,
    }


def _stretches(pairs: Pairs) -> list[StretchRow]:
    def known(value: float) -> float | None:
        return None if value != value else value  # noqa: PLR0124 - NaN

    names = ("from_m", "to_m", "surveyed_m_km", "estimated_m_km", "low_m_km", "high_m_km")
    rows = zip(pairs.section.tolist(), *(getattr(pairs, name).tolist() for name in names), strict=True)
    return [
        StretchRow(
            section_id=section,
            from_m=a,
            to_m=b,
            surveyed_m_km=surveyed,
            estimated_m_km=estimated,
            low_m_km=known(low),
            high_m_km=known(high),
            error_pct=100 * (estimated / surveyed - 1),
        )
        for section, a, b, surveyed, estimated, low, high in rows
    ]


_BORN = {
    "measured": ("Accuratezza misurata sul campo", "Accuracy measured in the field"),
    "estimated": (
        "Confronto con un rilievo che non dice strumento e data: non è un’accuratezza misurata",
        "Comparison with a survey that names no instrument and day: no measured accuracy",
    ),
    "simulated": (
        "Confronto simulato: non è un’accuratezza di campo",
        "Simulated comparison: no field accuracy",
    ),
}
_FROM = {
    "repeats": ("da passaggi ripetuti", "from repeated runs"),
    "stated": ("dichiarato", "stated"),
    "assumed": ("supposto", "assumed"),
}
_NAMES = (
    (
        "Tratti rilevati (km)",
        "Errore mediano / 90° percentile",
        "Scarto medio (limiti di accordo 95 %)",
        "R² del logaritmo / Spearman",
        "Rilevati dentro l’intervallo 90 % (95 %)",
        "Errore mediano del solo strumento",
    ),
    (
        "Surveyed stretches (km)",
        "Median error / 90th percentile",
        "Bias (95 % limits of agreement)",
        "R2 of log / Spearman",
        "Surveyed inside the 90 % interval (95 %)",
        "Median error of the instrument alone",
    ),
)


def _text(answer: ValidateAnswer, lang: Literal["it", "en"]) -> str:
    it, f = lang == "it", answer.figures

    def number(value: float | None, form: str = ".1f") -> str:
        text = ("non noto" if it else "not known") if value is None else format(value, form)
        return text if value is None or not it else text.replace(".", ",")

    def pct(value: float | None, form: str = ".1f") -> str:
        return number(value, form) + ("" if value is None else " %")

    def share(value: float | None) -> str:
        return pct(None if value is None else 100 * value, ".0f")

    low, high = f.limits_of_agreement_pct or (None, None)
    told = (
        f"{f.stretches} ({number(f.length_km)})",
        f"{pct(f.median_error_pct)} / {pct(f.p90_error_pct)}",
        f"{pct(f.bias_pct, '+.1f')} ({pct(low, '+.1f')} / {pct(high, '+.1f')})",
        f"{number(f.r2_log, '.3f')} / {number(f.spearman, '.3f')}",
        f"{share(f.coverage)} ({share(f.coverage_low)} / {share(f.coverage_high)})",
        f"{pct(answer.instrument.noise_floor_pct)} ({_FROM[answer.instrument.source][0 if it else 1]})",
    )
    names = _NAMES[0 if it else 1]
    head = _BORN[answer.label][0 if it else 1] + "."
    lines = [f"{name}: {value}" for name, value in zip(names, told, strict=True)]
    return "\n".join([head, *lines])


VERB = Verb(
    name="pavement validate",
    help="Check estimated roughness against a survey that calibrated nothing",
    request=ValidateRequest,
    answer=ValidateAnswer,
    run=_run,
    text=_text,
    extra="roads",
    needs=("numba",),
    examples=(
        "contado pavement validate process.json survey.csv --calibrated-on reference.csv --json",
        "contado pavement validate cell_state.parquet profile.txt --instrument 'laser profiler, E950 class 1' --surveyed-on 2026-05-12",
    ),
)
