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
    multiplier: NDArray[np.complex128],
    response: NDArray[np.complex128],
    ends: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Sums of |z1 - z3| over the segments of an evenly spaced profile, one pass.

    The slope of the forward mean of ``lag`` points telescopes to (y[i + lag] - y[i]) x ``scale``; where the
    mean would need points beyond the last, the last full slope is held. ``grade`` is taken off the slope.
    ``multiplier``, ``response`` (2,) are the golden car's modes; ``ends`` (m + 1,) are the sample indices of
    the segment bounds.
    """
    ar, ai, br, bi = multiplier[0].real, multiplier[0].imag, response[0].real, response[0].imag
    cr, ci, dr, di = multiplier[1].real, multiplier[1].imag, response[1].real, response[1].imag
    sums = np.zeros(ends.size - 1)
    p = q = r = s = 0.0
    last = y.size - 1 - lag
    for segment in range(ends.size - 1):
        total = 0.0
        full = min(ends[segment + 1], last + 1)
        for i in range(ends[segment], full):
            u = (y[i + lag] - y[i]) * scale - grade
            p, q = ar * p + (br * u - ai * q), ai * p + (ar * q + bi * u)
            r, s = cr * r + (dr * u - ci * s), ci * r + (cr * s + di * u)
            total += abs(p + r)
        for _ in range(max(ends[segment], full), ends[segment + 1]):
            u = (y[last + lag] - y[last]) * scale - grade
            p, q = ar * p + (br * u - ai * q), ai * p + (ar * q + bi * u)
            r, s = cr * r + (dr * u - ci * s), ci * r + (cr * s + di * u)
            total += abs(p + r)
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
    line, two, mode = np.linspace(0.0, 1.0, 5), np.array([0, 4]), np.zeros(2, dtype=np.complex128)
    calls: list[tuple[Any, tuple[Any, ...]]] = [
        (scan_even, (line, 1, 1.0, 0.0, mode, mode, two)),
        (scan_uneven, (line, line, np.zeros(4, dtype=np.int64), np.zeros((1, 4, 5)), two)),
        (moving_mean, (line, line, 0.1)),
    ]
    for kernel, arguments in calls:
        kernel(*arguments)
