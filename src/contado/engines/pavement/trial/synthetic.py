"""Synthetic control: a weighted mean of the control sections that moved like the treated before the works.

Weights are not negative and sum to one [1]_. The effect is the growth of the treated less that of their
synthetic twin; p is the share of control sections whose own effect against the others is at least as good.

References
----------
.. [1] A. Abadie, A. Diamond, J. Hainmueller, Synthetic Control Methods for Comparative Case Studies, JASA 105(490),
   2010, doi:10.1198/jasa.2009.ap08746.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.trial.placebo import p_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.engines.pavement.trial.panel import Panel

    Floats = NDArray[np.float64]

__all__ = ["Synthetic", "synthetic_control"]

_LEAST_HISTORY: Final = 3
"""Campaigns before the works that a history needs."""
_SUM_WEIGHT: Final = 1e3
"""How hard the weights are held to a sum of one, beside log IRI of about one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthetic:
    """The effect against the synthetic twin, its placebo p, the misfit before and the controls with weight."""

    effect_per_year: float
    placebo_p: float | None
    fit_before: float
    """Root mean square of log IRI between the treated and their twin before the works."""
    weights: dict[str, float]


def synthetic_control(panel: Panel) -> Synthetic | None:
    """Return the effect against a synthetic control; None with fewer than three campaigns before the works."""
    treated = panel.treated
    if not panel.same_campaigns or not panel.compared.all() or treated.all() or not treated.any():
        return None
    before = panel.before
    if int(before.sum()) < _LEAST_HISTORY or int((~treated).sum()) < 2:
        return None
    history, growth = panel.wear[:, before], panel.slopes
    controls = np.flatnonzero(~treated)
    weights = simplex_weights(history[controls], history[treated].mean(axis=0))
    effect = float(growth[treated].mean() - weights @ growth[controls])
    misfit = history[treated].mean(axis=0) - weights @ history[controls]
    placebo = np.array([_against_others(history, growth, controls, int(own)) for own in controls])
    return Synthetic(
        effect_per_year=effect,
        placebo_p=p_value(placebo, effect),
        fit_before=float(np.sqrt(np.square(misfit).mean())),
        weights={panel.sections[c]: float(w) for c, w in zip(controls, weights, strict=True) if w > 1e-6},
    )


def _against_others(history: Floats, growth: Floats, controls: NDArray[np.intp], own: int) -> float:
    others = controls[controls != own]
    return float(growth[own] - simplex_weights(history[others], history[own]) @ growth[others])


def simplex_weights(candidates: Floats, target: Floats) -> Floats:
    """Return weights of the rows of ``candidates``, not negative and of sum one, nearest to ``target``.

    Examples
    --------
    >>> simplex_weights(np.array([[0.0, 0.0], [2.0, 2.0]]), np.array([0.5, 0.5])).round(4).tolist()
    [0.75, 0.25]
    """
    from scipy.optimize import nnls

    middle = target.mean()  # weights of sum one may be sought about any level
    candidates, target = candidates - middle, target - middle
    A = np.vstack([candidates.T, np.full(len(candidates), _SUM_WEIGHT)])
    found, _ = nnls(A, np.append(target, _SUM_WEIGHT))
    weights: Floats = found / found.sum()
    return weights
