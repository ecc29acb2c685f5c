"""What a number of treated and control sections can show at all, and with what power.

The verdict asks for p <= 0.05 by placebo *and* for an interval below zero. The least p of n tuples is 1 / (1 + n), so a design
with fewer than 19 tuples can never be demonstrated, whatever the effect. Where the treated are more than half of the controls
the placebo binds: what is left to be compared with a tuple are few sections, and placebo effects are far wider than the
effect's own error. The power of both conditions together is the mean over drawn controls of the chance that the treated lie
below what these controls ask for, which needs no draw of the treated.

References
----------
.. [1] H. S. Bloom, Minimum Detectable Effects, Evaluation Review 19(5), 1995, doi:10.1177/0193841X9501900504.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.quantiles import student_quantile
from contado.engines.pavement.trial import placebo as placebos
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "ALPHA",
    "LEAST_CONTROL",
    "LEAST_TREATED",
    "POWER",
    "can_show",
    "design_findings",
    "detectable_factor",
    "interval_factor",
    "least_control",
]

ALPHA: Final = 0.05
POWER: Final = 0.8
LEAST_TREATED: Final = 2
LEAST_CONTROL: Final = 5
_POWER_QUANTILE: Final = 0.85
"""Normal quantile of a power of 0.8, rounded up (0.8416)."""
_LEAST_TUPLES: Final = round(1 / ALPHA) - 1
_DRAWS: Final = 4000
_MOST_TUPLES: Final = 1500
"""Tuples of a drawn trial; beyond, so many of them give the quantile."""
_LARGEST_FACTOR: Final = 100.0


def can_show(treated: int, control: int) -> bool:
    """Return whether any effect, however large, could be demonstrated.

    Examples
    --------
    >>> can_show(2, 7), can_show(2, 6), can_show(12, 10), can_show(1, 40)
    (True, False, False, False)
    """
    enough = treated >= LEAST_TREATED and control >= LEAST_CONTROL and treated < control
    return enough and math.comb(control, treated) >= _LEAST_TUPLES


def design_findings(treated: int, control: int) -> list[Finding]:
    """Return why so many sections can demonstrate nothing; none where they can."""
    if can_show(treated, control):
        return []
    if treated < LEAST_TREATED or control < LEAST_CONTROL:
        return [_too_few(treated, control)]
    return [_no_placebo(treated, control)]


def _too_few(treated: int, control: int) -> Finding:
    what = "one section per arm" if treated == control == 1 else "too few sections"
    return _warning(
        "not_identifiable",
        f"{what}: {treated} treated and {control} control; a section's own growth cannot be told from its mix.",
        f"at least {LEAST_TREATED} treated and {least_control(max(treated, LEAST_TREATED))} control sections",
    )


def _no_placebo(treated: int, control: int) -> Finding:
    count = math.comb(control, treated) if treated < control else 0
    told = (
        f"{count} placebo tuples give a p of {1 / (1 + count):.3f} at best, so that no effect, however large, is demonstrated"
        if count
        else f"with {control} controls no tuple of {treated} leaves another control, so that p is unknown"
    )
    return _warning("no_placebo", f"{told}.", f"at least {least_control(treated)} control sections")


def _warning(rule: str, message: str, hint: str) -> Finding:
    return Finding(severity="warning", rule=rule, table="panel", message=message, hint=hint)


def least_control(treated: int) -> int:
    """Return the least number of controls with which so many treated sections can be demonstrated.

    Examples
    --------
    >>> [least_control(n) for n in (2, 3, 12)]
    [7, 6, 14]
    """
    control = max(LEAST_CONTROL, treated + 1)
    while not can_show(treated, control):
        control += 1
    return control


@functools.lru_cache(maxsize=1024)
def detectable_factor(treated: int, control: int) -> float | None:
    """Return the effect found with a power of 0.8, in standard deviations of the growth; None where none is.

    ``(t(0.975, nc - 1) + 0.85) sqrt(1/nt + 1/nc)`` [1]_, `interval_factor`, where the interval binds (at most half as many treated as
    controls); else, where the placebo binds, by simulation.

    Examples
    --------
    >>> round(detectable_factor(2, 40), 3), round(detectable_factor(8, 10), 2), detectable_factor(2, 6)
    (2.081, 1.88, None)
    """
    if not can_show(treated, control):
        return None
    plain = interval_factor(treated, control)
    return plain if 2 * treated <= control else max(plain, _simulated_factor(treated, control))


def interval_factor(treated: int, control: int) -> float:
    """Return the effect that the interval alone finds with a power of 0.8, in standard deviations of the growth."""
    quantiles = student_quantile(1 - ALPHA / 2, control - 1) + _POWER_QUANTILE
    return quantiles * math.sqrt(1 / treated + 1 / control)


def _simulated_factor(treated: int, control: int) -> float:
    from scipy.optimize import brentq
    from scipy.special import ndtr

    bar = _bars(treated, control)
    root = math.sqrt(treated)
    found: float = brentq(lambda d: float(ndtr(root * (bar + d)).mean()) - POWER, 0.0, _LARGEST_FACTOR)
    return found


def _bars(treated: int, control: int) -> Floats:
    """Return, for drawn controls of unit spread, the mean below which the treated must lie to be demonstrated."""
    chance = np.random.default_rng(0)
    half = chance.standard_normal((control, _DRAWS // 2))
    growth = np.hstack([half, -half])
    tuples = _some_tuples(treated, control, chance)
    weights = np.full((len(tuples), control), -1 / (control - treated))
    weights[np.arange(len(tuples))[:, None], tuples] = 1 / treated
    total = min(math.comb(control, treated), placebos.MOST_TUPLES)
    better = math.floor(ALPHA * (1 + total) + 1e-9) - 1
    at = better * len(tuples) // total
    chance_bar = np.partition(weights @ growth, at, axis=0)[at]
    error = growth.std(axis=0, ddof=1) * math.sqrt(1 / treated + 1 / control)
    interval_bar = -student_quantile(1 - ALPHA / 2, control - 1) * error
    return np.asarray(growth.mean(axis=0) + np.minimum(chance_bar, interval_bar))


def _some_tuples(treated: int, control: int, chance: np.random.Generator) -> NDArray[np.intp]:
    if math.comb(control, treated) <= _MOST_TUPLES:
        return placebos.tuplets(control, treated).rows
    order = np.argsort(chance.random((_MOST_TUPLES, control)), axis=1)
    return order[:, :treated]
