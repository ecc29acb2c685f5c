"""One compiled pass over a drive: from readings to cells of its own distance and to events.

The pass needs neither network nor car. What it gives is the root mean square of the vertical acceleration
between 0.5 and 20 Hz, with the speed it was driven at; it depends on both, and is no roughness. It tells
which of many drives, and where, are worth the whole way of `process`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.engines.pavement.telemetry import sensor_units
from contado.engines.pavement.telemetry.drive import MAX_FIX_GAP_S, MIN_SPEED_M_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.drive import Unit
    from contado.kernel.errors import Finding

    Floats = NDArray[np.float64]

__all__ = ["BAND_HZ", "Screened", "Unsorted", "band_pass", "screen"]

BAND_HZ: Final = (0.5, 20.0)
MEMORY_S: Final = 12.0
"""Time constant of the running mean of |vertical|."""
TIMES: Final = 5 * 1.4826 * 0.8453
"""Five robust standard deviations, told by the mean of |x| of a normal variable (0.8453 sd of its median)."""
REST_S: Final = 0.4
_HOLE_PERIODS: Final = 3.5
_BLOCK_S: Final = 1.0
_PICKED: Final = 20_000


class Unsorted(Exception):
    """A sample, counted from 0, whose time does not increase or that is no number."""

    def __init__(self, sample: int) -> None:
        super().__init__(sample)
        self.sample = sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """Cells of the distance driven and events; a cell without a sample at measurable speed has count 0."""

    fs_hz: float
    unit: Unit
    distance_m: float
    count: NDArray[np.int64]
    rms_m_s2: Floats
    speed_m_s: Floats
    first_s: Floats
    event_t_s: Floats
    event_distance_m: Floats
    event_peak_m_s2: Floats
    findings: tuple[Finding, ...]


def screen(
    t_s: Floats, axes: Sequence[Floats], fix_t_s: Floats, fix_speed_m_s: Floats, *, cell_m: float, file: str
) -> Screened:
    """Pass over a drive once.

    Parameters
    ----------
    t_s
        Times of the samples [s], f8[n].
    axes
        Reading of the three axes, in m/s2 or g, each f8[n].
    fix_t_s, fix_speed_m_s
        Times [s] and speeds [m/s] of the fixes on the same clock, f8[m], all known.

    Raises
    ------
    Unsorted
        The times do not increase strictly, or a reading is no number.
    DataError
        ``gravity_missing``, ``unit_ambiguous``.
    """
    from contado.engines.pavement.telemetry._pass import Cells, Events, one_pass

    fs_hz = _rate_hz(t_s)
    axis, factor, unit, findings = _gravity(axes, fs_hz, file)
    rules = _rules(axis, factor, fs_hz, cell_m)
    known = np.isfinite(fix_speed_m_s)
    fix_t, fix_v = fix_t_s[known], fix_speed_m_s[known]
    longest = float(np.max(fix_v, initial=0.0) * max(t_s[-1] - t_s[0], 0.0))
    size = int(longest / cell_m) + 2
    cells = Cells(np.zeros(size, np.int64), np.zeros(size), np.zeros(size), np.full(size, np.nan))
    most = int(len(t_s) / (REST_S * fs_hz)) + 2
    events = Events(np.empty(most), np.empty(most), np.empty(most))
    x, y, z = axes
    distance, found, bad = one_pass(t_s, x, y, z, fix_t, fix_v, band_pass(fs_hz), rules, cells, events)
    if bad >= 0:
        raise Unsorted(bad)
    used = int(distance / cell_m) + 1
    count = cells.count[:used]
    with np.errstate(invalid="ignore", divide="ignore"):
        return Screened(
            fs_hz=fs_hz,
            unit=unit,
            distance_m=distance,
            count=count,
            rms_m_s2=np.sqrt(cells.power[:used] / count),
            speed_m_s=cells.speed[:used] / count,
            first_s=cells.first_s[:used],
            event_t_s=events.t_s[:found],
            event_distance_m=events.distance_m[:found],
            event_peak_m_s2=events.peak_m_s2[:found],
            findings=findings,
        )


@cache
def _sections(fs_hz: float) -> bytes:
    from scipy.signal import butter

    high = min(BAND_HZ[1], 0.45 * fs_hz)
    sections: bytes = np.ascontiguousarray(
        butter(4, (BAND_HZ[0], high), "bandpass", fs=fs_hz, output="sos")
    ).tobytes()
    return sections


def band_pass(fs_hz: float) -> Floats:
    """Return the four second-order sections of the band, f8[4, 6]; below 45 Hz its upper end gives way."""
    return np.frombuffer(_sections(fs_hz)).reshape(4, 6).copy()


def _rate_hz(t_s: Floats) -> float:
    """Return the median rate [Hz] of samples picked over the whole drive, to 1e-6 Hz."""
    first = np.arange(0, len(t_s) - 1, max(1, len(t_s) // _PICKED))
    return round(float(1 / np.median(t_s[first + 1] - t_s[first])), 6)


def _gravity(
    axes: Sequence[Floats], fs_hz: float, file: str
) -> tuple[Floats, float, Unit, tuple[Finding, ...]]:
    """Return the median reading of a second (the gravity axis with its length), unit and factor to m/s2."""
    from contado.engines.pavement.telemetry._pass import block_means

    block = max(1, min(len(axes[0]), round(_BLOCK_S * fs_hz)))
    means = np.empty((3, len(axes[0]) // block))
    for axis, into in zip(axes, means, strict=True):
        block_means(axis, block, into)
    picked = np.stack([axis[:: max(1, len(axis) // _PICKED)] for axis in axes])
    means = means[:, np.isfinite(means).all(axis=0)]
    if not means.size:
        raise Unsorted(0)
    norm = float(np.median(np.linalg.norm(means, axis=0)))
    sample = float(np.nanmedian(np.linalg.norm(picked, axis=0)))
    factor, unit, findings = sensor_units.unit_of(norm, norm / sample if sample > 0 else 0.0, file=file)
    return np.median(means, axis=1), factor, unit, findings


def _rules(gravity: Floats, factor: float, fs_hz: float, cell_m: float) -> Any:
    from contado.engines.pavement.telemetry._pass import Rules

    length = float(np.linalg.norm(gravity))
    x, y, z = (factor * gravity / length).tolist()
    return Rules(
        axis_x=x,
        axis_y=y,
        axis_z=z,
        level=factor * length,
        longest_step_s=_HOLE_PERIODS / fs_hz,
        longest_gap_s=MAX_FIX_GAP_S,
        least_m_s=MIN_SPEED_M_S,
        cell_m=float(cell_m),
        forget=float(-np.expm1(-1 / (MEMORY_S * fs_hz))),
        times=TIMES,
        rest_s=REST_S,
    )
