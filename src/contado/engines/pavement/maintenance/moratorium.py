"""How long a new surface must not be cut: a dated rule of each municipality, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contado.engines.pavement import data

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

__all__ = ["free_from", "min_age_y"]

_ANY = "*"
_YEAR_D = 365.25
_SLACK_Y = 0.01
"""Leap days and the rounding of ages."""


def min_age_y(municipality: str, on: date) -> float:
    """Return the age [y] that a surface must have before it may be cut, 0 where no rule holds on the day ``on``."""
    ages = {row["municipality"]: float(row["min_age_y"]) for row in data.valid_on("moratorium", on)}
    return ages.get(municipality, ages.get(_ANY, 0.0))


def free_from(
    surface_age_y: NDArray[np.float64], municipality: Sequence[str], on: date
) -> NDArray[np.float64]:
    """Return the year in which each surface may be cut from some day on; an unknown age knows no moratorium.

    Parameters
    ----------
    surface_age_y
        Age of the surface on the day ``on``, NaN = unknown, shape (n,).
    municipality
        Code of the municipality of each, '' = unknown.
    on
        Day whose rules count.
    """
    least = {place: min_age_y(place, on) for place in sorted(set(municipality))}
    needed = np.array([least[place] for place in municipality], float)
    wait = np.nan_to_num(np.maximum(needed - surface_age_y, 0.0))
    today = on.year + (on - on.replace(month=1, day=1)).days / _YEAR_D
    result: NDArray[np.float64] = np.floor(today + wait + _SLACK_Y * (wait > 0))
    return result
