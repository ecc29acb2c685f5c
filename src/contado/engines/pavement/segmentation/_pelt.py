"""Compiled search for the best cuts (see `contado.engines.pavement.segmentation.segments`, reference 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.jit import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["pelt"]


@njit(nogil=True)
def _ends(last: NDArray[np.int64], n: int) -> NDArray[np.int64]:  # pragma: no cover - compiled
    """Return the cuts behind the best way to n, in order."""
    ends = np.empty(n, np.int64)
    found = 0
    t = n
    while t > 0:
        ends[found] = t
        found += 1
        t = last[t]
    return ends[:found][::-1].copy()


@njit(nogil=True)
def pelt(  # noqa: C901 - one scan over the cells, in one piece for the compiler
    y: NDArray[np.float64],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    min_length: float,
    penalty: float,
) -> NDArray[np.int64]:  # pragma: no cover - compiled
    """Return the index after the last cell of each segment.

    ``y`` is the level of each cell, ``start`` and ``end`` its ends [m], ``penalty`` the cost of a cut.
    Exact with a least length too: a candidate that loses against a cut at t is dropped only once a
    segment that begins at t is long enough.
    """
    n = y.size
    c1 = np.zeros(n + 1)
    c2 = np.zeros(n + 1)
    for i in range(n):
        c1[i + 1] = c1[i] + y[i]
        c2[i + 1] = c2[i] + y[i] * y[i]
    best = np.full(n + 1, np.inf)
    best[0] = -penalty
    last = np.zeros(n + 1, np.int64)
    alive = np.empty(n + 1, np.int64)
    lost_at = np.empty(n + 1, np.int64)
    count = 0
    entering = 0
    for t in range(1, n + 1):
        while entering < t and end[t - 1] - start[entering] >= min_length - 1e-9:
            if best[entering] < np.inf:
                alive[count] = entering
                lost_at[count] = -1
                count += 1
            entering += 1
        for k in range(count):
            s = alive[k]
            d = c1[t] - c1[s]
            value = best[s] + c2[t] - c2[s] - d * d / (t - s) + penalty
            if value < best[t]:
                best[t] = value
                last[t] = s
        kept = 0
        for k in range(count):
            s = alive[k]
            if lost_at[k] < 0:
                d = c1[t] - c1[s]
                if best[s] + c2[t] - c2[s] - d * d / (t - s) > best[t]:
                    lost_at[k] = t
            if lost_at[k] < 0 or end[t - 1] - end[lost_at[k] - 1] < min_length:
                alive[kept] = s
                lost_at[kept] = lost_at[k]
                kept += 1
        count = kept
    if best[n] == np.inf:  # the whole stretch is shorter than the least length
        return np.array([n], np.int64)
    return _ends(last, n)
