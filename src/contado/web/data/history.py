"""The roads on earlier days, and what changed between two of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.dates import local
from contado.kernel.errors import ContadoError
from contado.kernel.practice import registered
from contado.web.data import roads
from contado.web.data.view import rows

if TYPE_CHECKING:
    import datetime as dt

    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.roads import Roads, Section
    from contado.web.data.territory import Territory

__all__ = ["CLEAR_M_KM", "Change", "changes", "days", "on"]

CLEAR_M_KM: Final = 1.0
"""A change of roughness from which it is called much better or much worse [m/km]."""
_BUSY = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A section on two days; ``iri`` is the later roughness less the earlier, with its interval [m/km].

    ``class_id``: much_better, better, same (the interval holds zero), worse, much_worse; none where a day
    lacks a measure.
    """

    before: Section | None
    after: Section
    iri: float | None
    low: float | None
    high: float | None

    @property
    def class_id(self) -> str:
        """The class of the change."""
        if self.iri is None:
            return "none"
        if self.low is None or self.high is None or self.low <= 0.0 <= self.high:
            return "same"
        word = "better" if self.iri < 0 else "worse"
        return f"much_{word}" if abs(self.iri) >= CLEAR_M_KM else word


def days(view: View) -> list[dt.date]:
    """Return the days on which vehicles drove, in order."""
    found = {
        local.legal_day(row["start_utc"]) for row in rows(view, "pavement_drive") if row.get("start_utc")
    }
    return sorted(found)


def on(view: View, territory: Territory, day: dt.date) -> Roads | None:
    """Return the roads as they were known on a day, graded as the practice grades them today.

    None where the drives of that day cannot be read again. One day is computed at a time.
    """
    found = registered().get("manto_stradale")
    if found is None:
        return None
    try:
        with _BUSY:
            layers: dict[str, Any] = found.practice().layers(view, on=day)
    except ContadoError:
        return None
    return roads.of_rows(territory, layers[roads.SECTIONS].to_pylist(), layers[roads.ANOMALIES].to_pylist())


def changes(before: Roads, after: Roads) -> list[Change]:
    """Return what changed section by section, the most worsened first, what cannot be compared last.

    The interval adds the two in quadrature: the errors of two rounds are taken as independent.
    """
    earlier = {s.id: s for s in before.sections}
    found = [_change(earlier.get(s.id), s) for s in after.sections]
    return sorted(found, key=lambda c: (c.iri is None, -(c.iri or 0.0), c.after.id))


def _change(before: Section | None, after: Section) -> Change:
    was, now = (before.iri if before else None), after.iri
    if was is None or was.value is None or now.value is None:
        return Change(before=before, after=after, iri=None, low=None, high=None)
    step = now.value - was.value
    ends = (was.low, was.high, now.low, now.high)
    if any(v is None for v in ends):
        return Change(before=before, after=after, iri=step, low=None, high=None)
    down = ((now.value - now.low) ** 2 + (was.high - was.value) ** 2) ** 0.5  # type: ignore[operator]
    up = ((now.high - now.value) ** 2 + (was.value - was.low) ** 2) ** 0.5  # type: ignore[operator]
    return Change(before=before, after=after, iri=step, low=step - down, high=step + up)
