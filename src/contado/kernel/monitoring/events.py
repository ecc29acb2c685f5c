"""Non-routine events: changes of level in a reporting period, dated and quantified, never removed.

The reporting period is first described by its own base and slopes (a saving of any kind is no event), then every
day is tried as the first day of a change: of a constant amount, or in proportion to the expected consumption.
Rows are whitened by the lag-1 autocorrelation, so that a spell of noise is not taken for a change. A change is
told when the largest statistic exceeds the two-sided Student quantile at ``false_alarm`` / (number of changes
tried): by Bonferroni's inequality a meter without any change raises an alarm with at most that probability.

References
----------
.. [1] Efficiency Valuation Organization, IPMVP Application Guide on Non-Routine Events and Adjustments,
   EVO 10400-1:2020.
.. [2] D. W. K. Andrews, Tests for Parameter Instability and Structural Change With Unknown Change Point,
   Econometrica 61(4), 1993, doi:10.2307/2951764.
.. [3] S. J. Prais, C. B. Winsten, Trend Estimators and Serial Correlation, Cowles Commission 383, 1954
   (the whitening).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.kernel.monitoring.baseline import autocorrelation, fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.kernel.monitoring.baseline import Baseline

    Floats = NDArray[np.float64]

__all__ = ["FALSE_ALARM", "Event", "find_events"]

FALSE_ALARM: Final = 0.01
"""Probability, per meter without any change, of telling at least one."""
_SEGMENT_DAYS: Final = 7
_SEGMENT_ROWS: Final = 3
_MOST_EVENTS: Final = 5
_RHO_MAX: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change of level."""

    row: int
    """First row of the change."""
    kwh: float
    """Energy above (below: negative) what it would have been without the change, from there to the end."""
    statistic: float
    """Student's t of the change."""
    proportional: bool
    """Whether the change is in proportion to the expected consumption."""


def find_events(
    baseline: Baseline,
    temperature_degc: Floats,
    energy_d: Floats,
    days: Floats,
    *,
    false_alarm: float = FALSE_ALARM,
) -> list[Event]:
    """Return the changes of level of a reporting period, in the order of time.

    Parameters
    ----------
    baseline
        The fitted model; its balance points and its expectation are used.
    temperature_degc, energy_d, days
        (m,) temperature [degC], mean consumption a day and length [d] of the rows, in the order of time.
    false_alarm
        Probability of an alarm where nothing changed.
    """
    segment = max(_SEGMENT_ROWS, round(_SEGMENT_DAYS / float(np.median(days)))) if len(days) else 0
    if len(days) < 4 * segment:
        return []
    expected = baseline.predict(temperature_degc)
    steps: list[tuple[int, bool, float]] = []
    changes = np.zeros_like(energy_d)
    for _ in range(_MOST_EVENTS + 1):
        routine = _routine(baseline, temperature_degc, energy_d - changes, days)
        known = np.concatenate([routine, _columns(expected, steps)], axis=1) if steps else routine
        found = _strongest(known, expected, energy_d, days, segment, false_alarm)
        if found is None or len(steps) == _MOST_EVENTS:
            break
        steps = sorted([*steps, found])
        changes = _columns(expected, steps) @ _sizes(routine, expected, energy_d, days, steps)
    return _quantified(routine, expected, energy_d, days, steps)


def _routine(baseline: Baseline, temperature: Floats, energy: Floats, days: Floats) -> Floats:
    """Return the rows that describe the period without events: balance points of before, or its own if better."""
    before = baseline.design(temperature)
    own = fit(temperature, energy, days).design(temperature)
    return min(before, own, key=lambda rows: _sse(rows, energy, days))


def _sse(rows: Floats, energy: Floats, days: Floats) -> float:
    root = np.sqrt(days)
    basis, _ = np.linalg.qr(rows * root[:, None])
    target = energy * root
    rest = target - basis @ (basis.T @ target)
    return float(rest @ rest)


def _step(expected: Floats, row: int, proportional: bool) -> Floats:
    after = np.zeros_like(expected)
    after[row:] = expected[row:] if proportional else 1.0
    return after


def _strongest(
    known: Floats, expected: Floats, energy: Floats, days: Floats, segment: int, false_alarm: float
) -> tuple[int, bool, float] | None:
    """Return row, kind and t of the strongest further change, or None where none is beyond chance."""
    from scipy.stats import t as student

    root = np.sqrt(days)
    free = len(energy) - known.shape[1] - 2
    if free < 3:
        return None
    rows = np.arange(segment, len(energy) - segment + 1)
    after = np.arange(len(energy))[:, None] >= rows[None, :]
    steps = np.concatenate([after.astype(float), after * expected[:, None]], axis=1)
    limit = float(student.isf(false_alarm / 2 / steps.shape[1], free))
    best = _scan(known * root[:, None], steps * root[:, None], energy * root, free)
    column = int(np.abs(best).argmax())
    if abs(best[column]) <= limit:
        return None
    return int(rows[column % len(rows)]), column >= len(rows), float(best[column])


def _scan(known: Floats, steps: Floats, energy: Floats, free: int) -> Floats:
    """Return Student's t of each step beside the known columns, whitened.

    The autocorrelation is that of the residuals once the strongest step is taken out: a change of level that
    is left in looks like autocorrelation and would hide itself.
    """
    plain = _student(known, steps, energy, free)
    strongest = steps[:, [int(np.abs(plain).argmax())]]
    rho = _rho(np.concatenate([known, strongest], axis=1), energy)
    return _student(_whiten(known, rho), _whiten(steps, rho), _whiten(energy[:, None], rho)[:, 0], free)


def _rho(rows: Floats, energy: Floats) -> float:
    basis, _ = np.linalg.qr(rows)
    found = autocorrelation(energy - basis @ (basis.T @ energy), rows.shape[1])
    return float(np.clip(found, 0.0, _RHO_MAX))


def _whiten(columns: Floats, rho: float) -> Floats:
    white = columns.copy()
    white[1:] -= rho * columns[:-1]
    white[0] *= np.sqrt(1 - rho**2)
    return white


def _student(known: Floats, steps: Floats, energy: Floats, free: int) -> Floats:
    basis, _ = np.linalg.qr(known)
    rest = energy - basis @ (basis.T @ energy)
    free_steps = steps - basis @ (basis.T @ steps)
    own = np.einsum("ij,ij->j", free_steps, free_steps)
    scale = np.einsum("ij,ij->j", steps, steps)
    usable = own > 1e-9 * np.maximum(scale, 1e-300)
    with_rest = free_steps.T @ rest
    gain = np.where(usable, with_rest**2 / np.where(usable, own, 1.0), 0.0)
    left = np.maximum(float(rest @ rest) - gain, 1e-24 * float(energy @ energy) + 1e-300)
    result: Floats = np.sign(with_rest) * np.sqrt(gain * free / left)
    return result


def _columns(expected: Floats, steps: list[tuple[int, bool, float]]) -> Floats:
    return np.stack([_step(expected, row, own) for row, own, _ in steps], axis=1)


def _sizes(
    routine: Floats, expected: Floats, energy: Floats, days: Floats, steps: list[tuple[int, bool, float]]
) -> Floats:
    """Estimate the sizes of all changes together."""
    root = np.sqrt(days)
    columns = np.concatenate([routine, _columns(expected, steps)], axis=1)
    solved: Floats = np.linalg.lstsq(columns * root[:, None], energy * root, rcond=None)[0]
    return solved[routine.shape[1] :]


def _quantified(
    routine: Floats, expected: Floats, energy: Floats, days: Floats, steps: list[tuple[int, bool, float]]
) -> list[Event]:
    """Sum each change to the end of the period."""
    if not steps:
        return []
    sizes, columns = _sizes(routine, expected, energy, days, steps), _columns(expected, steps)
    return [
        Event(row=row, kwh=float(size * (days @ column)), statistic=t, proportional=own)
        for (row, own, t), size, column in zip(steps, sizes, columns.T, strict=True)
    ]
