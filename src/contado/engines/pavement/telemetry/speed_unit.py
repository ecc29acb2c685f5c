"""Whether the speed of the fixes is in the unit that its column says, seen from how far the fixes lie apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.telemetry.clean import great_circle_m
from contado.engines.pavement.telemetry.drive import MAX_FIX_GAP_S
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["check", "ratio"]

WINDOW_S: Final = 10.0
"""Long enough that the noise of the fixes counts little, short enough that a road hardly bends."""
LEAST_M: Final = 30.0
"""Least distance between the ends of a window: a car that stands says nothing."""
MIN_WINDOWS: Final = 5
NEAR: Final = 0.15
"""How close the ratio comes to that of two units, as a share; a winding road makes it a little larger."""
MISTAKES: Final = {
    3.6: "km/h taken for m/s",
    1 / 3.6: "m/s taken for km/h",
    2.237: "miles an hour taken for m/s",
    1 / 2.237: "m/s taken for miles an hour",
}


def ratio(t_s: Floats, lon: Floats, lat: Floats, speed_m_s: Floats) -> float | None:
    """Return how many times the distance of the fixes their speed makes, the median over windows of 10 s.

    None where fewer than five windows are without a gap and 30 m long.
    """
    known = np.isfinite(speed_m_s)
    t_s, lon, lat, speed = t_s[known], lon[known], lat[known], speed_m_s[known]
    if t_s.size < 2:
        return None
    step = np.diff(t_s)
    driven_m = np.concatenate([[0.0], np.cumsum(step * (speed[1:] + speed[:-1]) / 2)])
    gaps = np.concatenate([[0], np.cumsum(step > MAX_FIX_GAP_S)])
    ends = np.unique(np.searchsorted(t_s, np.arange(t_s[0], t_s[-1], WINDOW_S)))
    a, b = ends[:-1], ends[1:]
    apart_m = great_circle_m(lon[a], lat[a], lon[b], lat[b])
    good = (apart_m >= LEAST_M) & (gaps[a] == gaps[b])
    if good.sum() < MIN_WINDOWS:
        return None
    return float(np.median((driven_m[b] - driven_m[a])[good] / apart_m[good]))


def check(t_s: Floats, lon: Floats, lat: Floats, speed_m_s: Floats, *, file: str) -> list[Finding]:
    """Say that the speed looks like one of another unit.

    Parameters
    ----------
    t_s, lon, lat, speed_m_s
        Time [s], place [deg] and speed [m/s] of the fixes, f8[m].
    file
        Name of the file they come from.
    """
    found = ratio(t_s, lon, lat, speed_m_s)
    if found is None:
        return []
    told = next((text for factor, text in MISTAKES.items() if abs(found / factor - 1) <= NEAR), None)
    if told is None:
        return []
    return [
        Finding(
            severity="warning",
            rule="speed_unit",
            message=f"{file}: the speeds are {found:.2f} times what the fixes drove, as {told}.",
            table=file,
            hint="call the column speed_m_s or speed_kmh by its unit, or convert it",
        )
    ]
