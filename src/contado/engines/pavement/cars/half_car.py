"""The half-car: one body on two axles that bounces and pitches, seen by a sensor somewhere between them.

The rear axle meets the road of the front axle later, by wheelbase over speed. At speed v its response is
therefore ``H(f, v) = Hf(f) + Hr(f) exp(-i 2 pi f (a + b) / v)``: some waves shake both axles together and
some cancel, which no quarter-car can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from contado.engines.pavement.cars.vehicles import NOMINAL_CAR, Model, QuarterCar, TransferFunction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["HalfCar", "wheelbase_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfCar:
    """Half-car with pitch, both axles given as quarter-cars of their share of the body.

    ``a_m``, ``b_m`` distances of the front and rear axle from the centre of mass [m];
    ``inertia_ratio`` I / (m a b) [1]; ``sensor_ahead_m`` place of the sensor ahead of the centre [m].
    With ratio 1 the ends move independently: a sensor at ``a_m`` then feels the front quarter-car alone.
    """

    model: ClassVar[Model] = "half"
    front: QuarterCar = NOMINAL_CAR
    rear: QuarterCar = NOMINAL_CAR
    a_m: float = 1.2
    b_m: float = 1.4
    inertia_ratio: float = 0.9
    sensor_ahead_m: float = 0.4

    @property
    def wheelbase_m(self) -> float:
        """Distance between the axles [m]."""
        return self.a_m + self.b_m

    @property
    def axle(self) -> QuarterCar:
        """The front axle."""
        return self.front

    def response(self, frequency_hz: Array, speed_m_s: Array) -> NDArray[np.complex128]:
        """Return elevation under the front wheel [m] -> acceleration at the sensor [m/s2].

        Parameters
        ----------
        frequency_hz, speed_m_s
            Frequencies [Hz], shape (m,), and speeds [m/s], shape (w,).

        Returns
        -------
        Shape (w, m).
        """
        front, rear = self.axle_responses(frequency_hz)
        later = np.exp(-2j * np.pi * frequency_hz * (self.wheelbase_m / speed_m_s[:, None]))
        both: NDArray[np.complex128] = front[None, :] + later * rear[None, :]
        return both

    def axle_responses(self, frequency_hz: Array) -> NDArray[np.complex128]:
        """Return elevation under each wheel [m] -> acceleration at the sensor [m/s2], shape (2, m).

        Solved at each frequency: ``c (i 2 pi f - A)^-1 B`` of `state_space`.
        """
        a, b, outputs = self.state_space()
        s = 2j * np.pi * np.asarray(frequency_hz)
        states = np.linalg.solve(s[:, None, None] * np.eye(8) - a, np.broadcast_to(b, (s.size, 8, 2)))
        answer: NDArray[np.complex128] = np.einsum("i,mij->jm", outputs[0], states)
        return answer

    def state_space(self) -> tuple[Array, Array, Array]:
        """Return A (8, 8), B (8, 2) and the outputs (3, 8) acceleration, velocity at the sensor, pitch rate.

        State (z, z', th, th', uf, uf', ur, ur'), body mass 1:
        m z'' = -Ff - Fr, I th'' = -a Ff + b Fr with Ff = kf (z + a th - uf) + cf (...), Fr = kr (z - b th
        - ur) + cr (...); the front axle carries m b / (a + b), the rear one m a / (a + b).
        """
        masses = (self.b_m / self.wheelbase_m, self.a_m / self.wheelbase_m)
        inertia = self.inertia_ratio * self.a_m * self.b_m
        forces = np.zeros((2, 8))
        for row, (axle, mass, arm, wheel) in enumerate(
            ((self.front, masses[0], self.a_m, 4), (self.rear, masses[1], -self.b_m, 6))
        ):
            k, c = mass * axle.k2, mass * axle.c
            forces[row, [0, 1, 2, 3, wheel, wheel + 1]] = (k, c, k * arm, c * arm, -k, -c)
        a, b = np.zeros((8, 8)), np.zeros((8, 2))
        for place in (0, 2, 4, 6):
            a[place, place + 1] = 1
        a[1] = -forces[0] - forces[1]
        a[3] = (-self.a_m * forces[0] + self.b_m * forces[1]) / inertia
        for row, (axle, mass) in enumerate(((self.front, masses[0]), (self.rear, masses[1]))):
            speed_row = 5 + 2 * row
            a[speed_row] = forces[row] / (axle.mu * mass)
            a[speed_row, speed_row - 1] -= axle.k1 / axle.mu
            b[speed_row, row] = axle.k1 / axle.mu
        ahead = self.sensor_ahead_m
        return a, b, np.stack([a[1] + ahead * a[3], np.eye(8)[1] + ahead * np.eye(8)[3], np.eye(8)[3]])


def wheelbase_of(car: TransferFunction) -> float | None:
    """Return the distance between the axles [m]; None of a car that has one."""
    return car.wheelbase_m if isinstance(car, HalfCar) else None
