"""Compiled scans of the golden car; imported after the input has been checked, because it brings numba."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from contado.kernel.jit import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["moving_mean", "scan_even", "scan_uneven"]


@njit(nogil=True, fastmath={"contract", "reassoc", "nsz"})
def scan_even(
    y: NDArray[np.float64],
    lag: int,
    scale: float,
    grade: float,
    step: NDArray[np.float64],
    ends: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Sums of |z1 - z3| over the segments of an evenly spaced profile, one pass.

    The slope of the forward mean of ``lag`` points telescopes to (y[i + lag] - y[i]) x ``scale``; where the
    mean would need points beyond the last, the last full slope is held. ``grade`` is taken off the slope. ``step`` (4, 5) = [ST | PR];
    ``ends`` (m + 1,) are the sample indices of the segment bounds.
    """
    a00, a01, a02, a03, p0 = step[0, 0], step[0, 1], step[0, 2], step[0, 3], step[0, 4]
    a10, a11, a12, a13, p1 = step[1, 0], step[1, 1], step[1, 2], step[1, 3], step[1, 4]
    a20, a21, a22, a23, p2 = step[2, 0], step[2, 1], step[2, 2], step[2, 3], step[2, 4]
    a30, a31, a32, a33, p3 = step[3, 0], step[3, 1], step[3, 2], step[3, 3], step[3, 4]
    sums = np.zeros(ends.size - 1)
    z0 = z1 = z2 = z3 = 0.0
    last = y.size - 1 - lag
    for segment in range(ends.size - 1):
        total = 0.0
        for i in range(ends[segment], ends[segment + 1]):
            j = min(i, last)
            u = (y[j + lag] - y[j]) * scale - grade
            n0 = (a00 * z0 + a01 * z1) + (a02 * z2 + a03 * z3) + p0 * u
            n1 = (a10 * z0 + a11 * z1) + (a12 * z2 + a13 * z3) + p1 * u
            n2 = (a20 * z0 + a21 * z1) + (a22 * z2 + a23 * z3) + p2 * u
            n3 = (a30 * z0 + a31 * z1) + (a32 * z2 + a33 * z3) + p3 * u
            z0, z1, z2, z3 = n0, n1, n2, n3
            total += abs(z0 - z2)
        sums[segment] = total
    return sums


@njit(nogil=True)
def scan_uneven(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    which: NDArray[np.int64],
    steps: NDArray[np.float64],
    ends: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Integrals [m] of |z1 - z3| over the segments; interval i uses ``steps[which[i]]`` (k, 4, 5).

    The value at the end of an interval counts with the interval's length.
    """
    sums = np.zeros(ends.size - 1)
    z0 = z1 = z2 = z3 = 0.0
    for segment in range(ends.size - 1):
        total = 0.0
        for i in range(ends[segment], ends[segment + 1]):
            dx = x[i + 1] - x[i]
            u = (y[i + 1] - y[i]) / dx
            s = steps[which[i]]
            n0 = s[0, 0] * z0 + s[0, 1] * z1 + s[0, 2] * z2 + s[0, 3] * z3 + s[0, 4] * u
            n1 = s[1, 0] * z0 + s[1, 1] * z1 + s[1, 2] * z2 + s[1, 3] * z3 + s[1, 4] * u
            n2 = s[2, 0] * z0 + s[2, 1] * z1 + s[2, 2] * z2 + s[2, 3] * z3 + s[2, 4] * u
            n3 = s[3, 0] * z0 + s[3, 1] * z1 + s[3, 2] * z2 + s[3, 3] * z3 + s[3, 4] * u
            z0, z1, z2, z3 = n0, n1, n2, n3
            total += abs(z0 - z2) * dx
        sums[segment] = total
    return sums


@njit(nogil=True)
def moving_mean(x: NDArray[np.float64], y: NDArray[np.float64], half_m: float) -> NDArray[np.float64]:
    """Mean of the raw points within +-``half_m`` [m] of each point, shape of the input."""
    out = np.empty_like(y)
    first = 0
    for i in range(x.size):
        while x[first] < x[i] - half_m:
            first += 1
        total, j = 0.0, first
        while j < x.size and x[j] <= x[i] + half_m:
            total += y[j]
            j += 1
        out[i] = total / (j - first)
    return out


def compile_all() -> None:
    """Compile (or load from disk) every scan, so that timings hold the computation only."""
    line, two = np.linspace(0.0, 1.0, 5), np.array([0, 4])
    calls: list[tuple[Any, tuple[Any, ...]]] = [
        (scan_even, (line, 1, 1.0, 0.0, np.zeros((4, 5)), two)),
        (scan_uneven, (line, line, np.zeros(4, dtype=np.int64), np.zeros((1, 4, 5)), two)),
        (moving_mean, (line, line, 0.1)),
    ]
    for kernel, arguments in calls:
        kernel(*arguments)
