"""Compiled kernels of the simulator; imported after the input has been checked, because it brings numba."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.jit import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["advance", "advance_with_forces", "heights"]


@njit(nogil=True)
def heights(y: Array, dx: float, s: Array) -> Array:
    """Elevation at chainages ``s`` of an evenly spaced profile: local cubic, held beyond the ends.

    The cubic (Catmull and Rom, 1974) keeps short waves that a straight line between points would flatten.
    """
    out = np.empty(s.size)
    last = y.size - 1
    for k in range(s.size):
        place = min(max(s[k] / dx, 0.0), float(last))
        i = min(int(place), last - 1)
        f = place - i
        p0, p1, p2, p3 = y[max(i - 1, 0)], y[i], y[i + 1], y[min(i + 2, last)]
        out[k] = p1 + 0.5 * f * (
            p2 - p0 + f * (2 * p0 - 5 * p1 + 4 * p2 - p3 + f * (3 * (p1 - p2) + p3 - p0))
        )
    return out


@njit(nogil=True)
def advance(phi: Array, g0: Array, g1: Array, c: Array, u: Array, stride: int) -> Array:
    """Outputs c z (p,) of z[k+1] = phi z[k] + g0 u[k] + g1 u[k+1] at every ``stride``-th step.

    Shapes: phi (n, n); g0, g1 (n, m); c (p, n); u (steps, m); result (ceil(steps / stride), p).
    """
    n, m, p = phi.shape[0], u.shape[1], c.shape[0]
    z, new = np.zeros(n), np.zeros(n)
    out = np.zeros(((u.shape[0] + stride - 1) // stride, p))
    for k in range(u.shape[0]):
        if k > 0:
            for i in range(n):
                total = 0.0
                for j in range(n):
                    total += phi[i, j] * z[j]
                for j in range(m):
                    total += g0[i, j] * u[k - 1, j] + g1[i, j] * u[k, j]
                new[i] = total
            z, new = new, z
        if k % stride == 0:
            for q in range(p):
                total = 0.0
                for j in range(n):
                    total += c[q, j] * z[j]
                out[k // stride, q] = total
    return out


@njit(nogil=True)
def advance_with_forces(
    phi: Array, g0: Array, g1: Array, force: Array, car: Array, limits: Array, u: Array, stride: int
) -> Array:
    """Body acceleration and velocity (steps, 2) of a quarter-car with a tyre that only pushes and a damper with dry friction.

    What the linear car lacks is held over each step as two forces: ``force`` (4, 2) answers a unit tyre
    force and a unit friction force over the body mass; ``car`` = (k1, k2, c, mu); ``limits`` = (static
    tyre force over the body mass [m/s2], friction [m/s2], speed at which friction is full [m/s]).
    """
    k1, k2, damper = car[0], car[1], car[2]
    z, new = np.zeros(4), np.zeros(4)
    out = np.zeros(((u.shape[0] + stride - 1) // stride, 2))
    for k in range(u.shape[0]):
        stroke, rate = z[2] - z[0], z[3] - z[1]
        lift = max(0.0, -limits[0] - k1 * (u[k, 0] - z[2]))
        rub = limits[1] * np.tanh(rate / limits[2])
        if k % stride == 0:
            out[k // stride, 0] = k2 * stroke + damper * rate + rub
            out[k // stride, 1] = z[1]
        if k + 1 < u.shape[0]:
            for i in range(4):
                total = g0[i, 0] * u[k, 0] + g1[i, 0] * u[k + 1, 0] + force[i, 0] * lift + force[i, 1] * rub
                for j in range(4):
                    total += phi[i, j] * z[j]
                new[i] = total
            z, new = new, z
    return out
