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
            "panel: section, group (treated, control), age_years, iri_m_km or another metric[, campaign, from_m, aadt, base]"
        ),
    ]
    metric: Annotated[
        Literal["iri_m_km", "rut_depth_mm", "skid_sfc", "texture_mpd_mm", "noise_cpx_db"],
        option("what is evaluated, which is also its column"),
    ] = "iri_m_km"
    seed: Annotated[int, option("of the placebo tuples, where there are more than 100,000", ge=0)] = 0
    mixed_model: Annotated[bool, option("add a mixed model by REML as a second opinion (extra stats)")] = (
        False
    )


class EventRow(msgspec.Struct, kw_only=True):
    """One campaign: mean value of the arms in the metric's unit, their difference in wear, the band of 95 % of the placebos.

    ``counted`` is false before the last laying of a section: growth is compared over the campaigns after it.
    """

    age_years: float
    treated_value: float
    control_value: float
    difference: float
    low95: float | None
    high95: float | None
    counted: bool


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
    """Effect as a difference of growth a year (negative is better), and the verdict.

    Growth is that of log IRI for roughness, and wear in ``unit`` a year for another metric: its rise, or its loss where
    higher is better.
    """

    metric: str
    unit: str
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
    counted_epochs: int
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
    panel = trial.of_table(read.table, metric=request.metric, name=request.panel.name, lines=read.lines)
    second = trial.mixed_model(panel) if request.mixed_model else None
    began = time.perf_counter()
    found = trial.evaluate_trial(panel, seed=request.seed)
    seconds = time.perf_counter() - began
    return _answer(
        found,
        metric=found.metric.name,
        unit=found.metric.unit,
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
        "Campagne comuni / dopo l'ultima stesa",
        "Minimo effetto rilevabile",
    ),
    (
        "Growth a year, treated less control (95 %)",
        "Placebo p (tuples)",
        "Treated / control sections",
        "Common campaigns / since the last laying",
        "Minimum detectable effect",
    ),
)


_LINEAR = (
    "Metrica {0}: crescite ed effetti sono usura, in {1} l'anno.",
    "Metric {0}: growth and effects are wear, in {1} a year.",
)


def _text(answer: TrialAnswer, lang: Literal["it", "en"]) -> str:
    number = _number_it if lang == "it" else _number_en
    effect, low, high = (number(v) for v in (answer.effect_per_year, answer.low95, answer.high95))
    told = (
        f"{effect} ({low} / {high})",
        f"{number(answer.placebo_p, 3).lstrip('+')} ({answer.permutations})",
        f"{answer.treated_sections} / {answer.control_sections}",
        f"{answer.epochs} / {answer.counted_epochs}",
        number(answer.minimum_detectable_effect).lstrip("+"),
    )
    lines = [_VERDICTS[answer.verdict][lang != "it"] + "."]
    if answer.metric != "iri_m_km":
        lines.append(_LINEAR[lang != "it"].format(answer.metric, answer.unit))
    lines += [f"{name}: {value}" for name, value in zip(_NAMES[lang != "it"], told, strict=True)]
    if answer.mixed_model is not None:
        lines += _second_opinion(answer.mixed_model, lang)
    return "\n".join([*lines, *answer.warnings])


def _second_opinion(found: MixedFacts, lang: Literal["it", "en"]) -> list[str]:
    """Return what the mixed model says, and that it did not converge where it did not."""
    it = lang == "it"
    effect, low, high = (
        (_number_it if it else _number_en)(v) for v in (found.effect_per_year, found.low95, found.high95)
    )
    name = "Modello misto REML, secondo parere (95 %)" if it else "Mixed model by REML, second opinion (95 %)"
    lines = [f"{name}: {effect} ({low} / {high})"]
    if not found.converged:
        lines.append(
            "Il modello misto non è arrivato a convergenza: i suoi numeri non valgono."
            if it
            else "The mixed model did not converge: its figures do not count."
        )
    return lines


def _number_en(value: float | None, digits: int = 4) -> str:
    return "not known" if value is None else f"{value:+.{digits}f}"


def _number_it(value: float | None, digits: int = 4) -> str:
    return "non noto" if value is None else f"{value:+.{digits}f}".replace(".", ",")


VERB = Verb(
    name="pavement trial",
    help="Say what a trial pavement shows against its control sections",
    request=TrialRequest,
    answer=TrialAnswer,
    run=_run,
    text=_text,
    examples=("contado pavement trial panel.csv.gz --json",),
)
