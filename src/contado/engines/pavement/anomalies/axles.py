"""Was it the road? What lies on the road shakes a car twice, the second time a wheelbase later.

A knock on the sensor, a slammed door or a brake is heard once. Where the places of the axles are known (a
half-car), the shock of each pass is searched for its second blow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.measure import GRID_M, SHOCK_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.measure import Pass

    Floats = NDArray[np.float64]

__all__ = ["second_axle"]

REACH_M: Final = 1.5
"""The first blow is looked for this near to the place."""
WANDER_M: Final = 0.6
"""How far from a wheelbase behind the first one the second blow may be."""
LEAST_SHOCK: Final = 3.0
"""A first blow below this would have no second one above the road's noise."""
LEAST_SHARE: Final = 0.25
NOISE: Final = 1.5
"""Shock that the road alone reaches, over its robust scale."""


def second_axle(passes: Sequence[Pass], index: int, wheelbases_m: Sequence[float | None]) -> bool | None:
    """Return whether most passes were shaken by the second axle too; None where none could tell.

    Parameters
    ----------
    passes
        Those that felt the place, in register.
    index
        Grid point of the place.
    wheelbases_m
        Wheelbase of the car of each pass [m]; None where it is not known.
    """
    told = [
        _echo(p.shock, index, wheelbase)
        for p, wheelbase in zip(passes, wheelbases_m, strict=True)
        if wheelbase is not None and _apart(p, index, wheelbase)
    ]
    heard = [t for t in told if t is not None]
    return None if not heard else 2 * sum(heard) >= len(heard)


def _apart(passed: Pass, index: int, wheelbase_m: float) -> bool:
    """Return whether the car was slow enough for the envelope to keep both blows apart."""
    return bool(passed.speed_m_s[index] * SHOCK_WINDOW_S < 0.8 * wheelbase_m)


def _echo(shock: Floats, index: int, wheelbase_m: float) -> bool | None:
    """Return whether a blow follows the first one a wheelbase later; None without a first one."""
    reach, wander = round(REACH_M / GRID_M), round(WANDER_M / GRID_M)
    begin = max(0, index - reach)
    first = np.nan_to_num(shock[begin : index + reach + 1])
    if first.size == 0 or first.max() < LEAST_SHOCK:
        return None
    behind = begin + int(first.argmax()) + round(wheelbase_m / GRID_M)
    after = np.nan_to_num(shock[max(0, behind - wander) : behind + wander + 1])
    if after.size < 3:
        return None
    peak = int(after.argmax())
    stands_out = 0 < peak < after.size - 1
    return bool(stands_out and after[peak] >= max(NOISE, LEAST_SHARE * first.max()))
