"""Samples on an even clock: what every filter downstream takes for granted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.drive import Aligned, Drive

    Floats = NDArray[np.float64]

__all__ = ["MIN_RATE_HZ", "EvenSamples", "even_samples", "fix_speed", "smooth_at"]

MIN_RATE_HZ: Final = 25.0
"""Below this rate the axle's motion is not seen and the inversion has nothing to invert."""

MAX_FIX_GAP_S: Final = 5.0
_LEAST_APART_M: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class EvenSamples:
    """Vertical acceleration [m/s2] and roll rate, left side up [rad/s], at times [s] on the fixes' clock.

    Samples are 1 / ``fs_hz`` apart; NaN in gaps. No roll rate without a gyroscope.
    """

    t_s: Floats
    vertical_m_s2: Floats
    clipped: NDArray[np.bool_]
    fs_hz: float
    roll_rad_s: Floats | None = None


def even_samples(aligned: Aligned) -> EvenSamples:
    """Put the samples of a drive on an even clock; a hole of more than three samples stays NaN."""
    t, fs = aligned.t_s, aligned.drive.fs_hz
    grid = t[0] + np.arange(int((t[-1] - t[0]) * fs + 1.5)) / fs
    after = np.clip(np.searchsorted(t, grid), 1, len(t) - 1)
    hole = (t[after] - t[after - 1] > 3.5 / fs) & (grid < t[after])

    def even(values: Floats) -> Floats:
        return np.where(hole, np.nan, np.interp(grid, t, values))

    return EvenSamples(
        t_s=grid,
        vertical_m_s2=even(aligned.vertical_m_s2),
        clipped=np.interp(grid, t, aligned.clipped.astype(np.float64)) > 0,
        fs_hz=fs,
        roll_rad_s=None if aligned.roll_rad_s is None else even(aligned.roll_rad_s),
    )


def fix_speed(drive: Drive, t_s: Floats) -> Floats:
    """Return the speed of the fixes at the times ``t_s`` [m/s]; NaN where none is known within 5 s."""
    known = np.isfinite(drive.speed_m_s)
    t, speed = drive.fix_t_s[known], drive.speed_m_s[known]
    if len(t) < 2:
        return np.full(len(t_s), np.nan)
    out = np.interp(t_s, t, speed, left=np.nan, right=np.nan)
    after = np.clip(np.searchsorted(t, t_s), 1, len(t) - 1)
    out[t[after] - t[after - 1] > MAX_FIX_GAP_S] = np.nan
    return out


def smooth_at(place_m: Floats, values: Floats, at_m: Floats, max_hole_m: float) -> Floats:
    """Return band-limited values between their samples, by a cubic spline; NaN outside and in holes.

    A straight line between samples d apart leaves sinc^2(n d) of a wave of n cycles a metre: at 50 km/h
    and 100 Hz, 0.94 of one of 1 m and 0.77 of one of 0.5 m. The spline (d / wavelength)^4 / 20 or so.

    Parameters
    ----------
    place_m, values
        Increasing places [m], shape (n,), and values there; NaN unknown.
    at_m
        Places asked for [m], increasing, shape (m,).
    max_hole_m
        Between samples farther apart than this nothing is known [m].
    """
    from scipy.interpolate import CubicSpline

    out = np.full(len(at_m), np.nan)
    known = np.flatnonzero(np.isfinite(place_m) & np.isfinite(values))
    known = known[np.diff(place_m[known], prepend=-np.inf) > _LEAST_APART_M]
    for run in np.split(known, np.flatnonzero(np.diff(place_m[known]) > max_hole_m) + 1):
        if len(run) < 4:
            continue
        x = place_m[run]
        first, last = np.searchsorted(at_m, [x[0], x[-1]], side="left")
        out[first:last] = CubicSpline(x, values[run])(at_m[first:last])
    return out
