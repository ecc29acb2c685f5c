"""Effect of a trial: growth of treated sections less that of controls, with placebo inference and a verdict.

Growth of a section = least-squares slope of its mean log IRI on age; effect = mean growth of the treated less
mean growth of the controls; interval by Student's t with the spread of the *controls*; p by placebo (see
`contado.engines.pavement.trial.placebo`). Less growth is better, so a good effect is negative.

The verdict is ``demonstrated`` only when p <= 0.05 and the 95 % interval lies below zero; with fewer than 2 treated
or 5 control sections it is ``not_identifiable``, because a section cannot be told from its mix.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from contado.engines.pavement.trial import panel as panels
from contado.engines.pavement.trial import placebo as placebos
from contado.engines.pavement.trial.cells import CellOls, cell_ols
from contado.engines.pavement.trial.power import (
    SectionsNeeded,
    YearsNeeded,
    sections_needed,
    student_quantile,
    trial_power,
    years_needed,
)
from contado.engines.pavement.trial.synthetic import Synthetic, synthetic_control
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.trial.panel import Panel

    Floats = NDArray[np.float64]

__all__ = [
    "LEAST_CONTROL",
    "LEAST_TREATED",
    "Adjusted",
    "EventPoint",
    "TrialResult",
    "Verdict",
    "evaluate_trial",
]

Verdict = Literal["demonstrated", "not_demonstrated", "not_identifiable"]

LEAST_TREATED: Final = 2
LEAST_CONTROL: Final = 5
_ALPHA: Final = 0.05
_LEAST_FREE: Final = 3
"""Degrees of freedom that covariates must leave."""
_WANTED_TREATED: Final = (2, 4, 6, 8, 12, 16)
"""Numbers of treated sections for which the years needed are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPoint:
    """One campaign: mean IRI of both arms and their difference in log IRI since the first after the works.

    ``low95`` and ``high95`` hold 95 % of the placebo differences: inside them, chance alone is enough.
    """

    age_years: float
    treated_iri_m_km: float
    control_iri_m_km: float
    difference: float
    low95: float | None
    high95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """The effect once covariates of the sections are allowed for."""

    covariates: tuple[str, ...]
    effect_per_year: float
    low95: float
    high95: float
    placebo_p: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """What a trial shows; effects are differences of growth of log IRI a year.

    Attributes
    ----------
    effect_per_year, low95, high95
        None where not even a difference, or no spread between controls, is known.
    placebo
        (n,) effects of the placebo tuples, for the histogram.
    exact
        Whether these are all tuples, else a seeded sample.
    minimum_detectable_effect
        What this trial would find with a probability of 0.8.
    residual_sd
        Residual standard deviation of a section's mean log IRI in one campaign.
    """

    effect_per_year: float | None
    low95: float | None
    high95: float | None
    placebo_p: float | None
    placebo: Floats
    exact: bool
    control_growth_per_year: float | None
    treated_growth_per_year: float | None
    between_section_sd: float | None
    residual_sd: float | None
    standard_error: float | None
    minimum_detectable_effect: float | None
    verdict: Verdict
    treated_sections: int
    control_sections: int
    epochs: int
    events: tuple[EventPoint, ...]
    pretrend_p: float | None
    adjusted: Adjusted | None
    synthetic: Synthetic | None
    cell_ols: CellOls | None
    sections_needed: SectionsNeeded | None
    years_needed: tuple[YearsNeeded, ...]
    findings: tuple[Finding, ...]

    @property
    def permutations(self) -> int:
        """Placebo tuples that were counted."""
        return len(self.placebo)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know, as sentences."""
        return tuple(f.message for f in self.findings if f.severity == "warning")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Core:
    """Effect, interval and placebo distribution."""

    estimate: placebos.Estimate | None
    low: float | None
    high: float | None
    p: float | None
    placebo: Floats
    exact: bool


def evaluate_trial(panel: Panel | Any, *, seed: int = 0) -> TrialResult:
    """Evaluate a trial.

    Parameters
    ----------
    panel
        A `Panel`, or a table (Arrow, mapping, data frame) that `of_table` reads.
    seed
        Of the sample of placebo tuples, where there are more than 100,000.

    Raises
    ------
    DataError, UsageError
        See `contado.engines.pavement.trial.panel.of_table`.
    """
    held = panel if isinstance(panel, panels.Panel) else panels.of_table(panels.table_of(panel))
    growth = held.slopes
    known = ~np.isnan(growth)
    treated, control = known & held.treated, known & ~held.treated
    n_treated, n_control = int(treated.sum()), int(control.sum())
    core = _core(growth[known], held.treated[known], seed)
    residual = _residual_sd(held)
    verdict = _verdict(core, n_treated, n_control, common=held.common_epochs)
    error = core.estimate.standard_error if core.estimate else None
    sd = core.estimate.sd if core.estimate else None
    findings = [*held.findings, *_grown(held, known), *_cautions(core, n_treated, n_control, verdict)]
    adjusted, more = _adjusted(held, growth, known, seed)
    return TrialResult(
        effect_per_year=core.estimate.effect if core.estimate else None,
        low95=core.low,
        high95=core.high,
        placebo_p=core.p,
        placebo=core.placebo,
        exact=core.exact,
        control_growth_per_year=float(growth[control].mean()) if n_control else None,
        treated_growth_per_year=float(growth[treated].mean()) if n_treated else None,
        between_section_sd=sd,
        residual_sd=residual,
        standard_error=error,
        minimum_detectable_effect=_detectable(sd, n_treated, n_control),
        verdict=verdict,
        treated_sections=n_treated,
        control_sections=n_control,
        epochs=held.age_y.shape[1],
        events=_events(held, seed),
        pretrend_p=_pretrend(held, seed),
        adjusted=adjusted,
        synthetic=synthetic_control(held),
        cell_ols=cell_ols(held),
        sections_needed=_sections(core, n_control),
        years_needed=_years(held, core, residual, n_control),
        findings=(*findings, *more, *_disagree(adjusted, verdict)),
    )


def _core(growth: Floats, treated: NDArray[np.bool_], seed: int) -> _Core:
    """Return the effect of the sections whose growth is known."""
    empty = np.zeros(0)
    if treated.all() or not treated.any():
        return _Core(estimate=None, low=None, high=None, p=None, placebo=empty, exact=True)
    found = placebos.estimate(growth, treated)
    low, high = _interval(found)
    own = growth[~treated]
    tuples = placebos.tuplets(len(own), int(treated.sum()), seed)
    effects = placebos.effects_of(own, tuples.rows) if len(tuples.rows) else empty
    p = placebos.p_value(effects, found.effect)
    return _Core(estimate=found, low=low, high=high, p=p, placebo=effects, exact=tuples.exact)


def _interval(found: placebos.Estimate) -> tuple[float | None, float | None]:
    if found.standard_error is None:
        return None, None
    half = student_quantile(1 - _ALPHA / 2, found.free) * found.standard_error
    return found.effect - half, found.effect + half


def _verdict(core: _Core, n_treated: int, n_control: int, *, common: bool) -> Verdict:
    if n_treated < LEAST_TREATED or n_control < LEAST_CONTROL or not common:
        return "not_identifiable"
    shown = core.p is not None and core.p <= _ALPHA and core.high is not None and core.high < 0
    return "demonstrated" if shown else "not_demonstrated"


def _detectable(sd: float | None, n_treated: int, n_control: int) -> float | None:
    if sd is None or not n_treated or n_control < 2:
        return None
    return trial_power(sd=sd, treated=n_treated, control=n_control, effects=()).minimum_detectable_effect


def _residual_sd(held: Panel) -> float | None:
    """Return the residual spread of a section's mean about its own line, campaign effects taken out."""
    n, epochs = held.log_iri.shape
    free = (n - 1) * (epochs - 2)
    if not held.common_epochs or (held.age_y < 0).any() or n < 2 or free < 1:
        return None
    age = held.age_y - held.age_y.mean(axis=1, keepdims=True)
    line = held.log_iri.mean(axis=1, keepdims=True) + held.slopes[:, None] * age
    rest = held.log_iri - line
    rest = rest - rest.mean(axis=0)
    return math.sqrt(float(np.square(rest).sum()) / free)


def _sections(core: _Core, n_control: int) -> SectionsNeeded | None:
    """Return how many treated sections would find an effect as large as the one seen."""
    found = core.estimate
    if found is None or found.sd is None or found.effect >= 0 or n_control < 2:
        return None
    return SectionsNeeded(effect=found.effect, treated=sections_needed(-found.effect, found.sd, n_control))


def _years(held: Panel, core: _Core, residual: float | None, n_control: int) -> tuple[YearsNeeded, ...]:
    """Return how long more treated sections would need for an effect as large as the one seen."""
    found = core.estimate
    if found is None or found.sd is None or residual is None or found.effect >= 0 or n_control < 2:
        return ()
    age = held.age_y.mean(axis=0)
    square = float(np.square(age - age.mean()).sum())
    between = math.sqrt(max(0.0, found.sd**2 - residual**2 / square))
    rate = (len(age) - 1) / float(np.ptp(age))
    return years_needed(
        -found.effect,
        sd=between,
        residual_sd=residual,
        control=n_control,
        campaigns_per_year=rate,
        treated=_WANTED_TREATED,
    )


def _events(held: Panel, seed: int) -> tuple[EventPoint, ...]:
    """Return the campaigns in order, with the band in which 95 % of the placebo differences lie."""
    treated = held.treated
    if not held.common_epochs or treated.all() or not treated.any():
        return ()
    age = held.age_y.mean(axis=0)
    order = np.argsort(age)
    first = order[np.argmax(age[order] >= 0)]
    change = held.log_iri - held.log_iri[:, [first]]
    tuples = placebos.tuplets(int((~treated).sum()), int(treated.sum()), seed).rows
    band = None
    if len(tuples):
        band = np.quantile(placebos.effects_of(change[~treated], tuples), [0.025, 0.975], axis=0)
    means = [np.exp(held.log_iri[arm].mean(axis=0)) for arm in (treated, ~treated)]
    apart = change[treated].mean(axis=0) - change[~treated].mean(axis=0)
    return tuple(
        EventPoint(
            age_years=float(age[e]),
            treated_iri_m_km=float(means[0][e]),
            control_iri_m_km=float(means[1][e]),
            difference=float(apart[e]),
            low95=None if band is None else float(band[0, e]),
            high95=None if band is None else float(band[1, e]),
        )
        for e in order
    )


def _pretrend(held: Panel, seed: int) -> float | None:
    """Return the two-sided placebo p of equal growth before the works; None where there is no history."""
    before = held.slopes_before
    if before is None or held.treated.all() or not held.treated.any():
        return None
    effect = placebos.estimate(before, held.treated).effect
    own = before[~held.treated]
    tuples = placebos.tuplets(len(own), int(held.treated.sum()), seed).rows
    if not len(tuples):
        return None
    return placebos.p_value(placebos.effects_of(own, tuples), effect, two_sided=True)


def _adjusted(
    held: Panel, growth: Floats, known: NDArray[np.bool_], seed: int
) -> tuple[Adjusted | None, list[Finding]]:
    """Return the effect beside the covariates, where the controls are enough to tell them apart."""
    treated, X = held.treated[known], held.covariates[known]
    if not X.shape[1] or treated.all() or not treated.any():
        return None, []
    own = X[~treated]
    rank = int(np.linalg.matrix_rank(np.hstack([np.ones((len(own), 1)), own])))
    if rank < 1 + X.shape[1] or len(own) - rank < _LEAST_FREE:
        return None, [_too_many(held.covariate_names, len(own))]
    found = placebos.estimate(growth[known], treated, X)
    low, high = _interval(found)
    tuples = placebos.tuplets(len(own), int(treated.sum()), seed).rows
    effects = placebos.effects_of(growth[known][~treated], tuples, own) if len(tuples) else np.zeros(0)
    adjusted = Adjusted(
        covariates=held.covariate_names,
        effect_per_year=found.effect,
        low95=low if low is not None else math.nan,
        high95=high if high is not None else math.nan,
        placebo_p=placebos.p_value(effects, found.effect),
    )
    return adjusted, []


def _grown(held: Panel, known: NDArray[np.bool_]) -> list[Finding]:
    lost = [name for name, ok in zip(held.sections, known, strict=True) if not ok]
    if not lost:
        return []
    return [
        _warning(
            "section_without_growth",
            f"{len(lost)} sections have fewer than two campaigns after the works and are left out: {', '.join(lost)}.",
            "measure each section at least twice after it was laid",
        )
    ]


def _cautions(core: _Core, n_treated: int, n_control: int, verdict: Verdict) -> list[Finding]:
    out = []
    if n_treated < LEAST_TREATED or n_control < LEAST_CONTROL:
        out.append(_too_few(n_treated, n_control))
    elif verdict == "not_identifiable":
        out.append(_no_common())
    if not core.exact:
        out.append(_sampled(len(core.placebo)))
    if verdict != "not_identifiable" and core.p is None:
        out.append(_no_placebo(n_treated, n_control))
    elif verdict != "not_identifiable" and 1 / (1 + len(core.placebo)) > _ALPHA:
        out.append(_few_tuples(len(core.placebo)))
    return out


def _disagree(adjusted: Adjusted | None, verdict: Verdict) -> list[Finding]:
    """Say when covariates turn the verdict of the plain comparison."""
    if adjusted is None or verdict == "not_identifiable":
        return []
    shown = adjusted.high95 < 0 and adjusted.placebo_p is not None and adjusted.placebo_p <= _ALPHA
    if shown == (verdict == "demonstrated"):
        return []
    return [
        _warning(
            "covariates_disagree",
            f"Beside {', '.join(dict.fromkeys(adjusted.covariates))} the effect is {adjusted.effect_per_year:+.4f} a year "
            f"({adjusted.low95:+.4f} to {adjusted.high95:+.4f}), which would give the other verdict.",
            "the arms differ in more than the mix; choose control sections alike in traffic and base",
        )
    ]


def _too_few(n_treated: int, n_control: int) -> Finding:
    what = "one section per arm" if n_treated == n_control == 1 else "too few sections"
    return _warning(
        "not_identifiable",
        f"{what}: {n_treated} treated and {n_control} control; a section's own growth cannot be told from its mix.",
        f"at least {LEAST_TREATED} treated and {LEAST_CONTROL} control sections",
    )


def _no_common() -> Finding:
    return _warning(
        "not_identifiable",
        "No two campaigns are common to all sections, so season and year cannot be told from the mix.",
        "measure all sections in the same campaigns",
    )


def _sampled(count: int) -> Finding:
    return _warning(
        "sampled_placebo",
        f"There are more than {placebos.MOST_TUPLES:,} placebo tuples; {count:,} were drawn by the seed.",
        "nothing to do; another seed shows how little p depends on the draw",
    )


def _no_placebo(n_treated: int, n_control: int) -> Finding:
    return _warning(
        "no_placebo",
        f"With {n_control} controls no tuple of {n_treated} leaves another control: p is unknown.",
        "more control than treated sections are needed",
    )


def _few_tuples(count: int) -> Finding:
    return _warning(
        "no_placebo",
        f"{count} placebo tuples cannot give a p of {_ALPHA} or less, whatever the effect.",
        "add control sections",
    )


def _too_many(covariates: Sequence[str], n_control: int) -> Finding:
    return _warning(
        "covariates_not_used",
        f"{n_control} control sections cannot tell {', '.join(dict.fromkeys(covariates))} apart: no adjustment is made.",
        "add control sections, or leave out a covariate",
    )


def _warning(rule: str, message: str, hint: str) -> Finding:
    return Finding(severity="warning", rule=rule, table="panel", message=message, hint=hint)
