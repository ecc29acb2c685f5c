"""Cumulative differences (CDA): units of a road where its response stays above, or below, the mean of the whole.

The area under the response less the area of its mean, ``Zx = A(x) - x A(L) / L``, turns where the response crosses
the mean; a turn is the border of two units [1]. Units too short to be built are combined with their neighbours. The
guide leaves that to judgement; here the short unit along which ``Zx`` moves least goes first, and as the units on both
sides of it lie on the other side of the mean, the three become one.

References
----------
[1] AASHTO, Guide for Design of Pavement Structures, 1993, appendix J.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["cumulative_differences"]


def cumulative_differences(
    response: NDArray[np.float64], length_m: NDArray[np.float64], min_length_m: float
) -> NDArray[np.int64]:
    """Return the ends of the units: indices of the cell after the last, the number of cells among them.

    Parameters
    ----------
    response
        Mean response of each cell, shape (n,).
    length_m
        Length of each cell [m], shape (n,).
    min_length_m
        Least length of a unit [m]; a road that is shorter is one unit.
    """
    above = response - float((response * length_m).sum() / length_m.sum())
    side = above >= 0
    turns = np.flatnonzero(side[1:] != side[:-1]) + 1
    first = np.concatenate(([0], turns))
    lengths = np.add.reduceat(length_m, first)
    swings = np.add.reduceat(above * length_m, first)
    kept = _combined(lengths.tolist(), swings.tolist(), min_length_m)
    return np.array([*first[kept[1:]], response.size], np.int64)


def _combined(length: list[float], swing: list[float], least_m: float) -> list[int]:
    """Return the units that remain, each by the number of its first one, when short ones are combined."""
    count = len(length)
    before, after = list(range(-1, count - 1)), list(range(1, count + 1))
    alive = [True] * count
    short = [(abs(swing[k]), k) for k in range(count) if length[k] < least_m]
    heapq.heapify(short)
    while short:
        size, unit = heapq.heappop(short)
        if not alive[unit] or size != abs(swing[unit]) or length[unit] >= least_m:
            continue
        for gone in (unit, after[unit]) if before[unit] >= 0 else (after[unit],):
            _join(gone, length, swing, before, after, alive)
        whole = before[unit] if before[unit] >= 0 else unit
        alone = before[whole] < 0 and after[whole] >= count
        if length[whole] < least_m and not alone:
            heapq.heappush(short, (abs(swing[whole]), whole))
    return [k for k in range(count) if alive[k]]


def _join(
    unit: int,
    length: list[float],
    swing: list[float],
    before: list[int],
    after: list[int],
    alive: list[bool],
) -> None:
    """Join a unit to the one before it; what lies behind the end is no unit."""
    if unit >= len(length):
        return
    left, right = before[unit], after[unit]
    length[left] += length[unit]
    swing[left] += swing[unit]
    alive[unit] = False
    after[left] = right
    if right < len(length):
        before[right] = left
