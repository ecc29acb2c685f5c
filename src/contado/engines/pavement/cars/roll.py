"""Roll: how a body leans when its left and its right wheels meet another road.

A car that is alike on both sides answers the mean of its wheel tracks by bouncing and pitching and their
difference by rolling, and neither disturbs the other. With d half of left less right, q the lift of the body
above the left track and half the track width as lever, the equation of roll ``I roll'' = ...`` is that of a
quarter-car under d whose body mass is ``I / (m (t/2)^2)`` times as large and whose springs are stiffened by the
anti-roll bars (linear roll-plane model: Gillespie, Fundamentals of Vehicle Dynamics, SAE, 1992; Cebon,
Handbook of Vehicle-Road Interaction, Swets & Zeitlinger, 1999).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contado.engines.pavement.cars.half_car import HalfCar

if TYPE_CHECKING:
    from contado.engines.pavement.cars.vehicles import QuarterCar, TransferFunction

__all__ = ["ORDINARY_ROLL", "RollBody"]

_STIFF: Final = 1e6
"""Pitch inertia ratio of a body that does not pitch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBody:
    """How a body rolls: ``track_m`` width between the wheel tracks [m], inertia, anti-roll bars, place of the sensor.

    ``inertia_ratio`` I / (m (t/2)^2) [1]: with a track of 1.5 m, 0.65 is a radius of gyration of 0.6 m;
    ``bars_share`` stiffness of the anti-roll bars over that of the springs [1]; ``sensor_left_m`` place of the
    sensor to the left of the middle [m].
    """

    track_m: float = 1.5
    inertia_ratio: float = 0.65
    bars_share: float = 0.5
    sensor_left_m: float = 0.0

    @property
    def lever_m(self) -> float:
        """Half the track width [m]."""
        return self.track_m / 2

    def of(self, car: TransferFunction) -> QuarterCar | HalfCar:
        """Return the car that answers half the difference of the tracks by the lift over the left track.

        Of a learnt car only the axle it began with is used.
        """
        if isinstance(car, HalfCar):
            return dataclasses.replace(
                car,
                front=self._axle(car.front),
                rear=self._axle(car.rear),
                inertia_ratio=_STIFF,
                sensor_ahead_m=0.0,
            )
        return self._axle(car.axle)

    def _axle(self, axle: QuarterCar) -> QuarterCar:
        ratio = self.inertia_ratio
        return dataclasses.replace(
            axle,
            k1=axle.k1 / ratio,
            k2=axle.k2 * (1 + self.bars_share) / ratio,
            c=axle.c / ratio,
            mu=axle.mu / ratio,
        )


ORDINARY_ROLL: Final = RollBody()
"""An ordinary passenger car; what an unknown vehicle is taken for."""
