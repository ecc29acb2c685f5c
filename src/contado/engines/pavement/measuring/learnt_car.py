"""A car learnt where the road is known: its response is the ratio of spectra, not a formula.

On a reference section the road's spectrum is known: from the measured profile, or from the surveyed IRI.
The golden car's slope is driven by a road that is white in slope (ISO 8608, waviness 2), so a cell of mean
IRI r has the spectrum ``G(n) = (pi / 2) (r / 1000)^2 / (V n^2)``, V the golden car's variance over such
a road of level 1. What a car's mean spectrum has above or below what its quarter-car makes of this road
is its gain. Spectra tell no phase: that of the quarter-car is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from contado.engines.pavement.measuring.equalise import ENVELOPE_M, golden_variance
from contado.engines.pavement.measuring.measure import SPECTRUM_HZ, windows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.cars.vehicles import Model, QuarterCar, TransferFunction
    from contado.engines.pavement.measuring.measure import Trace
    from contado.engines.pavement.measuring.survey import Reference

    Floats = NDArray[np.float64]

__all__ = ["LearntCar", "learn"]

MIN_WINDOWS: Final = 8
"""Windows on the reference section below which nothing is learnt."""
LEARN_BAND_HZ: Final = (0.6, 25.0)
SMOOTH_OCTAVES: Final = 0.5
LOG_PERIODOGRAM_BIAS: Final = float(np.euler_gamma + np.log(2))
"""The mean logarithm of a two-sided periodogram lies this much below that of the one-sided spectrum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntCar:
    """A car with a gain over ``base`` at `SPECTRUM_HZ`, shape (frequencies,); constant beyond its ends."""

    model: ClassVar[Model] = "learnt"
    base: TransferFunction
    gain: Floats

    @property
    def axle(self) -> QuarterCar:
        """The axle of the base."""
        return self.base.axle

    def response(self, frequency_hz: Floats, speed_m_s: Floats) -> NDArray[np.complex128]:
        """Return elevation at the front tyre [m] -> acceleration [m/s2], shape of the base's response."""
        return self.base.response(frequency_hz, speed_m_s) * np.interp(frequency_hz, SPECTRUM_HZ, self.gain)


def learn(
    traces: Sequence[Trace], reference: Reference, base: TransferFunction, start_m: float = 0.0
) -> LearntCar | None:
    """Return the car as the reference section shows it; None with fewer than `MIN_WINDOWS` windows there.

    Parameters
    ----------
    traces
        Drives of one car along the route.
    reference
        Surveyed IRI; with ``profile`` its spectra are those of the profile itself.
    base
        What the gain is put on: the quarter-car fitted to the car's spectra.
    start_m
        Chainage of the route at the traces' 0 [m].
    """
    ratios: list[Floats] = []
    felt: list[Floats] = []
    for driven in traces:
        found = windows_of(driven.even, driven.speed_m_s)
        places = driven.chainage_m[found.samples] + start_m
        held = reference.on(driven.aligned.drive.day)
        for place, speed, power in zip(places, found.speed_m_s, found.log_power, strict=True):
            road = _road(held, place, speed)
            if road is not None:
                ratios.append(power - road - _made_of_it(base, speed))
                felt.append(power)
    if len(ratios) < MIN_WINDOWS:
        return None
    noise = np.nanmin(np.nanmean(felt, axis=0))
    return LearntCar(base=base, gain=_gain(np.array(ratios), np.nanmean(felt, axis=0), float(noise)))


def _made_of_it(base: TransferFunction, speed_m_s: float) -> Floats:
    """Return the log power that the base and its tyre make of a spectrum of 1 at `SPECTRUM_HZ`."""
    response = base.response(SPECTRUM_HZ, np.array([speed_m_s]))[0]
    made: Floats = np.log(np.abs(response * np.sinc(ENVELOPE_M * SPECTRUM_HZ / speed_m_s)) ** 2)
    return made


def _road(reference: Reference, places: Floats, speed_m_s: float) -> Floats | None:
    """Return what the log periodogram [m2/Hz] of the road under a window is on average; None off the reference."""
    if not np.isfinite(places).all():
        return None
    first, last = float(places.min()), float(places.max())
    wavenumber = SPECTRUM_HZ / speed_m_s
    if reference.profile is not None:
        return _of_profile(reference.profile.x_m, reference.profile.y_m, (first, last), wavenumber, speed_m_s)
    inside = (reference.from_m <= places[:, None]) & (places[:, None] < reference.to_m)
    if not inside.any(axis=1).all():
        return None
    iri = float(np.mean(reference.iri_m_km[inside.argmax(axis=1)]))
    level = np.pi / 2 * (iri / 1000) ** 2 / golden_variance()
    return np.asarray(np.log(level / wavenumber**2 / speed_m_s) - LOG_PERIODOGRAM_BIAS, dtype=np.float64)


def _of_profile(
    x_m: Floats, y_m: Floats, ends: tuple[float, float], wavenumber: Floats, speed_m_s: float
) -> Floats | None:
    """Return the log periodogram [m2/Hz] of a stretch of the measured profile, taken of its slope."""
    if ends[0] < x_m[0] or ends[1] > x_m[-1]:
        return None
    step = 0.05
    x = np.arange(ends[0], ends[1], step)
    slope = np.diff(np.interp(x, x_m, y_m)) / step
    taper = np.hanning(slope.size + 1)[:-1]
    n = np.fft.rfftfreq(slope.size, step)[1:]
    power = step * np.abs(np.fft.rfft(slope * taper)[1:]) ** 2 / float(np.sum(taper**2))
    elevation = np.interp(np.log(wavenumber), np.log(n), np.log(power)) - np.log(
        (2 * np.pi * wavenumber) ** 2
    )
    return np.asarray(elevation - np.log(speed_m_s), dtype=np.float64)


def _gain(log_ratios: Floats, log_felt: Floats, log_noise: float) -> Floats:
    """Return the smoothed gain; 1 where the sensor's noise is most of what was felt."""
    inside = (LEARN_BAND_HZ[0] <= SPECTRUM_HZ) & (LEARN_BAND_HZ[1] >= SPECTRUM_HZ)
    above = 1 - np.exp(log_noise - log_felt)
    heard = inside & np.isfinite(log_felt) & (above > 0.5)
    log_gain = np.nanmean(log_ratios, axis=0) + np.log(np.where(heard, above, 1.0))
    octave = np.log2(SPECTRUM_HZ)
    near = np.maximum(0.0, 1 - np.abs(octave[:, None] - octave) / SMOOTH_OCTAVES) * heard
    total = near.sum(axis=1)
    smooth = near @ np.where(heard, log_gain, 0.0) / np.maximum(total, 1e-9)
    return np.where(total > 0, np.exp(smooth / 2), 1.0)
