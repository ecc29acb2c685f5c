"""From the vertical acceleration of a car's body to what the golden car would have felt.

The road's profile is shaken into the body by the car's transfer function H(f); the International Roughness
Index asks for the rectified slope of another car, at another speed. Both are linear, so one filter leads
from the one to the other, window by window at the local speed v, with n = f/v::

    R(f) = S(n V) i 2 pi n sinc(0.25 n)  /  (H(f) sinc(0.25 n)),   V = 80 km/h

where S is the golden car's profile -> suspension stroke. The division is regularised. The result is a
signal in slope units whose mean absolute value over distance is the IRI; no variance is matched, so
a pothole counts as much as it should in an L1 statistic.

References
----------
Sayers, M. W. (1995). On the calculation of International Roughness Index from longitudinal road profile.
Transportation Research Record 1501. ASTM E1926.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.cars.roll import ORDINARY_ROLL
from contado.engines.pavement.cars.vehicles import GOLDEN_CAR, NOMINAL_CAR
from contado.engines.pavement.measuring.sampling import MIN_RATE_HZ, even_samples, fix_speed
from contado.engines.pavement.quantiles import Z_90

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from contado.engines.pavement.cars.roll import RollBody
    from contado.engines.pavement.cars.vehicles import TransferFunction
    from contado.engines.pavement.telemetry.drive import Aligned

    Floats = NDArray[np.float64]
    Complexes = NDArray[np.complex128]
    Operator = Callable[[Floats, Floats], Complexes]

__all__ = [
    "IRI_BAND",
    "MIN_SPEED_M_S",
    "PROFILE_BAND",
    "UNCALIBRATED_SD_LOG",
    "EqualiserSettings",
    "Roughness",
    "filter_windows",
    "golden_variance",
    "half_difference",
    "profile",
    "rectified_slope",
    "roughness",
]

MIN_SPEED_M_S: Final = 4.5
"""Below this speed a car says nothing about the road: not measurable, never zero."""

UNCALIBRATED_SD_LOG: Final = 0.18
"""Spread of the reading of an unknown passenger car: K1, K2, C and mu within 25 % of the nominal ones
give 0.10; tyres, load and mount are allowed as much again."""

MOST_NOISE: Final = 0.75
"""Share of a window's power that is taken off at most as the sensor's noise."""

ENVELOPE_M: Final = 0.25
"""Base length of the moving average of the IRI, taken for the tyre's contact too."""

GOLDEN_SPEED_M_S: Final = 80 / 3.6


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualiserSettings:
    """Bands and windows of the inversion; the figures are those of the page's estimator B."""

    window: int = 512
    """Samples of a window at 100 Hz; scaled to other rates so that a window lasts 5.12 s."""
    hop: int = 128
    """Samples between windows at 100 Hz."""
    regularisation: float = 1e-3
    """Share of the largest |H|^2 added to the denominator."""
    f_min_hz: float = 0.5
    f_max_hz: float = 40.0
    n_min_c_m: float = 0.012
    n_max_c_m: float = 3.0


IRI_BAND: Final = EqualiserSettings()
PROFILE_BAND: Final = EqualiserSettings(regularisation=3e-4, n_min_c_m=0.06, n_max_c_m=2.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roughness:
    """Speed-corrected roughness of a whole drive [m/km] with its 90 % interval; None where unknown."""

    mean: float | None
    low: float | None
    high: float | None


def roughness(aligned: Aligned, car: TransferFunction = NOMINAL_CAR) -> Roughness:
    """Return the roughness of a whole drive, free of its speed [m/km], with the interval of an unknown car.

    Needs no network: the speed is that of the fixes. None where the rate is below `MIN_RATE_HZ` or the
    car never went 4.5 m/s.
    """
    nothing = Roughness(mean=None, low=None, high=None)
    if aligned.drive.fs_hz < MIN_RATE_HZ or len(aligned.t_s) < 2:
        return nothing
    even = even_samples(aligned)
    speed = fix_speed(aligned.drive, even.t_s)
    slope = rectified_slope(even.vertical_m_s2, speed, even.fs_hz, car)
    seen = np.isfinite(slope)
    if not seen.any():
        return nothing
    mean = 1000 * float(np.average(slope[seen], weights=speed[seen]))
    spread = float(np.exp(Z_90 * UNCALIBRATED_SD_LOG))
    return Roughness(mean=mean, low=mean / spread, high=mean * spread)


def rectified_slope(
    acc_m_s2: Floats,
    speed_m_s: Floats,
    fs_hz: float,
    car: TransferFunction = NOMINAL_CAR,
    settings: EqualiserSettings = IRI_BAND,
    *,
    noise: float = 0.0,
) -> Floats:
    """Return |golden-car slope| at each sample [m/m]; NaN where it is not measurable.

    Parameters
    ----------
    acc_m_s2
        Vertical body acceleration without gravity [m/s2], evenly sampled, shape (n,); NaN in gaps.
    speed_m_s
        Speed at each sample [m/s], shape (n,); NaN where unknown.
    fs_hz
        Sampling rate [Hz].
    car
        The car that was driven.
    noise
        Two-sided spectral density of the sensor's own noise [(m/s2)^2/Hz]: its power is taken off that of each window.
    """

    def operator(frequency_hz: Floats, speed: Floats) -> Complexes:
        return _slope_operator(frequency_hz, speed, car, settings)

    return np.abs(filter_windows(acc_m_s2, speed_m_s, fs_hz, operator, settings, noise=noise))


def profile(
    acc_m_s2: Floats,
    speed_m_s: Floats,
    fs_hz: float,
    car: TransferFunction = NOMINAL_CAR,
    settings: EqualiserSettings = PROFILE_BAND,
) -> Floats:
    """Return the band-limited road profile at each sample [m]; NaN where it is not measurable."""

    def operator(frequency_hz: Floats, speed: Floats) -> Complexes:
        return _inverse(frequency_hz, speed, car, settings)

    return filter_windows(acc_m_s2, speed_m_s, fs_hz, operator, settings)


def half_difference(
    roll_rad_s: Floats,
    speed_m_s: Floats,
    fs_hz: float,
    car: TransferFunction,
    body: RollBody = ORDINARY_ROLL,
    settings: EqualiserSettings = PROFILE_BAND,
) -> Floats:
    """Return half of the left less the right track's profile at each sample [m]; NaN where unknown.

    Parameters
    ----------
    roll_rad_s
        Roll rate, left side up [rad/s], evenly sampled, shape (n,); NaN in gaps.
    speed_m_s, fs_hz, car
        As in `profile`; the car as it answers the mean of its tracks.
    body
        How it rolls.
    """
    rolling = body.of(car)

    def operator(frequency_hz: Floats, speed: Floats) -> Complexes:
        lift: Complexes = _inverse(frequency_hz, speed, rolling, settings)
        return lift * (2j * np.pi * body.lever_m * frequency_hz)

    return filter_windows(roll_rad_s, speed_m_s, fs_hz, operator, settings)


def _inverse(
    frequency_hz: Floats, speed_m_s: Floats, car: TransferFunction, settings: EqualiserSettings
) -> Complexes:
    """Return the regularised inverse of the car and its tyre within the band, shape (windows, frequencies)."""
    wavenumber_c_m = frequency_hz / speed_m_s[:, None]
    forward = car.response(frequency_hz, speed_m_s) * np.sinc(ENVELOPE_M * wavenumber_c_m)
    band = (
        (frequency_hz >= settings.f_min_hz)
        & (frequency_hz <= min(settings.f_max_hz, 0.8 * frequency_hz[-1]))
        & (wavenumber_c_m >= settings.n_min_c_m)
        & (wavenumber_c_m <= settings.n_max_c_m)
    )
    power = np.where(band, np.abs(forward) ** 2, 0.0)
    floor = settings.regularisation * power.max(axis=1, keepdims=True)
    inverse: Complexes = np.where(band, forward.conj() / (power + floor + 1e-300), 0.0)
    return inverse


def _golden_slope(wavenumber_c_m: Floats) -> Complexes:
    """Return profile elevation [m] -> rectified slope before the modulus [m/m], averaging included."""
    stroke = GOLDEN_CAR.stroke_response(wavenumber_c_m * GOLDEN_SPEED_M_S)
    slope: Complexes = stroke * 2j * np.pi * wavenumber_c_m * np.sinc(ENVELOPE_M * wavenumber_c_m)
    return slope


def _slope_operator(
    frequency_hz: Floats, speed_m_s: Floats, car: TransferFunction, settings: EqualiserSettings
) -> Complexes:
    """Return R(f) of each window, made up for the share of a road's roughness outside the band.

    A road of waviness 2 (ISO 8608) has a white slope, so what the band and the regularisation leave out
    of the golden car's variance is known for each speed; without it slow passes read too smooth.
    """
    wavenumber = frequency_hz / speed_m_s[:, None]
    golden = _golden_slope(wavenumber)
    inverse = _inverse(frequency_hz, speed_m_s, car, settings)
    kept = golden * inverse * car.response(frequency_hz, speed_m_s)
    kept *= np.sinc(ENVELOPE_M * wavenumber)
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = np.where(wavenumber > 0, np.abs(kept) ** 2 / wavenumber**2, 0.0).sum(axis=1)
    step = frequency_hz[1] / speed_m_s
    made_up: Complexes = golden * inverse * np.sqrt(golden_variance() / (seen * step))[:, None]
    return made_up


def golden_variance() -> float:
    """Return the integral of |golden slope|^2 / n^2 over wavenumber: the variance for a white slope."""
    wavenumber = np.arange(1, 40_000, dtype=np.float64) * 1e-4
    return float((np.abs(_golden_slope(wavenumber)) ** 2 / wavenumber**2).sum() * 1e-4)


def filter_windows(
    acc_m_s2: Floats,
    speed_m_s: Floats,
    fs_hz: float,
    operator: Operator,
    settings: EqualiserSettings,
    *,
    noise: float = 0.0,
) -> Floats:
    """Filter by overlapped Hann windows, each at its local speed; NaN below the least speed and in gaps.

    Windows that hold a gap are left out; where too few windows remain, the sample is NaN. Each window is scaled to the
    power that it has without white noise of the density ``noise`` [(m/s2)^2/Hz].
    """
    window, hop = (max(8, round(k * fs_hz / 100)) for k in (settings.window, settings.hop))
    out = np.full(len(acc_m_s2), np.nan)
    for first, last in _runs(np.isfinite(acc_m_s2) & np.isfinite(speed_m_s)):
        if last - first >= window:
            part = slice(first, last)
            out[part] = _filter_run(acc_m_s2[part], speed_m_s[part], fs_hz, operator, (window, hop), noise)
    out[~(speed_m_s >= MIN_SPEED_M_S)] = np.nan
    return out


def _filter_run(
    acc: Floats, speed: Floats, fs_hz: float, operator: Operator, shape: tuple[int, int], noise: float
) -> Floats:
    """Overlap-add over one run without gaps; both ends are mirrored, so that they are heard in full."""
    window, hop = shape
    edge = window - hop
    tail = (-(len(acc) + 2 * edge - window)) % hop
    padded, local = (np.pad(x, (edge, edge + tail), mode="reflect") for x in (acc, speed))
    view = np.lib.stride_tricks.sliding_window_view
    taper = np.hanning(window + 1)[:-1]
    mean_speed = view(local, window)[::hop] @ (taper / taper.sum())
    moving = mean_speed >= MIN_SPEED_M_S
    result, weight = np.zeros(len(padded)), np.zeros(len(padded))
    if moving.any():
        spectra = np.fft.rfft(view(padded, window)[::hop][moving] * taper)
        frequency = np.fft.rfftfreq(window, 1 / fs_hz).astype(np.float64)
        gain = operator(frequency, mean_speed[moving])
        blocks = np.fft.irfft(np.multiply(spectra, gain), window)
        if noise > 0:
            blocks *= _without_noise(blocks, gain, noise * fs_hz * float(np.mean(taper**2)))[:, None]
        for start, block in zip(np.flatnonzero(moving) * hop, blocks, strict=True):
            result[start : start + window] += block
            weight[start : start + window] += taper
    enough = weight >= 0.5 * taper.sum() / hop
    out = np.where(enough, result / np.where(enough, weight, 1.0), np.nan)
    return out[edge : edge + len(acc)]


def _without_noise(blocks: Floats, gain: Complexes, variance: float) -> Floats:
    """Return what each window is to be multiplied by to have the power of its signal alone, shape (windows,).

    ``variance`` is the noise's before the filter, under the taper. Where most is noise nothing more is taken off: what
    is left of the road cannot be told.
    """
    passed = variance * 2.0 * np.sum(np.abs(gain) ** 2, axis=1) / blocks.shape[1]
    power = np.mean(blocks**2, axis=1)
    share = passed / np.maximum(power, 1e-300)
    kept: Floats = np.sqrt(np.clip(1.0 - share, 1.0 - MOST_NOISE, 1.0))
    return kept


def _runs(valid: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return (first, past the last) of each run of True."""
    edges = np.flatnonzero(np.diff(np.r_[0, valid.astype(np.int8), 0]))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
