"""Roads as random surfaces: the spectrum of ISO 8608 and what it says about the IRI.

One-sided displacement spectrum Gd(n) = Gd(n0) (n / n0)^-w [m^3] over the wavenumber n [cycles/m], with
n0 = 0.1 c/m and waviness w = 2 (ISO 8608, to be confirmed against the text of the norm; consistent with
the IRI of such roads).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.cars.golden_car import SPEED_M_S
from contado.engines.pavement.cars.vehicles import GOLDEN_CAR
from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = [
    "CLASSES",
    "IRI_PER_ROOT_GD",
    "N0",
    "class_of",
    "displacement_spectrum",
    "gd_of_class",
    "gd_of_iri",
    "iri_of_gd",
    "iri_per_root_gd",
    "measured_spectrum",
]

N0: Final = 0.1
"""Reference wavenumber [c/m]."""

CLASSES: Final = dict(zip("ABCDEFGH", (16e-6 * 4.0**i for i in range(8)), strict=True))
"""Class -> geometric mean of Gd(n0) [m^3]; the bounds lie a factor 2 below and above."""

IRI_PER_ROOT_GD: Final = 0.5431
"""IRI [m/km] = this x sqrt(Gd(n0) / 1e-6 m^3) for w = 2 with the 250 mm average; see `iri_per_root_gd`."""


def gd_of_class(letter: str) -> float:
    """Return the geometric mean of Gd(n0) [m^3] of a class A to H.

    Raises
    ------
    UsageError
        Unknown class; the message lists the valid ones (rule ``unknown_choice``).
    """
    if letter not in CLASSES:
        raise UsageError(
            f"Unknown ISO 8608 class {letter!r}; valid: {', '.join(CLASSES)}.",
            rule="unknown_choice",
            hint=f"one of {', '.join(CLASSES)}",
            field="iso_class",
        )
    return CLASSES[letter]


def class_of(gd_m3: float) -> str:
    """Return the class letter of Gd(n0) [m^3]; roads rougher than H are H.

    Examples
    --------
    >>> class_of(31.9e-6), class_of(32.1e-6), class_of(2e-3)
    ('A', 'B', 'D')
    """
    return next((letter for letter, mean in CLASSES.items() if gd_m3 < 2 * mean), "H")


def displacement_spectrum(n_c_m: Array, gd_m3: float, waviness: float = 2.0) -> Array:
    """Return Gd(n) [m^3] at wavenumbers ``n_c_m`` [c/m], shape of the input."""
    return np.asarray(gd_m3 * (np.asarray(n_c_m) / N0) ** -waviness)


def iri_of_gd(gd_m3: float) -> float:
    """Return the mean IRI [m/km] of a w = 2 road of Gd(n0) [m^3], 250 mm average included.

    Examples
    --------
    >>> round(iri_of_gd(16e-6), 3)
    2.172
    """
    return float(IRI_PER_ROOT_GD * np.sqrt(gd_m3 / 1e-6))


def gd_of_iri(iri_m_km: Array) -> Array:
    """Return Gd(n0) [m^3] of w = 2 roads of mean IRI ``iri_m_km`` [m/km]; inverse of `iri_of_gd`."""
    return np.asarray(1e-6 * (np.asarray(iri_m_km) / IRI_PER_ROOT_GD) ** 2)


def iri_per_root_gd(*, averaging: bool) -> float:
    """Return IRI / sqrt(Gd(n0) / 1e-6 m^3) [m/km] of a Gaussian w = 2 road, by integrating the response.

    The slope of such a road is white with one-sided density (2 pi n0)^2 Gd(n0); the rectified stroke rate
    of the golden car is Gaussian, and the mean of its absolute value is sqrt(2 / pi) x its standard
    deviation.

    Examples
    --------
    >>> round(iri_per_root_gd(averaging=False), 4), round(iri_per_root_gd(averaging=True), 4)
    (0.5547, 0.5431)
    """
    n = np.linspace(1e-4, 40.0, 400_001)
    gain = np.abs(GOLDEN_CAR.stroke_response(n * SPEED_M_S)) ** 2
    if averaging:
        gain = gain * np.sinc(0.25 * n) ** 2
    area = float(np.sum((gain[1:] + gain[:-1]) / 2) * (n[1] - n[0]))
    slope_density = (2 * np.pi * N0) ** 2 * 1e-6
    return float(1000 * np.sqrt(2 / np.pi) * np.sqrt(slope_density * area))


def measured_spectrum(y_m: Array, dx_m: float, window_m: float = 100.0) -> tuple[Array, Array]:
    """Return wavenumbers [c/m] and one-sided displacement spectrum [m^3] of an evenly spaced profile.

    Averaged periodograms of half-overlapping Hann windows of ``window_m`` [m] (Welch, 1967).
    """
    size = min(len(y_m), round(window_m / dx_m))
    taper = np.hanning(size)
    starts = range(0, len(y_m) - size + 1, max(1, size // 2))
    parts = np.stack([y_m[s : s + size] - np.mean(y_m[s : s + size]) for s in starts])
    power = np.mean(np.abs(np.fft.rfft(parts * taper, axis=1)) ** 2, axis=0)
    density: Array = power[1:] * 2 * dx_m / np.sum(taper**2)
    return np.asarray(np.fft.rfftfreq(size, dx_m)[1:], dtype=np.float64), density
