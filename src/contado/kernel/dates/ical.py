"""Calendars by RFC 5545: events and things to do, written to the same bytes whenever they are the same.

Nothing depends on the clock or on the machine: the caller gives each entry its UID and the instant of its last
change. Days are all-day entries; times are wall-clock times of one zone, whose change of clock is written out.

Examples
--------
>>> stamp = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
>>> entry = Entry(uid="visit-1@city.example", summary="Visita", start=dt.datetime(2026, 3, 29, 9), stamp=stamp)
>>> b"DTSTART;TZID=Europe/Rome:20260329T090000" in to_bytes([entry], name="Visite")
True
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from contado.kernel.dates import local
from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import icalendar

__all__ = ["PRODID", "Entry", "to_bytes"]

PRODID: Final = "-//contado//calendar//IT"

_ROME: Final = """BEGIN:VTIMEZONE
TZID:Europe/Rome
BEGIN:DAYLIGHT
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
"""
"""Rules in force since 1996 (Directive 2000/84/EC), so that the bytes do not follow the zone files of a machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event (VEVENT) or thing to do (VTODO).

    ``start`` and ``end`` are days, or wall-clock times without zone; the end is not included. A thing to do is
    due at ``start``.
    """

    uid: str
    summary: str
    start: dt.date | dt.datetime
    stamp: dt.datetime
    """Instant of the last change, with zone."""
    end: dt.date | dt.datetime | None = None
    kind: Literal["event", "todo"] = "event"
    description: str = ""
    location: str = ""
    url: str = ""
    categories: tuple[str, ...] = ()
    status: str = ""
    """CONFIRMED, CANCELLED ...; of a thing to do NEEDS-ACTION, COMPLETED ..."""
    sequence: int = 0
    rrule: str = ""
    rdate: tuple[dt.datetime, ...] = ()
    exdate: tuple[dt.datetime, ...] = ()
    completed: dt.datetime | None = None
    """Instant at which a thing to do was done, with zone."""


def to_bytes(entries: Iterable[Entry], *, name: str, tz: str = local.ROME) -> bytes:
    """Write a calendar; entries in the order of their UIDs, lines folded at 75 octets, ended by CRLF.

    Raises
    ------
    UsageError
        ``duplicate_id``: two entries have one UID.
    DataError
        ``bad_rrule``, ``unknown_timezone``, ``bad_instant`` (a stamp without zone).
    """
    import icalendar

    known = sorted(entries, key=lambda e: e.uid)
    _check_uids([entry.uid for entry in known])
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", _text(name))
    calendar.add("x-wr-timezone", tz)
    if any(isinstance(entry.start, dt.datetime) for entry in known):
        calendar.add_component(_zone(tz))
    for entry in known:
        calendar.add_component(_component(entry, tz))
    written: bytes = calendar.to_ical()
    return written


def _check_uids(uids: list[str]) -> None:
    twice = sorted({uid for uid in uids if uids.count(uid) > 1}) if len(set(uids)) < len(uids) else []
    if twice:
        raise UsageError(
            f"The UID {twice[0]} stands on two entries of a calendar.",
            rule="duplicate_id",
            hint="give each entry a UID of its own, and keep it when the entry changes",
        )


def _zone(tz: str) -> icalendar.Component:
    import icalendar

    if tz == local.ROME:
        return icalendar.Timezone.from_ical(_ROME)
    return icalendar.Timezone.from_tzinfo(local.zone(tz), tz)


def _component(entry: Entry, tz: str) -> icalendar.Component:
    import icalendar

    made = icalendar.Event() if entry.kind == "event" else icalendar.Todo()
    zone = local.zone(tz)
    made.add("uid", entry.uid)
    made.add("dtstamp", _utc(entry.stamp))
    made.add("summary", _text(entry.summary))
    made.add("dtstart" if entry.kind == "event" else "due", _at(entry.start, zone))
    if entry.end is not None:
        made.add("dtend", _at(entry.end, zone))
    elif entry.kind == "event" and not isinstance(entry.start, dt.datetime):
        # a deadline does not make anyone busy
        made.add("transp", "TRANSPARENT")
    for key in ("description", "location"):
        if getattr(entry, key):
            made.add(key, _text(getattr(entry, key)))
    for key in ("url", "status"):
        if getattr(entry, key):
            made.add(key, getattr(entry, key))
    if entry.categories:
        made.add("categories", list(entry.categories))
    if entry.sequence:
        made.add("sequence", entry.sequence)
    if entry.completed is not None:
        made.add("completed", _utc(entry.completed))
    _recur(made, entry, zone)
    return made


def _recur(made: icalendar.Component, entry: Entry, zone: dt.tzinfo) -> None:
    import icalendar

    from contado.kernel.dates.recurrence import parse

    if entry.rrule:
        parse(entry.rrule)
        made.add("rrule", icalendar.vRecur.from_ical(entry.rrule))
    for key in ("rdate", "exdate"):
        clocks = getattr(entry, key)
        if clocks:
            made.add(key, [_at(clock, zone) for clock in sorted(clocks)])


@cache
def _text_type() -> type[icalendar.vText]:
    import icalendar

    class Text(icalendar.vText):
        """Text escaped by RFC 5545 section 3.3.11; the library takes a backslash before N for a new line."""

        def to_ical(self) -> bytes:
            lines = self.replace("\\", "\\\\").replace(";", r"\;").replace(",", r"\,").splitlines()
            return r"\n".join(lines).encode()

    return Text


def _text(text: str) -> icalendar.vText:
    return _text_type()(text)


def _at(clock: dt.date | dt.datetime, zone: dt.tzinfo) -> Any:
    return clock.replace(tzinfo=zone) if isinstance(clock, dt.datetime) else clock


def _utc(instant: dt.datetime) -> dt.datetime:
    return local.utc(instant).replace(microsecond=0)
