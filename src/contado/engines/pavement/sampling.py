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
    """Vertical acceleration [m/s2] at times [s] on the fixes' clock, ``fs_hz`` apart; NaN in gaps."""

    t_s: Floats
    vertical_m_s2: Floats
    clipped: NDArray[np.bool_]
    fs_hz: float


def even_samples(aligned: Aligned) -> EvenSamples:
    """Put the samples of a drive on an even clock; a hole of more than three samples stays NaN."""
    t, fs = aligned.t_s, aligned.drive.fs_hz
    grid = t[0] + np.arange(int((t[-1] - t[0]) * fs + 1.5)) / fs
    vertical = np.interp(grid, t, aligned.vertical_m_s2)
    after = np.clip(np.searchsorted(t, grid), 1, len(t) - 1)
    vertical[(t[after] - t[after - 1] > 3.5 / fs) & (grid < t[after])] = np.nan
    clipped = np.interp(grid, t, aligned.clipped.astype(np.float64)) > 0
    return EvenSamples(t_s=grid, vertical_m_s2=vertical, clipped=clipped, fs_hz=fs)


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
