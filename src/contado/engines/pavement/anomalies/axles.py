"""Was it the road? What lies on the road shakes a car twice, the second time a wheelbase later.

A knock on the sensor, a slammed door or a brake is heard once. Where the places of the axles are known (a
half-car), the shock of each pass is searched for its second blow. How often a second blow follows what is on
the road (pd) and what is not (pf) is data of ``second_axle.csv``: a pass that heard it, or that could have and
did not, changes the log-odds of existence by ln(pd/pf) or ln((1 - pd)/(1 - pf)).
"""

from __future__ import annotations

import csv
import math
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.anomalies.sources import Sensor
from contado.engines.pavement.measuring.measure import GRID_M, SHOCK_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.measuring.measure import Pass

    Floats = NDArray[np.float64]

__all__ = ["LONGEST_M", "agreed", "echoes", "rates", "weight"]

REACH_M: Final = 1.5
"""The first blow is looked for this near to the place."""
WIDE_M: Final = 0.2
"""Over so much either way the second blow is averaged: wheelbase and speed are known to some per cent."""
LEAST_SHOCK: Final = 3.0
"""A first blow below this would have no second one above the road's noise."""
LEAST_SHARE: Final = 0.25
SLOW_ENOUGH: Final = 1.0
"""Wheelbases that a car may drive within the window of the envelope."""
MORE: Final = 0.5
"""How much more the shock must be a wheelbase behind the first blow than a wheelbase ahead of it."""
LONGEST_M: Final = 1.5
"""Of what is longer neither axle gives a blow of its own."""


@cache
def rates() -> Sensor:
    """Return how often a second blow follows what lies on the road (pd), and a knock on the sensor (pf)."""
    text = files("contado.engines.pavement.anomalies").joinpath("second_axle.csv").read_text(encoding="utf-8")
    (row,) = csv.DictReader(text.splitlines())
    return Sensor(pd=float(row["pd"]), pf=float(row["pf"]))


def weight(heard: bool | None) -> float:
    """Return what a pass that was shaken twice, or once, adds to the log-odds; 0 where it cannot tell.

    Examples
    --------
    >>> weight(True) > weight(None) > weight(False)
    True
    """
    told = rates()
    if heard is None:
        return 0.0
    return math.log(told.pd / told.pf) if heard else math.log((1 - told.pd) / (1 - told.pf))


def echoes(
    passes: Sequence[Pass], index: int, wheelbases_m: Sequence[float | None]
) -> tuple[bool | None, ...]:
    """Return whether each pass was shaken by the second axle too; None where it cannot tell.

    Parameters
    ----------
    passes
        Those that felt the place, in register.
    index
        Grid point of the place.
    wheelbases_m
        Wheelbase of the car of each pass [m]; None where it is not known.
    """
    return tuple(
        _echo(p.shock, index, wheelbase) if wheelbase is not None and _apart(p, index, wheelbase) else None
        for p, wheelbase in zip(passes, wheelbases_m, strict=True)
    )


def agreed(heard: Sequence[bool | None]) -> bool | None:
    """Return whether at least half of the passes that tell were shaken twice; None where none could tell."""
    told = [h for h in heard if h is not None]
    return None if not told else 2 * sum(told) >= len(told)


def _apart(passed: Pass, index: int, wheelbase_m: float) -> bool:
    """Return whether the car was slow enough for the envelope to keep both blows apart."""
    return bool(passed.speed_m_s[index] * SHOCK_WINDOW_S < SLOW_ENOUGH * wheelbase_m)


def _echo(shock: Floats, index: int, wheelbase_m: float) -> bool | None:
    """Return whether a blow follows the first one a wheelbase later; None without a first one.

    The envelope of the first blow reaches as far ahead as behind: what counts is how much more it is behind.
    """
    reach, apart = round(REACH_M / GRID_M), round(wheelbase_m / GRID_M)
    begin = max(0, index - reach)
    first = np.nan_to_num(shock[begin : index + reach + 1])
    if first.size == 0 or first.max() < LEAST_SHOCK:
        return None
    at = begin + int(first.argmax())
    wide = round(WIDE_M / GRID_M)
    if at < apart + wide or at + apart + wide >= len(shock):
        return None
    before, after = (
        float(np.nan_to_num(shock[k - wide : k + wide + 1]).mean()) for k in (at - apart, at + apart)
    )
    return after >= LEAST_SHARE * float(first.max()) and after - before >= MORE
