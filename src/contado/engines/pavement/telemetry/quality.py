"""What a drive cannot tell: gaps, clipping, a loose mount, standstill and missing fixes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.telemetry.drive import MAX_FIX_GAP_S, MIN_SPEED_M_S
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.drive import Drive
    from contado.kernel.errors import Severity

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["clipped_samples", "loose_frequency_hz", "quality", "sample_speed"]

MIN_RATE_HZ: Final = 25.0
"""Below this rate neither the axle nor a resonance is seen [Hz]."""
_GAP_PERIODS: Final = 10.0
_GAP_LEAST_S: Final = 0.5
_LEAST_CLIPPED: Final = 5
_PILE: Final = 3  # times as many samples at the end of the range as at any level just below it
_WINDOW: Final = 512
_PROMINENCE: Final = 5.0  # of a resonance over its surroundings; the axle of a car stands out by 2 to 3
_SHARE: Final = 0.12
_HALF_BAND_HZ: Final = 1.0
_SURROUNDINGS_HZ: Final = 4.0
_FROM_HZ: Final = 4.0
_LEAST_WINDOWS: Final = 4
_FASTER: Final = 1.15


def quality(drive: Drive, clipped: Bools) -> tuple[list[str], list[Finding]]:
    """Return flags and findings of a drive; ``clipped`` as `clipped_samples` gives it."""
    flags, findings = [], []
    for rule, message in (
        ("gap", _sample_gaps(drive)),
        ("clipped", _clipping(drive, clipped)),
        ("not_measurable", _blind(drive)),
        ("rate_too_low", _rate(drive)),
    ):
        if message:
            flags.append(rule)
            findings.append(_finding(drive, rule, message, "warning"))
    if slow := _slow(drive):
        findings.append(_finding(drive, "not_measurable", slow, "note"))
    return flags, findings


def _finding(drive: Drive, rule: str, message: str, severity: Severity) -> Finding:
    return Finding(severity=severity, rule=rule, message=f"{drive.name}: {message}", table=drive.name)


def _sample_gaps(drive: Drive) -> str:
    step = np.diff(drive.t_s)
    gap = step > max(_GAP_LEAST_S, _GAP_PERIODS / drive.fs_hz)
    if not gap.any():
        return ""
    at = drive.t_s[:-1][gap][0]
    return f"{gap.sum()} gaps of {step[gap].sum():.1f} s together in the samples, the first at {at:.1f} s; none is bridged."


def _clipping(drive: Drive, clipped: Bools) -> str:
    if not clipped.any():
        return ""
    level = np.abs(drive.acc_m_s2[clipped]).max()
    return f"{clipped.sum()} samples stand at the end of the range ({level:.4g} m/s2); severities there are lower bounds."


def _blind(drive: Drive) -> str:
    step = np.diff(drive.fix_t_s)
    blind = step > MAX_FIX_GAP_S
    if not blind.any():
        return ""
    return (
        f"{step[blind].sum():.1f} s without a fix for more than {MAX_FIX_GAP_S:.0f} s: not measurable there."
    )


def _slow(drive: Drive) -> str:
    """Say how long the car was too slow to tell anything about the road."""
    step = np.diff(drive.fix_t_s)
    slow = (drive.speed_m_s < MIN_SPEED_M_S)[:-1] & (step <= MAX_FIX_GAP_S)
    return f"{step[slow].sum():.1f} s below {MIN_SPEED_M_S} m/s: not measurable there." if slow.any() else ""


def _rate(drive: Drive) -> str:
    if drive.fs_hz >= MIN_RATE_HZ:
        return ""
    return f"{drive.fs_hz:.1f} samples a second are too few for roughness ({MIN_RATE_HZ:.0f} are needed)."


def clipped_samples(acc: Floats) -> Bools:
    """Return which samples f8[n, 3] pile up at the end of an axis's range, bool[n]."""
    clipped = np.zeros(len(acc), bool)
    for axis in acc.T:
        for end, beyond in ((axis.max(), -axis), (axis.min(), axis)):
            at = axis == end
            if _LEAST_CLIPPED <= at.sum() < len(axis) / 2 and _piled_up(beyond, int(at.sum())):
                clipped |= at
    return clipped


def _piled_up(rising: Floats, count: int) -> bool:
    """Whether far more samples stand at the lowest value than at each of the five levels above it."""
    lowest = np.partition(rising, min(len(rising) - 1, 20 * count))[: 20 * count]
    counts = np.unique(lowest, return_counts=True)[1]
    return len(counts) < 2 or count > _PILE * int(counts[1:6].max())


def sample_speed(drive: Drive, t_s: Floats) -> Floats:
    """Return the speed at times on the fixes' clock [m/s]; NaN where no fix lies within a gap of 5 s."""
    known = np.isfinite(drive.speed_m_s)
    time, speed = drive.fix_t_s[known], drive.speed_m_s[known]
    if len(time) < 2:
        return np.full(len(t_s), np.nan)
    after = np.clip(np.searchsorted(time, t_s), 1, len(time) - 1)
    bridged = time[after] - time[after - 1] <= MAX_FIX_GAP_S
    speed_at: Floats = np.where(bridged, np.interp(t_s, time, speed, np.nan, np.nan), np.nan)
    return speed_at


def loose_frequency_hz(vertical: Floats, speed: Floats, fs_hz: float) -> float | None:
    """Return the frequency [Hz] at which a loose sensor rings while the car drives, or None.

    A car's body has broad resonances (body about 1.3 Hz, axle about 11 Hz, both well damped); a sensor
    that is loose adds a narrow one that carries much of the vibration, at the same frequency whether the
    car is slow or fast. What moves with the speed is the road or a wheel out of balance.
    """
    windows, pace = _windows(vertical, speed)
    if fs_hz < MIN_RATE_HZ or len(windows) < 2 * _LEAST_WINDOWS:
        return None
    fast = pace >= np.median(pace)
    if fast.all() or pace[fast].mean() < _FASTER * pace[~fast].mean():
        return None
    slow_hz, fast_hz = (_resonance_hz(_spectrum(windows[half]), fs_hz) for half in (~fast, fast))
    if slow_hz is None or fast_hz is None or abs(fast_hz - slow_hz) > _HALF_BAND_HZ:
        return None
    return (slow_hz + fast_hz) / 2


def _windows(vertical: Floats, speed: Floats) -> tuple[Floats, Floats]:
    """Return the whole windows f8[k, 512] without a hole at 4.5 m/s or more, and their mean speeds [m/s]."""
    count = len(vertical) // _WINDOW
    cut = count * _WINDOW
    windows, pace = vertical[:cut].reshape(count, _WINDOW), speed[:cut].reshape(count, _WINDOW).mean(axis=1)
    usable = np.isfinite(windows).all(axis=1) & (pace >= MIN_SPEED_M_S)
    return windows[usable], pace[usable]


def _resonance_hz(power: Floats, fs_hz: float) -> float | None:
    """Return the frequency of a narrow peak that carries much of the power above 4 Hz, or None."""
    frequency = np.fft.rfftfreq(_WINDOW, 1 / fs_hz)
    band = (frequency >= _FROM_HZ) & (frequency <= 0.48 * fs_hz)
    base = _running_median(power, round(_SURROUNDINGS_HZ * _WINDOW / fs_hz))
    prominence = np.where(band, power / np.maximum(base, 1e-30), 0.0)
    peak = int(np.argmax(prominence))
    near = band & (np.abs(frequency - frequency[peak]) <= _HALF_BAND_HZ)
    share = float(power[near].sum() / power[band].sum())
    return float(frequency[peak]) if prominence[peak] > _PROMINENCE and share > _SHARE else None


def _spectrum(windows: Floats) -> Floats:
    """Mean power spectrum of Hann windows f8[k, 512], f8[257]."""
    tapered = (windows - windows.mean(axis=1, keepdims=True)) * np.hanning(_WINDOW)
    power: Floats = (np.abs(np.fft.rfft(tapered, axis=1)) ** 2).mean(axis=0)
    return power


def _running_median(x: Floats, half: int) -> Floats:
    padded = np.pad(x, half, mode="edge")
    middle: Floats = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), axis=1)
    return middle
