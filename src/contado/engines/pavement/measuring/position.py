"""Where along the route each sample was taken: fixes and odometer in one Kalman smoother.

A fix alone is wrong by metres, and wrong the same way for many seconds; the integrated speed is right to
decimetres over a minute but knows no origin. The smoother's state is the chainage s, the odometer's
relative scale error k and the fix's own slowly varying error e along the road::

    s' = s + (1 + k) v dt + w,    k' = k,    e' = rho^dt e + u,    observed chainage = s + e

Times without a usable fix for more than 5 s are left open: nothing is bridged.

References
----------
Rauch, H. E., Tung, F., Striebel, C. T. (1965). Maximum likelihood estimates of linear dynamic systems.
AIAA Journal 3(8), 1445-1450.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Fixes", "PositionSettings", "RouteLine", "Track", "follow", "spans"]

MAX_GAP_S: Final = 5.0
MAX_CANDIDATES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionSettings:
    """How fixes and odometer are trusted."""

    sigma_m: float = 5.0
    """First guess of a fix's error per axis; the drive's own spread across the road replaces it."""
    radius_m: float = 50.0
    """A fix farther than this and than 4 sigma from the route is unmatched."""
    speed_sd_m_s: float = 0.15
    """White error of the speed reading."""
    scale_sd: float = 0.005
    """Prior of the odometer's relative scale error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLine:
    """The route as a polyline in the measure CRS: x, y, chainage of each vertex [m], shape (k,)."""

    x_m: Floats
    y_m: Floats
    chainage_m: Floats

    def extended(self, by_m: float) -> RouteLine:
        """Return the line with a straight run-up and run-out, so that its ends do not attract fixes."""
        xy = np.column_stack([self.x_m, self.y_m])
        first, last = xy[0] - xy[1], xy[-1] - xy[-2]
        head = xy[0] + by_m * first / np.hypot(*first)
        tail = xy[-1] + by_m * last / np.hypot(*last)
        xy = np.vstack([head, xy, tail])
        chainage = np.r_[self.chainage_m[0] - by_m, self.chainage_m, self.chainage_m[-1] + by_m]
        return RouteLine(x_m=xy[:, 0], y_m=xy[:, 1], chainage_m=chainage)

    def densified(self, step_m: float) -> RouteLine:
        """Return the line with vertices at most ``step_m`` apart."""
        parts = np.maximum(1, np.ceil(np.diff(self.chainage_m) / step_m)).astype(int)
        position = np.repeat(np.arange(len(parts)), parts) + np.concatenate([np.arange(k) / k for k in parts])
        position = np.r_[position, len(parts)]
        x, y, chainage = (
            np.interp(position, np.arange(len(values)), values)
            for values in (self.x_m, self.y_m, self.chainage_m)
        )
        return RouteLine(x_m=x, y_m=y, chainage_m=chainage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixes:
    """The fixes of one drive in the measure CRS: time [s], x, y [m], speed [m/s; NaN unknown], shape (m,)."""

    t_s: Floats
    x_m: Floats
    y_m: Floats
    speed_m_s: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The drive along the route, at its fixes."""

    t_s: Floats
    chainage_m: Floats
    """Smoothed; NaN where unmatched."""
    speed_m_s: Floats
    """Odometer speed with its scale error taken out."""
    sd_m: Floats
    """Posterior standard deviation of the chainage."""
    across_m: Floats
    """Distance of the fix to the route, left positive; NaN where unmatched."""
    run: NDArray[np.int64]
    """Number of the connected span a fix belongs to; -1 where unmatched."""
    sigma_m: float
    """Spread of the fixes across the road."""

    def at(self, t_s: Floats) -> tuple[Floats, Floats, Floats]:
        """Return chainage [m], speed [m/s] and sd [m] at the times ``t_s``; NaN outside the runs."""
        chainage, speed, sd = (np.full(len(t_s), np.nan) for _ in range(3))
        for number in range(int(self.run.max(initial=-1)) + 1):
            k = np.flatnonzero(self.run == number)
            inside = (t_s >= self.t_s[k[0]]) & (t_s <= self.t_s[k[-1]])
            if len(k) < 2 or not inside.any():
                continue
            times = t_s[inside]
            chainage[inside] = _hermite(times, self.t_s[k], self.chainage_m[k], self.speed_m_s[k])
            speed[inside] = np.interp(times, self.t_s[k], self.speed_m_s[k])
            sd[inside] = np.interp(times, self.t_s[k], self.sd_m[k])
        return chainage, speed, sd


def follow(fixes: Fixes, line: RouteLine, settings: PositionSettings | None = None) -> Track:
    """Return the smoothed position of a drive along a route that is driven in its own direction."""
    settings = settings or PositionSettings()
    speed = _filled_speed(fixes)
    odometer = np.r_[0.0, np.cumsum((speed[1:] + speed[:-1]) / 2 * np.diff(fixes.t_s))]
    chainage, across = _project(fixes, line, odometer, settings)
    chainage[_astray(chainage, odometer)] = np.nan
    sigma, rho = _error_model(across[np.isfinite(chainage)], settings)
    run = spans(fixes.t_s, np.isfinite(chainage))
    smooth, sd, scale = chainage.copy(), np.full(len(chainage), np.nan), np.zeros(len(chainage))
    for number in range(int(run.max(initial=-1)) + 1):
        k = np.flatnonzero(run == number)
        smooth[k], sd[k], scale[k] = _smooth(
            fixes.t_s[k], odometer[k], chainage[k], noise=(sigma, rho), settings=settings
        )
    return Track(
        t_s=fixes.t_s,
        chainage_m=smooth,
        speed_m_s=speed * (1 + scale),
        sd_m=sd,
        across_m=across,
        run=run,
        sigma_m=sigma,
    )


def _filled_speed(fixes: Fixes) -> Floats:
    """Return the speeds, unknown ones from the displacement between the neighbouring fixes."""
    speed = fixes.speed_m_s.copy()
    missing = ~np.isfinite(speed)
    if missing.any() and len(speed) > 1:
        moved = np.hypot(np.gradient(fixes.x_m, fixes.t_s), np.gradient(fixes.y_m, fixes.t_s))
        speed[missing] = moved[missing]
    known: Floats = np.nan_to_num(speed)
    return known


def _project(
    fixes: Fixes, line: RouteLine, odometer: Floats, settings: PositionSettings
) -> tuple[Floats, Floats]:
    """Return chainage [m] and signed distance across the route [m] of each fix; NaN where unmatched.

    A route may pass the same place twice: among the nearest points of each passage, the sequence is
    chosen that is near the fixes and advances as the odometer does (Viterbi).
    """
    from scipy.spatial import cKDTree

    radius = max(settings.radius_m, 4 * settings.sigma_m)
    dense = line.extended(radius).densified(2.0)
    points = np.column_stack([dense.x_m, dense.y_m])
    near = cKDTree(points).query_ball_point(
        np.column_stack([fixes.x_m, fixes.y_m]), radius + 2.0, return_sorted=True
    )
    candidates = [
        _candidates(fixes.x_m[i], fixes.y_m[i], np.asarray(k, dtype=np.int64), dense, radius)
        for i, k in enumerate(near)
    ]
    chosen = _viterbi(candidates, odometer, settings.sigma_m)
    chainage, across = (np.full(len(odometer), np.nan) for _ in range(2))
    for i, k in enumerate(chosen):
        if k >= 0:
            chainage[i], across[i] = candidates[i][k]
    return chainage, across


def _candidates(x: float, y: float, near: NDArray[np.int64], dense: RouteLine, radius: float) -> Floats:
    """Return (chainage, signed distance) of each local minimum of the distance to the route, shape (c, 2)."""
    if not len(near):
        return np.empty((0, 2))
    distance = np.hypot(dense.x_m[near] - x, dense.y_m[near] - y)
    before = np.r_[np.inf, np.where(np.diff(near) == 1, distance[:-1], np.inf)]
    after = np.r_[np.where(np.diff(near) == 1, distance[1:], np.inf), np.inf]
    minima = np.flatnonzero((distance <= before) & (distance < after))
    minima = minima[np.argsort(distance[minima], kind="stable")[:MAX_CANDIDATES]]
    feet = np.array([_foot(x, y, int(k), dense) for k in near[minima]]).reshape(-1, 2)
    within: Floats = feet[np.abs(feet[:, 1]) <= radius]
    return within


def _foot(x: float, y: float, vertex: int, line: RouteLine) -> tuple[float, float]:
    """Return chainage and signed distance (left positive) of the nearest point on the two pieces at a vertex."""
    best = (np.inf, 0.0, 0.0)
    for k in (vertex - 1, vertex):
        if not 0 <= k < len(line.x_m) - 1:
            continue
        dx, dy = line.x_m[k + 1] - line.x_m[k], line.y_m[k + 1] - line.y_m[k]
        px, py = x - line.x_m[k], y - line.y_m[k]
        share = min(1.0, max(0.0, (px * dx + py * dy) / (dx * dx + dy * dy)))
        distance = float(np.hypot(px - share * dx, py - share * dy))
        if distance < best[0]:
            chainage = line.chainage_m[k] + share * (line.chainage_m[k + 1] - line.chainage_m[k])
            best = (distance, float(chainage), float(np.copysign(distance, dx * py - dy * px)))
    return best[1], best[2]


def _viterbi(candidates: list[Floats], odometer: Floats, sigma_m: float) -> list[int]:
    """Return the index of the chosen candidate of each fix, -1 where it has none."""
    step_sd = 2 * sigma_m + 1.0
    cost: Floats = np.empty(0)
    previous, back = -1, [np.empty(0, dtype=np.int64)] * len(candidates)
    order: list[int] = []
    for i, found in enumerate(candidates):
        if not len(found):
            continue
        own = (found[:, 1] / sigma_m) ** 2 / 2
        if previous >= 0:
            advance = odometer[i] - odometer[previous]
            misfit = found[:, 0][:, None] - candidates[previous][:, 0][None, :] - advance
            total = cost[None, :] + np.abs(misfit) / step_sd
            back[i] = total.argmin(axis=1)
            own = own + np.min(total, axis=1)
        cost, previous = own - np.min(own), i
        order.append(i)
    chosen = [-1] * len(candidates)
    k = int(cost.argmin()) if len(cost) else -1
    for i in reversed(order):
        chosen[i] = k
        k = int(back[i][k]) if len(back[i]) else k
    return chosen


def _astray(chainage: Floats, odometer: Floats, over_m: float = 60.0) -> Bools:
    """Return which fixes do not advance along the route as the odometer says (another road, other way)."""
    astray = np.zeros(len(chainage), dtype=bool)
    known = np.flatnonzero(np.isfinite(chainage))
    ahead = np.searchsorted(odometer[known], odometer[known] + over_m)
    for i, j in zip(known, ahead, strict=True):
        if j < len(known):
            last = known[j]
            ratio = (chainage[last] - chainage[i]) / (odometer[last] - odometer[i])
            if not 0.5 <= ratio <= 1.5:
                astray[i : last + 1] = True
    return astray


def _error_model(across: Floats, settings: PositionSettings) -> tuple[float, float]:
    """Return spread [m] and lag-one correlation of the fixes' error, read off their distances to the route."""
    if len(across) < 30:
        return settings.sigma_m, 0.9
    centred = across - np.median(across)
    sigma = float(np.clip(1.4826 * np.median(np.abs(centred)), 0.5, 30.0))
    clipped = np.clip(centred, -4 * sigma, 4 * sigma)
    rho = float(np.sum(clipped[1:] * clipped[:-1])) / max(float(np.sum(clipped**2)), 1e-12)
    return sigma, float(np.clip(rho, 0.0, 0.98))


def spans(t_s: Floats, matched: Bools) -> NDArray[np.int64]:
    """Number the spans of matched fixes that no gap above 5 s interrupts; -1 where unmatched."""
    run = np.full(len(t_s), -1, dtype=np.int64)
    k = np.flatnonzero(matched)
    run[k] = np.cumsum(np.r_[0, np.diff(t_s[k]) > MAX_GAP_S])[: len(k)]
    return run


def _smooth(
    t_s: Floats, odometer: Floats, observed: Floats, *, noise: tuple[float, float], settings: PositionSettings
) -> tuple[Floats, Floats, Floats]:
    """Return smoothed chainage [m], its sd [m] and the odometer's scale error, each of shape (m,)."""
    sigma, rho = noise
    count = len(t_s)
    mean = np.zeros((count, 3))
    cov = np.zeros((count, 3, 3))
    mean_before, cov_before, steps = mean.copy(), cov.copy(), np.zeros((count, 3, 3))
    x = np.array([observed[0], 0.0, 0.0])
    p = np.diag([1e4, settings.scale_sd**2, sigma**2])
    sight = np.array([1.0, 0.0, 1.0])
    for i in range(count):
        if i:
            dt, advance = t_s[i] - t_s[i - 1], odometer[i] - odometer[i - 1]
            fade = rho**dt
            step = np.array([[1.0, advance, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, fade]])
            x = step @ x + np.array([advance, 0.0, 0.0])
            wander = (settings.speed_sd_m_s * dt) ** 2 if advance > 0 else 0.0
            p = step @ p @ step.T + np.diag([wander + 1e-8, 0.0, sigma**2 * (1 - fade**2)])
            steps[i] = step
        mean_before[i], cov_before[i] = x, p
        gain = p @ sight / (sight @ p @ sight + 0.1 * sigma**2)
        x = x + gain * (observed[i] - sight @ x)
        p = p - np.outer(gain, sight @ p)
        mean[i], cov[i] = x, p
    for i in range(count - 2, -1, -1):
        gain = np.linalg.solve(cov_before[i + 1], steps[i + 1] @ cov[i]).T
        mean[i] += gain @ (mean[i + 1] - mean_before[i + 1])
        cov[i] += gain @ (cov[i + 1] - cov_before[i + 1]) @ gain.T
    chainage = np.maximum.accumulate(mean[:, 0])
    return chainage, np.sqrt(np.maximum(cov[:, 0, 0], 0.0)), mean[:, 1]


def _hermite(times: Floats, t_s: Floats, chainage_m: Floats, speed_m_s: Floats) -> Floats:
    """Interpolate chainage with the speeds as slopes; never backwards."""
    from scipy.interpolate import CubicHermiteSpline

    return np.maximum.accumulate(CubicHermiteSpline(t_s, chainage_m, speed_m_s)(times))
