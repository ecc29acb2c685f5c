"""The golden car of the IRI: its state equation and exact transition over one step of the profile.

State z = (zs, zs', zu, zu') in slope units [1, 1/s, 1, 1/s]; input = slope of the interval [1]; the car
travels at 80 km/h. Sources: ASTM E1926; Sayers, Gillespie and Paterson, World Bank Technical Paper 46
(1986); Sayers, Transportation Research Record 1501 (1995).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.cars.vehicles import GOLDEN_CAR, QuarterCar
from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

__all__ = ["SPEED_M_S", "modal_form", "state_matrices", "transition"]

SPEED_M_S: Final = 80 / 3.6
"""Travel speed of the golden car (ASTM E1926)."""

_ROUNDING = 9
"""Spacings are told apart to 1e-9 m."""


def state_matrices(car: QuarterCar) -> tuple[Matrix, Matrix]:
    """Return A (4, 4) [1/s] and B (4,) [1/s] of z' = A z + B u for a quarter-car.

    ``u`` is the profile under the tyre in the unit of z: elevation, or slope for the IRI.
    """
    k1, k2, c, mu = car.k1, car.k2, car.c, car.mu
    a = np.array(
        [
            [0, 1, 0, 0],
            [-k2, -c, k2, c],
            [0, 0, 0, 1],
            [k2 / mu, c / mu, -(k1 + k2) / mu, -c / mu],
        ],
        dtype=np.float64,
    )
    return a, np.array([0, 0, 0, k1 / mu], dtype=np.float64)


def transition(dx_m: float) -> tuple[Matrix, Matrix]:
    """Return the exact transition of the golden car over one interval of the profile.

    ST = expm(A dt) and PR = A^-1 (ST - I) B with dt = dx / V (World Bank Technical Paper 46).

    Parameters
    ----------
    dx_m
        Spacing of the profile [m], > 0; told apart to 1e-9 m.

    Returns
    -------
    st, pr
        State transition (4, 4) and input response (4,); the slope is constant over the interval.

    Raises
    ------
    UsageError
        ``dx_m`` is not a positive number.

    Examples
    --------
    >>> st, pr = transition(0.25)
    >>> [float(f"{v:.6g}") for v in pr]
    [0.00547621, 1.38878, 0.227597, 35.7926]

    The paper prints .005476107 for the first of these: the computer of 1986 kept seven digits.
    """
    if not dx_m > 0 or not np.isfinite(dx_m):
        raise UsageError(
            f"dx_m: {dx_m!r} is not a spacing.", rule="bad_value", hint="give metres above 0", field="dx_m"
        )
    st, pr = _cached(round(float(dx_m), _ROUNDING) or float(dx_m))
    return st.copy(), pr.copy()


@lru_cache(maxsize=256)
def _cached(dx_m: float) -> tuple[Matrix, Matrix]:
    """Exponential of the augmented matrix [[A, B], [0, 0]]: it gives both without an inverse."""
    from scipy.linalg import expm

    a, b = state_matrices(GOLDEN_CAR)
    augmented = np.zeros((5, 5))
    augmented[:4, :4], augmented[:4, 4] = a, b
    full = expm(augmented * (dx_m / SPEED_M_S))
    return full[:4, :4], full[:4, 4]


@lru_cache(maxsize=1)
def modal_form() -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Return the golden car's two modes: rates over distance (2,) [1/m] and weights (2,) [1].

    The stroke z1 - z3 is the sum of the real parts of v1 and v2. Over an interval dx with slope u each goes
    v -> m v + (m - 1) weight u with m = exp(rate dx): the same exact transition as `transition`, in the
    coordinates in which it falls apart into two filters, for any spacing.

    Examples
    --------
    >>> rate, weight = modal_form()
    >>> st, pr = transition(0.25)
    >>> bool(abs(sum((np.exp(rate * 0.25) - 1) * weight).real - (pr[0] - pr[2])) < 1e-12)
    True
    """
    a, b = state_matrices(GOLDEN_CAR)
    rates, shapes = np.linalg.eig(a)
    upper = rates.imag > 0
    stroke = (shapes[0] - shapes[2])[upper]
    drive = np.linalg.solve(shapes, b.astype(np.complex128))[upper]
    weight = 2 * stroke * drive / rates[upper]
    return np.asarray(rates[upper] / SPEED_M_S, np.complex128), np.asarray(weight, np.complex128)
