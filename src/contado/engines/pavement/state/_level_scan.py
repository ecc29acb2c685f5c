"""Compiled scan of passes in the order of time: where the present level of each cell begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from contado.kernel.jit import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["last_level"]

_DAYS: Final = 3
"""Days on which surprises must be read to be believed, and passes that must stand against them."""
_RECENT: Final = 7
"""Passes of which the median is what a further one is compared with."""
_SURE: Final = 2.0
"""Distance of the new level from the old one, in gates: of a million passes over steady roads none begins one."""
_MEDIAN_VARIANCE: Final = 1.57
"""Variance of the median of normal values over that of their mean: pi / 2."""


@njit(nogil=True)
def _agree(
    level: NDArray[np.float64], variance: NDArray[np.float64], rows: NDArray[np.int64], k: float
) -> bool:  # pragma: no cover - compiled
    """Whether no pass is further from their median than the gate of a difference of two."""
    middle = np.median(level[rows])
    return bool(np.all(np.abs(level[rows] - middle) <= k * np.sqrt(2.0 * variance[rows])))


@njit(nogil=True)
def last_level(
    offsets: NDArray[np.int64],
    level: NDArray[np.float64],
    variance: NDArray[np.float64],
    t_y: NDArray[np.float64],
    day: NDArray[np.int64],
    gate: float,
    q2_per_y: float,
    growth_variance: float,
) -> NDArray[np.int64]:  # pragma: no cover - compiled
    """Return the row with which the present level of each cell begins, shape (cells,).

    Rows of the cell c are ``offsets[c]:offsets[c+1]``, in order of time ``t_y`` [years]; ``level`` is log IRI without
    bias and expected growth, ``variance`` that of one pass, ``day`` a number of its legal day.
    """
    began = offsets[:-1].copy()
    for c in range(began.size):
        first, last = offsets[c], offsets[c + 1]
        held = np.empty(last - first, np.int64)
        row = np.empty(last - first, np.int64)
        n, m, up = 0, 0, False
        for i in range(first, last):
            if n > 0:
                recent = held[max(0, n - _RECENT) : n]
                dt = t_y[i] - t_y[recent].mean()
                seen = _MEDIAN_VARIANCE * variance[recent].mean() / recent.size
                sd = np.sqrt(variance[i] + seen + q2_per_y * dt + growth_variance * dt * dt)
                away = level[i] - np.median(level[recent])
            if n == 0 or abs(away) <= gate * sd:
                held[n] = i
                n, m = n + 1, 0
                continue
            if (away > 0) != up:
                m, up = 0, away > 0
            row[m] = i
            m += 1
            while not _agree(level, variance, row[:m], gate):
                row[: m - 1] = row[1:m].copy()
                m -= 1
            apart = abs(np.median(level[row[:m]]) - np.median(level[recent]))
            known = variance[row[:m]].mean() / m + seen + q2_per_y * dt + growth_variance * dt * dt
            if np.unique(day[row[:m]]).size >= _DAYS and apart > _SURE * gate * np.sqrt(known):
                if n >= _DAYS:
                    began[c] = row[0]
                held[:m] = row[:m]
                n, m = m, 0
    return began
