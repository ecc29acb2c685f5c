"""Samples on an even clock: what every filter downstream takes for granted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.drive import Aligned, Drive

    Floats = NDArray[np.float64]

__all__ = ["MIN_RATE_HZ", "EvenSamples", "even_samples", "fix_speed"]

MIN_RATE_HZ: Final = 25.0
"""Below this rate the axle's motion is not seen and the inversion has nothing to invert."""

MAX_FIX_GAP_S: Final = 5.0


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
