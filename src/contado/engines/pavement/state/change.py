"""Change of the roughness of a road between two days, with its interval.

The states of two days share errors. A car that reads high reads high on both days, so that its error cancels in the
difference; and the later state still rests on the passes of the earlier one. With ``e1`` and ``e2`` the errors of the
mean log IRI on the two days, all that was known on the first day is known on the second, so ``e2`` is not correlated
with anything that was then known, and

    cov(e1, e2) = cov(x1, x2 | what is known on the second day).

For the biases ``b`` of the vehicles, with sensitivities ``a1, a2`` of the means and covariance ``S2`` on the second
day, that is ``a1' S2 a2``. For a cell's own level it is ``p1 p2 / (p1 + Q)``: p1, p2 its variances on the two days
and Q the variance by which the model lets it move between them. What no pass over a surface can know of it is the same
on both days.

References
----------
[1] A. C. Harvey, Forecasting, Structural Time Series Models and the Kalman Filter, Cambridge 1989, ch. 3.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from contado.engines.pavement.quantiles import Z_90

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray

    from contado.engines.pavement.state.settings import FuseSettings

__all__ = ["CellErrors", "Level", "difference", "level_of"]

_YEAR_D = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class CellErrors:
    """Parts of the uncertainty of the cells of a state, in log IRI.

    Attributes
    ----------
    own_variance
        Variance of each cell's level without the parts of vehicles and model, NaN where it is not known, shape (cells,).
    model_variance
        Part of it that all passes over a cell share: what the model of a car cannot know of it, shape (cells,).
    calibration_variance
        Of the best calibration of the passes over each cell, shape (cells,).
    offsets
        First observation of each cell, and the end, shape (cells + 1,).
    era
        Number of the vehicle and calibration (`bias.Eras`) of each observation, -1 where no pass of the vehicle
        counts, shape (n,).
    pull
        Sensitivity of the cell's level to the bias of the era, once an era and cell, shape (n,).
    eras
        Names of the eras.
    vehicle
        Number of the vehicle of each era, shape (eras,).
    covariance
        Covariance of the biases of the eras.
    """

    own_variance: NDArray[np.float64]
    model_variance: NDArray[np.float64]
    calibration_variance: NDArray[np.float64]
    offsets: NDArray[np.int64]
    era: NDArray[np.int64]
    pull: NDArray[np.float64]
    eras: tuple[str, ...]
    vehicle: NDArray[np.int64]
    covariance: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Mean IRI of a road on a day, with the parts of its error that a comparison needs.

    Attributes
    ----------
    on
        The day.
    iri_m_km
        Mean over the cells [m/km].
    own_variance
        Variance of its logarithm from the cells themselves.
    model_variance
        Variance of its logarithm from the model's errors, one a cell.
    calibration_variance
        Of the best calibration of any of its cells.
    cells
        Number of cells that would give the same mean if all weighed alike.
    pull, shared
        By era of the vehicles that passed here: sensitivity of the mean to its bias; covariance of its bias with the
        error of the mean.
    renewed_on
        Day from which the surface of its youngest cells counts, if works are known.
    """

    on: date
    iri_m_km: float
    own_variance: float
    cells: float
    model_variance: float = 0.0
    calibration_variance: float = 0.0
    pull: Mapping[str, float] = field(default_factory=dict)
    shared: Mapping[str, float] = field(default_factory=dict)
    renewed_on: date | None = None

    def interval(self) -> tuple[float, float]:
        """Return the ends of the 90 % interval [m/km]: never narrower than calibration and model allow.

        The cells' own errors and the model's are one a cell and average out over them; those of the vehicles do not.
        """
        least = self.model_variance + self.calibration_variance
        half = Z_90 * float(np.sqrt(max(_variance(self), least)))
        return self.iri_m_km * float(np.exp(-half)), self.iri_m_km * float(np.exp(half))

    def parts(self) -> str:
        """Return the parts of the error as JSON, to be kept."""
        return json.dumps(
            {
                "own_variance": self.own_variance,
                "cells": self.cells,
                "model_variance": self.model_variance,
                "calibration_variance": self.calibration_variance,
                "vehicles": {v: [self.pull[v], self.shared[v]] for v in sorted(self.pull)},
                "renewed_on": None if self.renewed_on is None else self.renewed_on.isoformat(),
            }
        )

    @classmethod
    def of_parts(cls, text: str, *, on: date, iri_m_km: float) -> Level:
        """Return the level whose parts were kept."""
        from datetime import date

        kept = json.loads(text)
        renewed = kept["renewed_on"]
        return cls(
            on=on,
            iri_m_km=iri_m_km,
            own_variance=kept["own_variance"],
            cells=kept["cells"],
            model_variance=kept.get("model_variance", 0.0),
            calibration_variance=kept.get("calibration_variance", 0.0),
            pull={v: pair[0] for v, pair in kept["vehicles"].items()},
            shared={v: pair[1] for v, pair in kept["vehicles"].items()},
            renewed_on=None if renewed is None else date.fromisoformat(renewed),
        )


def level_of(
    errors: CellErrors,
    cells: NDArray[np.int64],
    iri_m_km: NDArray[np.float64],
    length_m: NDArray[np.float64],
    *,
    on: date,
    renewed_on: date | None = None,
) -> Level:
    """Return the mean over some cells of a state.

    Parameters
    ----------
    errors
        Parts of the uncertainty of the state's cells.
    cells
        Numbers of the cells, all measured, shape (k,).
    iri_m_km, length_m
        Their IRI and length, shape (k,).
    on, renewed_on
        See `Level`.
    """
    mean = float(np.average(iri_m_km, weights=length_m))
    share = iri_m_km * length_m / (mean * length_m.sum())
    rows = [np.arange(errors.offsets[c], errors.offsets[c + 1]) for c in cells.tolist()]
    row = np.concatenate(rows)
    part = np.repeat(share, [r.size for r in rows])
    known = errors.era[row] >= 0
    row, part = row[known], part[known]
    pull = np.bincount(errors.era[row], part * errors.pull[row], len(errors.eras))
    shared = errors.covariance @ pull
    # of a vehicle that passed here all eras count: what is wrong with one is in part wrong with the others
    here = np.flatnonzero(np.isin(errors.vehicle, errors.vehicle[errors.era[row]])).tolist()
    return Level(
        on=on,
        iri_m_km=mean,
        own_variance=float((share**2 * errors.own_variance[cells]).sum()),
        cells=float(1.0 / (share**2).sum()),
        model_variance=float((share**2 * errors.model_variance[cells]).sum()),
        calibration_variance=float(errors.calibration_variance[cells].min()),
        pull={errors.eras[v]: float(pull[v]) for v in here},
        shared={errors.eras[v]: float(shared[v]) for v in here},
        renewed_on=renewed_on,
    )


def difference(before: Level, after: Level, settings: FuseSettings) -> tuple[float, float, float]:
    """Return the later mean less the earlier, and the ends of its 90 % interval [m/km].

    Where works lie between the days the cells' own errors have nothing in common; those of the vehicles have.
    """
    one, two = before.iri_m_km, after.iri_m_km
    together = _own_covariance(before, after, settings)
    together += sum(weight * after.shared.get(v, 0.0) for v, weight in before.pull.items())
    variance = one**2 * _variance(before) + two**2 * _variance(after) - 2.0 * one * two * together
    half = Z_90 * float(np.sqrt(max(0.0, variance)))
    return two - one, two - one - half, two - one + half


def _variance(level: Level) -> float:
    shared = sum(weight * level.shared[v] for v, weight in level.pull.items())
    return level.own_variance + level.model_variance + shared


def _own_covariance(before: Level, after: Level, settings: FuseSettings) -> float:
    """Return the covariance of the two means from the cells they have in common."""
    if after.renewed_on is not None and after.renewed_on > before.on:
        return 0.0
    years = (after.on - before.on).days / _YEAR_D
    moved = settings.drift_sd**2 * years + (settings.growth_sd_per_y * years) ** 2
    first, second = before.own_variance * before.cells, after.own_variance * after.cells
    level = first * second / (first + moved) if first > 0.0 else 0.0
    # the model errs on a surface as it did
    model = float(np.sqrt(before.model_variance * before.cells * after.model_variance * after.cells))
    return (level + model) / max(before.cells, after.cells)
