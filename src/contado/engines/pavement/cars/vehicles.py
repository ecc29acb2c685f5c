"""Cars: quarter-car parameters and their transfer functions.

A quarter-car is given by three rates over the body mass and a mass ratio (World Bank Technical Paper 46):
tyre ``k1`` [s^-2], spring ``k2`` [s^-2], damper ``c`` [s^-1], unsprung over sprung mass ``mu`` [1].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["GOLDEN_CAR", "NOMINAL_CAR", "Model", "QuarterCar", "TransferFunction"]

Model = Literal["quarter", "half", "learnt"]


class TransferFunction(Protocol):
    """What stands between a road and a sensor: a quarter-car, a half-car or one learnt from spectra."""

    model: ClassVar[Model]

    @property
    def axle(self) -> QuarterCar:
        """The quarter-car it is, has in front, or was learnt from."""

    def response(
        self, frequency_hz: NDArray[np.float64], speed_m_s: NDArray[np.float64], /
    ) -> NDArray[np.complex128]:
        """Return profile elevation [m] at the front tyre -> acceleration at the sensor [m/s2].

        Parameters
        ----------
        frequency_hz, speed_m_s
            Frequencies [Hz], shape (m,), and speeds [m/s], shape (w,).

        Returns
        -------
        Shape (w, m), or (1, m) where the speed makes no difference.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarterCar:
    """Quarter-car: ``k1`` tyre [s^-2], ``k2`` spring [s^-2], ``c`` damper [s^-1], ``mu`` mass ratio [1]."""

    model: ClassVar[Model] = "quarter"
    k1: float
    k2: float
    c: float
    mu: float

    @property
    def axle(self) -> QuarterCar:
        """The car itself."""
        return self

    def response(
        self,
        frequency_hz: NDArray[np.float64],
        speed_m_s: NDArray[np.float64],  # noqa: ARG002 - one axle has no delay
    ) -> NDArray[np.complex128]:
        """Return `body_acceleration_response` as a `TransferFunction`, shape (1, m) at every speed."""
        return self.body_acceleration_response(frequency_hz)[None, :]

    def body_acceleration_response(self, frequency_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Return H(f): profile elevation [m] at the tyre -> body acceleration [m/s2], shape of the input.

        With s = i 2 pi f, a = k2 + c s, r = a / (s^2 + a):
        H = k1 r s^2 / (mu s^2 + a (1 - r) + k1).
        """
        s, a, r = self._terms(frequency_hz)
        return self.k1 * r * s**2 / (self.mu * s**2 + a * (1 - r) + self.k1)

    def stroke_response(self, frequency_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Return profile elevation [m] -> suspension stroke zs - zu [m], shape of the input."""
        s, a, r = self._terms(frequency_hz)
        wheel = self.k1 / (self.mu * s**2 + a * (1 - r) + self.k1)
        return (r - 1) * wheel

    def _terms(
        self, frequency_hz: NDArray[np.float64]
    ) -> tuple[NDArray[np.complex128], NDArray[np.complex128], NDArray[np.complex128]]:
        s: NDArray[np.complex128] = 2j * np.pi * np.asarray(frequency_hz, dtype=np.complex128)
        a: NDArray[np.complex128] = self.k2 + self.c * s
        return s, a, a / (s**2 + a)


GOLDEN_CAR: Final = QuarterCar(k1=653.0, k2=63.3, c=6.0, mu=0.15)
"""The reference car of the IRI (Sayers, TRR 1501, 1995; ASTM E1926)."""

NOMINAL_CAR: Final = QuarterCar(k1=550.0, k2=55.0, c=3.2, mu=0.12)
"""An ordinary passenger car; what an uncalibrated vehicle is taken for."""
