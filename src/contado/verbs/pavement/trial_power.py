"""contado pavement trial-power."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, option
from contado.kernel.errors import Finding

__all__ = ["VERB", "TrialPowerAnswer", "TrialPowerRequest"]


class TrialPowerRequest(Request, frozen=True, kw_only=True):
    """A planned trial in, the effect it can find out."""

    sd: Annotated[float, option("standard deviation between sections of the growth of log IRI a year", ge=0)]
    treated: Annotated[int, option("treated sections", ge=1)]
    control: Annotated[int, option("control sections", ge=2)]
    campaigns: Annotated[list[float], option("times of the campaigns in years, such as 0,1,2,3")] = (
        msgspec.field(default_factory=list)
    )
    residual_sd: (
        Annotated[float, option("standard deviation of a section's mean log IRI in one campaign", ge=0)]
        | None
    ) = None


class SectionsNeeded(msgspec.Struct, kw_only=True):
    """Treated sections that find an effect with these controls; null where no number does."""

    effect: float
    treated: int | None


class TrialPowerAnswer(LabelledAnswer, kw_only=True):
    """Standard error and least effect found with a probability of 0.8, both in growth of log IRI a year.

    The effect is null where so many sections can demonstrate nothing; the findings say why.
    """

    standard_error: float
    minimum_detectable_effect: float | None
    sections_needed: list[SectionsNeeded]
    compute_s: float


def _run(request: TrialPowerRequest, context: Context) -> TrialPowerAnswer:
    import time

    from contado.engines.pavement.trial import trial_power

    began = time.perf_counter()
    found = trial_power(
        sd=request.sd,
        treated=request.treated,
        control=request.control,
        campaigns=request.campaigns,
        residual_sd=request.residual_sd,
    )
    seconds = time.perf_counter() - began
    unused = bool(request.campaigns) and request.residual_sd is None
    return TrialPowerAnswer(
        label="estimated",
        compute_s=seconds,
        findings=context.accept([*found.findings, *([_unused()] if unused else [])]),
        standard_error=found.standard_error,
        minimum_detectable_effect=found.minimum_detectable_effect,
        sections_needed=[SectionsNeeded(effect=s.effect, treated=s.treated) for s in found.sections_needed],
    )


def _unused() -> Finding:
    return Finding(
        severity="note",
        rule="not_used",
        message="The times of the campaigns count only together with the residual of a campaign.",
        hint="give --residual-sd",
    )


_WORDS = (
    (
        "Errore standard",
        "Minimo effetto rilevabile (potenza 0,8)",
        "nessuno, per quanto grande",
        "Sezioni trattate per trovare un effetto, con questi controlli:",
        "non raggiungibile",
    ),
    (
        "Standard error",
        "Minimum detectable effect (power 0.8)",
        "none, however large",
        "Treated sections that find an effect, with these controls:",
        "not reachable",
    ),
)


def _text(answer: TrialPowerAnswer, lang: Literal["it", "en"]) -> str:
    error, least, none, needed, never = _WORDS[lang != "it"]

    def number(value: float, digits: int) -> str:
        text = f"{value:.{digits}f}"
        return text.replace(".", ",") if lang == "it" else text

    found = answer.minimum_detectable_effect
    lines = [
        f"{error}: {number(answer.standard_error, 4)}",
        f"{least}: {none if found is None else number(found, 4)}",
        needed,
        *(
            f"  {number(s.effect, 3)}: {never if s.treated is None else s.treated}"
            for s in answer.sections_needed
        ),
    ]
    return "\n".join(lines)


VERB = Verb(
    name="pavement trial-power",
    help="Say which effect a planned trial can find",
    request=TrialPowerRequest,
    answer=TrialPowerAnswer,
    run=_run,
    text=_text,
    examples=("contado pavement trial-power --sd 0.012 --treated 2 --control 40",),
)
