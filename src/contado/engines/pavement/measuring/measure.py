"""One drive along one route: what it felt, on an even grid of chainage. A pure function of the drive.

Everything downstream (cells, anomalies) reads these grids, never the samples; so drives can be measured
anywhere, in any order, and combined afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.cars.comfort import wk
from contado.engines.pavement.measuring.equalise import (
    IRI_BAND,
    MIN_SPEED_M_S,
    PROFILE_BAND,
    filter_windows,
    half_difference,
    profile,
    rectified_slope,
)
from contado.engines.pavement.measuring.sampling import MIN_RATE_HZ, EvenSamples, even_samples, smooth_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.engines.pavement.cars.vehicles import TransferFunction
    from contado.engines.pavement.measuring.position import Track
    from contado.engines.pavement.telemetry.drive import Aligned

    Floats = NDArray[np.float64]

__all__ = [
    "GRID_M",
    "PROFILES",
    "SPEED_EDGES_M_S",
    "Pass",
    "Spectra",
    "Trace",
    "Windows",
    "grid_of",
    "measure",
    "trace",
    "windows_of",
]

GRID_M: Final = 0.1
"""Spacing of the chainage grid: finer than the shortest wave that is inverted (0.4 m)."""

PROFILES: Final = ("profile_m", "tilt_m")
"""Arrays of a pass that are smooth between its samples."""

MAX_HOLE_M: Final = 1.0
"""Grid points between samples farther apart than this are unknown."""

SPEED_EDGES_M_S: Final = (MIN_SPEED_M_S, 7.0, 9.0, 11.0, 13.0, 16.0, 20.0, 25.0, 35.0, 60.0)
SPECTRUM_HZ: Final = np.arange(1, 206) / 5.12

SHOCK_HIGH_PASS_HZ: Final = 4.0
SHOCK_WINDOW_S: Final = 0.15
SHOCK_SCALE_S: Final = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectra:
    """Sums of log power density by class of speed, from which the car is fitted; additive over drives."""

    log_power: Floats
    """Sum over windows of log((m/s2)^2/Hz), shape (speed classes, frequencies)."""
    speed: Floats
    """Sum over windows of the speed [m/s], shape (speed classes,)."""
    count: Floats
    """Number of windows, shape (speed classes,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Samples of a drive on an even clock with their place on the route; NaN where unmatched."""

    aligned: Aligned
    even: EvenSamples
    chainage_m: Floats
    speed_m_s: Floats
    position_sd_m: Floats
    spectra: Spectra

    @property
    def rate_too_low(self) -> bool:
        """Whether the samples are too far apart for an inversion."""
        return self.even.fs_hz < MIN_RATE_HZ


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One drive on the grid of chainages k `GRID_M`; every array has shape (grid,), NaN = not measurable."""

    slope: Floats
    """Rectified golden-car slope [m/m]."""
    profile_m: Floats
    """Band-limited profile [m]."""
    tilt_m: Floats
    """Band-limited half of the left less the right track [m], as the roll rate tells it."""
    shock: Floats
    """Envelope of the high-passed acceleration over its running robust scale [1]."""
    weighted_m_s2: Floats
    """Square of the Wk-weighted vertical acceleration [(m/s2)^2]."""
    speed_m_s: Floats
    position_sd_m: Floats
    t_s: Floats
    clipped: Floats
    """1 where the sensor stood at the end of its range."""
    fs_hz: float


def trace(aligned: Aligned, track: Track) -> Trace:
    """Join samples and track of one drive."""
    even = even_samples(aligned)
    chainage, speed, sd = track.at(even.t_s)
    return Trace(
        aligned=aligned,
        even=even,
        chainage_m=chainage,
        speed_m_s=speed,
        position_sd_m=sd,
        spectra=_spectra(even, speed),
    )


def grid_of(length_m: float) -> Floats:
    """Return the chainages of the grid [m], from 0 to the end of a route."""
    return GRID_M * np.arange(int(length_m / GRID_M) + 1, dtype=np.float64)


def measure(driven: Trace, car: TransferFunction, length_m: float, *, noise: float = 0.0) -> Pass:
    """Return what a drive felt along a route of ``length_m``, seen through its car.

    ``noise`` is the density of the sensor's own noise (`contado.engines.pavement.measuring.calibration.noise_density`).
    """
    even, grid = driven.even, grid_of(length_m)
    acc, speed, fs = even.vertical_m_s2, driven.speed_m_s, even.fs_hz
    if driven.rate_too_low:
        unknown = np.full(len(acc), np.nan)
        slope, height, weighted = unknown, unknown, unknown
    else:
        slope = rectified_slope(acc, speed, fs, car, noise=noise)
        height = profile(acc, speed, fs, car, PROFILE_BAND)
        weighted = filter_windows(acc, speed, fs, _wk, IRI_BAND) ** 2
    moving = speed >= MIN_SPEED_M_S

    def put(values: Floats) -> Floats:
        return _on_grid(driven.chainage_m, np.where(moving, values, np.nan), grid)

    def smooth(values: Floats) -> Floats:
        return smooth_at(driven.chainage_m, np.where(moving, values, np.nan), grid, MAX_HOLE_M)

    return Pass(
        slope=put(slope),
        profile_m=smooth(height),
        tilt_m=smooth(_tilt(driven, car)),
        shock=put(_shock(even, speed)),
        weighted_m_s2=put(weighted),
        speed_m_s=put(speed),
        position_sd_m=put(driven.position_sd_m),
        t_s=put(even.t_s),
        clipped=put(even.clipped.astype(np.float64)),
        fs_hz=fs,
    )


def _tilt(driven: Trace, car: TransferFunction) -> Floats:
    even = driven.even
    if even.roll_rad_s is None or driven.rate_too_low:
        return np.full(len(driven.speed_m_s), np.nan)
    return half_difference(even.roll_rad_s, driven.speed_m_s, even.fs_hz, car)


def _on_grid(chainage_m: Floats, values: Floats, grid: Floats) -> Floats:
    """Interpolate ``values`` onto the grid; unknown where the samples leave a hole."""
    known = np.flatnonzero(np.isfinite(chainage_m) & np.isfinite(values))
    out = np.full(len(grid), np.nan)
    if len(known) < 2:
        return out
    known = known[np.r_[True, np.diff(chainage_m[known]) > 0]]
    place = chainage_m[known]
    after = np.searchsorted(place, grid)
    inside = np.flatnonzero((after > 0) & (after < len(place)))
    after = after[inside]
    inside = inside[place[after] - place[after - 1] <= MAX_HOLE_M]
    out[inside] = np.interp(grid[inside], place, values[known])
    return out


def _shock(even: EvenSamples, speed: Floats) -> Floats:
    """Return the envelope above 4 Hz over its own robust scale within 12 s: a hard short blow stands out."""
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import butter, sosfiltfilt

    acc, fs = even.vertical_m_s2, even.fs_hz
    known = np.isfinite(acc)
    if fs < 4 * SHOCK_HIGH_PASS_HZ or known.sum() < fs:
        return np.full(len(acc), np.nan)
    sections = butter(4, SHOCK_HIGH_PASS_HZ, "highpass", fs=fs, output="sos")
    fast = sosfiltfilt(sections, np.where(known, acc, 0.0))
    power = uniform_filter1d(fast**2, max(1, round(SHOCK_WINDOW_S * fs)))
    envelope = np.where(known & (speed >= MIN_SPEED_M_S), np.sqrt(np.maximum(power, 0.0)), np.nan)
    return envelope / running_scale(envelope, SHOCK_SCALE_S * fs)


def running_scale(values: Floats, width: float, factor: float = 1.4826) -> Floats:
    """Return ``factor`` x the running median of |values| over ``width`` samples; NaN are left out."""
    half = max(1, int(width / 2))
    centres = np.arange(0, len(values), max(1, half // 5))
    place = np.flatnonzero(np.isfinite(values))
    size = np.abs(values[place])
    begin, end = np.searchsorted(place, [centres - half, centres + half])
    enough = np.flatnonzero(end - begin >= max(1, half // 4))
    medians = np.full(len(centres), np.nan)
    for k in enough.tolist():
        medians[k] = _median(size[begin[k] : end[k]])
    known = np.isfinite(medians) & (medians > 0)
    if not known.any():
        return np.full(len(values), np.nan)
    scale: Floats = factor * np.interp(np.arange(len(values)), centres[known], medians[known])
    return scale


def _median(values: Floats) -> float:
    """Return the median of finite values; `numpy.median` takes three times as long on some hundred of them."""
    middle = len(values) // 2
    first = middle - 1 + len(values) % 2
    parted = np.partition(values, (first, middle))
    return float((parted[first] + parted[middle]) / 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Half-overlapping windows of 5.12 s that were driven throughout at measurable speed."""

    samples: NDArray[np.int64]
    """Samples of each, shape (windows, samples of a window)."""
    speed_m_s: Floats
    """Mean speed of each, shape (windows,)."""
    log_power: Floats
    """Log power density of the acceleration at `SPECTRUM_HZ` [log (m/s2)^2/Hz], shape (windows, frequencies)."""


def windows_of(even: EvenSamples, speed: Floats) -> Windows:
    """Return the windows of a drive with their spectra; none where the rate is too low."""
    window = round(5.12 * even.fs_hz)
    if even.fs_hz < MIN_RATE_HZ or len(speed) < window:
        nothing = np.empty((0, len(SPECTRUM_HZ)))
        return Windows(samples=np.empty((0, window), np.int64), speed_m_s=np.empty(0), log_power=nothing)
    view = np.lib.stride_tricks.sliding_window_view
    local = view(speed, window)[:: window // 2]
    blocks = view(even.vertical_m_s2, window)[:: window // 2]
    ok = (np.nan_to_num(local).min(axis=1) >= MIN_SPEED_M_S) & np.isfinite(blocks).all(axis=1)
    taper = np.hanning(window + 1)[:-1]
    power = np.abs(np.fft.rfft(blocks[ok] * taper, axis=1)) ** 2 / (even.fs_hz * float(np.sum(taper**2)))
    logs = np.full((int(ok.sum()), len(SPECTRUM_HZ)), np.nan)
    width = min(len(SPECTRUM_HZ), power.shape[1] - 1)
    logs[:, :width] = np.log(power[:, 1 : width + 1] + 1e-30)
    return Windows(
        samples=view(np.arange(len(speed)), window)[:: window // 2][ok],
        speed_m_s=local[ok].mean(axis=1),
        log_power=logs,
    )


def _spectra(even: EvenSamples, speed: Floats) -> Spectra:
    """Return the sums of log spectra of the half-overlapping windows driven at measurable speed."""
    classes = len(SPEED_EDGES_M_S) - 1
    log_power, total, count = np.zeros((classes, len(SPECTRUM_HZ))), np.zeros(classes), np.zeros(classes)
    found = windows_of(even, speed)
    klass = np.clip(np.searchsorted(SPEED_EDGES_M_S, found.speed_m_s) - 1, 0, classes - 1)
    for k in range(classes):
        mine = klass == k
        log_power[k] = found.log_power[mine].sum(axis=0)
        total[k], count[k] = found.speed_m_s[mine].sum(), mine.sum()
    return Spectra(log_power=log_power, speed=total, count=count)


def _wk(frequency_hz: Floats, speed_m_s: Floats) -> NDArray[np.complex128]:
    """Return the weighting of comfort for each window: it knows no speed."""
    weight: NDArray[np.complex128] = np.broadcast_to(wk(frequency_hz), (len(speed_m_s), len(frequency_hz)))
    return weight
