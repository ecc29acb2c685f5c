"""contado pavement trial."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.verbs.pavement._dialect import accepted

if TYPE_CHECKING:
    from contado.engines.pavement.trial import TrialResult

__all__ = ["VERB", "TrialAnswer", "TrialRequest"]


class TrialRequest(Request, frozen=True, kw_only=True):
    """A panel of treated and control sections in, effect and verdict out."""

    panel: Annotated[
        Path,
        argument(
            "panel: section, group (treated, control), age_years, iri_m_km[, from_m, campaign, aadt, base]"
        ),
    ]
    seed: Annotated[int, option("of the placebo tuples, where there are more than 100,000", ge=0)] = 0
    mixed_model: Annotated[bool, option("add a mixed model by REML as a second opinion (extra stats)")] = (
        False
    )


class EventRow(msgspec.Struct, kw_only=True):
    """One campaign: mean IRI of the arms, their difference in log IRI, the band of 95 % of the placebos."""

    age_years: float
    treated_iri_m_km: float
    control_iri_m_km: float
    difference: float
    low95: float | None
    high95: float | None


class AdjustedFacts(msgspec.Struct, kw_only=True):
    """The effect beside covariates of the sections."""

    covariates: list[str]
    effect_per_year: float
    low95: float
    high95: float
    placebo_p: float | None


class SyntheticFacts(msgspec.Struct, kw_only=True):
    """The effect against a weighted mean of controls that moved like the treated before the works."""

    effect_per_year: float
    placebo_p: float | None
    fit_before: float
    weights: dict[str, float]


class CellFacts(msgspec.Struct, kw_only=True):
    """What a regression on cells would claim; its error is wrong, because cells share their section's growth."""

    effect_per_year: float
    standard_error: float
    rows: int


class MixedFacts(msgspec.Struct, kw_only=True):
    """Second opinion: a mixed model by restricted maximum likelihood."""

    effect_per_year: float
    standard_error: float
    low95: float
    high95: float
    growth_sd: float
    converged: bool


class SectionsRow(msgspec.Struct, kw_only=True):
    """Treated sections that would find an effect with these controls; null where no number does."""

    effect: float
    treated: int | None


class YearsRow(msgspec.Struct, kw_only=True):
    """Years that so many treated sections would need; null where no time is enough."""

    treated: int
    years: int | None


class TrialAnswer(LabelledAnswer, kw_only=True):
    """Effect as a difference of growth of log IRI a year (negative is better), and the verdict."""

    effect_per_year: float | None
    low95: float | None
    high95: float | None
    placebo_p: float | None
    permutations: int
    exact: bool
    control_growth_per_year: float | None
    treated_growth_per_year: float | None
    between_section_sd: float | None
    residual_sd: float | None
    standard_error: float | None
    minimum_detectable_effect: float | None
    verdict: Literal["demonstrated", "not_demonstrated", "not_identifiable"]
    treated_sections: int
    control_sections: int
    epochs: int
    events: list[EventRow]
    pretrend_p: float | None
    adjusted: AdjustedFacts | None
    synthetic: SyntheticFacts | None
    cell_ols: CellFacts | None
    mixed_model: MixedFacts | None
    sections_needed: SectionsRow | None
    years_needed: list[YearsRow]
    warnings: list[str]
    compute_s: float


def _run(request: TrialRequest, context: Context) -> TrialAnswer:
    import time

    from contado.engines.pavement import columns, trial
    from contado.engines.pavement.labels import label_of_file
    from contado.kernel import tables

    read = tables.read(request.panel)
    ignored = columns.unknown(read.table, trial.COLUMNS, request.panel.name)
    panel = trial.of_table(read.table, name=request.panel.name, lines=read.lines)
    second = trial.mixed_model(panel) if request.mixed_model else None
    began = time.perf_counter()
    found = trial.evaluate_trial(panel, seed=request.seed)
    seconds = time.perf_counter() - began
    return _answer(
        found,
        label=label_of_file(read.table, request.panel),
        findings=accepted(context, [*read.findings, *ignored, *found.findings]),
        mixed_model=second and msgspec.convert(second, MixedFacts, from_attributes=True),
        compute_s=seconds,
    )


def _answer(found: TrialResult, **more: object) -> TrialAnswer:
    """Return the result as the answer declares it."""
    told = {name: getattr(found, name) for name in TrialAnswer.__struct_fields__ if name not in more}
    answer: TrialAnswer = msgspec.convert({**told, **more}, TrialAnswer, from_attributes=True)
    return answer


_VERDICTS = {
    "demonstrated": ("Effetto dimostrato", "Effect demonstrated"),
    "not_demonstrated": ("Effetto non dimostrato", "Effect not demonstrated"),
    "not_identifiable": ("Effetto non identificabile", "Effect not identifiable"),
}


_NAMES = (
    (
        "Crescita annua delle trattate meno controllo (95 %)",
        "p dei placebo (combinazioni)",
        "Sezioni trattate / di controllo",
        "Minimo effetto rilevabile",
    ),
    (
        "Growth a year, treated less control (95 %)",
        "Placebo p (tuples)",
        "Treated / control sections",
        "Minimum detectable effect",
    ),
)


def _text(answer: TrialAnswer, lang: Literal["it", "en"]) -> str:
    it = lang == "it"
    lines = [_VERDICTS[answer.verdict][0 if it else 1] + "."]

    def number(value: float | None, digits: int = 4) -> str:
        text = ("non noto" if it else "not known") if value is None else f"{value:+.{digits}f}"
        return text.replace(".", ",") if it else text

    effect, low, high = (number(v) for v in (answer.effect_per_year, answer.low95, answer.high95))
    names = _NAMES[0 if it else 1]
    told = (
        f"{effect} ({low} / {high})",
        f"{number(answer.placebo_p, 3).lstrip('+')} ({answer.permutations})",
        f"{answer.treated_sections} / {answer.control_sections}",
        number(answer.minimum_detectable_effect).lstrip("+"),
    )
    lines += [f"{name}: {value}" for name, value in zip(names, told, strict=True)]
    return "\n".join([*lines, *answer.warnings])


VERB = Verb(
    name="pavement trial",
    help="Say what a trial pavement shows against its control sections",
    request=TrialRequest,
    answer=TrialAnswer,
    run=_run,
    text=_text,
    examples=("contado pavement trial panel.csv.gz --json",),
)
