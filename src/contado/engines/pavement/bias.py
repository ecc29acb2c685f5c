"""Biases of the vehicles of a fleet, estimated over all cells together.

For observations ``y = x_cell + b_vehicle + e`` the levels of the cells are eliminated, which leaves one
equation a vehicle; only differences between vehicles can be read from them. The biases are random, sum to
zero over the fleet (its consensus is the truth) and have a variance that is estimated from those
differences. What the whole fleet may be wrong by is the calibration that each observation states
(`sd_cal_log`): passes of one vehicle share it, so it does not average out.

References
----------
[1] S. R. Searle, G. Casella, C. E. McCulloch, Variance Components, Wiley 1992, ch. 6-7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from contado.engines.pavement.fusion import FuseSettings

__all__ = ["Fleet", "Passes", "estimate"]

_YEAR_S = 365.25 * 86400.0
_ROUNDS = 3
_GRID = np.concatenate(([0.0], np.geomspace(1e-3, 0.5, 60)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """Observations as arrays, in the order of cell and time, shape (n,).

    ``y`` log IRI; ``variance`` of one pass without the calibration its vehicle shares; ``t_y`` years
    before the day of the state (<= 0); ``cell`` and ``vehicle`` numbers; ``calibration`` variance that
    all passes of a vehicle share, by vehicle.
    """

    y: NDArray[np.float64]
    variance: NDArray[np.float64]
    t_y: NDArray[np.float64]
    cell: NDArray[np.int64]
    vehicle: NDArray[np.int64]
    vehicles: tuple[str, ...]
    calibration: NDArray[np.float64]

    @classmethod
    def of(
        cls, frame: pd.DataFrame, cell: NDArray[np.int64], end: pd.Timestamp, options: FuseSettings
    ) -> Passes:
        """Return the arrays of sorted observations; an unknown vehicle is one of its own, called ''."""
        names = frame["vehicle_id"].fillna("").astype(str).to_numpy(object)
        vehicles, code = np.unique(names, return_inverse=True)
        shared = np.zeros(vehicles.size)
        np.maximum.at(shared, code, frame["sd_cal_log"].to_numpy(float))
        own = np.maximum(frame["sd_log"].to_numpy(float), options.sd_floor) ** 2
        before = (frame["t_utc"] - end).dt.total_seconds().to_numpy().astype(np.float64)
        return cls(
            y=np.log(frame["iri_m_km"].to_numpy(float)),
            variance=own,
            t_y=before / _YEAR_S,
            cell=cell.astype(np.int64),
            vehicle=code.astype(np.int64),
            vehicles=tuple(vehicles),
            calibration=shared**2,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Biases with their joint covariance, and the Huber weight of each pass."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    weight: NDArray[np.float64]


def estimate(passes: Passes, options: FuseSettings) -> Fleet:
    """Estimate the biases of the fleet and how far each pass can be trusted."""
    vehicles = len(passes.vehicles)
    mean, covariance = np.zeros(vehicles), np.diag(passes.calibration)
    weight = np.ones(passes.y.size)
    if passes.y.size == 0:
        return Fleet(mean=mean, covariance=covariance, weight=weight)
    level = passes.y - options.growth_per_y * passes.t_y
    spread = passes.variance + options.drift_sd**2 * _age_within_cell(passes)
    for _ in range(_ROUNDS):
        weight = _huber(level - mean[passes.vehicle], np.sqrt(spread), passes.cell, options.huber_k)
        mean, covariance = _biases(level, weight / spread, passes, options)
    return Fleet(mean=mean, covariance=covariance, weight=weight)


def _age_within_cell(passes: Passes) -> NDArray[np.float64]:
    """Return the years between each pass and the last one over its cell."""
    last = np.full(passes.cell.max() + 1, -np.inf)
    np.maximum.at(last, passes.cell, passes.t_y)
    return last[passes.cell] - passes.t_y


def _huber(
    level: NDArray[np.float64], sd: NDArray[np.float64], cell: NDArray[np.int64], k: float
) -> NDArray[np.float64]:
    """Return ``min(1, k / |u|)``, u the distance from the median of the cell in standard deviations."""
    order = np.lexsort((level, cell))
    starts = np.flatnonzero(np.concatenate(([True], np.diff(cell[order]) > 0)))
    counts = np.diff(np.append(starts, cell.size))
    low, high = level[order][starts + (counts - 1) // 2], level[order][starts + counts // 2]
    median = np.full(cell.max() + 1, np.nan)
    median[cell[order][starts]] = 0.5 * (low + high)
    distance = np.abs(level - median[cell]) / sd
    return np.minimum(1.0, k / np.maximum(distance, 1e-12))


def _biases(
    level: NDArray[np.float64], precision: NDArray[np.float64], passes: Passes, options: FuseSettings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and covariance of the biases [1]."""
    from scipy import sparse

    shape = (int(passes.cell.max()) + 1, len(passes.vehicles))
    place = (passes.cell, passes.vehicle)
    w = sparse.coo_array((precision, place), shape=shape).tocsr()
    s = sparse.coo_array((precision * level, place), shape=shape).tocsr()
    total = np.maximum(np.asarray(w.sum(axis=1)).ravel(), 1e-300)
    share = sparse.diags_array(1.0 / total) @ w
    information = np.diag(np.asarray(w.sum(axis=0)).ravel()) - (w.T @ share).toarray()
    right = np.asarray(s.sum(axis=0)).ravel() - share.T @ np.asarray(s.sum(axis=1)).ravel()
    between = _variance_between(information, right, options.vehicle_sd)
    excess = max(0.0, between - float(passes.calibration.mean()))
    consensus = np.eye(right.size) - 1.0 / right.size
    prior = np.diag(passes.calibration) + excess * consensus
    # (A + P^-1)^-1 = P (1 + A P)^-1, which holds for a singular prior too
    covariance = prior @ np.linalg.inv(np.eye(right.size) + information @ prior)
    covariance = 0.5 * (covariance + covariance.T)
    return covariance @ right, covariance


def _variance_between(information: NDArray[np.float64], right: NDArray[np.float64], prior_sd: float) -> float:
    """Return the posterior mean of the variance between vehicles, half-normal prior on its root.

    The contrasts ``z = u'r / d`` of the eigenvectors u with eigenvalue d > 0 have variance
    ``s^2 + 1/d``. Without any contrast nothing is known, and the calibration stated counts alone.
    """
    d, u = np.linalg.eigh(information)
    seen = d > 1e-9 * max(float(d.max(initial=0.0)), 1e-300)
    if not seen.any():
        return 0.0
    z = (u.T @ right)[seen] / d[seen]
    variance = _GRID[:, None] ** 2 + 1.0 / d[seen]
    log_density = -0.5 * (np.log(variance) + z**2 / variance).sum(axis=1) - 0.5 * (_GRID / prior_sd) ** 2
    density = np.exp(log_density - log_density.max()) * np.gradient(_GRID)
    return float((density * _GRID**2).sum() / density.sum())
