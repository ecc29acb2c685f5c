"""The loops of the price method in numpy, for where no compiler is installed: same faces, same rules.

A sweep first asks for all sites at once which would gain by a move at the money left before it, then lets
only these choose one after the other; the compiled sweep lets every site choose. Both end where no site
gains, on different ways, so their plans may differ while each keeps every row.
"""

# The faces are those of `price_kernels`, whose compiler knows no objects.
# ruff: noqa: PLR0913, PLR0917
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Rows = NDArray[np.int16]
    Flags = NDArray[np.bool_]

__all__ = ["alternatives_of", "dual_pass", "factor", "gains", "per_row", "repair", "sweep", "switch"]

_FAR = 16.0
_NEGLIGIBLE = 1e-4
_BINS = 256


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
    starts, m = ptr[:-1], len(price) - 1
    site = np.repeat(np.arange(len(starts)), np.diff(ptr))
    v = benefit - (amount * price[row]).sum(axis=1)
    best = np.maximum(np.maximum.reduceat(v, starts), 0.0)
    width = tau * scale
    below = (v - best[site]) / width[site]
    weight = np.where(below > -_FAR, np.exp(np.maximum(below, -_FAR)), 0.0)
    none = np.where(best < _FAR * width, np.exp(-np.minimum(best / width, _FAR)), 0.0)
    total = np.add.reduceat(weight, starts) + none
    p = weight / total[site]
    use += np.bincount(row.ravel(), (p[:, None] * amount).ravel(), minlength=m + 1)
    if curved:
        _bend(row, amount, site, width, p, hessian)
    return float(best.sum()), float((best + width * np.log(total)).sum())


def _bend(row: Rows, amount: Floats, site: Ints, width: Floats, p: Floats, hessian: Floats) -> None:
    """Add sum_i (sum p a a' - abar abar') / (tau w_i) to ``hessian`` (m + 1, m + 1)."""
    from scipy.sparse import coo_array

    counts = np.flatnonzero(p >= _NEGLIGIBLE)
    of, taken, m = row[counts].astype(np.int64), amount[counts], len(hessian)
    share = p[counts] / width[site[counts]]
    for k in range(of.shape[1]):
        for j in range(of.shape[1]):
            entries = share * taken[:, k] * taken[:, j]
            hessian += np.bincount(of[:, k] * m + of[:, j], entries, minlength=m * m).reshape(m, m)
    mine = np.repeat(site[counts], of.shape[1])
    weighted = (taken * (p[counts] / np.sqrt(width[site[counts]]))[:, None]).ravel()
    mean = coo_array((weighted, (mine, of.ravel())), shape=(len(width), m)).tocsr()
    hessian -= (mean.T @ mean).toarray()


def factor(matrix: Floats) -> bool:
    """Turn the lower triangle of ``matrix`` (m, m) into its Cholesky factor; False where it has none."""
    try:
        matrix[:] = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def alternatives_of(ptr: Ints, kept: Flags, kept_none: Flags) -> tuple[Ints, Ints, Ints]:
    """Return the sites with a kept alternative, and all kept alternatives by site (start, number)."""
    options, nothing = np.flatnonzero(kept), np.flatnonzero(kept_none)
    site = np.concatenate([np.searchsorted(ptr, options, side="right") - 1, nothing])
    number = np.concatenate([options, np.full(len(nothing), -1)])
    order = np.argsort(site, kind="stable")
    site, number = site[order], number[order]
    size = np.bincount(site, minlength=len(ptr) - 1)
    several = size > 1
    start = np.concatenate([[0], np.cumsum(size[several])])
    return np.flatnonzero(several), start.astype(np.int64), number[several[site]].astype(np.int64)


def per_row(row: Rows, amount: Floats, loss: Floats, n_rows: int, count: int, kept: Flags) -> None:
    """Mark in ``kept`` the ``count`` options of each row with the least loss per cent, by half octaves.

    The last half octave is taken whole, so a few more than ``count`` may be marked.
    """
    option, k = np.nonzero((amount != 0.0) & (loss < np.inf)[:, None])
    of = row[option, k].astype(np.int64)
    each = loss[option] / np.abs(amount[option, k])
    octave = np.clip((2.0 * np.log2(each + 1e-30)).astype(np.int64) + 200, 0, _BINS - 1)
    histogram = np.bincount(of * _BINS + octave, minlength=(n_rows + 1) * _BINS).reshape(-1, _BINS)
    reached = histogram.cumsum(axis=1) >= count
    last = np.where(reached.any(axis=1), reached.argmax(axis=1), _BINS - 1)
    kept[option[octave <= last[of]]] = True


class _Entries(NamedTuple):
    """Row and amount of each entry (K lists of T) of some options."""

    row: list[Ints]
    amount: list[Floats]

    def matched(self, k: int, other: _Entries) -> Floats:
        """Return what the other options have on the row of entry ``k`` (T)."""
        found = np.zeros(len(self.row[k]))
        for row, amount in zip(other.row, other.amount, strict=True):
            found += np.where(row == self.row[k], amount, 0.0)
        return found


def _entries(row: Rows, amount: Floats, options: Ints) -> _Entries:
    """Return the entries of options; an amount of 0 for those that are -1, "nothing"."""
    some = options >= 0
    rows = [np.take(row[:, k], options).astype(np.int64) for k in range(row.shape[1])]
    return _Entries(rows, [np.where(some, np.take(amount[:, k], options), 0.0) for k in range(row.shape[1])])


def _priced(y: Floats, spare: Floats, short: Floats) -> Floats:
    """Return spare y+ + short y-."""
    return np.maximum(spare * y, -short * y)


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
    of = np.repeat(np.arange(len(sites)), np.diff(start))
    now = choice[sites]
    left = slack - aim
    found = np.where(number < 0, loss_none[sites[of]], loss[number])
    to, held = _entries(row, amount, number), _entries(row, amount, now)
    held_each = _Entries([r[of] for r in held.row], [x[of] for x in held.amount])
    for k, (r, x) in enumerate(zip(*to, strict=True)):
        y, price = left[r] + to.matched(k, held_each), (spare[r], short[r])
        found += _priced(y - x, *price) - _priced(y, *price)
    kept = np.where(now < 0, loss_none[sites], loss[now])
    for r, x in zip(*held, strict=True):
        y, price = left[r], (spare[r], short[r])
        kept += _priced(y, *price) - _priced(y + x, *price)
    better = (found < (kept - 1e-7 * (1.0 + np.abs(kept)))[of]) & (number != now[of])
    movers = np.unique(of[better])
    return _in_turn(
        movers, sites, start, number, choice, slack, row, amount, loss, loss_none, spare, short, aim
    )


def _in_turn(
    movers: Ints,
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
    """Let the sites at ``movers`` choose one after the other, each at what the ones before have left."""
    left: list[float] = (slack - aim).tolist()
    spare_at: list[float] = spare.tolist()
    short_at: list[float] = short.tolist()

    def priced(r: int, y: float) -> float:
        return spare_at[r] * y if y > 0.0 else -short_at[r] * y

    def entries(option: int) -> list[tuple[int, float]]:
        if option < 0:
            return []
        pairs = zip(row[option].tolist(), amount[option].tolist(), strict=True)
        return [(r, x) for r, x in pairs if x != 0.0]

    changed = 0
    for s in movers.tolist():
        i = int(sites[s])
        now, worth = int(choice[i]), float(loss_none[i])
        held = entries(now)
        kept = worth if now < 0 else float(loss[now])
        for r, x in held:
            kept += priced(r, left[r]) - priced(r, left[r] + x)
            left[r] += x
        best, least, taken = now, kept - 1e-7 * (1.0 + abs(kept)), held
        for a in number[start[s] : start[s + 1]].tolist():
            if a == now:
                continue
            mine = entries(a)
            found = worth if a < 0 else float(loss[a])
            found += sum(priced(r, left[r] - x) - priced(r, left[r]) for r, x in mine)
            if found < least:
                best, least, taken = a, found, mine
        for r, x in taken:
            left[r] -= x
        choice[i] = best
        changed += best != now
    slack[:] = np.asarray(left) + aim
    return changed


def _reliefs(
    to: _Entries, held: _Entries, slack: Floats, low: int, high: int, free_low: int, free_high: int
) -> Floats:
    """Return by how much each move lowers what rows low..high lack (T); -1 where it makes another row short.

    Rows free_low..free_high may be made short.
    """
    changes = [
        (r, np.where(x != 0.0, to.matched(k, held) - x, 0.0))
        for k, (r, x) in enumerate(zip(*to, strict=True))
    ]
    changes += [
        (r, np.where(held.matched(k, to) == 0.0, x, 0.0)) for k, (r, x) in enumerate(zip(*held, strict=True))
    ]
    relief, worse = np.zeros(len(to.row[0])), np.zeros(len(to.row[0]), dtype=bool)
    for r, change in changes:
        before = slack[r]
        after = before + change
        mine, free = (r >= low) & (r < high), (r >= free_low) & (r < free_high)
        relief += np.where(mine, np.maximum(0.0, -before) - np.maximum(0.0, -after), 0.0)
        worse |= np.where(mine, (before >= 0.0) & (after < 0.0), (after < 0.0) & (change < 0.0) & ~free)
    relief[worse] = -1.0
    return relief


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
    of = np.repeat(np.arange(len(sites)), np.diff(start))
    worth = np.where(number < 0, loss_none[sites[of]], loss[number])
    touches = np.zeros(len(row) + 1, dtype=bool)
    for _ in range(most):
        short = slack[low:high] < 0.0
        if not short.any():
            return 0.0
        rows = low + np.flatnonzero(short)
        touches[:-1] = (np.isin(row, rows) & (amount != 0.0)).any(axis=1)
        now = choice[sites][of]
        asked = np.flatnonzero((touches[number] | touches[now]) & (number != now))
        to, from_ = _entries(row, amount, number[asked]), _entries(row, amount, now[asked])
        relief = _reliefs(to, from_, slack, low, high, free_low, free_high)
        held = np.where(now[asked] < 0, loss_none[sites[of[asked]]], loss[now[asked]])
        with np.errstate(divide="ignore", invalid="ignore"):
            each = np.where(relief > 0.0, (worth[asked] - held) / relief, np.inf)
        if not (each < np.inf).any():
            return float(np.maximum(0.0, -slack[low:high]).sum())
        best = int(each.argmin())
        _move(row, amount, slack, int(now[asked[best]]), int(number[asked[best]]))
        choice[sites[of[asked[best]]]] = number[asked[best]]
    return 1.0


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
    now = choice[np.repeat(sites, np.diff(start))]
    won = np.where(number < 0, 0.0, benefit[number]) - np.where(now < 0, 0.0, benefit[now])
    asked = np.flatnonzero(won > 0.0)
    to, held = _entries(row, amount, number[asked]), _entries(row, amount, now[asked])
    relief = _reliefs(to, held, slack, 0, 0, len(slack) - 1, len(slack) - 1)
    gain[:] = 0.0
    gain[asked] = np.where(relief >= 0.0, won[asked], 0.0)
    return int(np.count_nonzero(relief >= 0.0))


def switch(
    of: Ints, to: Ints, choice: Ints, slack: Floats, row: Rows, amount: Floats, benefit: Floats
) -> None:
    """Switch site ``of`` to option ``to``, one after the other, where it still pays and makes no row short."""
    for site, a in zip(of.tolist(), to.tolist(), strict=True):
        now = int(choice[site])
        if (0.0 if a < 0 else benefit[a]) <= (0.0 if now < 0 else benefit[now]):
            continue
        changes = _changes(row, amount, now, a)
        if all(x >= 0.0 or slack[r] + x >= 0.0 for r, x in changes):
            for r, x in changes:
                slack[r] += x
            choice[site] = a


def _changes(row: Rows, amount: Floats, now: int, new: int) -> Iterable[tuple[int, float]]:
    """Return by how much a move raises what is left on each row that it touches."""
    found: dict[int, float] = {}
    for option, sign in ((now, 1.0), (new, -1.0)):
        if option >= 0:
            for r, x in zip(row[option].tolist(), amount[option].tolist(), strict=True):
                if x != 0.0:
                    found[r] = found.get(r, 0.0) + sign * x
    return found.items()


def _move(row: Rows, amount: Floats, slack: Floats, now: int, new: int) -> None:
    """Take the option ``now`` off the rows and put ``new`` on them."""
    for r, x in _changes(row, amount, now, new):
        slack[r] += x
