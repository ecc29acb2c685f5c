"""Invented roads: a random surface of given roughness, with potholes, bumps and manholes that age.

The slope of a w = 2 road is white noise with one-sided density (2 pi n0)^2 Gd(n0) (ISO 8608); wavelengths
above 90 m are taken out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from contado.engines.pavement.profile.iso8608 import N0, gd_of_class, gd_of_iri
from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = [
    "KINDS",
    "Anomaly",
    "Kind",
    "Road",
    "Side",
    "from_profile",
    "iri_levels",
    "random_road",
    "scatter",
    "sided",
    "wheel_tracks",
]

Side = Literal["left", "right", "both"]
"""Wheel tracks that a thing of the road lies in, as one drives."""

DX_M: Final = 0.05
"""Spacing of an invented road [m]."""

_LONGEST_M: Final = 90.0
"""High-pass wavelength of an invented road [m]."""

_LEVEL_CELL_M: Final = 100.0
_LEVEL_BOUNDS: Final = (0.9, 9.0)
_SLOT_M: Final = 25.0
_TYRE_M: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What an anomaly kind looks like: lengths [m], heights [mm] (negative = down), usual number a km.

    ``one_sided`` is the share that lies in one wheel track.
    """

    length_m: tuple[float, float]
    height_mm: tuple[float, float]
    per_km: float
    one_sided: float = 0.0


KINDS: Final[Mapping[str, Kind]] = {
    "pothole": Kind(length_m=(0.4, 1.0), height_mm=(-70.0, -20.0), per_km=1.2, one_sided=0.9),
    "speed_bump": Kind(length_m=(2.5, 3.7), height_mm=(40.0, 80.0), per_km=0.4),
    "manhole": Kind(length_m=(0.6, 0.8), height_mm=(-30.0, -15.0), per_km=0.4, one_sided=0.9),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """A raised cosine h/2 (1 + cos 2 pi x / l) at a chainage; ``height_mm`` is negative for a hole.

    ``side`` counts on a road of two wheel tracks only.
    """

    kind: str
    chainage_m: float
    length_m: float
    height_mm: float
    side: Side = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """A road's surface: ``x_m`` (n,) from 0, elevation ``base_m`` (n,) without anomalies, its anomalies."""

    x_m: Array
    base_m: Array
    anomalies: tuple[Anomaly, ...] = ()

    @property
    def length_m(self) -> float:
        """Length [m]."""
        return float(self.x_m[-1])

    def elevation_m(self) -> Array:
        """Elevation with the anomalies [m], (n,)."""
        y = self.base_m.copy()
        for anomaly in self.anomalies:
            half = anomaly.length_m / 2
            first, last = np.searchsorted(self.x_m, [anomaly.chainage_m - half, anomaly.chainage_m + half])
            offset = self.x_m[first:last] - anomaly.chainage_m
            y[first:last] += anomaly.height_mm / 2000 * (1 + np.cos(2 * np.pi * offset / anomaly.length_m))
        return y

    def under_tyre_m(self, *, enveloping: bool = True) -> tuple[Array, float]:
        """Elevation that a tyre feels [m] on an even grid from 0, and the grid's spacing [m].

        A tyre bridges 250 mm: the centred moving average of that length. Points farther apart than 50 mm,
        or uneven, are first filled in by a smooth curve.
        """
        y, dx = _even_grid(self.x_m, self.elevation_m())
        size = max(1, int(_TYRE_M / dx + 0.5))
        if not enveloping or size == 1:
            return y, dx
        padded = np.pad(y - y[0], (size // 2, size - 1 - size // 2), mode="edge")
        return np.convolve(padded, np.full(size, 1 / size), mode="valid"), dx

    def aged(self, years: float, growth_per_y: float, anomaly_growth_per_y: float = 0.0) -> Road:
        """Return the road ``years`` later: roughness grows by exp(growth x years), holes deepen likewise.

        Speed bumps and manholes are built things and keep their height.
        """
        deeper = float(np.exp(anomaly_growth_per_y * years))
        anomalies = tuple(
            replace(a, height_mm=a.height_mm * deeper) if a.kind == "pothole" else a for a in self.anomalies
        )
        factor = float(np.exp(growth_per_y * years))
        return replace(self, base_m=self.base_m * factor, anomalies=anomalies)

    def with_anomalies(self, *more: Anomaly) -> Road:
        """Return the road with further anomalies, in order of chainage."""
        return replace(self, anomalies=tuple(sorted((*self.anomalies, *more), key=lambda a: a.chainage_m)))

    def patched(self, *chainages_m: float) -> Road:
        """Return the road without the anomalies at these chainages (within 1 m)."""
        kept = [a for a in self.anomalies if all(abs(a.chainage_m - c) > 1.0 for c in chainages_m)]
        return replace(self, anomalies=tuple(kept))

    def resurfaced(self, from_m: float, to_m: float, iri_m_km: float) -> Road:
        """Return the road with a new surface of mean IRI ``iri_m_km`` [m/km] on a span of at least 11 m.

        The slopes of the span are scaled (IRI(k y) = k IRI(y)); its holes are gone, built things stay.
        """
        from contado.engines.pavement.profile.roughness_index import iri

        now = iri(self.x_m, self.base_m, segment_m=to_m - from_m, start_m=from_m).iri_m_km[0]
        slope = np.diff(self.base_m)
        inside = (self.x_m[:-1] >= from_m) & (self.x_m[:-1] < to_m)
        slope[inside] *= iri_m_km / now
        base = self.base_m[0] + np.concatenate([[0.0], np.cumsum(slope)])
        kept = [a for a in self.anomalies if a.kind != "pothole" or not from_m <= a.chainage_m < to_m]
        return replace(self, base_m=base, anomalies=tuple(kept))


def from_profile(x_m: Array, y_m: Array) -> Road:
    """Return a road that is a given profile, its chainage counted from the first point."""
    return Road(x_m=x_m - x_m[0], base_m=np.asarray(y_m, dtype=np.float64))


def _even_grid(x: Array, y: Array) -> tuple[Array, float]:
    spacing = np.diff(x)
    even = float(np.ptp(spacing)) <= 1e-7 * float(spacing.mean()) + 1e-9
    dx = float(x[-1] - x[0]) / spacing.size
    if even and dx <= DX_M + 1e-9:
        return y, dx
    from scipy.interpolate import CubicSpline, PchipInterpolator

    steps = max(2, int(np.ceil((x[-1] - x[0]) / min(DX_M, float(spacing.min())) - 1e-9)))
    curve = CubicSpline(x, y) if even else PchipInterpolator(x, y)
    grid = np.linspace(x[0], x[-1], steps + 1)
    return np.asarray(curve(grid), dtype=np.float64), float(grid[1] - grid[0])


def wheel_tracks(road: Road, rng: np.random.Generator, coherence_m: float = 4.0) -> tuple[Road, Road]:
    """Return the left and the right wheel track: equal spectrum, coherence exp(-coherence_m n) at wavenumber n.

    Long waves are shared by both tracks, short ones are their own; each has the anomalies of its side.
    """
    y, dx = _even_grid(road.x_m, road.base_m)
    left = np.fft.rfft(np.diff(y))
    other = np.abs(left) * np.exp(2j * np.pi * rng.random(left.size))
    share = np.exp(-coherence_m * np.fft.rfftfreq(y.size - 1, dx) / 2)
    slope = np.fft.irfft(share * left + np.sqrt(1 - share**2) * other, y.size - 1)
    x = np.asarray(np.arange(y.size) * dx, dtype=np.float64)
    right = Road(x_m=x, base_m=y[0] + np.concatenate([[0.0], np.cumsum(slope)]))
    mine, others = ([a for a in road.anomalies if a.side in (s, "both")] for s in ("left", "right"))
    return replace(road, anomalies=tuple(mine)), replace(right, anomalies=tuple(others))


def iri_levels(
    length_m: float, rng: np.random.Generator, *, start_m_km: float | None = None, step: float = 0.2
) -> Array:
    """Return mean IRI levels [m/km] of cells of 100 m: a log random walk reflected at 0.9 and 9 m/km."""
    low, high = np.log(_LEVEL_BOUNDS)
    first = np.log(start_m_km) if start_m_km is not None else rng.normal(np.log(3.0), 0.35)
    walk = first + np.concatenate([[0.0], np.cumsum(rng.normal(0, step, _cells(length_m) - 1))])
    period = 2 * (high - low)
    folded = np.abs((walk - low + period / 2) % period - period / 2)
    levels: Array = np.exp(low + folded)
    return levels


def _cells(length_m: float) -> int:
    return max(1, int(np.ceil(length_m / _LEVEL_CELL_M)))


def random_road(
    length_m: float,
    rng: np.random.Generator,
    *,
    iso_class: str | None = None,
    levels_m_km: Array | None = None,
    waviness: float = 2.0,
    dx_m: float = DX_M,
) -> Road:
    """Return a road without anomalies: one ISO class along the whole length, or IRI levels of 100 m.

    Parameters
    ----------
    length_m
        Length [m].
    rng
        Generator of the surface.
    iso_class
        A to H; its geometric mean Gd(n0) is used.
    levels_m_km
        Mean IRI of each cell of 100 m [m/km], (cells,); used when no class is given.
    waviness
        Exponent w of the spectrum; other than 2 by spectral shaping of the white slope.
    dx_m
        Spacing [m].

    Raises
    ------
    UsageError
        Neither class nor levels, or an unknown class.
    """
    x = np.asarray(np.arange(round(length_m / dx_m) + 1) * dx_m, dtype=np.float64)
    if iso_class is not None:
        gd = np.full(x.size - 1, gd_of_class(iso_class))
        white = _flat(rng.standard_normal(x.size - 1))
    elif levels_m_km is not None:
        cell = np.minimum((x[:-1] / _LEVEL_CELL_M).astype(np.int64), levels_m_km.size - 1)
        gd = gd_of_iri(levels_m_km)[cell]
        white = rng.standard_normal(x.size - 1)
    else:
        raise UsageError(
            "Neither a class nor levels.", rule="bad_usage", hint="give iso_class or levels_m_km"
        )
    slope = _shaped(white, waviness, dx_m) * np.sqrt((2 * np.pi * N0) ** 2 * gd / (2 * dx_m))
    base = np.concatenate([[0.0], np.cumsum(_high_passed(slope, dx_m) * dx_m)])
    return Road(x_m=x, base_m=base)


def _flat(white: Array) -> Array:
    """White noise with the phases of a draw and an exactly flat spectrum.

    A road of a class then has the class's spectrum, not one draw of it.
    """
    spectrum = np.fft.rfft(white)
    return np.asarray(np.fft.irfft(spectrum / np.abs(spectrum) * np.sqrt(white.size), white.size))


def _shaped(white: Array, waviness: float, dx_m: float) -> Array:
    """White slope -> slope density (n / n0)^(2 - w); at w = 2 nothing changes."""
    if waviness == 2.0:
        return white
    n = np.fft.rfftfreq(white.size, dx_m)
    gain = np.zeros_like(n)
    gain[1:] = (n[1:] / N0) ** ((2 - waviness) / 2)
    return np.asarray(np.fft.irfft(np.fft.rfft(white) * gain, white.size), dtype=np.float64)


def _high_passed(slope: Array, dx_m: float) -> Array:
    """Take wavelengths above 90 m out, with the gain of a second-order Butterworth filter and no shift."""
    n = np.fft.rfftfreq(slope.size, dx_m)
    gain = np.zeros_like(n)
    gain[1:] = 1 / np.sqrt(1 + (1 / (_LONGEST_M * n[1:])) ** 4)
    return np.asarray(np.fft.irfft(np.fft.rfft(slope) * gain, slope.size), dtype=np.float64)


def scatter(
    length_m: float, counts: Mapping[str, int | None], rng: np.random.Generator
) -> tuple[Anomaly, ...]:
    """Return anomalies of each kind at least 15 m apart, none in the first and last 30 m.

    ``counts`` holds the number of each kind; None = proportional to length.

    Raises
    ------
    UsageError
        More anomalies than the road has room for.
    """
    numbers = [
        round(kind.per_km * length_m / 1000) if counts.get(name) is None else int(counts[name] or 0)
        for name, kind in KINDS.items()
    ]
    slots = max(0, int((length_m - 60 - _SLOT_M) / _SLOT_M) + 1)
    if sum(numbers) > slots:
        raise UsageError(
            f"{sum(numbers)} anomalies do not fit on {length_m:g} m; there is room for {slots}.",
            rule="too_many_anomalies",
            hint="one anomaly needs 25 m: give fewer or a longer road",
            field="potholes",
        )
    places = 30 + _SLOT_M * (rng.permutation(slots)[: sum(numbers)] + 0.5) + rng.uniform(-5, 5, sum(numbers))
    names = [name for name, number in zip(KINDS, numbers, strict=True) for _ in range(number)]
    found = [anomaly(name, float(place), rng) for name, place in zip(names, places, strict=True)]
    return tuple(sorted(found, key=lambda a: a.chainage_m))


def sided(anomalies: Iterable[Anomaly], rng: np.random.Generator) -> tuple[Anomaly, ...]:
    """Return the anomalies with the wheel tracks they lie in, drawn by kind."""
    found = []
    for one in anomalies:
        alone, left = rng.random() < KINDS[one.kind].one_sided, rng.random() < 0.5
        found.append(replace(one, side=("left" if left else "right") if alone else "both"))
    return tuple(found)


def anomaly(kind: str, chainage_m: float, rng: np.random.Generator) -> Anomaly:
    """Return one anomaly of a kind at a chainage [m], its size drawn from the kind's range."""
    shape = KINDS[kind]
    return Anomaly(
        kind=kind,
        chainage_m=round(chainage_m, 2),
        length_m=round(float(rng.uniform(*shape.length_m)), 2),
        height_mm=round(float(rng.uniform(*shape.height_mm)), 1),
    )
