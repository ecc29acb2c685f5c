"""What a drive felt along a route, without the noise of its own sensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.engines.pavement.measuring.calibration import noise_density
from contado.engines.pavement.measuring.measure import measure

if TYPE_CHECKING:
    from contado.engines.pavement.cars.vehicles import TransferFunction
    from contado.engines.pavement.measuring.measure import Pass, Trace

__all__ = ["pass_of"]


def pass_of(driven: Trace, car: TransferFunction, length_m: float) -> Pass:
    """Return `contado.engines.pavement.measuring.measure.measure` of a drive with the noise that its spectra tell."""
    return measure(driven, car, length_m, noise=noise_density(driven.spectra, car))
