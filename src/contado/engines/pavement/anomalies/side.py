"""Under which wheels was it: the roll rate tells left from right.

A hole under one wheel drops the middle of the body by half its depth and that side by the other half: half the
difference of the wheel tracks, as the roll rate tells it, is then the middle profile itself, with the sign of
the side. What lies under both wheels does not roll the car. So the one profile is measured in the other around
the place; each pass that has a gyroscope votes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from contado.engines.pavement.anomalies.detect import deviation
from contado.engines.pavement.measuring.measure import GRID_M

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from contado.engines.pavement.measuring.measure import Pass

    Floats = NDArray[np.float64]

__all__ = ["ONE_TRACK", "Side", "agreed", "share_of_difference", "side_of"]

Side = Literal["left", "right", "both"]

ONE_TRACK: Final = ("left", "right")
"""Sides of which a pass that does not tell the track reads half the height."""
BASE_M: Final = 3.0
REACH_M: Final = 1.0
MARGIN_M: Final = 6.0
ONE_SIDED: Final = 0.4
"""Share of the difference from which a place lies in one track; of simulated ones 99 % read 0.55 and more."""
TWO_SIDED: Final = 0.2
"""Share below which it lies in both; of simulated ones 99 % read 0.06 and less. Between them it is not told."""
AGREEING: Final = 2 / 3
"""Share of the passes that tell a side which must tell the same."""


def share_of_difference(profile_m: Floats, tilt_m: Floats, index: int) -> float | None:
    """Return half the difference of the tracks around a place, over their mean: 1 left, -1 right, 0 both.

    Parameters
    ----------
    profile_m, tilt_m
        Mean and half the difference (left less right) of the tracks [m], shape (grid,).
    index
        Grid point of the place.

    Returns
    -------
    float or None
        None where one of them is not known.
    """
    middle, reach = round(MARGIN_M / GRID_M), round(REACH_M / GRID_M)
    around = np.clip(np.arange(index - middle, index + middle + 1), 0, len(profile_m) - 1)
    near = slice(middle - reach, middle + reach + 1)
    mean, half = (deviation(values[around], BASE_M)[near] for values in (profile_m, tilt_m))
    size = float(mean @ mean)
    if not (np.isfinite(half).all() and size > 0):
        return None
    return float(half @ mean) / size


def side_of(passed: Pass, index: int) -> Side | None:
    """Return the side on which one pass felt a place; None without a gyroscope, or where it does not tell."""
    share = share_of_difference(passed.profile_m, passed.tilt_m, index)
    if share is None or TWO_SIDED < abs(share) < ONE_SIDED:
        return None
    return "both" if abs(share) <= TWO_SIDED else "left" if share > 0 else "right"


def agreed(told: Iterable[Side | None]) -> Side | None:
    """Return what two thirds of the votes say; None where nobody tells or they do not agree.

    Examples
    --------
    >>> agreed(["left", "left", "right", None])
    'left'
    >>> agreed(["left", "right"]) is None
    True
    """
    votes = Counter(side for side in told if side is not None)
    if not votes:
        return None
    side, count = votes.most_common(1)[0]
    return side if count >= AGREEING * votes.total() else None
