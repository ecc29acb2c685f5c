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
    rate: NDArray[np.complex128],
    weight: NDArray[np.complex128],
    ends: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Integrals [m] of |z1 - z3| over the segments of a profile of any spacing, one pass.

    Each interval has its own exact transition; the value at its end counts with its length. ``rate`` [1/m]
    and ``weight`` (2,) are the golden car's modes.
    """
    sums = np.zeros(ends.size - 1)
    first, second, a, b = 0j, 0j, 0j, 0j
    known = 0.0
    for segment in range(ends.size - 1):
        total = 0.0
        for i in range(ends[segment], ends[segment + 1]):
            dx = x[i + 1] - x[i]
            if abs(dx - known) > 1e-9:
                a, b, known = np.exp(rate[0] * dx), np.exp(rate[1] * dx), dx
            u = (y[i + 1] - y[i]) / dx
            first = a * first + (a - 1) * weight[0] * u
            second = b * second + (b - 1) * weight[1] * u
            total += abs(first.real + second.real) * dx
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
        (scan_uneven, (line, line, mode, mode, two)),
        (moving_mean, (line, line, 0.1)),
    ]
    for kernel, arguments in calls:
        kernel(*arguments)
