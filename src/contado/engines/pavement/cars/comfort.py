"""How a seated person feels vertical vibration: the weighting Wk of ISO 2631-1, coefficients as data.

The coefficients of ``comfort.csv`` were read in secondary sources and are to be confirmed against the text
of the norm.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from contado.engines.pavement import data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["wk"]


@cache
def _coefficients() -> Mapping[str, float]:
    return {row["parameter"]: float(row["value"]) for row in data.rows("comfort") if not row["valid_to"]}


def wk(frequency_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Return the weighting Wk at frequencies [Hz], shape of the input.

    Band limits, the transition from acceleration to velocity, and the upward step, each of second order.

    Examples
    --------
    Table 3 of the norm gives 0.482, 1.036 and 0.405 at 1, 8 and 31.5 Hz:

    >>> [round(float(abs(w)), 3) for w in wk(np.array([1.0, 8.0, 31.5]))]
    [0.482, 1.036, 0.405]
    """
    k = _coefficients()
    w = 2 * np.pi
    s = 1j * w * frequency_hz
    f1, f2, f3 = k["high_pass_hz"], k["low_pass_hz"], k["transition_hz"]
    high = s**2 / (s**2 + np.sqrt(2) * w * f1 * s + (w * f1) ** 2)
    low = (w * f2) ** 2 / (s**2 + np.sqrt(2) * w * f2 * s + (w * f2) ** 2)
    step = (1 + s / (w * f3)) / (1 + s / (k["transition_q"] * w * f3) + (s / (w * f3)) ** 2)
    q, f5, f6 = k["step_q"], w * k["step_from_hz"], w * k["step_to_hz"]
    upward = (1 + s / (q * f5) + (s / f5) ** 2) / (1 + s / (q * f6) + (s / f6) ** 2) * (f5 / f6) ** 2
    weight: NDArray[np.complex128] = high * low * step * upward
    return weight
