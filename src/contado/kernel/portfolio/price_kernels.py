"""Compiled loops of the price method. Importing this module imports numba; `price_plain` does without.

An alternative of a site is the number of one of its options, or -1 for "nothing". ``slack`` is what is
left on each row [cents] (m + 1, the last entry stands for "no row" and is never read).
"""

# Kernels take arrays one by one, for the compiler knows no objects; their loops are nested by nature.
# ruff: noqa: C901, PLR0913, PLR0917
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.jit import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Rows = NDArray[np.int16]
    Flags = NDArray[np.bool_]

__all__ = [
    "alternatives_of",
    "dual_pass",
    "factor",
    "gains",
    "per_row",
    "repair",
    "sweep",
    "switch",
]

_FAR = 16.0
_NEGLIGIBLE = 1e-4


@njit(error_model="numpy")
def _margin(
    first: int, size: int, benefit: Floats, row: Rows, amount: Floats, price: Floats, v: Floats
) -> float:
    """Fill ``v`` with the values of a site's options at the prices and return max(0, max v)."""
    best = 0.0
    for a in range(size):
        value = benefit[first + a]
        for k in range(row.shape[1]):
            value -= amount[first + a, k] * price[row[first + a, k]]
        v[a] = value
        best = max(best, value)
    return best


@njit(error_model="numpy")
def _weights(size: int, best: float, width: float, v: Floats) -> float:
    """Turn values into weights exp((v - best) / width), 0 below 16 widths; return their sum with "nothing"."""
    per_width = 1.0 / width
    total = math.exp(-best * per_width) if best < _FAR * width else 0.0
    for a in range(size):
        below = (v[a] - best) * per_width
        v[a] = math.exp(below) if below > -_FAR else 0.0
        total += v[a]
    return total


@njit(error_model="numpy")
def _bend(
    first: int,
    size: int,
    row: Rows,
    amount: Floats,
    p: Floats,
    width: float,
    mean: Floats,
    touched: Ints,
    hessian: Floats,
) -> None:
    """Add (sum p a a' - abar abar') / width of one site; ``mean`` is 0 before and after."""
    n_touched = 0
    for a in range(size):
        if p[a] < _NEGLIGIBLE:
            continue
        for k in range(row.shape[1]):
            x = p[a] * amount[first + a, k]
            if x == 0.0:
                continue
            r = row[first + a, k]
            if mean[r] == 0.0:
                touched[n_touched] = r
                n_touched += 1
            mean[r] += x
            for j in range(row.shape[1]):
                hessian[r, row[first + a, j]] += x * amount[first + a, j] / width
    for s in range(n_touched):
        r = touched[s]
        for t in range(n_touched):
            hessian[r, touched[t]] -= mean[r] * mean[touched[t]] / width
    for s in range(n_touched):
        mean[touched[s]] = 0.0


@njit(error_model="numpy")
def dual_pass(
    ptr: Ints,
    benefit: Floats,
    row: Rows,
    amount: Floats,
    scale: Floats,
    price: Floats,
    tau: float,
    use: Floats,
    hessian: Floats,
    curved: bool,
) -> tuple[float, float]:
    """Return (sum_i M_i, its smoothing); add sum p a to ``use`` and, if ``curved``, its slope to ``hessian``.

    ``price`` and ``use`` have m + 1 entries, ``hessian`` is (m + 1, m + 1).
    """
    longest = 0
    for i in range(len(ptr) - 1):
        longest = max(longest, ptr[i + 1] - ptr[i])
    v = np.empty(longest)
    mean = np.zeros(len(price))
    touched = np.empty(longest * row.shape[1], dtype=np.int64)
    exact = 0.0
    smooth = 0.0
    for i in range(len(ptr) - 1):
        first, size = ptr[i], ptr[i + 1] - ptr[i]
        width = tau * scale[i]
        best = _margin(first, size, benefit, row, amount, price, v)
        exact += best
        total = _weights(size, best, width, v)
        smooth += best + (width * math.log(total) if total > 1.0 else 0.0)
        for a in range(size):
            if v[a] > 0.0:
                v[a] /= total
                for k in range(row.shape[1]):
                    use[row[first + a, k]] += v[a] * amount[first + a, k]
        if curved and total > 1.0 + _NEGLIGIBLE:  # the largest weight is 1, so its p is 1 / total
            _bend(first, size, row, amount, v, width, mean, touched, hessian)
    return exact, smooth


@njit(error_model="numpy")
def factor(matrix: Floats) -> bool:
    """Turn the lower triangle of ``matrix`` (m, m) into its Cholesky factor; False where it has none.

    A library's factorisation uses threads, which cost many times the work of so small a matrix, and whose
    number would change the last digits.
    """
    for i in range(len(matrix)):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            if i > j:
                matrix[i, j] = total / matrix[j, j]
            elif total > 0.0:
                matrix[i, i] = math.sqrt(total)
            else:
                return False
    return True


@njit(error_model="numpy")
def alternatives_of(ptr: Ints, kept: Flags, kept_none: Flags) -> tuple[Ints, Ints, Ints]:
    """Return the sites with a kept alternative, and all kept alternatives by site (start, number)."""
    n = len(ptr) - 1
    sites = np.empty(n, dtype=np.int64)
    start = np.zeros(n + 1, dtype=np.int64)
    number = np.empty(len(kept) + n, dtype=np.int64)
    n_sites = 0
    n_all = 0
    for i in range(n):
        before = n_all
        for o in range(ptr[i], ptr[i + 1]):
            if kept[o]:
                number[n_all] = o
                n_all += 1
        if kept_none[i]:
            number[n_all] = -1
            n_all += 1
        if n_all > before + 1:
            sites[n_sites] = i
            n_sites += 1
            start[n_sites] = n_all
        else:
            n_all = before
    return sites[:n_sites].copy(), start[: n_sites + 1].copy(), number[:n_all].copy()


@njit(error_model="numpy")
def per_row(row: Rows, amount: Floats, loss: Floats, n_rows: int, count: int, kept: Flags) -> None:
    """Mark in ``kept`` the ``count`` options of each row with the least loss per cent, by half octaves.

    The last half octave is taken whole, so a few more than ``count`` may be marked.
    """
    bins = 256
    histogram = np.zeros((n_rows + 1, bins), dtype=np.int64)
    for o in range(len(loss)):
        for k in range(row.shape[1]):
            if amount[o, k] != 0.0 and loss[o] < np.inf:
                x = loss[o] / abs(amount[o, k])
                histogram[row[o, k], min(bins - 1, max(0, int(2.0 * math.log2(x + 1e-30)) + 200))] += 1
    last = np.zeros(n_rows + 1, dtype=np.int64)
    for r in range(n_rows):
        total = 0
        for h in range(bins):
            total += histogram[r, h]
            last[r] = h
            if total >= count:
                break
    for o in range(len(loss)):
        for k in range(row.shape[1]):
            if amount[o, k] != 0.0 and loss[o] < np.inf:
                x = loss[o] / abs(amount[o, k])
                h = min(bins - 1, max(0, int(2.0 * math.log2(x + 1e-30)) + 200))
                if h <= last[row[o, k]]:
                    kept[o] = True


@njit(error_model="numpy")
def sweep(
    sites: Ints,
    start: Ints,
    number: Ints,
    choice: Ints,
    slack: Floats,
    row: Rows,
    amount: Floats,
    loss: Floats,
    loss_none: Floats,
    spare: Floats,
    short: Floats,
    aim: Floats,
) -> int:
    """Let each site take its best alternative where sum loss + spare (slack - aim)+ + short (slack - aim)- falls."""
    changed = 0
    width = row.shape[1]
    for s in range(len(sites)):
        i = sites[s]
        now = choice[i]
        kept = loss_none[i]
        if now >= 0:
            kept = loss[now]
            for k in range(width):
                x = amount[now, k]
                if x != 0.0:
                    r = row[now, k]
                    y = slack[r] - aim[r]
                    kept += spare[r] * y if y > 0.0 else -short[r] * y
                    y += x
                    kept -= spare[r] * y if y > 0.0 else -short[r] * y
                    slack[r] += x
        best, least = now, kept - 1e-7 * (1.0 + abs(kept))
        for t in range(start[s], start[s + 1]):
            a = number[t]
            if a == now:
                continue
            found = loss_none[i] if a < 0 else loss[a]
            if a >= 0:
                for k in range(width):
                    x = amount[a, k]
                    if x != 0.0:
                        r = row[a, k]
                        y = slack[r] - aim[r]
                        found -= spare[r] * y if y > 0.0 else -short[r] * y
                        y -= x
                        found += spare[r] * y if y > 0.0 else -short[r] * y
            if found < least:
                best, least = a, found
        if best >= 0:
            for k in range(width):
                slack[row[best, k]] -= amount[best, k]
        if best != now:
            choice[i] = best
            changed += 1
    return changed


@njit(error_model="numpy")
def _move(row: Rows, amount: Floats, slack: Floats, now: int, new: int) -> None:
    """Take the option ``now`` off the rows and put ``new`` on them."""
    for k in range(row.shape[1]):
        if now >= 0:
            slack[row[now, k]] += amount[now, k]
        if new >= 0:
            slack[row[new, k]] -= amount[new, k]


@njit(error_model="numpy")
def _relief(
    row: Rows,
    amount: Floats,
    slack: Floats,
    now: int,
    new: int,
    low: int,
    high: int,
    free_low: int,
    free_high: int,
) -> float:
    """Return by how much a move lowers what rows low..high lack; -1 where it makes another row short.

    Rows free_low..free_high may be made short.
    """
    width = row.shape[1]
    relief = 0.0
    for side in range(2):
        o = now if side == 0 else new
        if o < 0:
            continue
        for k in range(width):
            if amount[o, k] == 0.0:
                continue
            r = row[o, k]
            change = amount[o, k] if side == 0 else -amount[o, k]
            other = new if side == 0 else now
            twice = False
            if other >= 0:
                for j in range(width):
                    if row[other, j] == r and amount[other, j] != 0.0:
                        change += -amount[other, j] if side == 0 else amount[other, j]
                        twice = True
            if twice and side == 1:
                continue
            after = slack[r] + change
            if low <= r < high:
                relief += max(0.0, -slack[r]) - max(0.0, -after)
                if slack[r] >= 0.0 and after < 0.0:
                    return -1.0
            elif after < 0.0 and change < 0.0 and not free_low <= r < free_high:
                return -1.0
    return relief


@njit(error_model="numpy")
def repair(
    sites: Ints,
    start: Ints,
    number: Ints,
    choice: Ints,
    slack: Floats,
    row: Rows,
    amount: Floats,
    loss: Floats,
    loss_none: Floats,
    low: int,
    high: int,
    free_low: int,
    free_high: int,
    most: int,
) -> float:
    """Move by least loss per cent until rows low..high are no longer short; return what they still lack."""
    for _ in range(most):
        lacking = 0.0
        for r in range(low, high):
            lacking += max(0.0, -slack[r])
        if lacking == 0.0:
            return 0.0
        best_s, best_a, least = -1, -1, np.inf
        for s in range(len(sites)):
            i = sites[s]
            now = choice[i]
            held = loss_none[i] if now < 0 else loss[now]
            for t in range(start[s], start[s + 1]):
                a = number[t]
                if a == now:
                    continue
                relief = _relief(row, amount, slack, now, a, low, high, free_low, free_high)
                if relief > 0.0:
                    found = ((loss_none[i] if a < 0 else loss[a]) - held) / relief
                    if found < least:
                        best_s, best_a, least = s, a, found
        if best_s < 0:
            return lacking
        _move(row, amount, slack, choice[sites[best_s]], best_a)
        choice[sites[best_s]] = best_a
    return 1.0


@njit(error_model="numpy")
def gains(
    sites: Ints,
    start: Ints,
    number: Ints,
    choice: Ints,
    slack: Floats,
    row: Rows,
    amount: Floats,
    benefit: Floats,
    gain: Floats,
) -> int:
    """Write the benefit won by each switch that makes no row short (0 elsewhere); return how many there are."""
    n_rows = len(slack) - 1
    found = 0
    for s in range(len(sites)):
        now = choice[sites[s]]
        held = 0.0 if now < 0 else benefit[now]
        for t in range(start[s], start[s + 1]):
            a = number[t]
            value = 0.0 if a < 0 else benefit[a]
            gain[t] = 0.0
            if value > held and _relief(row, amount, slack, now, a, 0, 0, n_rows, n_rows) >= 0.0:
                gain[t] = value - held
                found += 1
    return found


@njit(error_model="numpy")
def switch(
    of: Ints, to: Ints, choice: Ints, slack: Floats, row: Rows, amount: Floats, benefit: Floats
) -> None:
    """Switch site ``of`` to option ``to``, one after the other, where it still pays and makes no row short."""
    n_rows = len(slack) - 1
    for x in range(len(of)):
        now, a = choice[of[x]], to[x]
        better = (0.0 if a < 0 else benefit[a]) > (0.0 if now < 0 else benefit[now])
        if better and _relief(row, amount, slack, now, a, 0, 0, n_rows, n_rows) >= 0.0:
            _move(row, amount, slack, now, a)
            choice[of[x]] = a
