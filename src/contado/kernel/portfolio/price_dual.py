"""Prices of a large programme: Newton steps on the smoothed dual along a path of falling smoothing.

f(l) = sum_i [M_i + tau w_i ln sum_a exp((v_a - M_i) / (tau w_i))] + c.l - kappa sum [ln l + ln(1 - l/U)],
with v = b - A l, M_i = max(0, max v), a over a site's options and "nothing", w_i the largest benefit of
the site, kappa = 0.2 tau^1.5 L / m and U = 20 times the first prices. Every pass gives the exact bound
L = sum_i M_i + c.l too, and the least one is kept: it holds at any prices, so no step is ever trusted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.portfolio.price_loops import loops, path_of
from contado.kernel.portfolio.price_stop import Stop

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from contado.kernel.portfolio.options import Options
    from contado.kernel.portfolio.price_loops import Path

    Vector = NDArray[np.float64]

__all__ = ["Dual", "dual_prices"]

_FIRST_TAU = 0.3
_LEAST_TAU = 3e-5
_STEPS_A_LEVEL = 6
_WARM = 4.0
"""Smoothing, in multiples of the last one, from which prices of a like programme are improved."""
_BACKTRACKS = 6
_ARMIJO = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Dual:
    """Prices of the rows (m), the bound they prove [cents], and the passes over all options it took."""

    prices: Vector
    bound: float
    passes: int
    at_ceiling: bool
    """Whether a price stands at its upper limit: the floors are then hardly to be met."""


@dataclass(slots=True)
class _Point:
    """f, its gradient (m) and Hessian (m, m) at some prices."""

    value: float
    gradient: Vector
    hessian: Vector | None


@dataclass(slots=True)
class _Path:
    """The dual of one programme, with the best bound seen."""

    options: Options
    ceiling: Vector
    scale: Vector
    kernels: ModuleType
    best: float = math.inf
    best_prices: Vector | None = None
    passes: int = 0
    step: float = 1.0
    stop: Stop = field(default_factory=Stop)
    trail: list[tuple[float, Vector]] = field(default_factory=list)

    def at(self, prices: Vector, tau: float, *, curved: bool) -> _Point:
        """Evaluate f at the prices (m)."""
        options, m = self.options, self.options.n_rows
        use, hessian = np.zeros(m + 1), np.zeros((m + 1, m + 1) if curved else (1, 1))
        priced = np.append(prices, 0.0)
        exact, smooth = self.kernels.dual_pass(
            options.ptr,
            options.benefit,
            options.row,
            options.amount,
            self.scale,
            priced,
            tau,
            use,
            hessian,
            curved,
        )
        self.passes += 1
        bound = exact + float(prices @ options.limit)
        if bound < self.best:
            self.best, self.best_prices = bound, prices.copy()
        return self._with_barrier(prices, tau, smooth, use[:m], hessian[:m, :m] if curved else None)

    def _with_barrier(
        self, prices: Vector, tau: float, smooth: float, use: Vector, hessian: Vector | None
    ) -> _Point:
        limit, ceiling = self.options.limit, self.ceiling
        kappa = 0.2 * tau**1.5 * abs(self.best) / max(1, len(limit))
        left = ceiling - prices
        value = (
            smooth
            + float(prices @ limit)
            - kappa * float(np.log(prices).sum() + np.log(left / ceiling).sum())
        )
        gradient = limit - use - kappa / prices + kappa / left
        if hessian is not None:
            hessian = hessian + np.diag(kappa / prices**2 + kappa / left**2)
        return _Point(value, gradient, hessian)

    def level(self, prices: Vector, tau: float) -> Vector:
        """Minimise f at one smoothing, from the prices (m)."""
        point = self.at(prices, tau, curved=True)
        for _ in range(_STEPS_A_LEVEL):
            if self.best <= 0.0:  # nothing can be gained, and the barrier, a share of the bound, is gone
                break
            direction = _newton_direction(point, self.kernels)
            slope = float(point.gradient @ direction)
            if -slope < 0.1 * tau**2 * abs(point.value) or self.stop.reached():
                break
            moved = self._search(prices, point, direction, tau)
            if moved is None:
                break
            prices, point = moved
        self.trail.append((tau, prices))
        return prices

    def _search(
        self, prices: Vector, point: _Point, direction: Vector, tau: float
    ) -> tuple[Vector, _Point] | None:
        """Step along the direction, within (0, U), until f falls enough; None where it does not."""
        wall = 0.95 * _way_to_walls(prices, self.ceiling, direction)
        if wall < 0.3:
            direction = np.clip(direction, -0.9 * prices, 0.9 * (self.ceiling - prices))
            wall = 1.0
        slope = float(point.gradient @ direction)
        if slope >= 0.0:
            return None
        step = min(1.0, wall, max(2.0 * self.step, 0.05))
        for _ in range(_BACKTRACKS):
            new = prices + step * direction
            there = self.at(new, tau, curved=True)
            if there.value <= point.value + _ARMIJO * step * slope:
                self.step = step
                return new, there
            bend = float((there.gradient - point.gradient) @ direction)
            step *= min(0.6, max(0.1, -slope / bend)) if bend > 0 else 0.6
        return None

    def start_of(self, tau: float, prices: Vector) -> Vector:
        """Return the start of a level: extrapolated linearly in tau from the last two."""
        if len(self.trail) < 2 or self.trail[-1][0] == self.trail[-2][0]:
            return prices
        (tau_1, first), (tau_2, second) = self.trail[-2:]
        ahead = second + (second - first) * (tau - tau_2) / (tau_2 - tau_1)
        return np.clip(ahead, 0.3 * prices, (prices + self.ceiling) / 2)


def dual_prices(
    options: Options,
    *,
    gap_share: float,
    seed: int = 0,
    stop: Stop | None = None,
    path: Path | None = None,
    start: Vector | None = None,
) -> Dual:
    """Return prices whose bound lies within about 1e-6 of the linear relaxation.

    Parameters
    ----------
    gap_share
        Relative gap wanted; the smoothing falls to a tenth of its root.
    stop
        Asked between steps whether to end with the best prices so far; None = never.
    path
        Compiled or numpy loops; None = the fastest at hand.
    start
        Prices (m) of a programme that differs little: then the path begins near its end, without samples.
    """
    stop = stop or Stop()
    first, kernels = _first_prices(options), loops(path_of(path))
    ceiling, prices, tau = 20.0 * first, first.copy(), _FIRST_TAU
    last = max(_LEAST_TAU, 0.1 * math.sqrt(gap_share))
    for part, lowest in _parts(options, seed) if start is None else ():
        way = _path(part, ceiling, kernels, stop)
        prices, tau = _descend(way, prices, tau, max(lowest, last))
    if start is not None:
        prices, tau = np.clip(start, 1e-6 * ceiling, 0.98 * ceiling), _WARM * last
    way = _path(options, ceiling, kernels, stop)
    prices, _ = _descend(way, prices, min(tau * 2, _FIRST_TAU), last)
    assert way.best_prices is not None
    return Dual(
        prices=way.best_prices,
        bound=way.best,
        passes=way.passes,
        at_ceiling=bool((prices > 0.98 * ceiling).any()),
    )


def _parts(options: Options, seed: int) -> list[tuple[Options, float]]:
    """Return growing samples of the sites, each with the least smoothing it is good for."""
    n, parts = max(4000, 100 * options.n_rows), []
    while 3 * n < options.n_sites and n < 60_000:
        parts.append((options.sample(n, seed), 0.03 * math.sqrt(4000 / n)))
        n *= 8
    return parts


def _descend(path: _Path, prices: Vector, tau: float, last: float) -> tuple[Vector, float]:
    """Follow the path from ``tau`` down to ``last``; return the prices and the smoothing reached."""
    while True:
        prices = path.level(path.start_of(tau, prices), tau)
        if tau <= last or path.stop.reached():
            return prices, tau
        tau = max(tau / 2, last)


def _path(options: Options, ceiling: Vector, kernels: ModuleType, stop: Stop) -> _Path:
    largest = np.maximum.reduceat(options.benefit, options.ptr[:-1])
    scale = np.maximum(largest, 1e-3 * float(np.abs(options.benefit).mean()) + 1e-9)
    return _Path(options, ceiling, scale, kernels, stop=stop)


def _first_prices(options: Options) -> Vector:
    spent = float(options.amount[options.amount > 0].sum())
    base = max(float(np.maximum(options.benefit, 0).sum()) / spent if spent else 1.0, 1e-9)
    first = np.full(options.n_rows, base)
    first[options.n_budgets :] *= 0.1
    return first


def _newton_direction(point: _Point, kernels: ModuleType) -> Vector:
    """Return -H^-1 g by Cholesky; the diagonal is raised until H is positive definite."""
    from scipy.linalg import solve_triangular

    assert point.hessian is not None
    diagonal, ridge = np.abs(np.diag(point.hessian)), 1e-9
    while True:
        lower = point.hessian + np.diag(ridge * diagonal)
        if kernels.factor(lower):
            half = solve_triangular(lower, point.gradient, lower=True)
            return np.asarray(-solve_triangular(lower, half, lower=True, trans="T"))
        ridge *= 100


def _way_to_walls(prices: Vector, ceiling: Vector, direction: Vector) -> float:
    """Return the step at which the first price would reach 0 or its ceiling."""
    down, up = direction < 0, direction > 0
    ways = np.concatenate(
        [prices[down] / -direction[down], (ceiling[up] - prices[up]) / direction[up], [math.inf]]
    )
    return float(ways.min())
