"""Before, after, control: difference of differences with exact placebo tests.

Each unit's change is its mean after less its mean before; the effect is the mean change of the treated less that
of the controls. Under "nothing happened" the label "treated" might have fallen on any units: the placebo
distribution is the effect under every such assignment (all of them where few, else a seeded sample with the
true one). The interval holds every constant effect that this test does not reject [1]_.

References
----------
.. [1] P. R. Rosenbaum, Observational Studies, 2nd ed., Springer 2002, doi:10.1007/978-1-4757-3692-2 (tests of
   randomisation and their inversion).
.. [2] J. D. Angrist, J.-S. Pischke, Mostly Harmless Econometrics, Princeton 2009, ch. 5 (difference of differences).
.. [3] A. Abadie, A. Diamond, J. Hainmueller, Synthetic Control Methods for Comparative Case Studies, JASA 105(490),
   2010, doi:10.1198/jasa.2009.ap08746 (placebo studies with few treated units).

Examples
--------
>>> import numpy as np
>>> before, after = np.array([10.0, 12.0, 11.0, 9.0]), np.array([6.0, 8.0, 10.0, 8.0])
>>> compare(np.stack([before, after], axis=1), [True, True, False, False], n_before=1).effect
-3.0
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["Comparison", "compare", "detectable_effect", "power"]

MOST_ASSIGNMENTS: Final = 20_000
"""Up to here every assignment is counted; beyond, that many are drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Effect of the treatment in the unit of the values; None with the reason where it cannot be told."""

    effect: float
    low: float | None
    high: float | None
    p_value: float | None
    n_treated: int
    n_control: int
    pretrend_p: float | None
    """Placebo p-value of equal trends before; None with fewer than two periods before."""
    assignments: int
    """Placebo assignments counted."""
    exact: bool
    """Whether these are all there are."""
    detectable_effect: float | None
    """Effect that this sample finds with probability 0.8."""
    reason: str | None = None
    """Why the interval is unknown."""


def compare(
    values: ArrayLike, treated: ArrayLike, *, n_before: int, confidence: float = 0.9, seed: int = 0
) -> Comparison:
    """Compare the changes of treated units with those of controls.

    Parameters
    ----------
    values
        (units, periods), periods in the order of time, NaN where not observed; every unit is observed at
        least once before and once after.
    treated
        (units,) which units were treated; at least one.
    n_before
        How many periods lie before the event.
    confidence
        Probability of the interval; its least possible error is one over the number of assignments.
    seed
        Of the sample of assignments where there are more than 20,000.
    """
    panel, label = np.asarray(values, float), np.asarray(treated, bool)
    change = np.nanmean(panel[:, n_before:], axis=1) - np.nanmean(panel[:, :n_before], axis=1)
    n_treated, n_control = int(label.sum()), int((~label).sum())
    if n_control == 0:
        return _without_control(float(change.mean()), n_treated)
    placebo, exact = _assignments(label, seed)
    effect = float(change[label].mean() - change[~label].mean())
    low, high, reason = _interval(change, label, placebo, confidence)
    return Comparison(
        effect=effect,
        low=low,
        high=high,
        p_value=_p_value(change, label, placebo),
        n_treated=n_treated,
        n_control=n_control,
        pretrend_p=_pretrend(panel[:, :n_before], label, placebo),
        assignments=len(placebo),
        exact=exact,
        detectable_effect=_detectable(change, label, 1 - confidence),
        reason=reason,
    )


def _without_control(change: float, n_treated: int) -> Comparison:
    return Comparison(
        effect=change,
        low=None,
        high=None,
        p_value=None,
        n_treated=n_treated,
        n_control=0,
        pretrend_p=None,
        assignments=0,
        exact=False,
        detectable_effect=None,
        reason="no control unit: the effect is the plain change of the treated, other causes included",
    )


def _assignments(label: Flags, seed: int) -> tuple[Flags, bool]:
    """Return (assignments, units), the true one first: all, or a seeded sample."""
    n, k = len(label), int(label.sum())
    if math.comb(n, k) <= MOST_ASSIGNMENTS:
        chosen = np.array(list(combinations(range(n), k)))
        placebo = np.zeros((len(chosen), n), bool)
        np.put_along_axis(placebo, chosen, values=True, axis=1)
        true = int((placebo == label).all(axis=1).argmax())
        placebo[[0, true]] = placebo[[true, 0]]
        return placebo, True
    random = np.random.default_rng(seed)
    drawn = random.permuted(np.broadcast_to(label, (MOST_ASSIGNMENTS - 1, n)), axis=1)
    return np.concatenate([label[None, :], drawn]), False


def _effects(change: Floats, placebo: Flags) -> Floats:
    """Return the difference of mean changes under each assignment."""
    k, n = placebo.sum(axis=1), placebo.shape[1]
    inside = placebo @ change
    effects: Floats = inside / k - (change.sum() - inside) / (n - k)
    return effects


def _p_value(change: Floats, label: Flags, placebo: Flags) -> float:
    effects = np.abs(_effects(change, placebo))
    own = abs(float(_effects(change, label[None, :])[0]))
    slack = 1e-9 * max(own, float(np.abs(change).max()))
    return float((effects >= own - slack).mean())


def _interval(
    change: Floats, label: Flags, placebo: Flags, confidence: float
) -> tuple[float | None, float | None, str | None]:
    """Invert the test: under a supposed effect d the statistic of an assignment is A - d B.

    A is its difference of changes, B that of the share of treated units; it exceeds the true one's |A0 - d| as
    long as |d - A0| stays below a distance of its own, so each end is a quantile of these distances.
    """
    A, B = _effects(change, placebo), _effects(label.astype(float), placebo)
    allowed = math.floor((1 - confidence) * len(placebo) + 1e-9)
    effect = float(A[0])
    rest = A - effect * B
    down, up = _reach(rest, B), _reach(rest, -B)
    below, above = np.sort(down)[::-1][allowed], np.sort(up)[::-1][allowed]
    if not (np.isfinite(below) and np.isfinite(above)):
        reason = f"{len(placebo)} assignments cannot support an interval of {confidence:.0%}: more units are needed"
        return None, None, reason
    return effect - float(below), effect + float(above), None


def _reach(rest: Floats, B: Floats) -> Floats:
    """Return up to which distance u an assignment counts: rest + u B >= u or <= -u."""
    plus, minus = 1 - B, 1 + B
    with np.errstate(divide="ignore", invalid="ignore"):
        over = np.where(plus > 1e-12, rest / plus, np.inf)
        under = np.where(minus > 1e-12, -rest / minus, np.inf)
    return np.maximum(np.maximum(over, under), 0.0)


def _pretrend(before: Floats, label: Flags, placebo: Flags) -> float | None:
    """Return the placebo p-value of equal linear trends before the event."""
    seen = np.isfinite(before)
    if before.shape[1] < 2 or (seen.sum(axis=1) < 2).any():
        return None
    time = np.where(seen, np.arange(before.shape[1], dtype=float), np.nan)
    centred = time - np.nanmean(time, axis=1, keepdims=True)
    slope = np.nansum(centred * before, axis=1) / np.nansum(centred**2, axis=1)
    return _p_value(slope, label, placebo)


def _detectable(change: Floats, label: Flags, alpha: float) -> float | None:
    n_treated, n_control = int(label.sum()), int((~label).sum())
    if n_treated + n_control < 4:
        return None
    squares = sum(((change[g] - change[g].mean()) ** 2).sum() for g in (label, ~label))
    spread = math.sqrt(float(squares) / (n_treated + n_control - 2))
    return detectable_effect(spread, n_treated, n_control, alpha=alpha) if spread > 0 else 0.0


def power(effect: float, spread: float, n_treated: int, n_control: int, *, alpha: float = 0.1) -> float:
    """Return the probability of finding an effect with a planned sample (two-sided t test of changes).

    Parameters
    ----------
    effect
        Supposed effect, in the unit of the values.
    spread
        Standard deviation of the units' changes (after less before), in the same unit; positive.
    n_treated, n_control
        Units planned; together more than two.
    alpha
        Probability of a false alarm.
    """
    from scipy.stats import nct
    from scipy.stats import t as student

    free = n_treated + n_control - 2
    shift = abs(effect) / (spread * math.sqrt(1 / n_treated + 1 / n_control))
    limit = float(student.isf(alpha / 2, free))
    wrong_side = float(np.nan_to_num(nct.cdf(-limit, free, shift)))  # scipy gives NaN where nothing is left
    return float(nct.sf(limit, free, shift)) + wrong_side


def detectable_effect(
    spread: float, n_treated: int, n_control: int, *, alpha: float = 0.1, wanted: float = 0.8
) -> float:
    """Return the effect that a planned sample finds with probability ``wanted`` (see `power`)."""
    from scipy.optimize import brentq

    unit = spread * math.sqrt(1 / n_treated + 1 / n_control)

    def short(size: float) -> float:
        return power(size * unit, spread, n_treated, n_control, alpha=alpha) - wanted

    enough = 1.0
    while short(enough) < 0:
        enough *= 2
    return float(brentq(short, 0.0, enough)) * unit
