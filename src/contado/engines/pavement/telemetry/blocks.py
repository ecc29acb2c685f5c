"""One-second means of a drive, and what the car did in that second as far as the fixes tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.telemetry.clean import great_circle_m

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.drive import Drive

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Blocks", "blocks_of"]

_CALM_M_S2: Final = 0.3  # a manoeuvre that tilts the reading by 1.8 degrees
_ANY_CAR_M_S2: Final = 8.0
_SLACK_S: Final = 1.5
_CURVE_S: Final = 4.0
_LEAST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """One-second means of a drive on the accelerometer's clock."""

    t_s: Floats
    """Middle of each second, f8[k]."""
    reading: Floats
    """Mean reading [m/s2], f8[k, 3]."""
    direction: Floats
    """Its unit vector, f8[k, 3]."""
    manoeuvre: Floats
    """Acceleration ahead and to the left as the fixes tell it [m/s2], f8[k, 2]; 0 where they do not."""
    even: Bools
    """Whether the speed held, bool[k]."""
    steady: Bools
    """Whether the direction held too, bool[k]."""


def blocks_of(drive: Drive) -> Blocks:
    """Return the one-second means of a drive."""
    second = np.floor(drive.t_s - drive.t_s[0]).astype(np.int64)
    first = np.flatnonzero(np.diff(second, prepend=-1))
    count = np.diff(np.append(first, len(second)))
    mean = np.add.reduceat(drive.acc_m_s2, first, axis=0) / count[:, None]
    norm = np.linalg.norm(mean, axis=1)
    felt = norm > 0
    t_s = (drive.t_s[0] + second[first] + 0.5)[felt]
    ahead, smooth, left = _manoeuvres(drive, t_s)
    even = np.abs(smooth) < _CALM_M_S2
    return Blocks(
        t_s=t_s,
        reading=mean[felt],
        direction=mean[felt] / norm[felt, None],
        manoeuvre=np.clip(np.column_stack([ahead, left]), -_ANY_CAR_M_S2, _ANY_CAR_M_S2),
        even=_some(even),
        steady=_some(even & (np.abs(left) < _CALM_M_S2)),
    )


def _some(mask: Bools) -> Bools:
    """Return the mask, or everything where too little would be left of the drive."""
    return mask if mask.sum() > _LEAST else np.ones(len(mask), bool)


def _manoeuvres(drive: Drive, t_s: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the acceleration ahead within a second and smoothed over three, and that to the left [m/s2]."""
    known = np.isfinite(drive.speed_m_s)
    if known.sum() < _LEAST // 2:
        nothing = np.zeros(len(t_s))
        return nothing, np.full(len(t_s), np.inf), nothing

    def speed(shift_s: float) -> Floats:
        return np.interp(t_s + shift_s, drive.fix_t_s[known], drive.speed_m_s[known])

    ahead = speed(0.5) - speed(-0.5)
    smooth = (speed(_SLACK_S) - speed(-_SLACK_S)) / (2 * _SLACK_S)
    return ahead, smooth, speed(0.0) * _turning_rad_s(drive, t_s)


def _turning_rad_s(drive: Drive, t_s: Floats) -> Floats:
    """Turning rate to the left from the positions, over a base that is long against their noise."""
    lon, lat = (
        [np.interp(t_s + shift, drive.fix_t_s, x) for shift in (-_CURVE_S, 0.0, _CURVE_S)]
        for x in (drive.lon, drive.lat)
    )
    shrink = np.cos(np.radians(lat[1]))
    into, out = (np.arctan2(lat[k + 1] - lat[k], (lon[k + 1] - lon[k]) * shrink) for k in (0, 1))
    base_m = np.minimum(*(great_circle_m(lon[k], lat[k], lon[k + 1], lat[k + 1]) for k in (0, 1)))
    turn = np.angle(np.exp(1j * (out - into))) / _CURVE_S
    return np.where(base_m > 5 * _CURVE_S, turn, 0.0)
