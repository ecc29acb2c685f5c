"""Savings of metered sites: adjusted baseline less metered, with an interval that counts autocorrelation.

``var = s2 (1+rho)/(1-rho) (g'(A'A)^-1 g + m)``: s2 the residual variance of a day, rho the lag-1 autocorrelation,
A the rows of the baseline, g the sum of the m reporting rows [2]_. Without the factor, intervals of daily
meters hold the truth far less often than they claim.

References
----------
.. [1] Efficiency Valuation Organization, IPMVP Core Concepts, EVO 10000-1:2016.
.. [2] A. Ruch, J. K. Kissock, T. A. Reddy, Prediction Uncertainty of Linear Building Energy Use Models With
   Autocorrelated Residuals, Journal of Solar Energy Engineering 121(1), 1999, doi:10.1115/1.2888144.
.. [3] ASHRAE Guideline 14-2014, Measurement of Energy, Demand, and Water Savings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.kernel.monitoring.baseline import CV_RMSE_MAX, R2_MIN, Baseline, Model, fit
from contado.kernel.monitoring.events import find_events
from contado.kernel.monitoring.meters import Meter, Refusal, meters_from_table

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.kernel.progress import Progress

    Floats = NDArray[np.float64]

__all__ = ["Flag", "MeterSaving", "interval_half_width", "saving", "savings"]

_FAR_DEGC: Final = 2.0
"""How far outside the temperatures of the baseline a row may lie before it is flagged."""
_MISSING_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """What a reader of a saving must know; ``date`` and ``kwh`` where they mean something."""

    flag: str
    date: dt.date | None = None
    kwh: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSaving:
    """The saving of one meter; all figures are None where it was refused."""

    meter: str
    model: Model | None = None
    balance_heating_degc: float | None = None
    balance_cooling_degc: float | None = None
    baseline_kwh: float | None = None
    """The baseline adjusted to the temperatures of the reporting period."""
    metered_kwh: float | None = None
    adjustment_kwh: float = 0.0
    """Non-routine adjustment that was agreed and handed in."""
    saving_kwh: float | None = None
    saving_low_kwh: float | None = None
    saving_high_kwh: float | None = None
    saving_share: float | None = None
    cv_rmse: float | None = None
    r2: float | None = None
    autocorrelation: float | None = None
    days_used: int = 0
    days_missing: int = 0
    flags: list[Flag] = field(default_factory=list)
    refusal: Refusal | None = None


def savings(
    meters: pa.Table,
    *,
    event: dt.date,
    confidence: float = 0.9,
    adjustments: Mapping[str, float] | None = None,
    refused: Mapping[str, Refusal] | None = None,
    progress: Progress | None = None,
) -> list[MeterSaving]:
    """Return the saving of each meter, in the order of the names.

    Parameters
    ----------
    meters
        Rows meter, date, energy_kwh, temperature_degc: one a day, or one a bill dated by its first day.
    event
        First day of the reporting period; the baseline is what lies before, 24 months at most.
    confidence
        Probability of the two-sided interval.
    adjustments
        Meter -> agreed non-routine adjustment [kWh], added to the adjusted baseline.
    refused
        Meters that were refused while reading.

    Raises
    ------
    DataError
        ``missing_column``, ``empty_table``.
    """
    found = meters_from_table(meters, event=event, refused=refused or {})
    known = dict(adjustments or {})
    answers = []
    for done, meter in enumerate(found, start=1):
        if isinstance(meter, Refusal):
            answers.append(_refused(meter))
        else:
            answers.append(saving(meter, confidence=confidence, adjustment_kwh=known.get(meter.name, 0.0)))
        if progress is not None:
            progress("meters", done, len(found))
    return answers


def _refused(refusal: Refusal) -> MeterSaving:
    return MeterSaving(
        meter=refusal.meter,
        days_used=refusal.days_used,
        flags=[Flag(flag=refusal.rule, date=refusal.date)],
        refusal=refusal,
    )


def saving(meter: Meter, *, confidence: float = 0.9, adjustment_kwh: float = 0.0) -> MeterSaving:
    """Return the saving of one checked meter (see `savings`)."""
    before, after = meter.before, meter.after
    baseline = fit(before.temperature_degc, before.energy_d, before.days)
    expected = float(after.days @ baseline.predict(after.temperature_degc))
    metered = float(after.days @ after.energy_d)
    half = interval_half_width(baseline, after.temperature_degc, after.days, confidence)
    saved = expected - metered + adjustment_kwh
    return MeterSaving(
        meter=meter.name,
        model=baseline.model,
        balance_heating_degc=baseline.balance_heating_degc,
        balance_cooling_degc=baseline.balance_cooling_degc,
        baseline_kwh=expected,
        metered_kwh=metered,
        adjustment_kwh=adjustment_kwh,
        saving_kwh=saved,
        saving_low_kwh=saved - half,
        saving_high_kwh=saved + half,
        saving_share=saved / expected if expected > 0 else None,
        cv_rmse=baseline.cv_rmse,
        r2=baseline.r2,
        autocorrelation=baseline.autocorrelation,
        days_used=round(float(before.days.sum() + after.days.sum())),
        days_missing=meter.days_missing,
        flags=_flags(meter, baseline),
    )


def interval_half_width(
    baseline: Baseline, temperature_degc: Floats, days: Floats, confidence: float
) -> float:
    """Return half the width [energy] of the interval of a saving over the rows of a reporting period.

    The quantile is Student's with n - (parameters) degrees of freedom. A negative autocorrelation, which on
    a dozen bills is chance, does not narrow the interval.
    """
    from scipy.stats import t as student

    g = days @ baseline.design(temperature_degc)
    rho = min(max(baseline.autocorrelation, 0.0), 0.99)
    variance = baseline.variance * (1 + rho) / (1 - rho) * (g @ baseline.inverse @ g + days.sum())
    free = max(baseline.n - baseline.parameters, 1)
    return float(student.isf((1 - confidence) / 2, free)) * math.sqrt(variance)


def _flags(meter: Meter, baseline: Baseline) -> list[Flag]:
    flags = []
    total = meter.days_missing + float(meter.before.days.sum() + meter.after.days.sum())
    if meter.days_missing > _MISSING_SHARE * total:
        flags.append(Flag(flag="missing_days"))
    if baseline.cv_rmse is None or baseline.cv_rmse >= CV_RMSE_MAX:
        flags.append(Flag(flag="high_cv_rmse"))
    if baseline.model != "mean" and baseline.r2 is not None and baseline.r2 <= R2_MIN:
        flags.append(Flag(flag="low_r2"))
    before, after = meter.before, meter.after
    low, high = before.temperature_degc.min() - _FAR_DEGC, before.temperature_degc.max() + _FAR_DEGC
    outside = np.flatnonzero((after.temperature_degc < low) | (after.temperature_degc > high))
    if len(outside):
        flags.append(Flag(flag="temperature_outside_baseline", date=after.date(int(outside[0]))))
    found = find_events(baseline, after.temperature_degc, after.energy_d, after.days)
    flags += [Flag(flag="non_routine_event", date=after.date(e.row), kwh=e.kwh) for e in found]
    return flags
