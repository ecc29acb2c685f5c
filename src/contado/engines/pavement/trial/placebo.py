"""Placebo inference: every tuple of control sections plays treated against the remaining controls.

The effect is the coefficient of the treatment beside an intercept and the covariates, if any. With X the
matrix of intercept and covariates and d the treated sections, residuals on X give it in closed form
(Frisch-Waugh-Lovell [1]_): ``effect = d'My / d'Md`` with ``M = I - X (X'X)^-1 X'``; without covariates this is
the difference of means. Over tuples of k sections ``d'My`` is a sum of k residuals and ``d'Md`` is
``k - sum of the k x k block of the projection``, so that all tuples are two array sums.

References
----------
.. [1] M. C. Lovell, Seasonal Adjustment of Economic Time Series and Multiple Regression Analysis, JASA 58(304),
   1963, doi:10.1080/01621459.1963.10480682.
.. [2] A. Abadie, A. Diamond, J. Hainmueller, Synthetic Control Methods for Comparative Case Studies, JASA 105(490),
   2010, doi:10.1198/jasa.2009.ap08746 (placebo studies with few treated units).
"""

from __future__ import annotations

import functools
import math
from itertools import combinations
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Tuples = NDArray[np.intp]

__all__ = ["MOST_TUPLES", "Estimate", "Tuplets", "effects_of", "estimate", "p_value", "tuplets"]

MOST_TUPLES: Final = 100_000
"""Up to here every tuple is counted; beyond, that many are drawn."""
_CHUNK: Final = 4096


class Estimate(NamedTuple):
    """Effect, the residual standard deviation of the controls and the standard error of the effect."""

    effect: float
    sd: float | None
    standard_error: float | None
    free: int
    """Degrees of freedom of the standard deviation."""


class Tuplets(NamedTuple):
    """Tuples of control sections as rows of indices, and whether these are all there are."""

    rows: Tuples
    exact: bool


@functools.lru_cache(maxsize=4)
def tuplets(n_control: int, n_treated: int, seed: int = 0) -> Tuplets:
    """Return all tuples of ``n_treated`` among the controls, or a seeded sample of `MOST_TUPLES`.

    No control may be left for a tuple of all of them; then there is no tuple.

    Examples
    --------
    >>> tuplets(40, 2).rows.shape, tuplets(40, 2).exact, len(tuplets(2, 2).rows)
    ((780, 2), True, 0)
    """
    if not 0 < n_treated < n_control:
        return _kept(np.zeros((0, max(n_treated, 1)), np.intp), exact=True)
    if math.comb(n_control, n_treated) <= MOST_TUPLES:
        return _kept(np.array(list(combinations(range(n_control), n_treated)), np.intp), exact=True)
    chance = np.random.default_rng(seed)
    parts = [
        np.argpartition(chance.random((min(_CHUNK, MOST_TUPLES - at), n_control)), n_treated - 1, axis=1)[
            :, :n_treated
        ]
        for at in range(0, MOST_TUPLES, _CHUNK)
    ]
    return _kept(np.concatenate(parts), exact=False)


def _kept(rows: Tuples, *, exact: bool) -> Tuplets:
    """Return tuples that nobody can change: the next caller gets the same array."""
    rows.flags.writeable = False
    return Tuplets(rows, exact)


def effects_of(values: Floats, tuples: Tuples, covariates: Floats | None = None) -> Floats:
    """Return the effect of each tuple against the other sections.

    Parameters
    ----------
    values
        (s,) or (s, e) value of each section, for example its growth.
    tuples
        (n, k) rows of indices of sections that play treated.
    covariates
        (s, c) numbers that explain the values beside the treatment.

    Returns
    -------
    (n,) or (n, e) effects in the unit of the values.
    """
    X = np.ones((len(values), 1))
    if covariates is not None and covariates.shape[1]:
        X = np.hstack([X, covariates])
    basis, _ = np.linalg.qr(X)
    residual = values - basis @ (basis.T @ values)
    weight = tuples.shape[1] - np.square(_sums(basis, tuples)).sum(axis=1)
    top = _sums(residual, tuples)
    out: Floats = top / (weight if values.ndim == 1 else weight[:, None])
    return out


def _sums(values: Floats, tuples: Tuples) -> Floats:
    """Return the sum of the values of each tuple, some thousand tuples at a time: memory stays small."""
    parts = [values[tuples[at : at + _CHUNK]].sum(axis=1) for at in range(0, max(len(tuples), 1), _CHUNK)]
    return np.concatenate(parts)


def estimate(values: Floats, treated: Flags, covariates: Floats | None = None) -> Estimate:
    """Return the effect with the standard error that the spread of the control sections gives.

    ``SE = sd / sqrt(d'Md)``: without covariates ``sd sqrt(1/nt + 1/nc)``; ``sd`` is the standard deviation of
    the controls about their own regression, with ``nc - 1 - c`` degrees of freedom.
    """
    effect = float(effects_of(values, np.flatnonzero(treated)[None, :], covariates)[0])
    X = (
        np.ones((len(values), 1))
        if covariates is None
        else np.hstack([np.ones((len(values), 1)), covariates])
    )
    own, y = X[~treated], values[~treated]
    free = len(y) - X.shape[1]
    if free < 1:
        return Estimate(effect, None, None, free)
    basis, _ = np.linalg.qr(own)
    sd = math.sqrt(float(np.square(y - basis @ (basis.T @ y)).sum()) / free)
    whole, _ = np.linalg.qr(X)
    weight = float(treated.sum() - np.square(whole[treated].sum(axis=0)).sum())
    return Estimate(effect, sd, sd / math.sqrt(weight), free)


def p_value(placebo: Floats, effect: float, *, two_sided: bool = False) -> float | None:
    """Return ``(1 + #{placebo <= effect}) / (1 + N)``; None where there is no placebo.

    Two-sided, sizes are compared. Values that are equal but for rounding count as equal.
    """
    if not len(placebo):
        return None
    slack = 1e-9 * max(float(np.abs(placebo).max()), abs(effect))
    hits = np.abs(placebo) >= abs(effect) - slack if two_sided else placebo <= effect + slack
    return float((1 + int(hits.sum())) / (1 + len(placebo)))
