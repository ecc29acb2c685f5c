"""Parts of a road section: homogeneous segments, and the works that were done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from contado.web.data.roads import Interval, class_of_word
from contado.web.data.view import day, real, rows, text

if TYPE_CHECKING:
    import datetime as dt

    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.view import Row

__all__ = ["Segment", "Work", "segments", "works"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a section that is alike, with its place in the list of all segments.

    ``overtakes`` is the condition index at which it would pass the segment before it, all else equal; None
    for the first, and where no index is low enough.
    """

    id: str
    section_id: str
    from_m: float
    to_m: float
    class_id: str
    iri: Interval
    index: Interval
    severity: float | None
    passes: int | None
    priority: float | None
    rank: int | None
    overtakes: float | None
    label: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Works that ended: where along the section [m], when, what, for how much."""

    section_id: str
    from_m: float
    to_m: float
    on: dt.date | None
    treatment: str | None
    cost: float | None
    intervention: str | None
    label: str | None


def segments(view: View) -> list[Segment]:
    """Return all segments, by section and chainage."""
    found = [_segment(row) for row in rows(view, "pavement_segment")]
    return sorted(found, key=lambda s: (s.section_id, s.from_m))


def works(view: View) -> list[Work]:
    """Return all works that ended, the latest first."""
    found = [_work(row) for row in rows(view, "pavement_works")]
    return sorted(
        found, key=lambda w: (w.on is None, -(w.on.toordinal() if w.on else 0), w.section_id, w.from_m)
    )


def _segment(row: Row) -> Segment:
    rank, passes = real(row, "rank"), real(row, "passes")
    return Segment(
        id=str(row["segment_id"]),
        section_id=str(row["section_id"]),
        from_m=float(row["from_m"]),
        to_m=float(row["to_m"]),
        class_id=class_of_word(text(row, "criticality")),
        iri=Interval(value=real(row, "iri_m_km"), low=real(row, "low_m_km"), high=real(row, "high_m_km")),
        index=Interval(
            value=real(row, "condition_index"),
            low=real(row, "condition_low"),
            high=real(row, "condition_high"),
        ),
        severity=real(row, "severity_per_100m"),
        passes=None if passes is None else round(passes),
        priority=real(row, "priority"),
        rank=None if rank is None else round(rank),
        overtakes=_overtakes(text(row, "why")),
        label=text(row, "label"),
    )


class _Why(msgspec.Struct):
    overtakes_at_condition_index: float | None = None


def _overtakes(why: str | None) -> float | None:
    try:
        return msgspec.json.decode(why or "{}", type=_Why).overtakes_at_condition_index
    except msgspec.DecodeError:
        return None


def _work(row: Row) -> Work:
    return Work(
        section_id=str(row["section_id"]),
        from_m=float(row["from_m"]),
        to_m=float(row["to_m"]),
        on=day(row, "date"),
        treatment=text(row, "treatment"),
        cost=real(row, "cost_eur"),
        intervention=text(row, "intervention_id"),
        label=text(row, "label"),
    )
