"""Composite indices: normalise, weigh, aggregate, and say how far the ranks depend on the weights.

Publish class and band, never a single rank: with eight indicators and unknown weights most ranks move by more than
a quarter of the list.

References
----------
.. [1] OECD, JRC (2008). Handbook on Constructing Composite Indicators. doi:10.1787/9789264043466-en (to be confirmed)
.. [2] Saisana, M., Saltelli, A., Tarantola, S. (2005). Uncertainty and sensitivity analysis techniques as tools for
   the quality assessment of composite indicators. J. R. Stat. Soc. A 168(2), 307-323.
   doi:10.1111/j.1467-985X.2005.00350.x

Examples
--------
>>> scaled = normalise([[1.0, 10.0], [3.0, 30.0], [2.0, 20.0]], direction=[1, -1])
>>> scaled.tolist(), aggregate(scaled).tolist()
([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]], [0.5, 0.5, 0.5])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from contado.kernel.errors import Finding, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Bands", "aggregate", "classes", "normalise", "outliers", "pca_weights", "rank_bands", "ranks"]

FLOOR: Final = 0.01
"""Least normalised value in a geometric mean: one zero would rule all others out."""


def normalise(
    values: ArrayLike,
    *,
    direction: Sequence[int],
    method: Literal["minmax", "z", "rank"] = "minmax",
    reference: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Return indicators on one scale, turned so that more means more of the index [1]_.

    Parameters
    ----------
    values
        Indicators, shape (units, indicators).
    direction
        1 or -1 of each indicator.
    method
        ``minmax`` 0..1 over the reference, ``z`` standard deviations from its mean, ``rank`` share of the reference
        below (ties: the middle).
    reference
        The rows that fix the scale, shared by all years and scenarios; default the values themselves.

    Raises
    ------
    UsageError
        ``bad_index``: unknown cells, or a direction that is neither 1 nor -1.
    """
    x = _table(values, "values")
    fixed = x if reference is None else _table(reference, "reference")
    signs = np.asarray(direction, dtype=np.float64)
    if signs.shape != (x.shape[1],) or not np.isin(signs, (-1, 1)).all():
        raise _bad(
            f"{x.shape[1]} indicators need {x.shape[1]} directions; found {list(direction)}.", "1 or -1"
        )
    if method == "z":
        spread = fixed.std(axis=0)
        return np.asarray(signs * (x - fixed.mean(axis=0)) / np.where(spread > 0, spread, 1.0))
    if method == "rank":
        scaled = np.column_stack(
            [_share_below(column, base) for column, base in zip(x.T, fixed.T, strict=True)]
        )
    else:
        low, high = fixed.min(axis=0), fixed.max(axis=0)
        scaled = (x - low) / np.where(high > low, high - low, 1.0)
    return np.asarray(np.where(signs > 0, scaled, 1 - scaled))


def _share_below(column: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray[np.float64]:
    ordered = np.sort(base)
    below, upto = np.searchsorted(ordered, column, "left"), np.searchsorted(ordered, column, "right")
    return np.asarray((below + upto) / (2 * len(base)))


def aggregate(
    scaled: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    method: Literal["arithmetic", "geometric"] = "arithmetic",
) -> NDArray[np.float64]:
    """Return the index of each unit.

    Parameters
    ----------
    scaled
        Normalised indicators, shape (units, indicators).
    weights
        Scaled to sum 1; default equal.
    method
        Weighted arithmetic mean, or geometric with values floored at 0.01.
    """
    x = _table(scaled, "values")
    weight = _weights(weights, x.shape[1])
    if method == "geometric":
        return np.asarray(np.exp(np.log(np.maximum(x, FLOOR)) @ weight))
    return np.asarray(x @ weight)


def pca_weights(scaled: ArrayLike) -> NDArray[np.float64]:
    """Return weights from the first principal component: its squared loadings, which sum to 1 [1]_."""
    x = _table(scaled, "values")
    spread = x.std(axis=0)
    z = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    _, vectors = np.linalg.eigh(z.T @ z / len(z))
    return np.asarray(vectors[:, -1] ** 2)


def outliers(values: ArrayLike, names: Sequence[str]) -> list[Finding]:
    """Return a finding for each indicator with skewness above 2 and kurtosis above 3.5 [1]_; nothing is changed."""
    x = _table(values, "values")
    found = []
    for column, name in zip(x.T, names, strict=True):
        spread = column.std()
        z = (column - column.mean()) / (spread if spread > 0 else 1.0)
        skew, kurtosis = float((z**3).mean()), float((z**4).mean())
        if abs(skew) > 2 and kurtosis > 3.5:
            found.append(_outlier(name, skew, kurtosis))
    return found


def _outlier(name: str, skew: float, kurtosis: float) -> Finding:
    return Finding(
        severity="warning",
        rule="outliers",
        message=f"{name}: skewness {skew:.2f} and kurtosis {kurtosis:.2f}; a few units set the scale of all.",
        table="indicator",
        row=name,
        hint="look at them; values are not changed",
    )


def ranks(scores: ArrayLike) -> NDArray[np.int64]:
    """Return ranks from 1, the highest score first; equal scores share the better rank. Last axis = units."""
    x = np.asarray(scores, dtype=np.float64)
    order = np.argsort(-x, axis=-1, kind="stable")
    ordered = np.take_along_axis(x, order, axis=-1)
    fresh = np.ones(x.shape, dtype=bool)
    fresh[..., 1:] = ordered[..., 1:] < ordered[..., :-1]
    place = np.maximum.accumulate(np.where(fresh, np.arange(1, x.shape[-1] + 1), 1), axis=-1)
    found = np.empty(x.shape, dtype=np.int64)
    np.put_along_axis(found, order, place, axis=-1)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Percentiles 5, 50, 95 of each unit's rank over draws of the weights; ``width`` = p95 - p5."""

    p5: NDArray[np.float64]
    p50: NDArray[np.float64]
    p95: NDArray[np.float64]

    @property
    def width(self) -> NDArray[np.float64]:
        """Return how many places wide the 90 % band of each unit is."""
        return np.asarray(self.p95 - self.p5)


def rank_bands(
    scaled: ArrayLike,
    *,
    draws: int = 5000,
    seed: int = 0,
    method: Literal["arithmetic", "geometric"] = "arithmetic",
) -> Bands:
    """Return rank bands under weights uniform on the simplex (Dirichlet, all concentrations 1) [2]_.

    Parameters
    ----------
    scaled
        Normalised indicators, shape (units, indicators).
    draws, seed
        Of the weights: same seed, same bands.
    method
        As for `aggregate`.
    """
    x = _table(scaled, "values")
    if method == "geometric":
        x = np.log(np.maximum(x, FLOOR))  # ranks do not change under exp
    weights = np.random.default_rng(seed).dirichlet(np.ones(x.shape[1]), draws)
    p5, p50, p95 = np.percentile(ranks(weights @ x.T), (5, 50, 95), axis=0)
    return Bands(p5=p5, p50=p50, p95=p95)


def classes(scores: ArrayLike, count: int = 5) -> NDArray[np.int64]:
    """Return the class of each unit, 1 = the lowest index, by equal steps between 0 and 1."""
    x = np.asarray(scores, dtype=np.float64)
    return np.asarray(np.clip(np.floor(x * count), 0, count - 1).astype(np.int64) + 1)


def _weights(weights: ArrayLike | None, count: int) -> NDArray[np.float64]:
    weight = np.ones(count) if weights is None else np.asarray(weights, dtype=np.float64)
    if weight.shape != (count,) or not np.isfinite(weight).all() or weight.min() < 0 or weight.sum() <= 0:
        raise _bad(
            f"{count} indicators need {count} weights, none negative, not all 0.", "one weight an indicator"
        )
    return np.asarray(weight / weight.sum())


def _table(values: ArrayLike, name: str) -> NDArray[np.float64]:
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 2 or x.size == 0 or not np.isfinite(x).all():
        raise _bad(
            f"The {name} of an index have one row a unit, one column an indicator, all known; shape {x.shape}.",
            "leave units with unknown indicators out and name them",
        )
    return x


def _bad(message: str, hint: str) -> UsageError:
    return UsageError(message, rule="bad_index", hint=hint)
