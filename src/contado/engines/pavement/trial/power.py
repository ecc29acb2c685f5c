"""Power of a trial, told before it begins: which effect can be found, how many sections and years it takes.

The minimum detectable effect (power 0.8, two-sided 5 %) is ``(t(0.975, nc - 1) + 0.85) SE`` with
``SE = sd sqrt(1/nt + 1/nc)``; where the placebo asks for more, what it asks for, and unknown where the verdict could never be
`demonstrated` (see `contado.engines.pavement.trial.design`). A slope that is fitted to campaigns at times t has
``sd^2 + e^2 / sum (t - mean t)^2`` in place of ``sd^2``, e being the residual standard deviation of a section's mean in one
campaign [1]_.

References
----------
.. [1] H. S. Bloom, Minimum Detectable Effects, Evaluation Review 19(5), 1995, doi:10.1177/0193841X9501900504.

Examples
--------
>>> found = trial_power(sd=0.012, treated=2, control=40)
>>> round(found.standard_error, 4), round(found.minimum_detectable_effect, 4)
(0.0087, 0.025)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.trial.design import (
    LEAST_TREATED,
    design_findings,
    detectable_factor,
    interval_factor,
)
from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contado.kernel.errors import Finding

__all__ = [
    "EFFECTS",
    "Power",
    "SectionsNeeded",
    "YearsNeeded",
    "sections_needed",
    "trial_power",
    "years_needed",
]

EFFECTS: Final = (0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05)
"""Differences of growth a year for which the sections needed are told."""
_MOST_YEARS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionsNeeded:
    """How many treated sections find an effect with these controls; None where no number does."""

    effect: float
    treated: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class YearsNeeded:
    """How many years so many treated sections need to find an effect; None where no time is enough."""

    treated: int
    years: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What a planned trial can find; ``findings`` say why nothing where the effect is None."""

    standard_error: float
    minimum_detectable_effect: float | None
    sections_needed: tuple[SectionsNeeded, ...]
    findings: tuple[Finding, ...] = ()


def trial_power(
    *,
    sd: float,
    treated: int,
    control: int,
    campaigns: Sequence[float] = (),
    residual_sd: float | None = None,
    effects: Sequence[float] = EFFECTS,
) -> Power:
    """Return standard error, minimum detectable effect and sections needed of a planned trial.

    Parameters
    ----------
    sd
        Standard deviation between sections of the growth of log IRI [1/y]; not negative.
    treated, control
        Sections planned; at least 1 and 2.
    campaigns
        Times of the campaigns [y]; only used together with ``residual_sd``.
    residual_sd
        Standard deviation of a section's mean log IRI in one campaign.
    effects
        Differences of growth a year for which the sections needed are wanted.

    Raises
    ------
    UsageError
        ``bad_value``: too few sections, a negative spread; ``no_campaigns``: a residual without two campaigns
        at different times.
    """
    if treated < 1 or control < 2 or not sd >= 0:
        raise UsageError(
            f"A trial of {treated} treated and {control} control sections with sd {sd} has no power.",
            rule="bad_value",
            hint="at least 1 treated and 2 control sections, sd of 0 or more",
        )
    spread = math.hypot(sd, _slope_sd(campaigns, residual_sd))
    factor = detectable_factor(treated, control)
    return Power(
        standard_error=spread * math.sqrt(1 / treated + 1 / control),
        minimum_detectable_effect=None if factor is None else factor * spread,
        findings=tuple(design_findings(treated, control)),
        sections_needed=tuple(
            SectionsNeeded(effect=e, treated=sections_needed(e, spread, control)) for e in effects
        ),
    )


def sections_needed(effect: float, sd: float, control: int) -> int | None:
    """Return the least number of treated sections that finds ``effect``; None where none does.

    From ``effect = f sd sqrt(1/n + 1/nc)``: ``n = 1 / ((effect / (f sd))^2 - 1/nc)`` up to half the controls; beyond,
    each further section leaves fewer controls to be compared with, so that the search ends where that no longer helps.

    Examples
    --------
    >>> sections_needed(0.025, 0.012, 40), sections_needed(0.002, 0.012, 40), sections_needed(0.5, 0.012, 5)
    (2, None, None)
    """
    wanted = effect / sd if sd > 0 else math.inf
    previous = math.inf
    for n in range(LEAST_TREATED, control):
        if interval_factor(n, control) > wanted * (1 + 1e-12):
            continue
        factor = detectable_factor(n, control)
        if factor is None:
            continue
        if factor <= wanted * (1 + 1e-12):
            return n
        if factor > previous:
            return None
        previous = factor
    return None


def years_needed(
    effect: float,
    *,
    sd: float,
    residual_sd: float,
    control: int,
    campaigns_per_year: float,
    treated: Sequence[int],
) -> tuple[YearsNeeded, ...]:
    """Return for each number of treated sections the least whole years of campaigns that find ``effect``.

    Parameters
    ----------
    effect
        Size of the difference of growth [1/y]; positive.
    sd, residual_sd
        Spread between sections [1/y] and residual of a section's mean in one campaign.
    """
    return tuple(
        YearsNeeded(treated=n, years=_years(effect, sd, residual_sd, control, campaigns_per_year, n))
        for n in treated
    )


def _years(effect: float, sd: float, residual: float, control: int, rate: float, treated: int) -> int | None:
    factor = detectable_factor(treated, control)
    if factor is None:
        return None
    for years in range(1, _MOST_YEARS + 1):
        times = np.arange(0, math.floor(years * rate + 1e-9) + 1) / rate
        if len(times) < 2:
            continue
        spread = math.hypot(sd, _slope_sd(times.tolist(), residual))
        if factor * spread <= effect:
            return years
    return None


def _slope_sd(campaigns: Sequence[float], residual_sd: float | None) -> float:
    """Return the standard deviation that campaigns give a slope: ``e / sqrt(sum (t - mean t)^2)``."""
    if residual_sd is None:
        return 0.0
    times = np.asarray(campaigns, float)
    square = float(np.square(times - times.mean()).sum()) if times.size > 1 else 0.0
    if square == 0:
        raise UsageError(
            f"A residual needs campaigns at two or more different times; got {list(campaigns)}.",
            rule="no_campaigns",
            hint="give the times in years: --campaigns 0,1,2",
            field="campaigns",
        )
    return residual_sd / math.sqrt(square)
