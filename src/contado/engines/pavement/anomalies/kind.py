"""What stands out: its length, its height, what it is called, how grave it is.

The band and the regularisation of the inversion keep only part of a short hole. So a raised cosine of
each length is sent through the same filter, and the one that resembles the reconstructed profile best
gives length and height, corrected for what the filter took.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from contado.engines.pavement.anomalies.detect import deviation
from contado.engines.pavement.cars.vehicles import NOMINAL_CAR
from contado.engines.pavement.measuring.equalise import ENVELOPE_M, PROFILE_BAND
from contado.engines.pavement.measuring.measure import GRID_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["CRITICALITIES", "Kind", "Shape", "criticality", "fit_shape", "kind_of", "severity"]

Kind = Literal["pothole", "depression", "manhole", "speed_bump", "raised"]
Criticality = Literal["verde", "giallo", "arancione", "rosso"]
CRITICALITIES: Final = ("verde", "giallo", "arancione", "rosso")

LENGTHS_M: Final = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0)
MARGIN_M: Final = 10.0
WANDER_M: Final = 0.5
BUMP_LENGTH_M: Final = (1.5, 5.0)
"""A hump this long is a speed bump; anything else that rises is `raised`."""
LID_LENGTH_M: Final = (0.55, 0.85)
LID_DEPTH_MM: Final = 30.0
"""A manhole's lid: EN 124 frames are 0.6 to 0.8 m wide and settle by 15 to 30 mm."""
POTHOLE_LENGTH_M: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Raised cosine that resembles a place best: length [m], height [mm, up positive], offset [m]."""

    length_m: float
    height_mm: float
    offset_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """How a place is looked at: base of the running median, reach of the window, lengths tried [m]."""

    base_m: float
    reach_m: float
    lengths_m: tuple[float, ...]


LONG: Final = _View(base_m=10.0, reach_m=4.0, lengths_m=LENGTHS_M)
SHORT: Final = _View(base_m=3.0, reach_m=2.0, lengths_m=tuple(x for x in LENGTHS_M if x <= 1.5))
"""Without the road's longer waves: what is short is read more surely."""


def fit_shape(
    profile_m: Floats, index: int, speed_m_s: float, f_max_hz: float = PROFILE_BAND.f_max_hz
) -> Shape:
    """Fit a raised cosine through the inversion's own filter to a profile around a place.

    Parameters
    ----------
    profile_m
        Reconstructed profile [m], shape (grid,).
    index
        Grid point of the place.
    speed_m_s, f_max_hz
        Speed there and highest frequency that was sampled: the inversion's band depends on both.
    """
    margin = round(MARGIN_M / GRID_M)
    around = np.clip(np.arange(index - margin, index + margin + 1), 0, len(profile_m) - 1)
    near = np.nan_to_num(profile_m[around])
    up = deviation(near, LONG.base_m)[margin] > 0
    band = (max(5, round(speed_m_s)), float(min(f_max_hz, PROFILE_BAND.f_max_hz)))
    fits = [_fit(near, view, band, up=bool(up)) for view in (LONG, SHORT)]
    return max(fits, key=lambda fit: fit[0])[1]


def _fit(near: Floats, view: _View, band: tuple[int, float], *, up: bool) -> tuple[float, Shape]:
    """Return how much of the deviation in the middle of ``near`` is explained, and the shape that does."""
    reach, wander, middle = (round(m / GRID_M) for m in (view.reach_m, WANDER_M, MARGIN_M))
    away = deviation(near, view.base_m)[middle - reach - wander : middle + reach + wander + 1]
    parts = np.lib.stride_tricks.sliding_window_view(away, 2 * reach + 1)
    templates = _templates(view, *band)
    gain = np.sum(templates**2, axis=1)
    fitted = (parts @ templates.T) / gain
    share = fitted**2 * gain / np.maximum(np.sum(parts**2, axis=1), 1e-30)[:, None]
    best = np.where((fitted > 0) == up, share, -1.0)
    shift, k = np.unravel_index(int(best.argmax()), best.shape)
    shape = Shape(
        length_m=view.lengths_m[int(k)],
        height_mm=1000 * float(fitted[shift, k]),
        offset_m=float((int(shift) - wander) * GRID_M),
    )
    return float(best[shift, k]), shape


@cache
def _templates(view: _View, speed_m_s: int, f_max_hz: float) -> Floats:
    """Return what the inversion makes of a unit raised cosine of each length, shape (lengths, window)."""
    size = 1024
    x = (np.arange(size) - size // 2) * GRID_M
    wavenumber = np.fft.rfftfreq(size, GRID_M)
    frequency = (wavenumber * speed_m_s).astype(np.float64)
    response = NOMINAL_CAR.body_acceleration_response(frequency) * np.sinc(ENVELOPE_M * wavenumber)
    band = (wavenumber >= PROFILE_BAND.n_min_c_m) & (wavenumber <= PROFILE_BAND.n_max_c_m)
    band &= (frequency >= PROFILE_BAND.f_min_hz) & (frequency <= f_max_hz)
    forward = np.where(band, np.abs(response) ** 2, 0.0)
    kept = forward / (forward + PROFILE_BAND.regularisation * forward.max())
    reach = round(view.reach_m / GRID_M)
    rows = []
    for length in view.lengths_m:
        cosine = np.where(np.abs(x) < length / 2, 0.5 * (1 + np.cos(2 * np.pi * x / length)), 0.0)
        seen = deviation(np.fft.irfft(np.fft.rfft(cosine) * kept, size), view.base_m)
        rows.append(seen[size // 2 - reach : size // 2 + reach + 1])
    return np.array(rows)


def kind_of(shape: Shape) -> Kind:
    """Name a shape."""
    if shape.height_mm > 0:
        return "speed_bump" if BUMP_LENGTH_M[0] <= shape.length_m <= BUMP_LENGTH_M[1] else "raised"
    if shape.length_m > POTHOLE_LENGTH_M:
        return "depression"
    lid = LID_LENGTH_M[0] <= shape.length_m <= LID_LENGTH_M[1] and -shape.height_mm <= LID_DEPTH_MM
    return "manhole" if lid else "pothole"


def severity(height_mm: float, length_m: float, speed_m_s: float) -> float:
    """Return severity 0-100: grows with |height|, slowly with length and with the speed driven there.

    50 for a hole 35 mm deep and 0.7 m long where people drive 50 km/h.
    """
    size = abs(height_mm) * (max(length_m, 0.1) / 0.7) ** 0.05 * (max(speed_m_s, 1.0) * 3.6 / 50) ** 0.1
    return float(100 * (1 - 2 ** (-size / 35)))


def criticality(severity_0_100: float) -> Criticality:
    """Return the colour of a severity, by the shipped thresholds (`criticality.csv`)."""
    found: Criticality = "verde"
    for colour, least in _thresholds():
        if severity_0_100 >= least:
            found = colour
    return found


@cache
def _thresholds() -> tuple[tuple[Criticality, float], ...]:
    text = files("contado.engines.pavement.anomalies").joinpath("criticality.csv").read_text(encoding="utf-8")
    rows = {row["criticality"]: float(row["severity_min"]) for row in csv.DictReader(text.splitlines())}
    return tuple((colour, rows[colour]) for colour in CRITICALITIES)
