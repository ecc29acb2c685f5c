"""Segments of a diagnosis, else pieces of 100 m, with condition, class, and whether the class is certain."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Final

from contado.engines.pavement.maintenance import condition
from contado.engines.pavement.road import coverage
from contado.engines.pavement.views.model import NOT_DRIVEN_D, Cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from contado.engines.pavement.maintenance.condition import Model
    from contado.engines.pavement.road.coverage import Gap
    from contado.engines.pavement.views.model import Road, Segment, Spot

__all__ = ["PIECE_M", "Piece", "Total", "pieces", "totals", "whole"]

PIECE_M: Final = 100.0
"""Cells of reports; shorter ones are put together."""
_ENOUGH: Final = 0.5
"""Share of a piece that must be known."""
_SHOWN_M: Final = 50.0
_TOUCH_M: Final = 1e-6
_DIAGNOSED: Final = (
    *("iri", "low", "high", "index", "index_low", "index_high"),
    *("class_id", "uncertain", "priority", "rank"),
)
"""What the segment of a diagnosis says of a piece."""
_LATE: Final = frozenset({"not_driven", "renewed"})
"""States of cells that no car passed lately, or none since the works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of road with its class: A to D, or none where nobody could measure."""

    road: str
    from_m: float
    to_m: float
    from_km: float
    to_km: float
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
    measured_m: float
    """Length of its cells that have a value [m]; the class is that of the whole piece."""
    late_m: float
    """Length of its cells without a late pass, with an old value or none [m]."""
    undriven_m: float
    """Length of its cells without a value that nobody drove [m]."""
    priority: float | None = None
    rank: int | None = None
    """Place among all segments of a diagnosis, the most urgent first."""
    shown: tuple[float | None, ...] = (None, None, None)
    """Index, its low and its high end as whole numbers of their classes, for who reads them."""

    @property
    def length_m(self) -> float:
        """Length [m]."""
        return self.to_m - self.from_m


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """Length [m] and number of pieces of a class.

    The length of A to D is that of measured cells. What is left has no class; ``driven_m`` of it was driven, and
    could not be measured or too little of it.
    """

    class_id: str
    length_m: float
    n: int
    driven_m: float

    @property
    def parts_m(self) -> tuple[float, float]:
        """Length without ``driven_m``, and that; too short to show as a tenth of a kilometre, it is in the first."""
        driven_m = self.driven_m if self.driven_m >= _SHOWN_M else 0.0
        return self.length_m - driven_m, driven_m


def whole(cells: Sequence[Cell], length_m: float | None = None) -> tuple[Cell, ...]:
    """Return the cells of a road in order, and one without a value for what none of them tells of.

    Parameters
    ----------
    length_m
        Length of the road [m], which begins at 0; None: it is as long as its cells reach.
    """
    spans = [(c.from_m, c.to_m) for c in cells]
    ends = (0.0, length_m) if length_m is not None else (min(spans)[0], max(spans)[1])
    rest = coverage.gaps(spans, ends[1], ends[0])
    return tuple(sorted((*cells, *(c for gap in rest for c in _silent(gap))), key=lambda c: c.from_m))


def _silent(gap: Gap) -> Iterator[Cell]:
    """Yield a gap as cells: up to the end of the piece that it begins in, and from there."""
    state = "not_measurable" if gap.driven else "not_driven"
    piece = min(gap.to_m, PIECE_M * math.ceil(gap.from_m / PIECE_M))
    for from_m, to_m in ((gap.from_m, piece), (piece, gap.to_m)):
        if to_m > from_m:
            yield Cell(from_m=from_m, to_m=to_m, iri=None, low=None, high=None, passes=0, state=state)


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
    made = [_piece(road, cells, model, on) for cells in _together(road)]
    return [_shown(_as_diagnosed(piece, road.segments), model) for piece in made]


def _shown(piece: Piece, model: Model) -> Piece:
    known = (piece.index, piece.index_low, piece.index_high)
    return replace(piece, shown=tuple(model.whole(v) for v in known))


def _as_diagnosed(piece: Piece, segments: Sequence[Segment]) -> Piece:
    """Return a piece with the figures of the segment that it is, where it is one."""
    own = next((s for s in segments if _within(piece.from_m, s)), None)
    if own is None or piece.iri is None:
        return piece
    return replace(piece, **{name: getattr(own, name) for name in _DIAGNOSED})


def _within(place_m: float, segment: Segment) -> bool:
    return segment.from_m - _TOUCH_M <= place_m < segment.to_m - _TOUCH_M


def _together(road: Road) -> list[list[Cell]]:
    """Return the cells of each piece; a short end that a car drove without a whole cell is no piece of its own."""
    parts = [list(part) for _, part in groupby(road.cells, key=lambda c: _place(c, road.segments))]
    if len(parts) > 1 and _is_short_end(parts[-1]):
        parts[-2:] = [parts[-2] + parts[-1]]
    return parts


def _place(cell: Cell, segments: Sequence[Segment]) -> tuple[bool, int]:
    """Return which piece a cell belongs to: the segment that it lies in, else the gap after so many segments."""
    if not segments:
        return False, int((cell.from_m + _TOUCH_M) // PIECE_M)
    begun = sum(s.from_m - _TOUCH_M <= cell.from_m for s in segments)
    return (True, begun) if begun and _within(cell.from_m, segments[begun - 1]) else (False, begun)


def _is_short_end(cells: Sequence[Cell]) -> bool:
    silent = all(c.iri is None and c.state == "not_measurable" for c in cells)
    return silent and cells[-1].to_m - cells[0].from_m < _ENOUGH * PIECE_M


def _last_day(road: Road) -> date:
    from contado.kernel.dates import today

    return max((c.last_on for c in road.cells if c.last_on), default=None) or today()


def _piece(road: Road, cells: Sequence[Cell], model: Model, on: date | None) -> Piece:
    from_m, to_m = cells[0].from_m, cells[-1].to_m
    known = [c for c in cells if c.iri is not None]
    late = [c for c in cells if c.state in _LATE]
    enough = _length(known) >= _ENOUGH * (to_m - from_m)
    iri, low, high = (_mean(known, name) if enough else None for name in ("iri", "low", "high"))
    severity = _severity(road.defects, from_m, to_m)
    index, worst, best = (None if v is None else float(model.index(v, severity)) for v in (iri, high, low))
    last = max((c.last_on for c in known if c.last_on), default=None)
    stale = enough and all(c.state == "not_driven" for c in known)
    return Piece(
        road=road.name,
        from_m=from_m,
        to_m=to_m,
        from_km=road.posts.km(from_m),
        to_km=road.posts.km(to_m),
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
        stale_d=_days(last, on) if stale else None,
        measured_m=_length(known),
        late_m=_length(late),
        undriven_m=_length(c for c in late if c.iri is None),
    )


def _length(cells: Iterable[Cell]) -> float:
    return sum(c.to_m - c.from_m for c in cells)


def _days(last: date | None, on: date | None) -> int:
    return NOT_DRIVEN_D if last is None or on is None else (on - last).days


def _mean(cells: Sequence[Cell], name: str) -> float | None:
    """Return the mean by length; ends of intervals as if all errors went together."""
    values = [(c.to_m - c.from_m, getattr(c, name)) for c in cells]
    if not values or any(v is None for _, v in values):
        return None
    return float(sum(w * v for w, v in values) / sum(w for w, _ in values))


def _severity(spots: Iterable[Spot], from_m: float, to_m: float) -> float:
    inside = [s.severity or 0.0 for s in spots if from_m <= s.at_m < to_m]
    return 100.0 * sum(inside) / (to_m - from_m)


def totals(found: Iterable[Piece]) -> list[Total]:
    """Return length and number of each class, from A to D and none, those without a piece too."""
    rows = list(found)
    graded = [(p.class_id, p.measured_m) for p in rows if p.class_id != "none"]
    rest = sum(p.length_m for p in rows) - sum(length for _, length in graded)
    driven = rest - sum(p.undriven_m for p in rows)
    return [
        Total(
            class_id=name,
            length_m=length,
            n=sum(p.class_id == name for p in rows),
            driven_m=driven if name == "none" else 0.0,
        )
        for name, length in condition.lengths([*graded, ("none", rest)]).items()
    ]
