"""The roads on earlier days, as the diagnosis kept them, and what changed between two of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contado.web.data import roads
from contado.web.data.view import day as day_of
from contado.web.data.view import layer_rows, rows

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from contado.engines.pavement.state.change import Level
    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.roads import Roads, Section
    from contado.web.data.territory import Territory
    from contado.web.data.view import Row

__all__ = ["CLEAR_M_KM", "Change", "History", "changes", "load"]

CLEAR_M_KM: Final = 1.0
"""A change of roughness from which it is called much better or much worse [m/km]."""
_FIXED = ("section_id", "road_code", "road_name", "from_km", "to_km", "municipality", "length_km", "geometry")
"""What a section has on every day."""
_BELIEVED = frozenset({"confirmed", "worse"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A section on two days; ``iri`` is the later roughness less the earlier, with its interval [m/km].

    ``class_id``: much_better, better, same (the interval holds zero), worse, much_worse; none where a day
    lacks a measure. ``appeared`` and ``repaired`` are anomalies.
    """

    before: Section | None
    after: Section
    iri: float | None
    low: float | None
    high: float | None
    appeared: int = 0
    repaired: int = 0

    @property
    def class_id(self) -> str:
        """The class of the change."""
        if self.iri is None:
            return "none"
        if self.low is None or self.high is None or self.low <= 0.0 <= self.high:
            return "same"
        word = "better" if self.iri < 0 else "worse"
        return f"much_{word}" if abs(self.iri) >= CLEAR_M_KM else word

    @property
    def step(self) -> int:
        """Classes that the section rose (less than zero: fell) between the two days; 0 where one has none."""
        letters = "DCBA"
        was = self.before.class_id if self.before else "none"
        if was not in letters or self.after.class_id not in letters:
            return 0
        return letters.index(self.after.class_id) - letters.index(was)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """States of sections and anomalies by day, and what a section has on every day."""

    days: Sequence[dt.date]
    sections: Mapping[dt.date, Sequence[Row]]
    anomalies: Mapping[dt.date, Sequence[Row]]
    fixed: Mapping[str, Row]
    states: Mapping[str, Sequence[Row]]
    """Section -> its states in order of the days."""

    def on(self, territory: Territory, day: dt.date) -> Roads | None:
        """Return the roads as they were known at the end of a day, None where that was not kept.

        Sections that the reader does not see today are not seen on that day either.
        """
        if day not in self.sections:
            return None
        known = [
            {**self.fixed[row["section_id"]], **row}
            for row in self.sections[day]
            if row["section_id"] in self.fixed
        ]
        found = [a for a in self.anomalies.get(day, ()) if a["open"] and a["section_id"] in self.fixed]
        return roads.of_rows(territory, known, found)

    def moved(self, first: dt.date, last: dt.date) -> dict[str, tuple[int, int]]:
        """Return how many anomalies appeared and were repaired between two days, by section.

        Repaired: believed on the first day and told repaired, or closed after it, on the last. One that
        was felt once and never again was never there, and one that became doubtful is still open.
        """
        before, after = ({a["anomaly_id"]: a for a in self.anomalies.get(d, ())} for d in (first, last))
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for name, row in after.items():
            if row["open"] and not (name in before and before[name]["open"]):
                counts[row["section_id"]][0] += 1
        for name, row in before.items():
            gone = name not in after or after[name]["state"] == "repaired"
            if row["state"] in _BELIEVED and gone:
                counts[row["section_id"]][1] += 1
        return {section: (appeared, repaired) for section, (appeared, repaired) in counts.items()}


def load(view: View) -> History:
    """Read the states that the diagnosis kept; a workspace without them has none."""
    found = rows(view, "pavement_section_history")
    sections, states = _by_day(found), defaultdict(list)
    for row in sorted(found, key=lambda row: row["date"]):
        states[str(row["section_id"])].append(row)
    known = layer_rows(view, roads.SECTIONS)
    return History(
        days=sorted(sections),
        sections=sections,
        anomalies=_by_day(rows(view, "pavement_anomaly_history")),
        fixed={str(row["section_id"]): {name: row.get(name) for name in _FIXED} for row in known},
        states=dict(states),
    )


def _by_day(found: Iterable[Row]) -> dict[dt.date, list[Row]]:
    out: dict[dt.date, list[Row]] = defaultdict(list)
    for row in found:
        if (day := day_of(row, "date")) is not None:
            out[day].append(row)
    return dict(out)


def changes(before: Roads, after: Roads, moved: Mapping[str, tuple[int, int]] | None = None) -> list[Change]:
    """Return what changed section by section, the most worsened first, what cannot be compared last.

    What the errors of the two days have in common does not count in the difference, where the states kept its parts;
    otherwise they are taken as independent, and the interval is wider.
    """
    earlier = {s.id: s for s in before.sections}
    found = [_change(earlier.get(s.id), s, (moved or {}).get(s.id, (0, 0))) for s in after.sections]
    return sorted(found, key=lambda c: (c.iri is None, -(c.iri or 0.0), c.after.id))


def _change(before: Section | None, after: Section, moved: tuple[int, int]) -> Change:
    step, low, high = _difference(before, after)
    return Change(
        before=before, after=after, iri=step, low=low, high=high, appeared=moved[0], repaired=moved[1]
    )


def _difference(before: Section | None, after: Section) -> tuple[float | None, float | None, float | None]:
    was, now = (before.iri if before else None), after.iri
    if was is None or was.value is None or now.value is None:
        return None, None, None
    step = now.value - was.value
    if was.low is None or was.high is None or now.low is None or now.high is None:
        return step, None, None
    if before is not None and before.level is not None and after.level is not None:
        return _known_together(before.level, after.level)
    down = ((now.value - now.low) ** 2 + (was.high - was.value) ** 2) ** 0.5
    up = ((now.high - now.value) ** 2 + (was.value - was.low) ** 2) ** 0.5
    return step, step - down, step + up


def _known_together(before: Level, after: Level) -> tuple[float, float, float]:
    from contado.engines.pavement.state.change import difference
    from contado.engines.pavement.state.settings import FuseSettings

    return difference(before, after, FuseSettings())
