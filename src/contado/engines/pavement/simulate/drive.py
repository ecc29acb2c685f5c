"""How a simulated car moves along its route: speed by road class, traffic, stops, limits of acceleration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.units import convert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["DriveStyle", "Motion", "constant", "plan"]

_GRID_M = 1.0
_SLOWEST_M_S = 1.0
_STOP_APART = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveStyle:
    """How a driver drives.

    ``acceleration_m_s2``, ``braking_m_s2`` limits; ``lateral_m_s2`` comfort in curves;
    ``traffic_sd`` spread of the speed between stretches [1]; ``stops_per_km`` and ``stop_s`` (shortest,
    longest) of stops; ``start_m_s`` speed at both ends.
    """

    acceleration_m_s2: float = 1.2
    braking_m_s2: float = 1.6
    lateral_m_s2: float = 2.0
    traffic_sd: float = 0.15
    stops_per_km: float = 0.5
    stop_s: tuple[float, float] = (4.0, 20.0)
    start_m_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """A drive in time: knots of time [s], chainage [m], speed [m/s]; between knots acceleration is constant."""

    t_s: Array
    chainage_m: Array
    speed_m_s: Array

    @property
    def duration_s(self) -> float:
        """Length of the drive [s]."""
        return float(self.t_s[-1])

    def at(self, t_s: Array) -> tuple[Array, Array, Array]:
        """Chainage [m], speed [m/s] and acceleration [m/s2] at times, shapes of the input."""
        k = np.clip(np.searchsorted(self.t_s, t_s, side="right") - 1, 0, self.t_s.size - 2)
        span = self.t_s[k + 1] - self.t_s[k]
        acceleration = (self.speed_m_s[k + 1] - self.speed_m_s[k]) / span
        tau = np.clip(t_s - self.t_s[k], 0.0, span)
        speed = self.speed_m_s[k] + acceleration * tau
        return self.chainage_m[k] + (self.speed_m_s[k] + speed) / 2 * tau, speed, acceleration


def constant(length_m: float, speed_kmh: float) -> Motion:
    """Return a drive at constant speed from 0 to ``length_m``."""
    speed = convert(speed_kmh, "kmh", "m_s")
    return Motion(
        t_s=np.array([0.0, length_m / speed]),
        chainage_m=np.array([0.0, length_m]),
        speed_m_s=np.array([speed, speed]),
    )


def plan(
    length_m: float,
    spans: Sequence[tuple[float, float, float]],
    turning: Array | None,
    style: DriveStyle,
    rng: np.random.Generator,
) -> Motion:
    """Return a drive over ``length_m`` that keeps usual speeds, curves, stops and acceleration limits.

    Parameters
    ----------
    length_m
        Length driven [m].
    spans
        (from_m, to_m, usual speed [km/h]) along the route.
    turning
        Curvature [1/m] at each whole metre, or None.
    style
        The driver.
    rng
        Traffic and stops of this drive.
    """
    s = np.append(np.arange(0, length_m, _GRID_M), length_m)
    wished = _wished(s, spans, style, rng)
    if turning is not None:
        curve = np.interp(s, np.arange(turning.size), np.abs(turning))
        wished = np.minimum(wished, np.sqrt(style.lateral_m_s2 / np.maximum(curve, 1e-6)))
    stops = _stops(s.size, style, rng)
    wished = np.maximum(wished, _SLOWEST_M_S)
    wished[[0, -1]] = style.start_m_s
    wished[stops] = 0.0
    return _timed(s, _limited(s, wished, style), stops, rng.uniform(*style.stop_s, stops.size))


def _stops(points: int, style: DriveStyle, rng: np.random.Generator) -> NDArray[np.int64]:
    """Grid points at which the car stands, at least 20 m apart and away from both ends."""
    kept: list[int] = []
    for place in np.flatnonzero(rng.random(points) < style.stops_per_km * _GRID_M / 1000).tolist():
        if place - (kept[-1] if kept else 0) > _STOP_APART and place < points - _STOP_APART:
            kept.append(place)
    return np.array(kept, dtype=np.int64)


def _wished(
    s: Array, spans: Sequence[tuple[float, float, float]], style: DriveStyle, rng: np.random.Generator
) -> Array:
    """Usual speed x traffic of stretches of about 250 m, smoothed over 30 m [m/s]."""
    usual = np.full(s.size, convert(spans[-1][2], "kmh", "m_s"))
    for from_m, to_m, speed_kmh in spans:
        usual[(s >= from_m) & (s < to_m)] = convert(speed_kmh, "kmh", "m_s")
    knots = np.arange(0, s[-1] + 500, 250.0)
    factor = np.clip(rng.normal(1.0, style.traffic_sd, knots.size), 0.45, 1.35)
    wished = usual * np.interp(s, knots, factor)
    window = min(31, s.size)
    padded = np.pad(wished, (window // 2, window - 1 - window // 2), mode="edge")
    return np.asarray(np.convolve(padded, np.full(window, 1 / window), mode="valid"), dtype=np.float64)


def _limited(s: Array, wished: Array, style: DriveStyle) -> Array:
    """Largest speed below the wish that accelerates and brakes within limits, by two sweeps on v^2."""
    gain = 2 * style.acceleration_m_s2 * np.diff(s)
    loss = 2 * style.braking_m_s2 * np.diff(s)
    square = (wished**2).tolist()
    for i in range(1, len(square)):
        square[i] = min(square[i], square[i - 1] + gain[i - 1])
    for i in range(len(square) - 2, -1, -1):
        square[i] = min(square[i], square[i + 1] + loss[i])
    return np.asarray(np.sqrt(square), dtype=np.float64)


def _timed(s: Array, speed: Array, stops: NDArray[np.int64], waits: Array) -> Motion:
    """Speeds over distance -> knots in time; a stop is a knot that comes twice, its wait apart."""
    steps = 2 * np.diff(s) / (speed[1:] + speed[:-1])
    t = np.concatenate([[0.0], np.cumsum(steps)])
    delay = np.zeros(s.size)
    np.add.at(delay, stops, waits)
    after = np.cumsum(delay)
    twice = np.sort(np.concatenate([np.arange(s.size), stops]))
    second = np.concatenate([[False], twice[1:] == twice[:-1]])
    arrival = t + after - delay
    times = np.where(second, (t + after)[twice], arrival[twice])
    return Motion(t_s=times, chainage_m=s[twice], speed_m_s=speed[twice])
