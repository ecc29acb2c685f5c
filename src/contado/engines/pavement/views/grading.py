"""Pieces of 100 m with condition, class, and whether the class is certain."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from contado.engines.pavement import condition
from contado.engines.pavement.anomalies.sources import DEFECTS
from contado.engines.pavement.views.model import NOT_DRIVEN_D

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from contado.engines.pavement.condition import Model
    from contado.engines.pavement.views.model import Cell, Road, Spot

__all__ = ["PIECE_M", "Piece", "Total", "pieces", "totals"]

PIECE_M: Final = 100.0
"""Cells of reports; shorter ones are put together."""
_ENOUGH: Final = 0.5
"""Share of a piece that must be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of road with its class: A to D, or none where nobody could measure."""

    road: str
    from_m: float
    to_m: float
    iri: float | None
    low: float | None
    high: float | None
    index: float | None
    index_low: float | None
    index_high: float | None
    class_id: str
    uncertain: bool
    passes: int | None
    vehicles: int | None
    last_on: date | None
    state: str
    stale_d: int | None
    """Days since the last pass where they are more than the state allows; else None."""

    @property
    def length_m(self) -> float:
        """Length [m]."""
        return self.to_m - self.from_m


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """Length [m] and number of pieces of a class."""

    class_id: str
    length_m: float
    n: int


def pieces(road: Road, on: date | None) -> list[Piece]:
    """Return the pieces of a road in the order of the chainage.

    Parameters
    ----------
    road
        Its anomalies count by the severity per 100 m; speed bumps do not.
    on
        Day of the state, whose coefficients count; None = of the last pass, else today's.
    """
    model = condition.model(on or _last_day(road))
    together = groupby(road.cells, key=lambda c: int((c.from_m + 1e-6) // PIECE_M))
    return [_piece(road, list(cells), model, on) for _, cells in together]


def _last_day(road: Road) -> date:
    from contado.kernel.dates import today

    return max((c.last_on for c in road.cells if c.last_on), default=None) or today()


def _piece(road: Road, cells: Sequence[Cell], model: Model, on: date | None) -> Piece:
    from_m, to_m = cells[0].from_m, cells[-1].to_m
    known = [c for c in cells if c.iri is not None]
    enough = sum(c.to_m - c.from_m for c in known) >= _ENOUGH * (to_m - from_m)
    iri, low, high = (_mean(known, name) if enough else None for name in ("iri", "low", "high"))
    severity = _severity(road.spots, from_m, to_m)
    index, worst, best = (None if v is None else float(model.index(v, severity)) for v in (iri, high, low))
    last = max((c.last_on for c in known if c.last_on), default=None)
    late = enough and all(c.state == "not_driven" for c in known)
    return Piece(
        road=road.name,
        from_m=from_m,
        to_m=to_m,
        iri=iri,
        low=low,
        high=high,
        index=index,
        index_low=worst,
        index_high=best,
        class_id=model.letter(index) or "none",
        uncertain=None not in {worst, best} and model.letter(worst) != model.letter(best),
        passes=min((c.passes for c in known if c.passes is not None), default=None),
        vehicles=max((c.vehicles for c in known if c.vehicles is not None), default=None),
        last_on=last,
        state=known[0].state if enough else cells[0].state,
        stale_d=_days(last, on) if late else None,
    )


def _days(last: date | None, on: date | None) -> int:
    return NOT_DRIVEN_D if last is None or on is None else (on - last).days


def _mean(cells: Sequence[Cell], name: str) -> float | None:
    """Return the mean by length; ends of intervals as if all errors went together."""
    values = [(c.to_m - c.from_m, getattr(c, name)) for c in cells]
    if not values or any(v is None for _, v in values):
        return None
    return float(sum(w * v for w, v in values) / sum(w for w, _ in values))


def _severity(spots: Iterable[Spot], from_m: float, to_m: float) -> float:
    inside = [s.severity or 0.0 for s in spots if s.kind in DEFECTS and from_m <= s.at_m < to_m]
    return 100.0 * sum(inside) / (to_m - from_m)


def totals(found: Iterable[Piece]) -> list[Total]:
    """Return length and number of each class, from A to D and none, those without a piece too."""
    rows = list(found)
    return [
        Total(
            class_id=name,
            length_m=sum(p.length_m for p in rows if p.class_id == name),
            n=sum(p.class_id == name for p in rows),
        )
        for name in (*condition.LETTERS.values(), "none")
    ]
