"""One worksite a road: strategies of its segments done in one year, with one set-up for all of them.

Segments that are treated together save all their traffic management but the dearest one's. For each road and year
the ways to treat its segments are built up segment by segment; of those, only what no other way beats in both cost
and benefit is kept, thinned evenly along the cost where there are too many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.strategy import Strategies

__all__ = ["Bundle", "bundles"]

_KEPT = 200
"""Ways of a road and year that are kept."""


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
class _Way:
    """Rows chosen so far, their cost without set-ups, the dearest set-up, what they bring."""

    rows: tuple[int, ...]
    bare_eur: float
    set_up_eur: float
    benefit: float

    @property
    def cost_eur(self) -> float:
        return self.bare_eur + self.set_up_eur


def bundles(found: Strategies, road: Sequence[str], benefit: NDArray[np.float64]) -> list[Bundle]:
    """Return the ways to treat each road in one year.

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
        ways = [_Way((), 0.0, 0.0, 0.0)]
        for rows in segments.values():
            ways = _best([*ways, *(_added(w, r, found, benefit) for w in ways for r in rows)])
        out += [_bundle(name, year, way, found) for way in ways if way.rows]
    return out


def _added(way: _Way, row: int, found: Strategies, benefit: NDArray[np.float64]) -> _Way:
    set_up = float(found.worksite_eur[row])
    return _Way(
        rows=(*way.rows, row),
        bare_eur=way.bare_eur + float(found.cost_eur[row]) - set_up,
        set_up_eur=max(way.set_up_eur, set_up),
        benefit=way.benefit + float(benefit[row]),
    )


def _best(ways: list[_Way]) -> list[_Way]:
    """Return the ways that none beats in both cost and benefit, at most `_KEPT`."""
    kept: list[_Way] = []
    for way in sorted(ways, key=lambda w: (w.cost_eur, -w.benefit, w.rows)):
        if not kept or way.benefit > kept[-1].benefit:
            kept.append(way)
    if len(kept) <= _KEPT:
        return kept
    places = np.unique(np.rint(np.linspace(0, len(kept) - 1, _KEPT)).astype(int))
    return [kept[i] for i in places.tolist()]


def _bundle(name: str, year: int, way: _Way, found: Strategies) -> Bundle:
    area = float(found.area_m2[list(way.rows)].sum())
    return Bundle(name, year, way.rows, way.cost_eur, way.benefit, area)
