"""One worksite a road: strategies of its segments done in one year, with one set-up for all of them.

Segments that are treated together save all their traffic management but the dearest one's. For each road and year
the ways to treat its segments are built up segment by segment. What a way will cost hangs on the set-ups still to come:
one without a set-up is cheap as it stands, one that has paid a dear set-up shares it with later segments. So a way goes
only where another brings no less and costs no more both as they stand and with the dearest set-up to come; in between
the difference of their costs moves one way only. After the last segment both costs are one. Where too many remain, they
are thinned evenly along the cost.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.maintenance.strategy import Strategies

    Floats = NDArray[np.float64]

__all__ = ["Bundle", "bundles"]

_KEPT = 200
"""Ways of a road and year that are kept."""
_HALF_BUILT = 300
"""Ways that are kept before all segments are in: so many that are best as they stand, so many that can become so."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Strategies (rows) of one road in one year, what they cost together and bring."""

    road: str
    year: int
    rows: tuple[int, ...]
    cost_eur: float
    benefit: float
    area_m2: float


@dataclass(frozen=True, slots=True)
class _Ways:
    """Rows chosen so far by each way, cost without set-ups, dearest set-up, benefit (k)."""

    rows: list[tuple[int, ...]]
    bare_eur: Floats
    set_up_eur: Floats
    benefit: Floats

    def cost_eur(self, set_up_eur: float = 0.0) -> Floats:
        """Return the cost of each way where another segment has this set-up."""
        return self.bare_eur + np.maximum(self.set_up_eur, set_up_eur)

    def only(self, places: NDArray[np.intp]) -> _Ways:
        """Return some of the ways."""
        rows = [self.rows[k] for k in places.tolist()]
        return _Ways(rows, self.bare_eur[places], self.set_up_eur[places], self.benefit[places])


def bundles(found: Strategies, road: Sequence[str], benefit: Floats) -> list[Bundle]:
    """Return the ways to treat each road in one year that no other way of it beats in both cost and benefit.

    Parameters
    ----------
    found
        Strategies of segments.
    road
        Road of each segment (n).
    benefit
        Benefit of each strategy (k), in any unit; NaN = unknown, left out.
    """
    usable = np.flatnonzero((found.strategy > 0) & ~np.isnan(benefit))
    groups: dict[tuple[str, int], dict[int, list[int]]] = {}
    for row in usable.tolist():
        key = (road[found.segment[row]], int(found.year[row]))
        groups.setdefault(key, {}).setdefault(int(found.segment[row]), []).append(row)
    out = []
    for (name, year), segments in sorted(groups.items()):
        ways = _ways(list(segments.values()), found, benefit)
        figures = zip(ways.rows, ways.cost_eur().tolist(), ways.benefit.tolist(), strict=True)
        out += [
            Bundle(name, year, rows, cost, gain, float(found.area_m2[list(rows)].sum()))
            for rows, cost, gain in figures
            if rows
        ]
    return out


def _ways(segments: list[list[int]], found: Strategies, benefit: Floats) -> _Ways:
    """Return the best ways, by cost; the dearest segments come last, so that what is thinned away is small."""
    ordered = sorted(segments, key=lambda rows: float(found.worksite_eur[rows].max()))
    dearest = float(found.worksite_eur[ordered[-1]].max())
    ways = _Ways([()], np.zeros(1), np.zeros(1), np.zeros(1))
    for rows in ordered:
        ways = _best(_grown(ways, rows, found, benefit), 0.0 if rows is ordered[-1] else dearest)
    if len(ways.rows) > _KEPT:
        ways = ways.only(np.rint(np.linspace(0, len(ways.rows) - 1, _KEPT)).astype(int))
    return replace(ways, rows=[tuple(sorted(rows)) for rows in ways.rows])


def _grown(ways: _Ways, rows: list[int], found: Strategies, benefit: Floats) -> _Ways:
    """Return each way as it is and with each strategy (row) of one more segment."""
    set_up = found.worksite_eur[rows]
    return _Ways(
        rows=[(*way, *more) for way in ways.rows for more in ((), *((row,) for row in rows))],
        bare_eur=np.add.outer(ways.bare_eur, np.append(0.0, found.cost_eur[rows] - set_up)).ravel(),
        set_up_eur=np.maximum.outer(ways.set_up_eur, np.append(0.0, set_up)).ravel(),
        benefit=np.add.outer(ways.benefit, np.append(0.0, benefit[rows])).ravel(),
    )


def _best(ways: _Ways, to_come_eur: float) -> _Ways:
    """Return the ways that can still be best where the dearest set-up to come is this one, by cost."""
    now, later = ways.cost_eur(), ways.cost_eur(to_come_eur)
    order = np.lexsort((-ways.benefit, later, now))
    kept = order[_undominated(later[order].tolist(), ways.benefit[order].tolist())]
    best = ways.benefit[kept]
    ahead = best > np.append(-np.inf, np.maximum.accumulate(best)[:-1])
    chosen = np.concatenate([_thinned(part, now) for part in (kept[ahead], kept[~ahead])])
    return ways.only(chosen[np.lexsort((-ways.benefit[chosen], later[chosen], now[chosen]))])


def _undominated(cost: list[float], benefit: list[float]) -> list[int]:
    """Return the places of those before which none has both no more cost and no less benefit."""
    kept: list[int] = []
    step, top = [-np.inf], [-np.inf]  # cost from which those before reach a benefit; both rise
    for k, (eur, gain) in enumerate(zip(cost, benefit, strict=True)):
        place = bisect_right(step, eur)
        if top[place - 1] >= gain:
            continue
        kept.append(k)
        end = bisect_right(top, gain)
        step[place:end], top[place:end] = [eur], [gain]
    return kept


def _thinned(ways: NDArray[np.intp], cost: Floats) -> NDArray[np.intp]:
    """Return at most `_HALF_BUILT` of the ways, which are in order of cost, evenly along it."""
    if ways.size <= _HALF_BUILT:
        return ways
    known = cost[ways]
    return ways[np.unique(np.searchsorted(known, np.linspace(known[0], known[-1], _HALF_BUILT)))]
