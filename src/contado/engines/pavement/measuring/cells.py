"""Passes -> cells: the IRI of each cell with a 90 % interval that says where its width comes from.

The variance of a cell's log IRI has three terms: between the passes of a car, of the calibration of each
car, and of the model (what the inversion cannot know; more at low speed and where little of the cell
was measured). The interval is never narrower than the calibration allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from contado.engines.pavement.measuring.calibration import MODEL_SD_LOG, model_share
from contado.engines.pavement.measuring.measure import GRID_M
from contado.engines.pavement.quantiles import Z_90

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.measuring.calibration import Calibration

    Floats = NDArray[np.float64]

__all__ = ["Cell", "CellReadings", "cell_states", "mean_over", "model_sd", "pass_spread"]

MIN_COVERAGE: Final = 0.5
"""A pass that measured less of a cell says nothing about it."""
SLOW_SD_LOG: Final = 0.08
"""Added in proportion below 8 m/s, where less of the band is heard."""
SLOW_M_S: Final = 8.0
PARTIAL_SD_LOG: Final = 0.10
"""Added in proportion to the part of a cell that was not measured."""
PRIOR_SPREAD: Final = 0.05
PRIOR_PASSES: Final = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One complete cell of the route; None where not measurable."""

    from_m: float
    to_m: float
    iri_m_km: float | None
    low_m_km: float | None
    high_m_km: float | None
    passes: int
    vehicles: int
    state: Literal["measured", "not_measurable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellReadings:
    """What one pass read in each cell, before its vehicle's scale; shape (cells,), NaN unknown."""

    vehicle: str
    log_iri: Floats
    coverage: Floats
    speed_m_s: Floats

    @property
    def known(self) -> NDArray[np.bool_]:
        """Cells of which the pass measured enough."""
        return np.isfinite(self.log_iri)

    def model_sd(self, cell_sd_log: float, cell_m: float) -> Floats:
        """Return `model_sd` of the cells."""
        return model_sd(self.speed_m_s, self.coverage, cell_m, cell_sd_log)


def model_sd(speed_m_s: Floats, coverage: Floats, cell_m: Floats | float, cell_sd_log: float = 0.0) -> Floats:
    """Return the part of the sd of log IRI that the model cannot know: the same on every pass over a cell.

    Parameters
    ----------
    speed_m_s, coverage
        Mean speed of a pass in each cell and the share it measured, shape (cells,).
    cell_m
        Length of the cells [m].
    cell_sd_log
        What the vehicle's surveyed cells are off, as `Calibration` has it; it counts where it is the larger.
    """
    slow = SLOW_SD_LOG * np.clip((SLOW_M_S - speed_m_s) / SLOW_M_S, 0.0, 1.0)
    partial = PARTIAL_SD_LOG * (1 - np.clip(coverage, 0.0, 1.0))
    car = max(MODEL_SD_LOG, cell_sd_log) * model_share(cell_m)
    sd: Floats = np.sqrt(car**2 + slow**2 + partial**2)
    return sd


def mean_over(values: Floats, from_m: Floats, to_m: Floats) -> tuple[Floats, Floats]:
    """Return the mean of a grid array over stretches [from, to) and the share of each that is known.

    Parameters
    ----------
    values
        One value a grid point, shape (grid,); NaN unknown.
    from_m, to_m
        Ends of the stretches from the start of the grid [m], shape (cells,).
    """
    known = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    count = np.concatenate([[0.0], np.cumsum(known.astype(np.float64))])
    first, last = (np.clip(np.round(m / GRID_M).astype(int), 0, len(values)) for m in (from_m, to_m))
    number = count[last] - count[first]
    mean = np.where(number > 0, (total[last] - total[first]) / np.maximum(number, 1), np.nan)
    return mean, number / np.maximum(last - first, 1)


def pass_spread(readings: Sequence[CellReadings]) -> float:
    """Return the pooled sd of log IRI between the passes of one vehicle over one cell.

    Shrunk towards 5 % where few cells were driven twice by one vehicle.
    """
    squares, freedom = PRIOR_PASSES * PRIOR_SPREAD**2, PRIOR_PASSES
    for vehicle in sorted({r.vehicle for r in readings}):
        table = np.array([r.log_iri for r in readings if r.vehicle == vehicle])
        count = np.isfinite(table).sum(axis=0)
        twice = count >= 2
        if twice.any():
            part = table[:, twice]
            away = part - np.nanmean(part, axis=0)
            # a car that met a pothole once and missed it once must not widen every other cell
            squares += float(np.nansum(np.clip(away, -0.3, 0.3) ** 2))
            freedom += float((count[twice] - 1).sum())
    return float(np.sqrt(squares / freedom))


def cell_states(
    readings: Sequence[CellReadings],
    calibrations: dict[str, Calibration],
    spread: float,
    bounds: tuple[Floats, Floats],
) -> list[Cell]:
    """Return the cells: vehicles weighed by what is known of them, passes by number."""
    return [
        _cell(k, readings, calibrations, spread, (float(a), float(b)))
        for k, (a, b) in enumerate(zip(*bounds, strict=True))
    ]


def _cell(
    k: int,
    readings: Sequence[CellReadings],
    calibrations: dict[str, Calibration],
    spread: float,
    bounds: tuple[float, float],
) -> Cell:
    mine = [r for r in readings if r.known[k]]
    if not mine:
        return Cell(
            from_m=bounds[0], to_m=bounds[1], iri_m_km=None, low_m_km=None, high_m_km=None,
            passes=0, vehicles=0, state="not_measurable",
        )  # fmt: skip
    vehicles = sorted({r.vehicle for r in mine})
    means, variances = np.zeros(len(vehicles)), np.zeros(len(vehicles))
    for i, vehicle in enumerate(vehicles):
        logs = np.array([r.log_iri[k] for r in mine if r.vehicle == vehicle])
        own = _own_spread(logs, spread)
        means[i] = logs.mean() + np.log(calibrations[vehicle].scale)
        variances[i] = own**2 / len(logs) + calibrations[vehicle].sd_log ** 2
    weight = (1 / variances) / (1 / variances).sum()
    centre = float(weight @ means)
    cell_m = bounds[1] - bounds[0]
    model = float(np.mean([r.model_sd(calibrations[r.vehicle].cell_sd_log, cell_m)[k] for r in mine]))
    least = min(calibrations[v].sd_log for v in vehicles)
    sd = max(float(np.sqrt(1 / (1 / variances).sum() + model**2)), float(np.hypot(least, model)))
    return Cell(
        from_m=bounds[0],
        to_m=bounds[1],
        iri_m_km=float(np.exp(centre)),
        low_m_km=float(np.exp(centre - Z_90 * sd)),
        high_m_km=float(np.exp(centre + Z_90 * sd)),
        passes=len(mine),
        vehicles=len(vehicles),
        state="measured",
    )


def _own_spread(logs: Floats, spread: float) -> float:
    """Return the cell's own spread between passes, shrunk towards the pooled one."""
    own = float(np.sum((logs - logs.mean()) ** 2))
    return float(np.sqrt((PRIOR_PASSES * spread**2 + own) / (PRIOR_PASSES + len(logs) - 1)))
