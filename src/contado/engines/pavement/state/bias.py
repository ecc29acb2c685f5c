"""Biases of the vehicles of a fleet, estimated over all cells together.

For observations ``y = x_cell + b_vehicle + e`` the levels of the cells are eliminated, which leaves one
equation a vehicle; only differences between vehicles can be read from them. The biases are random, sum to
zero over the fleet (its consensus is the truth) and have a variance that is estimated from those
differences. What the whole fleet may be wrong by is the calibration that each observation states
(`sd_cal_log`): passes of one vehicle share it, so it does not average out. A vehicle that another one calibrated, or
what its fleet agrees on, is wrong with it (`calibration_shared_with`): that part does not average out over cars either.

A vehicle is calibrated, grows old, is calibrated anew: passes of about the same ``sd_cal_log`` are an era, with an
error of that size. The errors of two eras of a vehicle, or of vehicles that share one, have the lesser of their
variances in common. That is exact for a calibration that grows old (a random walk adds to what it was wrong by), for a
car tied to another (the tie adds its own error) and for a mean of more and more cars;
for a vehicle calibrated anew it is careful: calibrations never average out, and a bad one widens only its own passes.

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

    from contado.engines.pavement.state.settings import FuseSettings

__all__ = ["Eras", "Fleet", "Passes", "estimate"]

_YEAR_S = 365.25 * 86400.0
_ROUNDS = 3
_LEAST_SD = 1e-4
_STEP = np.log(1.1)
"""Calibrations whose sd differs by less than a tenth are of one era, which has the greater."""
_GRID = np.concatenate(([0.0], np.geomspace(1e-3, 0.5, 60)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Eras:
    """Vehicles with about the same calibration, in the order of vehicle, whose error it is, and calibration.

    Attributes
    ----------
    names
        Name of each era: vehicle, ``@`` and the least ``sd_cal_log`` of its kind; the same on every day.
    vehicle
        Number of its vehicle, shape (eras,).
    vehicles
        Names of the vehicles of which a pass counts; an unknown one is one of its own, called ''.
    covariance
        Of the errors of calibration, shape (eras, eras).
    of_row
        Era of each observation, -1 where no pass of its vehicle counts, shape (n,).
    """

    names: tuple[str, ...]
    vehicle: NDArray[np.int64]
    vehicles: tuple[str, ...]
    covariance: NDArray[np.float64]
    of_row: NDArray[np.int64]

    @classmethod
    def of(cls, frame: pd.DataFrame, live: NDArray[np.bool_]) -> Eras:
        """Return the eras of observations, of which only those ``live`` count."""
        names = frame["vehicle_id"].fillna("").astype(str).to_numpy(object)
        vehicles = np.unique(names[live])
        counts = np.isin(names, vehicles)
        sd = frame["sd_cal_log"].to_numpy(float)[counts]
        shared = frame["calibration_shared_with"].where(frame["calibration_shared_with"].notna(), names)
        whose, sharers = np.unique(shared.astype(str).to_numpy(object)[counts], return_inverse=True)
        step = np.floor(np.log(np.maximum(sd, _LEAST_SD) / _LEAST_SD) / _STEP + 1e-9).astype(np.int64)
        vehicle = np.searchsorted(vehicles, names[counts])
        place = np.column_stack([vehicle, sharers.ravel(), step]).astype(np.int64)
        keys, era = np.unique(place, axis=0, return_inverse=True)
        widest = np.zeros(len(keys))
        np.maximum.at(widest, era.ravel(), sd)
        same = keys[:, None, 1] == keys[None, :, 1]
        of_row = np.full(len(frame), -1, np.int64)
        of_row[counts] = era.ravel()
        return cls(
            names=tuple(_era_name(vehicles[v], whose[w], k) for v, w, k in keys.tolist()),
            vehicle=keys[:, 0],
            vehicles=tuple(vehicles.tolist()),
            covariance=np.where(same, np.minimum.outer(widest, widest) ** 2, 0.0),
            of_row=of_row,
        )


def _era_name(vehicle: str, shared_with: str, step: int) -> str:
    calibrated = "" if shared_with == vehicle else f"~{shared_with}"
    return f"{vehicle}{calibrated}@{_LEAST_SD * np.exp(_STEP * step):.4f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """Observations as arrays, in the order of cell and time, shape (n,).

    ``y`` log IRI; ``variance`` of one pass without the calibration its era shares; ``model_sd`` the part of its
    root that all passes over the cell share; ``calibration_sd``; ``t_y`` years before the day of the state (<= 0);
    ``cell`` and ``era`` numbers.
    """

    y: NDArray[np.float64]
    variance: NDArray[np.float64]
    model_sd: NDArray[np.float64]
    calibration_sd: NDArray[np.float64]
    t_y: NDArray[np.float64]
    cell: NDArray[np.int64]
    era: NDArray[np.int64]
    eras: Eras

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        live: NDArray[np.bool_],
        cell: NDArray[np.int64],
        end: pd.Timestamp,
        options: FuseSettings,
    ) -> Passes:
        """Return the arrays of those of the sorted observations that count (``live``)."""
        eras = Eras.of(frame, live)
        read = frame[live]
        before = (read["t_utc"] - end).dt.total_seconds().to_numpy().astype(np.float64)
        return cls(
            y=np.log(read["iri_m_km"].to_numpy(float)),
            variance=np.maximum(read["sd_log"].to_numpy(float), options.sd_floor) ** 2,
            model_sd=read["sd_model_log"].to_numpy(float),
            calibration_sd=read["sd_cal_log"].to_numpy(float),
            t_y=before / _YEAR_S,
            cell=cell[live].astype(np.int64),
            era=eras.of_row[live],
            eras=eras,
        )

    def own_variance(self, offsets: NDArray[np.int64], sd_floor: float) -> NDArray[np.float64]:
        """Return the variance of each pass that no other one shares, shape (n,).

        What the model knows less of a slow or partial pass than of the best one over its cell counts as the pass's own.

        Parameters
        ----------
        offsets
            First pass of each cell, and the end, shape (cells + 1,).
        sd_floor
            No pass is more certain than this.
        """
        begins = offsets[:-1][np.diff(offsets) > 0]
        least = np.minimum.reduceat(self.model_sd, begins) if begins.size else self.model_sd
        common = np.repeat(least, np.diff(offsets)[np.diff(offsets) > 0]) if begins.size else least
        own: NDArray[np.float64] = np.maximum(self.variance - self.model_sd**2, sd_floor**2)
        return own + self.model_sd**2 - common**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Biases of the eras with their joint covariance, and the Huber weight of each pass."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    weight: NDArray[np.float64]

    def of_vehicles(self, passes: Passes) -> dict[str, float]:
        """Return the bias of each known vehicle: that of its last pass."""
        order = np.lexsort((passes.era, passes.t_y))
        last = dict(
            zip(passes.eras.vehicle[passes.era[order]].tolist(), passes.era[order].tolist(), strict=True)
        )
        return {name: float(self.mean[last[k]]) for k, name in enumerate(passes.eras.vehicles) if name}


def estimate(passes: Passes, options: FuseSettings) -> Fleet:
    """Estimate the biases of the fleet and how far each pass can be trusted."""
    mean, covariance = np.zeros(len(passes.eras.names)), passes.eras.covariance
    weight = np.ones(passes.y.size)
    if passes.y.size == 0:
        return Fleet(mean=mean, covariance=covariance, weight=weight)
    level = passes.y - options.growth_per_y * passes.t_y
    spread = passes.variance + options.drift_sd**2 * _age_within_cell(passes)
    for _ in range(_ROUNDS):
        weight = _huber(level - mean[passes.era], np.sqrt(spread), passes.cell, options.huber_k)
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

    shape = (int(passes.cell.max()) + 1, len(passes.eras.names))
    place = (passes.cell, passes.era)
    w = sparse.coo_array((precision, place), shape=shape).tocsr()
    s = sparse.coo_array((precision * level, place), shape=shape).tocsr()
    total = np.maximum(np.asarray(w.sum(axis=1)).ravel(), 1e-300)
    share = sparse.diags_array(1.0 / total) @ w
    information = np.diag(np.asarray(w.sum(axis=0)).ravel()) - (w.T @ share).toarray()
    right = np.asarray(s.sum(axis=0)).ravel() - share.T @ np.asarray(s.sum(axis=1)).ravel()
    weight: NDArray[np.float64] = np.asarray(w.sum(axis=0)).ravel()
    prior = passes.eras.covariance + _beyond(information, right, weight, passes.eras, options)
    # (A + P^-1)^-1 = P (1 + A P)^-1, which holds for a singular prior too
    covariance = prior @ np.linalg.inv(np.eye(right.size) + information @ prior)
    covariance = 0.5 * (covariance + covariance.T)
    return covariance @ right, covariance


def _beyond(
    information: NDArray[np.float64],
    right: NDArray[np.float64],
    weight: NDArray[np.float64],
    eras: Eras,
    options: FuseSettings,
) -> NDArray[np.float64]:
    """Return the covariance by which vehicles differ beyond their calibrations; it sums to zero over them."""
    number = len(eras.vehicles)
    member = np.zeros((right.size, number))
    member[np.arange(right.size), eras.vehicle] = 1.0
    between = _variance_between(member.T @ information @ member, member.T @ right, options.vehicle_sd)
    share = member * weight[:, None] / np.maximum(weight @ member, 1e-300)
    stated = share.T @ eras.covariance @ share
    # what vehicles are wrong by together is not between them
    alone = (np.trace(stated) - stated.sum() / number) / max(number - 1, 1)
    excess = max(0.0, between - float(alone))
    consensus: NDArray[np.float64] = np.eye(number) - 1.0 / number
    spread: NDArray[np.float64] = excess * (member @ consensus @ member.T)
    return spread


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
