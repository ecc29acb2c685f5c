"""Compiled loops of `enumerate`. Importing this module imports numba."""

# Kernels take arrays one by one, for the compiler knows no objects.
# ruff: noqa: PLR0913, PLR0917
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.jit import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["search"]

_DUST = 1e-7
"""What a row may be off by rounding; of the size that solvers allow, or less."""
_HOPELESS = -2.0


@njit(error_model="numpy")
def search(
    loss: Vector,
    change: Vector,
    activity: Vector,
    low: Vector,
    high: Vector,
    price: Vector,
    limit: float,
    most: int,
    turned: Flags,
) -> float:
    """Return the least loss of a plan, more than ``limit`` where none is within it, -1 after ``most`` sets.

    ``turned`` is set to the columns that the best plan turns. A set stands at ``depth``: its columns are
    chosen[:depth], those that may follow are q..end - 1.
    """
    n = len(loss)
    rise, fall = _reach(change)
    chosen, ends = np.empty(n + 1, dtype=np.int64), np.empty(n + 1, dtype=np.int64)
    best, used, depth, q, end, looked_at = limit, 0.0, 0, 0, n, 0
    found, fresh = False, True
    while True:
        while end > q and used + loss[end - 1] > best:
            end -= 1
        total = _standing(activity, low, high, price, rise, fall, q, end)
        if total == _HOPELESS:
            end = q
        elif fresh and total >= 0.0 and used + total < best:
            best, found = used + total, True
            turned[:] = False
            turned[chosen[:depth]] = True
            continue
        looked_at += fresh
        if looked_at > most:
            return -1.0
        fresh = q < end
        if fresh:
            chosen[depth], ends[depth] = q, end
            depth += 1
            used += loss[q]
            _turn(activity, change, q, 1.0)
        elif depth == 0:
            return best if found else 2.0 * limit + 1.0
        else:
            depth -= 1
            q, end = chosen[depth], ends[depth]
            used -= loss[q]
            _turn(activity, change, q, -1.0)
        q += 1


@njit(error_model="numpy")
def _turn(activity: Vector, change: Vector, q: int, sign: float) -> None:
    """Put column q on the rows or take it off; a loop, for array arithmetic would make an array each time."""
    for r in range(len(activity)):
        activity[r] += sign * change[q, r]


@njit(error_model="numpy")
def _reach(change: Vector) -> tuple[Vector, Vector]:
    """Return by how much the first q columns can raise and lower each row (n + 1, m)."""
    n, m = change.shape
    rise, fall = np.zeros((n + 1, m)), np.zeros((n + 1, m))
    for q in range(n):
        for r in range(m):
            rise[q + 1, r] = rise[q, r] + max(change[q, r], 0.0)
            fall[q + 1, r] = fall[q, r] + min(change[q, r], 0.0)
    return rise, fall


@njit(error_model="numpy")
def _standing(
    activity: Vector, low: Vector, high: Vector, price: Vector, rise: Vector, fall: Vector, q: int, end: int
) -> float:
    """Return the loss of what is left on the rows; -1 where one is not kept, -2 where q..end - 1 cannot mend it."""
    total = 0.0
    for r in range(len(activity)):
        over, under = activity[r] - high[r], low[r] - activity[r]
        if over > _DUST or under > _DUST:
            if over + fall[end, r] - fall[q, r] > _DUST or under - rise[end, r] + rise[q, r] > _DUST:
                return _HOPELESS
            total = -np.inf
        elif price[r] != 0.0:
            total -= price[r] * over if price[r] > 0.0 else -price[r] * under
    return max(total, -1.0)
