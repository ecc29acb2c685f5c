"""Effect of a trial: growth of treated sections less that of controls, with placebo inference and a verdict.

Growth of a section = least-squares slope of its mean log IRI (of another metric its wear, see
`contado.engines.pavement.trial.metrics`) on age; effect = mean growth of the treated less
mean growth of the controls; interval by Student's t with the spread of the *controls*; p by placebo (see
`contado.engines.pavement.trial.placebo`). Less growth is better, so a good effect is negative.

The verdict is ``demonstrated`` only when p <= 0.05 and the 95 % interval lies below zero; with fewer than 2 treated
or 5 control sections, or fewer than two campaigns that all sections hold since the last was laid, it is
``not_identifiable``, because a section cannot be told from its mix, or a campaign from the works.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from contado.engines.pavement.quantiles import student_quantile
from contado.engines.pavement.trial import cautions
from contado.engines.pavement.trial import panel as panels
from contado.engines.pavement.trial import placebo as placebos
from contado.engines.pavement.trial.cells import CellOls, cell_ols
from contado.engines.pavement.trial.design import ALPHA, LEAST_CONTROL, LEAST_TREATED, can_show
from contado.engines.pavement.trial.metrics import ROUGHNESS
from contado.engines.pavement.trial.power import (
    SectionsNeeded,
    YearsNeeded,
    sections_needed,
    trial_power,
    years_needed,
)
from contado.engines.pavement.trial.synthetic import Synthetic, synthetic_control

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.engines.pavement.trial.metrics import Metric
    from contado.engines.pavement.trial.panel import Panel
    from contado.kernel.errors import Finding

    Floats = NDArray[np.float64]

__all__ = [
    "Adjusted",
    "Core",
    "EventPoint",
    "TrialResult",
    "Verdict",
    "evaluate_trial",
]

Verdict = Literal["demonstrated", "not_demonstrated", "not_identifiable"]

_LEAST_FREE: Final = 3
"""Degrees of freedom that covariates must leave."""
_WANTED_TREATED: Final = (2, 4, 6, 8, 12, 16)
"""Numbers of treated sections for which the years needed are told, where the controls allow so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPoint:
    """One campaign: mean value of both arms in the metric's unit and their difference in wear since the first that counts.

    ``low95`` and ``high95`` hold 95 % of the placebo differences: inside them, chance alone is enough.
    """

    age_years: float
    treated_value: float
    control_value: float
    difference: float
    low95: float | None
    high95: float | None
    counted: bool
    """Whether growth is compared over this campaign: every section was already laid."""


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
    """What a trial shows; effects are differences of growth a year: of log IRI, or of another metric's wear.

    Attributes
    ----------
    effect_per_year, low95, high95
        None where not even a difference, or no spread between controls, is known.
    placebo
        (n,) effects of the placebo tuples, for the histogram.
    exact
        Whether these are all tuples, else a seeded sample.
    minimum_detectable_effect
        What this trial would find with a probability of 0.8; None where so many sections can demonstrate nothing.
    residual_sd
        Residual standard deviation of a section's mean log IRI in one campaign.
    epochs, counted_epochs
        Campaigns that all sections have, and those of them over which growth is compared (after the last laying).
    """

    metric: Metric
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
    counted_epochs: int
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
class Core:
    """Effect, interval and placebo distribution."""

    estimate: placebos.Estimate | None
    low: float | None
    high: float | None
    p: float | None
    placebo: Floats
    exact: bool


def evaluate_trial(panel: Panel | Any, *, metric: str = ROUGHNESS, seed: int = 0) -> TrialResult:
    """Evaluate a trial.

    Parameters
    ----------
    panel
        A `Panel`, or a table (Arrow, mapping, data frame) that `of_table` reads.
    metric
        What a table holds; a `Panel` knows its own.
    seed
        Of the sample of placebo tuples, where there are more than 100,000.

    Raises
    ------
    DataError, UsageError
        See `contado.engines.pavement.trial.panel.of_table`.
    """
    held = (
        panel if isinstance(panel, panels.Panel) else panels.of_table(panels.table_of(panel), metric=metric)
    )
    growth = held.slopes
    known = ~np.isnan(growth)
    treated, control = known & held.treated, known & ~held.treated
    n_treated, n_control = int(treated.sum()), int(control.sum())
    core = _core(growth[known], held.treated[known], seed)
    residual = _residual_sd(held)
    verdict = _verdict(core, n_treated, n_control, common=held.same_campaigns)
    error = core.estimate.standard_error if core.estimate else None
    sd = core.estimate.sd if core.estimate else None
    findings = [
        *held.findings,
        *cautions.left_out(held, known),
        *cautions.cautions(core, n_treated, n_control, verdict),
    ]
    adjusted, more = _adjusted(held, growth, known, seed)
    return TrialResult(
        metric=held.metric,
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
        minimum_detectable_effect=_detectable(sd, n_treated, n_control) if held.same_campaigns else None,
        verdict=verdict,
        treated_sections=n_treated,
        control_sections=n_control,
        epochs=held.age_y.shape[1],
        counted_epochs=int(held.counted.sum()),
        events=_events(held, seed),
        pretrend_p=_pretrend(held, seed),
        adjusted=adjusted,
        synthetic=synthetic_control(held),
        cell_ols=cell_ols(held),
        sections_needed=_sections(core, n_control),
        years_needed=_years(held, core, residual, n_control),
        findings=(*findings, *more, *cautions.covariates_disagree(adjusted, verdict)),
    )


def _core(growth: Floats, treated: NDArray[np.bool_], seed: int) -> Core:
    """Return the effect of the sections whose growth is known."""
    empty = np.zeros(0)
    if treated.all() or not treated.any():
        return Core(estimate=None, low=None, high=None, p=None, placebo=empty, exact=True)
    found = placebos.estimate(growth, treated)
    low, high = _interval(found)
    own = growth[~treated]
    tuples = placebos.tuplets(len(own), int(treated.sum()), seed)
    effects = placebos.effects_of(own, tuples.rows) if len(tuples.rows) else empty
    p = placebos.p_value(effects, found.effect)
    return Core(estimate=found, low=low, high=high, p=p, placebo=effects, exact=tuples.exact)


def _interval(found: placebos.Estimate) -> tuple[float | None, float | None]:
    if found.standard_error is None:
        return None, None
    half = student_quantile(1 - ALPHA / 2, found.free) * found.standard_error
    return found.effect - half, found.effect + half


def _verdict(core: Core, n_treated: int, n_control: int, *, common: bool) -> Verdict:
    if n_treated < LEAST_TREATED or n_control < LEAST_CONTROL or not common:
        return "not_identifiable"
    shown = core.p is not None and core.p <= ALPHA and core.high is not None and core.high < 0
    return "demonstrated" if shown else "not_demonstrated"


def _detectable(sd: float | None, n_treated: int, n_control: int) -> float | None:
    if sd is None or not n_treated or n_control < 2:
        return None
    return trial_power(sd=sd, treated=n_treated, control=n_control, effects=()).minimum_detectable_effect


def _residual_sd(held: Panel) -> float | None:
    """Return the residual spread of a section's mean about its own line, campaign effects taken out."""
    counted = np.ix_(held.compared, held.counted)
    age, y, growth = held.age_y[counted], held.wear[counted], held.slopes[held.compared]
    n, epochs = y.shape
    free = (n - 1) * (epochs - 2)
    if n < 2 or epochs < 3:
        return None
    rest = y - y.mean(axis=1, keepdims=True) - growth[:, None] * (age - age.mean(axis=1, keepdims=True))
    rest = rest - rest.mean(axis=0)
    return math.sqrt(float(np.square(rest).sum()) / free)


def _sections(core: Core, n_control: int) -> SectionsNeeded | None:
    """Return how many treated sections would find an effect as large as the one seen."""
    found = core.estimate
    if found is None or found.sd is None or found.effect >= 0 or n_control < 2:
        return None
    return SectionsNeeded(effect=found.effect, treated=sections_needed(-found.effect, found.sd, n_control))


def _years(held: Panel, core: Core, residual: float | None, n_control: int) -> tuple[YearsNeeded, ...]:
    """Return how long more treated sections would need for an effect as large as the one seen."""
    found = core.estimate
    if found is None or found.sd is None or residual is None or found.effect >= 0 or n_control < 2:
        return ()
    age = held.age_y[np.ix_(held.compared, held.counted)].mean(axis=0)
    square = float(np.square(age - age.mean()).sum())
    between = math.sqrt(max(0.0, found.sd**2 - residual**2 / square))
    rate = (len(age) - 1) / float(np.ptp(age))
    return years_needed(
        -found.effect,
        sd=between,
        residual_sd=residual,
        control=n_control,
        campaigns_per_year=rate,
        treated=[n for n in _WANTED_TREATED if can_show(n, n_control)],
    )


def _events(held: Panel, seed: int) -> tuple[EventPoint, ...]:
    """Return the campaigns by the age of the treated, with the band in which 95 % of the placebo differences lie."""
    treated = held.treated
    if not held.common_epochs or treated.all() or not treated.any():
        return ()
    age = held.age_y[treated].mean(axis=0)
    order = np.argsort(age)
    usable = held.counted if held.same_campaigns else age >= 0
    first = order[np.argmax(usable[order])]
    change = held.wear - held.wear[:, [first]]
    tuples = placebos.tuplets(int((~treated).sum()), int(treated.sum()), seed).rows
    band = None
    if len(tuples):
        band = np.quantile(placebos.effects_of(change[~treated], tuples), [0.025, 0.975], axis=0)
    means = [held.metric.value(held.wear[arm].mean(axis=0)) for arm in (treated, ~treated)]
    apart = change[treated].mean(axis=0) - change[~treated].mean(axis=0)
    return tuple(
        EventPoint(
            age_years=float(age[e]),
            treated_value=float(means[0][e]),
            control_value=float(means[1][e]),
            difference=float(apart[e]),
            low95=None if band is None else float(band[0, e]),
            high95=None if band is None else float(band[1, e]),
            counted=bool(held.counted[e]),
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
        return None, [cautions.covariates_not_used(held.covariate_names, len(own))]
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
