"""Cars that answer a road: quarter-car and half-car, advanced by their exact transition.

The road under a wheel is taken as linear between two steps, so that the first-order-hold transition is
exact and there is no integration error to tune.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from contado.engines.pavement.cars.golden_car import state_matrices
from contado.engines.pavement.cars.half_car import HalfCar
from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.engines.pavement.cars.vehicles import QuarterCar

    Array = NDArray[np.float64]

__all__ = [
    "GRAVITY_M_S2",
    "DryFriction",
    "Response",
    "first_order_hold",
    "respond",
    "steps_per_sample",
]

GRAVITY_M_S2: Final = 9.80665
_STEP_S: Final = 1e-3
_FEWEST_STEPS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DryFriction:
    """What a quarter-car does beyond linearity: friction over the body mass [m/s2], wheel lift-off."""

    friction_m_s2: float = 0.0
    lift_off: bool = True
    full_at_m_s: float = 0.02


class Response(NamedTuple):
    """Vertical acceleration [m/s2] and velocity [m/s] at the sensor, pitch rate (nose up) [rad/s], all (n,)."""

    acceleration_m_s2: Array
    velocity_m_s: Array
    pitch_rad_s: Array


def steps_per_sample(fs_hz: float) -> int:
    """Return how many steps fall between two samples: steps of at most 1 ms and 1 / (5 fs)."""
    return max(_FEWEST_STEPS, int(np.ceil(1 / (fs_hz * _STEP_S) - 1e-9)))


def first_order_hold(a: Array, b: Array, step_s: float) -> tuple[Array, Array, Array]:
    """Return Phi, G0, G1 of z' = A z + B u for u linear over a step.

    One exponential of the augmented matrix gives Phi, and the responses to a held and to a rising input
    (Franklin, Powell and Workman, Digital Control of Dynamic Systems, 3rd ed., section 6.3.2).
    """
    from scipy.linalg import expm

    n, m = b.shape
    full = np.zeros((n + 2 * m, n + 2 * m))
    full[:n, :n], full[:n, n : n + m] = a * step_s, b * step_s
    full[n : n + m, n + m :] = np.eye(m)
    exponential = expm(full)
    held, rising = exponential[:n, n : n + m], exponential[:n, n + m :]
    return (
        np.ascontiguousarray(exponential[:n, :n]),
        np.ascontiguousarray(held - rising),
        np.ascontiguousarray(rising),
    )


def respond(
    car: QuarterCar | HalfCar,
    road_m: Array,
    dx_m: float,
    chainage_m: Array,
    step_s: float,
    *,
    stride: int = 1,
    friction: DryFriction | None = None,
) -> Response:
    """Return what the body of a car does along a drive over a road.

    Parameters
    ----------
    car
        Quarter-car or half-car; it starts at rest on the height of its first point.
    road_m, dx_m
        Elevation under the tyre [m], (n,), evenly spaced by ``dx_m`` [m] from chainage 0.
    chainage_m
        Chainage of the (front) wheel at each step [m], (steps,).
    step_s
        Length of a step [s].
    stride
        Answer every ``stride``-th step.
    friction
        Dry friction and wheel lift-off of a quarter-car.

    Returns
    -------
    Response
        At the sensor: vertical acceleration [m/s2] and velocity [m/s], and pitch rate (nose up) [rad/s].

    Raises
    ------
    UsageError
        Friction with a half-car.
    """
    from contado.engines.pavement.simulate._kernels import advance, heights

    base = float(road_m[0])
    under = [heights(road_m, dx_m, chainage_m) - base]
    if isinstance(car, HalfCar):
        under.append(heights(road_m, dx_m, chainage_m - car.wheelbase_m) - base)
    u = np.column_stack(under)
    if friction is not None:
        acceleration, velocity = _with_friction(car, u, step_s, stride, friction).T
        return Response(acceleration, velocity, np.zeros_like(velocity))
    a, b, outputs = car.state_space() if isinstance(car, HalfCar) else _quarter_car(car)
    return Response(*advance(*first_order_hold(a, b, step_s), outputs, u, stride).T)


def _quarter_car(car: QuarterCar) -> tuple[Array, Array, Array]:
    """A, B and the outputs acceleration, velocity, no pitch."""
    a, b = state_matrices(car)
    return a, b[:, None], np.stack([a[1], np.eye(4)[1], np.zeros(4)])


def _with_friction(
    car: QuarterCar | HalfCar, u: Array, step_s: float, stride: int, friction: DryFriction
) -> Array:
    if isinstance(car, HalfCar):
        raise UsageError("Friction is for the quarter-car only.", rule="bad_usage", hint="use model quarter")
    from contado.engines.pavement.simulate._kernels import advance_with_forces

    a, b = state_matrices(car)
    phi, g0, g1 = first_order_hold(a, b[:, None], step_s)
    forces = np.zeros((4, 2))
    forces[1, 1] = 1.0
    forces[3] = (1 / car.mu, -1 / car.mu)
    _, held, rising = first_order_hold(a, forces, step_s)
    static = (1 + car.mu) * GRAVITY_M_S2 if friction.lift_off else np.inf
    limits = np.array([static, friction.friction_m_s2, friction.full_at_m_s])
    parameters = np.array([car.k1, car.k2, car.c, car.mu])
    answer: Array = advance_with_forces(phi, g0, g1, held + rising, parameters, limits, u, stride)
    return answer
