"""Compiled filter of one quantity that drifts: level and growth of log IRI, cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.jit import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["drift_filter"]


@njit(nogil=True)
def _quadratic(
    a: NDArray[np.float64], members: NDArray[np.int64], covariance: NDArray[np.float64]
) -> float:  # pragma: no cover - compiled
    """Return the variance of a linear form of some variables, its coefficients in their order."""
    total = 0.0
    for v in range(members.size):
        for w in range(members.size):
            total += a[v] * covariance[members[v], members[w]] * a[w]
    return total


@njit(nogil=True)
def _numbered(
    vehicle: NDArray[np.int64], place: NDArray[np.int64], members: NDArray[np.int64]
) -> int:  # pragma: no cover - compiled
    """Number the vehicles of a cell in ``place``, list them in ``members``, return how many they are."""
    here = 0
    for v in vehicle:
        if place[v] < 0:
            place[v] = here
            members[here] = v
            here += 1
    return here


@njit(nogil=True)
def drift_filter(
    offsets: NDArray[np.int64],
    t_y: NDArray[np.float64],
    y: NDArray[np.float64],
    variance: NDArray[np.float64],
    model_sd: NDArray[np.float64],
    vehicle: NDArray[np.int64],
    bias_covariance: NDArray[np.float64],
    drift: tuple[float, float, float],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # pragma: no cover - compiled
    """Return the states of the cells, shape (cells, 6), and how the biases of the vehicles pull them, shape (n,).

    A state is mean and variance of the level at t = 0, mean and variance of the growth, and the parts of the
    level's variance that come from the vehicles and from the model. A pull is the sensitivity of a cell's level to the bias of a
    vehicle, at the vehicle's first row in the cell; it is 0 at its others.

    Observation ``y`` (log IRI less the estimated bias of its vehicle) of the cell c are the rows
    ``offsets[c]:offsets[c+1]``, in order of time, ``t_y <= 0`` years. The level's prior is flat. The
    ``drift`` is the variance that it adds a year, and mean and variance of the growth before anything is seen. The
    estimate is linear in the vehicles' biases, so their joint uncertainty adds ``a' S a`` with a the
    sensitivity of the level to each bias. So it is with the error of the model, one of a cell, by ``model_sd``
    at each pass.
    """
    cells = offsets.size - 1
    vehicles = bias_covariance.shape[0]
    out = np.full((cells, 6), np.nan)
    pull = np.zeros(y.size)
    # most of a fleet never passes over a cell: its vehicles are numbered anew in each
    place = np.full(vehicles, -1)
    members = np.zeros(vehicles, np.int64)
    a_level = np.zeros(vehicles)
    a_growth = np.zeros(vehicles)
    for c in range(cells):
        first, last = offsets[c], offsets[c + 1]
        if first == last:
            continue
        here = _numbered(vehicle[first:last], place, members)
        a_level[:here] = 0.0
        a_growth[:here] = 0.0
        level, growth = y[first], drift[1]
        p, pg, g = variance[first], 0.0, drift[2]
        a_level[place[vehicle[first]]] = 1.0
        m_level, m_growth = model_sd[first], 0.0
        for i in range(first + 1, last + 1):
            dt = (t_y[i] if i < last else 0.0) - t_y[i - 1]
            level += growth * dt
            p += dt * (2.0 * pg + dt * g + drift[0])
            pg += dt * g
            m_level += dt * m_growth
            for v in range(here):
                a_level[v] += dt * a_growth[v]
            if i == last:
                break
            total = p + variance[i]
            k, kg = p / total, pg / total
            surprise = y[i] - level
            level += k * surprise
            growth += kg * surprise
            unlike = model_sd[i] - m_level
            m_level += k * unlike
            m_growth += kg * unlike
            for v in range(here):
                d = (1.0 if v == place[vehicle[i]] else 0.0) - a_level[v]
                a_level[v] += k * d
                a_growth[v] += kg * d
            g -= kg * pg
            pg *= 1.0 - k
            p *= 1.0 - k
        shared = _quadratic(a_level, members[:here], bias_covariance)
        out[c, 0], out[c, 1], out[c, 2], out[c, 3] = level, p + shared + m_level**2, growth, g
        out[c, 4], out[c, 5] = shared, m_level**2
        for i in range(first, last):
            pull[i] = a_level[place[vehicle[i]]]
            a_level[place[vehicle[i]]] = 0.0
        place[members[:here]] = -1
    return out, pull
