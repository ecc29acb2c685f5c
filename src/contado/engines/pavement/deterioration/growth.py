"""Growth of log IRI by family, with sections and families drawn to their means as far as their data are thin.

The history is ``log IRI = section + cell + growth_s age + campaign + e``. Each section has its least-squares slope;
what all sections of a campaign have in common (the season, the instrument, rain and frost) is taken out first, drawn
to zero by its own variance. Slopes of a family scatter about its mean and families about the mean of all:

``slope_s ~ N(growth_s, v_s)``, ``growth_s ~ N(family_f, tau^2)``, ``family_f ~ N(overall, omega^2)``.

tau and omega are those for which the weighted sum of squares equals its degrees of freedom [1]. A section without
history gets the growth of its family, a family without sections that of all, and all of it the prior when there is
no history at all; each with its standard deviation.

References
----------
[1] R. C. Paule, J. Mandel, "Consensus values and weighting factors", J. Res. Natl. Bur. Stand. 87 (1982).
[2] D. V. Lindley, A. F. M. Smith, "Bayes estimates for the linear model", J. R. Stat. Soc. B 34 (1972).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from contado.engines.pavement.deterioration.history import History

    Numbers = NDArray[np.int64]
    Vector = NDArray[np.float64]

__all__ = ["Estimate", "GrowthModel", "GrowthPrior", "fit"]

_ROUNDS = 100
_SETTLED = 1e-9
_HALVINGS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthPrior:
    """What is expected before any history is seen; log IRI a year."""

    mean: float = 0.05
    sd: float = 0.04
    """How far the mean of a body's roads may lie from it."""
    section_sd: float = 0.02
    """How much sections, and families, differ where too few of them have a history to tell."""
    level_sd: float = 0.03
    """How far a campaign's level of a section lies from its line, before the history tells [log IRI]."""
    campaign_sd: float = 0.03
    """The same for what all sections of a campaign have in common [log IRI]."""
    worth: float = 2.0
    """Observations that each of these three counts as."""

    def joined(self, variance: float, freedom: float, sd: float) -> float:
        """Return the standard deviation from an estimate with so many degrees of freedom and one of these."""
        total = max(0.0, freedom) * variance + self.worth * sd**2
        return float(np.sqrt(total / (max(0.0, freedom) + self.worth)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A growth of log IRI a year, its standard deviation, and the sections with a history behind it."""

    mean: float
    sd: float
    sections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthModel:
    """Growth of log IRI a year: of all roads, of families, of sections.

    Attributes
    ----------
    overall, families, sections
        Estimates; ``overall`` is of the mean of all roads.
    campaigns, seasons
        What the sections of a campaign (of a season's campaigns) read too high in common [log IRI].
    between_sections, between_families
        Standard deviations tau and omega.
    campaign_sd, residual_sd
        Standard deviations of a campaign's common error and of a level about its section's line [log IRI].
    """

    overall: Estimate
    families: Mapping[str, Estimate]
    sections: Mapping[str, Estimate]
    campaigns: Mapping[str, float]
    seasons: Mapping[str, float]
    between_sections: float
    between_families: float
    campaign_sd: float
    residual_sd: float

    def of(self, section: str, family: str = "") -> Estimate:
        """Return the growth of a section, else of one of its family, else of any road."""
        if section in self.sections:
            return self.sections[section]
        if family in self.families:
            found = self.families[family]
            return Estimate(
                mean=found.mean, sd=float(np.hypot(found.sd, self.between_sections)), sections=found.sections
            )
        spread = np.sqrt(self.overall.sd**2 + self.between_families**2 + self.between_sections**2)
        return Estimate(mean=self.overall.mean, sd=float(spread), sections=self.overall.sections)


@dataclass(frozen=True, slots=True)
class _Slopes:
    """Least-squares slope of each section (n; NaN without one), its spread of ages, and what remains (k)."""

    slope: Vector
    sxx: Vector
    rest: Vector
    freedom: int


def fit(history: History, prior: GrowthPrior | None = None) -> GrowthModel:
    """Fit growth to a history.

    Parameters
    ----------
    history
        Levels of sections in campaigns.
    prior
        What is expected before any history is seen.
    """
    expected = prior or GrowthPrior()
    effect, campaign_sd = _campaigns(history, expected)
    lines = _slopes(history, history.level - effect[history.c])
    freedom = max(0, lines.freedom - max(0, len(history.campaign) - 2))
    residual = expected.joined(float((lines.rest**2).sum()) / max(1, freedom), freedom, expected.level_sd)
    known = np.flatnonzero(np.isfinite(lines.slope))
    names, family = np.unique(np.array(history.family, str), return_inverse=True)
    slope, variance = lines.slope[known], np.maximum(residual**2 / lines.sxx[known], 1e-12)
    tau = _between(slope, variance, family[known], expected)
    groups = _grouped(slope, variance + tau**2, family[known], names.size)
    shared = campaign_sd**2 / max(float(np.median(lines.sxx[known])), 1e-12) if known.size else 0.0
    omega, mean, sd = _overall(*groups, shared, expected)
    family_mean, family_sd = _drawn(*groups, mean, np.hypot(omega, sd))
    own = _drawn(lines.slope, residual**2 / lines.sxx, family_mean[family], np.hypot(tau, family_sd[family]))
    counts = np.bincount(family[known], minlength=names.size)
    return GrowthModel(
        overall=Estimate(mean=mean, sd=sd, sections=int(known.size)),
        families=_estimates(names.tolist(), family_mean, family_sd, counts),
        sections=_estimates(list(history.section), *own, np.isfinite(lines.slope)),
        campaigns=dict(zip(history.campaign, effect.tolist(), strict=True)),
        seasons=_seasons(history, effect),
        between_sections=tau,
        between_families=omega,
        campaign_sd=campaign_sd,
        residual_sd=residual,
    )


def _estimates(
    names: list[str], mean: Vector, sd: Vector, counts: NDArray[np.generic]
) -> dict[str, Estimate]:
    rows = zip(names, mean.tolist(), sd.tolist(), counts.tolist(), strict=True)
    return {name: Estimate(mean=m, sd=s, sections=int(n)) for name, m, s, n in rows}


def _slopes(history: History, y: Vector) -> _Slopes:
    """Return the line of each section through its levels."""
    s, n = history.s, len(history.section)
    count = np.bincount(s, minlength=n)
    some = np.maximum(count, 1)
    age = history.age_y - (np.bincount(s, history.age_y, n) / some)[s]
    height = y - (np.bincount(s, y, n) / some)[s]
    sxx: Vector = np.bincount(s, age**2, n).astype(np.float64)
    sloped = sxx > 1e-9
    sxx = np.where(sloped, sxx, np.nan)
    slope = np.bincount(s, age * height, n) / sxx
    rest = height - np.nan_to_num(slope)[s] * age
    freedom = int(np.maximum(count - 1 - sloped, 0).sum())
    return _Slopes(slope, sxx, rest, freedom)


def _campaigns(history: History, prior: GrowthPrior) -> tuple[Vector, float]:
    """Return what each campaign read too high in common [log IRI] (m), and the standard deviation of that.

    A trend in time that all campaigns share is growth: only what departs from it counts here.
    """
    c, m = history.c, len(history.campaign)
    sections = np.maximum(np.bincount(c, minlength=m), 1)
    effect, sd = np.zeros(m), prior.campaign_sd
    if m < 3:
        return effect, sd
    for _ in range(_ROUNDS):
        lines = _slopes(history, history.level - effect[c])
        mean = np.bincount(c, lines.rest, m) / sections
        noise = ((lines.rest - mean[c]) ** 2).sum() / max(1, lines.freedom - (m - 2)) / sections
        common = effect + mean
        sd = prior.joined(
            max(0.0, float(np.average(common**2 - noise, weights=sections))), m - 2, prior.campaign_sd
        )
        new = common * sd**2 / (sd**2 + noise)
        moved = float(np.abs(new - effect).max())
        effect = new
        if moved < _SETTLED:
            break
    return effect, sd


def _seasons(history: History, effect: Vector) -> dict[str, float]:
    """Return the mean effect of the campaigns of each season that is known."""
    words = np.array(history.season, str)
    return {word: float(effect[words == word].mean()) for word in np.unique(words).tolist() if word}


def _between(slope: Vector, variance: Vector, group: Numbers, prior: GrowthPrior) -> float:
    """Return the scatter of values about the mean of their group, joined with what is expected of it."""
    freedom = slope.size - np.unique(group).size
    own = _paule_mandel(slope, variance, group, freedom) if freedom > 0 else 0.0
    return prior.joined(own**2, freedom, prior.section_sd)


def _paule_mandel(value: Vector, variance: Vector, group: Numbers, freedom: int) -> float:
    """Return the standard deviation between for which the weighted squares are as many as the freedom."""

    def squares(between: float) -> float:
        w = 1 / (variance + between)
        mean = np.bincount(group, w * value) / np.maximum(np.bincount(group, w), 1e-300)
        return float((w * (value - mean[group]) ** 2).sum())

    if squares(0.0) <= freedom:
        return 0.0
    low, high = 0.0, float(np.ptp(value)) ** 2 + 1e-12
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if squares(middle) > freedom else (low, middle)
    return float(np.sqrt(high))


def _grouped(value: Vector, variance: Vector, group: Numbers, count: int) -> tuple[Vector, Vector]:
    """Return the weighted mean of each group and its variance; NaN for an empty group."""
    weight = np.bincount(group, 1 / variance, count)
    weight = np.where(weight > 0, weight, np.nan)
    return np.bincount(group, value / variance, count) / weight, 1 / weight


def _overall(mean: Vector, variance: Vector, shared: float, prior: GrowthPrior) -> tuple[float, float, float]:
    """Return omega, and the mean of all families with its standard deviation, drawn to the prior.

    ``shared`` is the variance that the campaigns' common errors give to every slope alike.
    """
    known = np.isfinite(mean)
    value, spread = mean[known], variance[known]
    if not value.size:
        return prior.section_sd, prior.mean, prior.sd
    omega = _between(value, spread, np.zeros(value.size, np.int64), prior)
    centre, within = _grouped(value, spread + omega**2, np.zeros(value.size, np.int64), 1)
    if value.size == 1:
        within = spread
    weight, own = 1 / prior.sd**2, 1 / (float(within[0]) + shared)
    drawn = (weight * prior.mean + own * float(centre[0])) / (weight + own)
    return omega, drawn, float(1 / np.sqrt(weight + own))


def _drawn(value: Vector, variance: Vector, to: Vector | float, sd: Vector | float) -> tuple[Vector, Vector]:
    """Return values drawn to a mean by their precisions, and their standard deviations; unknown ones are the mean."""
    own = np.where(np.isfinite(value), 1 / np.where(np.isfinite(variance), variance, np.inf), 0.0)
    prior = 1 / np.maximum(np.square(sd), 1e-12)
    return (own * np.nan_to_num(value) + prior * to) / (own + prior), 1 / np.sqrt(own + prior)
