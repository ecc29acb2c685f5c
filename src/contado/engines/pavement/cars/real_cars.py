"""How the vibration of a real car grows with its speed: a law of the vehicle, measured and never assumed.

It is the fallback where a car's transfer function is not known, and the reason why no exponent is a
constant of this package: two ordinary cars on ordinary roads differ (0.72 and 0.82 at the wheel carrier).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["SpeedLaw", "speed_law"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedLaw:
    """log sd = a + g log v + h IRI of one vehicle."""

    exponent: float
    """g [1]."""
    roughness: float
    """h, per unit of the roughness that was given."""
    r2: float
    windows: int


def speed_law(sd: Floats, speed: Floats, roughness: Floats, slowest_share: float = 0.1) -> SpeedLaw:
    """Fit how the sd of a vehicle's acceleration grows with its speed on roads of equal roughness.

    Without roughness in the regression the exponent is too small: people drive slowly where the road
    is rough.

    Parameters
    ----------
    sd
        Standard deviation of the acceleration in each window, any unit, shape (n,).
    speed
        Mean speed in each window, any unit, shape (n,).
    roughness
        IRI of the road in each window, in any linear scale, shape (n,).
    slowest_share
        Share of the windows, the slowest ones, that is left out: standing and parking.

    Raises
    ------
    ValueError
        Fewer than four windows remain.
    """
    used = (speed > np.quantile(speed, slowest_share)) & (speed > 0) & (sd > 0)
    if used.sum() < 4:
        raise ValueError(f"{int(used.sum())} windows are too few for a regression; give at least 4")
    design = np.column_stack([np.ones(int(used.sum())), np.log(speed[used]), roughness[used]])
    target = np.log(sd[used])
    found, *_ = np.linalg.lstsq(design, target)
    left = target - design @ found
    return SpeedLaw(
        exponent=float(found[1]),
        roughness=float(found[2]),
        r2=1 - float(np.var(left)) / float(np.var(target)),
        windows=int(used.sum()),
    )
