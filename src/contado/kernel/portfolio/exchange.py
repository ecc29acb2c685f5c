"""Last polish of a small plan: two sites change together where it gains and every row is kept.

Sweeps and fills move one site at a time. With few sites the money they leave over is worth having: a dearer
option here is paid by a cheaper one there. Among the moves of least loss at the prices, the pair with the
largest gain is made until no pair gains. Each pass compares whole arrays; nothing here is random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.kernel.portfolio.options import Options

    Numbers = NDArray[np.int64]
    Vector = NDArray[np.float64]

__all__ = ["exchanged"]

_MOVES = 1_000
"""Moves of least loss that are paired."""
_PASSES = 200


@dataclass(frozen=True, slots=True)
class _Moves:
    """Moves that change a site's choice: site, option (-1 for nothing), gain and use by row [cents] (k; k, m)."""

    site: Numbers
    option: Numbers
    gain: Vector
    use: NDArray[np.float64]


def exchanged(options: Options, prices: Vector, chosen: Numbers) -> Numbers:
    """Return a plan worth at least as much, improved by moves of one or two sites at a time.

    Parameters
    ----------
    prices
        Prices of the rows (m): moves that lose much at these are not tried.
    chosen
        Options of a plan that keeps every row.
    """
    choice = np.full(options.n_sites, -1, dtype=np.int64)
    choice[options.site[chosen]] = chosen
    use = np.vstack([_dense(options), np.zeros(options.n_rows)])
    benefit = np.append(options.benefit, 0.0)
    sites, numbers = _candidates(options, prices)
    for _ in range(_PASSES):
        differs = numbers != choice[sites]
        site, option = sites[differs], numbers[differs]
        now = choice[site]
        moves = _Moves(site, option, benefit[option] - benefit[now], use[option] - use[now])
        slack = options.limit - use[choice].sum(axis=0)
        best = _best(moves, slack)
        if not best:
            break
        choice[site[best]] = option[best]
    return np.asarray(choice[choice >= 0])


def _dense(options: Options) -> NDArray[np.float64]:
    """Return what each option takes from each row [cents] (O, m)."""
    use = np.zeros((options.n_options, options.n_rows + 1))
    for k in range(options.row.shape[1]):
        np.add.at(use, (np.arange(options.n_options), options.row[:, k]), options.amount[:, k])
    return use[:, :-1]


def _candidates(options: Options, prices: Vector) -> tuple[Numbers, Numbers]:
    """Return sites and options (-1 for nothing) of the moves that lose least at the prices."""
    values = options.values(prices)
    most = np.maximum(np.maximum.reduceat(values, options.ptr[:-1]), 0.0)
    loss = np.concatenate([most[options.site] - values, most])
    site = np.concatenate([options.site, np.arange(options.n_sites)])
    option = np.concatenate([np.arange(options.n_options), np.full(options.n_sites, -1)])
    least = np.argsort(loss, kind="stable")[:_MOVES]
    return site[least], option[least]


def _best(moves: _Moves, slack: Vector) -> list[int]:
    """Return the one or two moves that gain most within the slack (m); empty where none gains."""
    alone = np.flatnonzero((moves.gain > 0) & (moves.use <= slack).all(axis=1))
    best = [int(alone[np.argmax(moves.gain[alone])])] if alone.size else []
    least = moves.gain[best].sum()
    gain = moves.gain[:, None] + moves.gain
    first, second = np.nonzero(np.triu((gain > least) & (moves.site[:, None] != moves.site), 1))
    for row in range(slack.size):
        kept = moves.use[first, row] + moves.use[second, row] <= slack[row]
        first, second = first[kept], second[kept]
    if first.size:
        top = int(np.argmax(gain[first, second]))
        best = [int(first[top]), int(second[top])]
    return best
