"""Which car was it, and how wrong does it read: transfer function, scale, uncertainty.

First the car's shape: the average spectra of its acceleration at several speeds, on a road whose slope is
about white (ISO 8608, waviness near 2), tell how soft and how heavy it is; the prior is the nominal car.
Then its scale: a surveyed section, or what the cars of a fleet agree on. A scale that a survey told grows old:
its variance rises with the time since (rates are dated data, ``ageing.csv``).
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement import data
from contado.engines.pavement.cars.vehicles import NOMINAL_CAR, QuarterCar
from contado.engines.pavement.measuring.equalise import ENVELOPE_M, UNCALIBRATED_SD_LOG
from contado.engines.pavement.measuring.measure import SPECTRUM_HZ
from contado.engines.pavement.quantiles import Z_90, student_quantile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from contado.engines.pavement.cars.half_car import HalfCar
    from contado.engines.pavement.cars.vehicles import TransferFunction
    from contado.engines.pavement.measuring.measure import Spectra

    Floats = NDArray[np.float64]

__all__ = [
    "MIN_REFERENCE_CELLS",
    "Calibration",
    "FittedCar",
    "consensus",
    "fit_car",
    "model_share",
    "on_axles",
    "scale_from_reference",
    "usable_cells",
]

PRIOR_SD_LOG: Final = 0.15
"""Spread of K1, K2, C and mu of passenger cars about the nominal car (25 % either way, even)."""
WAVINESS_SD: Final = 0.1
SPECTRUM_SD_LOG: Final = 0.15
"""How far the road's spectrum may be from a straight line at any frequency."""
MIN_WINDOWS: Final = 8
FIT_BAND_HZ: Final = (0.6, 35.0)
MIN_REFERENCE_CELLS: Final = 3
"""Fewest surveyed cells that calibrate a vehicle."""
REFERENCE_SD_LOG: Final = 0.01
"""Repeatability of a class 1 profilometer's IRI (ASTM E950), the least that any calibration can do."""
MODEL_SD_LOG: Final = 0.05
"""What a linear car on one track cannot know of a cell of `MODEL_CELL_M`: the other track, tyres, lateral wander [log]."""
MODEL_CELL_M: Final = 100.0
PRIOR_CELLS: Final = 5.0
DAYS_PER_YEAR: Final = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedCar:
    """A car read off its spectra, and the posterior sd of the logarithms of k1, k2, c, mu."""

    car: QuarterCar
    """The axle; with a body on two axles, that of both."""
    sd_log: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What a vehicle's readings are multiplied by, with the sd of its logarithm."""

    scale: float
    sd_log: float
    calibrated: bool
    cell_sd_log: float = 0.0
    """What single surveyed cells, as if of `MODEL_CELL_M`, are off after the scale: how well the car is a quarter-car [log]."""
    on: date | None = None
    """Day to which it holds in full; None where no survey told it, or nobody knows when."""
    shared_with: str | None = None
    """Vehicle, or name of several, whose error it shares: they never average out; None where the error is its own."""

    def aged(self, day: date | None) -> Calibration:
        """Return the calibration as it is worth on a later day: its sd wider, its scale the same."""
        if self.on is None or day is None or day <= self.on:
            return self
        grown = _ageing("drift_sd_log", day) ** 2 * (day - self.on).days / DAYS_PER_YEAR
        return dataclasses.replace(self, sd_log=float(np.sqrt(self.sd_log**2 + grown)))

    def outlived(self, day: date | None) -> bool:
        """Whether it is so old that the next surveyed section makes it anew."""
        if self.on is None or day is None:
            return False
        return (day - self.on).days >= _ageing("renew_after_d", day)


def _ageing(name: str, day: date) -> float:
    (row,) = (row for row in data.valid_on("ageing", day) if row["name"] == name)
    return float(row["value"])


NOMINAL: Final = Calibration(scale=1.0, sd_log=UNCALIBRATED_SD_LOG, calibrated=False)


def fit_car(spectra: Sequence[Spectra], body: HalfCar | None = None) -> FittedCar:
    """Fit the four parameters of a quarter-car to the spectra of a vehicle's drives.

    With a ``body`` of known axles both of them have these four parameters (`on_axles`).

    Model of the log power at frequency f and speed v, n = f/v: |H(f)|^2 sinc^2(0.25 n) n^-w x level(v) +
    noise. Free: the car, w, one level a class of speed, the noise. Few windows: the prior remains.
    """
    from scipy.optimize import least_squares

    seen = _seen(spectra)
    if seen is None:
        return FittedCar(car=NOMINAL_CAR, sd_log=_four(np.full(4, PRIOR_SD_LOG)))

    def residuals(p: Floats) -> Floats:
        misfit = (seen.log_power - _log_power(p, seen.frequency_hz, seen.speed_m_s, body)) / seen.spread
        return np.concatenate([misfit.ravel(), p[:4] / PRIOR_SD_LOG, [p[4] / WAVINESS_SD]])

    found = least_squares(residuals, np.concatenate([np.zeros(4), seen.start]))
    slopes = np.asarray(found.jac, dtype=np.float64)
    covariance = np.linalg.inv(slopes.T @ slopes)
    return FittedCar(car=_car(found.x), sd_log=_four(np.sqrt(np.diag(covariance)[:4])))


def noise_density(spectra: Spectra, car: TransferFunction) -> float:
    """Return the two-sided density of the sensor's own noise in a drive [(m/s2)^2/Hz]; 0 where it is too short to tell.

    A car passes little of the road's short waves on to its body: what its mean spectra keep there, whatever the speed,
    is the sensor, its mount and the engine.
    """
    from scipy.optimize import least_squares

    seen = _seen([spectra])
    if seen is None:
        return 0.0

    def residuals(p: Floats) -> Floats:
        misfit = (seen.log_power - log_power(car, seen.frequency_hz, seen.speed_m_s, p)) / seen.spread
        return np.append(misfit.ravel(), p[0] / WAVINESS_SD)

    found = least_squares(residuals, seen.start)
    # the mean logarithm of a periodogram lies below that of the density
    return float(np.exp(found.x[1] + np.euler_gamma))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Mean log spectra of the classes of speed that were driven long enough."""

    log_power: Floats
    """Shape (classes, frequencies)."""
    frequency_hz: Floats
    speed_m_s: Floats
    spread: Floats
    """Standard deviation of each class's logarithms, shape (classes, 1)."""

    @property
    def start(self) -> Floats:
        """Waviness, noise and levels from which a fit begins."""
        level = self.log_power.mean() - 4.0
        return np.concatenate([[0.0, self.log_power.min()], np.full(len(self.speed_m_s), level)])


def _seen(spectra: Sequence[Spectra]) -> _Seen | None:
    """Return what drives say together; None where no class of speed was driven long enough."""
    power, speed, count = (sum(getattr(s, name) for s in spectra) for name in ("log_power", "speed", "count"))
    enough = np.flatnonzero(count >= MIN_WINDOWS)
    if not len(enough):
        return None
    observed = power[enough] / count[enough][:, None]
    inside = (FIT_BAND_HZ[0] <= SPECTRUM_HZ) & (FIT_BAND_HZ[1] >= SPECTRUM_HZ)
    band = inside & np.isfinite(observed).all(axis=0)
    return _Seen(
        log_power=observed[:, band],
        frequency_hz=SPECTRUM_HZ[band],
        speed_m_s=speed[enough] / count[enough],
        spread=np.sqrt(2.5 / count[enough] + SPECTRUM_SD_LOG**2)[:, None],
    )


def _four(values: Floats) -> tuple[float, float, float, float]:
    a, b, c, d = (float(v) for v in values[:4])
    return a, b, c, d


def _car(p: Floats) -> QuarterCar:
    k1, k2, c, mu = np.exp(p[:4])
    n = NOMINAL_CAR
    return QuarterCar(k1=n.k1 * float(k1), k2=n.k2 * float(k2), c=n.c * float(c), mu=n.mu * float(mu))


def on_axles(car: QuarterCar, body: HalfCar | None) -> QuarterCar | HalfCar:
    """Return the body on two axles that are both ``car``; the car itself without a body."""
    return car if body is None else dataclasses.replace(body, front=car, rear=car)


def _log_power(p: Floats, frequency: Floats, speeds: Floats, body: HalfCar | None) -> Floats:
    """Log power density of the parameters (log k1, k2, c, mu ratios, waviness - 2, noise, levels)."""
    return log_power(on_axles(_car(p), body), frequency, speeds, p[4:])


def log_power(car: TransferFunction, frequency: Floats, speeds: Floats, p: Floats) -> Floats:
    """Return the log power density that a car feels, shape (speeds, frequencies).

    ``p`` are the road's waviness - 2, the log density of the sensor's noise and the log level of the road at each speed.
    """
    wavenumber = frequency[None, :] / speeds[:, None]
    gain = np.abs(car.response(frequency, speeds)) ** 2
    road = gain * np.sinc(ENVELOPE_M * wavenumber) ** 2 * wavenumber ** (-2 - p[0])
    # a Hann window spreads each line over its neighbours by 1 : 4 : 1
    road[:, 1:-1] = (road[:, :-2] + 4 * road[:, 1:-1] + road[:, 2:]) / 6
    found: Floats = np.log(np.exp(p[2:])[:, None] * road + np.exp(p[1]))
    return found


def model_share(cell_m: Floats | float) -> Floats:
    """Return the model's sd in cells of some length over that in cells of `MODEL_CELL_M`; 1 in longer ones.

    The error of a mean over n parts whose errors are independent is that of a part over the root of n. Of longer
    cells nothing was seen, so nothing is promised.
    """
    share: Floats = np.sqrt(np.maximum(MODEL_CELL_M / np.asarray(cell_m, np.float64), 1.0))
    return share


def scale_from_reference(
    passes: Sequence[Floats], reference_m_km: Floats, cell_m: Floats | float = MODEL_CELL_M
) -> Calibration | None:
    """Return the scale of a vehicle from a surveyed section, or None with fewer than three cells.

    Parameters
    ----------
    passes
        Log IRI of each pass of the vehicle in the reference's cells, each of shape (cells,); NaN unknown.
    reference_m_km
        Surveyed IRI of the cells [m/km].
    cell_m
        Their length, one or shape (cells,) [m].
    """
    ratio = _ratios(passes, reference_m_km)
    known = np.isfinite(ratio)
    if known.sum() < MIN_REFERENCE_CELLS:
        return None
    share = np.broadcast_to(model_share(cell_m), ratio.shape)[known]
    ratio = ratio[known]
    centre, sd = _robust_mean(ratio)
    off = float(np.sum(((ratio - centre) / share) ** 2)) + PRIOR_CELLS * MODEL_SD_LOG**2
    return Calibration(
        scale=float(np.exp(centre)),
        sd_log=float(np.hypot(sd, REFERENCE_SD_LOG)),
        calibrated=True,
        cell_sd_log=float(np.sqrt(off / (PRIOR_CELLS + len(ratio) - 1))),
    )


def usable_cells(passes: Sequence[Floats], reference_m_km: Floats) -> int:
    """Return how many surveyed cells a vehicle has measured; arguments as `scale_from_reference`."""
    return int(np.isfinite(_ratios(passes, reference_m_km)).sum())


def _ratios(passes: Sequence[Floats], reference_m_km: Floats) -> Floats:
    """Return log surveyed over measured IRI, shape (cells,); NaN where one is not known."""
    ratio: Floats = np.log(reference_m_km) - _mean_over_passes(passes)
    return ratio


def consensus(
    passes: Mapping[str, Sequence[Floats]], known: Mapping[str, Calibration]
) -> dict[str, Calibration]:
    """Return a calibration of every vehicle from what the fleet agrees on.

    Parameters
    ----------
    passes
        Log IRI of each pass by vehicle, on common cells; NaN unknown.
    known
        Vehicles with a calibration of their own; the others are tied to them where they share cells.
        Where none is known, the vehicles' effects sum to zero.
    """
    means = {name: _mean_over_passes(p) for name, p in sorted(passes.items())}
    anchors = {name: means[name] + np.log(known[name].scale) for name in means if name in known}
    if not anchors:
        return _sum_to_zero(means)
    target = _mean_over_passes(list(anchors.values()))
    oldest = min((day for name in anchors if (day := known[name].on)), default=None)
    anchor_sd = float(np.sqrt(np.mean([known[name].sd_log ** 2 for name in anchors])))
    found: dict[str, Calibration] = {}
    for name, mean in means.items():
        offset = target - mean
        offset = offset[np.isfinite(offset)]
        if name in known:
            found[name] = known[name]
        elif len(offset) >= MIN_REFERENCE_CELLS:
            centre, sd = _robust_mean(offset)
            found[name] = Calibration(
                scale=float(np.exp(centre)),
                sd_log=float(np.hypot(sd, anchor_sd)),
                calibrated=True,
                cell_sd_log=max(known[anchor].cell_sd_log for anchor in anchors),
                on=oldest,
                shared_with=_together(known[anchor].shared_with or anchor for anchor in anchors),
            )
        else:
            found[name] = NOMINAL
    return found


def _sum_to_zero(means: Mapping[str, Floats]) -> dict[str, Calibration]:
    """Random vehicle effects: each vehicle against the mean of all on the cells that all have driven."""
    names = list(means)
    common = np.isfinite(np.array([means[name] for name in names])).all(axis=0)
    if len(names) < 2 or common.sum() < MIN_REFERENCE_CELLS:
        return dict.fromkeys(names, NOMINAL)
    table = np.array([means[name][common] for name in names])
    effect = np.array([_robust_mean(row)[0] for row in table - table.mean(axis=0)])
    effect -= effect.mean()
    # what the cars agree on is wrong by the mean of their errors: that part never averages out between
    # passes, so it is kept in full on each of them
    sd = UNCALIBRATED_SD_LOG / np.sqrt(len(names))
    fleet = _together(names)
    return {
        name: Calibration(scale=float(np.exp(-e)), sd_log=float(sd), calibrated=False, shared_with=fleet)
        for name, e in zip(names, effect, strict=True)
    }


def _together(names: Iterable[str]) -> str:
    """Return the name of what these vehicles are wrong by together: one vehicle's own, of several a digest."""
    different = sorted(set(names))
    if len(different) == 1:
        return different[0]
    return "fleet-" + hashlib.sha256("\n".join(different).encode()).hexdigest()[:16]


def _mean_over_passes(passes: Sequence[Floats]) -> Floats:
    values = np.array(passes)
    known = np.isfinite(values)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _robust_mean(values: Floats) -> tuple[float, float]:
    """Return a Huber mean (tuning 1.5 sd) and the sd whose normal 90 % interval is Student's of so few values."""
    centre = float(np.median(values))
    scale = max(1.4826 * float(np.median(np.abs(values - centre))), 1e-6)
    for _ in range(20):
        away = np.abs(values - centre) / scale
        weight = np.minimum(1.0, 1.5 / np.maximum(away, 1e-12))
        centre = float(np.average(values, weights=weight))
    effective = float(weight.sum())
    spread = float(np.sqrt(np.average((values - centre) ** 2, weights=weight)))
    few = student_quantile(0.95, max(values.size - 1, 1)) / Z_90
    return centre, few * spread / np.sqrt(max(effective - 1.0, 1.0))
