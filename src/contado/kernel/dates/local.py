"""The local day of the law: the only place that turns an instant into a legal day, and a wall clock into an instant.

Examples
--------
>>> legal_day("2026-03-01T23:30:00Z")
datetime.date(2026, 3, 2)
>>> placed = place(dt.datetime(2027, 3, 28, 2, 30))
>>> placed.instant.isoformat(), placed.wall.isoformat(), placed.in_gap
('2027-03-28T01:30:00+00:00', '2027-03-28T03:30:00', True)
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contado.kernel.errors import DataError, did_you_mean

__all__ = ["ROME", "Placed", "legal_day", "place", "today", "utc", "wall", "zone"]

ROME: Final = "Europe/Rome"


class Placed(NamedTuple):
    """A wall-clock time on the line of instants; in the spring gap the wall clock is moved on."""

    instant: dt.datetime
    """UTC."""
    wall: dt.datetime
    """What a clock shows at that instant, without a zone."""
    in_gap: bool
    """Whether the time asked for does not exist on that day."""


@cache
def zone(name: str = ROME) -> ZoneInfo:
    """Return a time zone.

    Raises
    ------
    DataError
        ``unknown_timezone``: no such zone; the hint names the nearest.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        from zoneinfo import available_timezones

        raise DataError(
            f"There is no time zone {name!r}.",
            rule="unknown_timezone",
            hint=did_you_mean(name, available_timezones()) or "as Europe/Rome",
            field="tz",
        ) from None


def wall(instant: dt.datetime | str, tz: str = ROME) -> dt.datetime:
    """Return what a clock of the zone shows at an instant, without a zone.

    Raises
    ------
    DataError
        ``bad_instant``: no instant: it cannot be read, or lacks its offset from UTC.
    """
    return _aware(instant).astimezone(zone(tz)).replace(tzinfo=None, fold=0)


def utc(instant: dt.datetime | str) -> dt.datetime:
    """Return an instant in UTC (errors of `wall`)."""
    return _aware(instant).astimezone(dt.UTC)


def legal_day(instant: dt.datetime | str, tz: str = ROME) -> dt.date:
    """Return the local day of an instant, given as datetime with zone or as ISO 8601 text (errors of `wall`)."""
    return wall(instant, tz).date()


def today(tz: str = ROME) -> dt.date:
    """Return the legal day of now."""
    return legal_day(dt.datetime.now(dt.UTC), tz)


def place(clock: dt.datetime, tz: str = ROME) -> Placed:
    """Return the instant of a wall-clock time without zone.

    A time in the spring gap is read with the offset before the gap; of a time that comes twice in autumn the
    first is meant (RFC 5545 section 3.3.5).
    """
    aware = clock.replace(tzinfo=zone(tz), fold=0)
    instant = aware.astimezone(dt.UTC)
    shown = wall(instant, tz)
    return Placed(instant, shown, shown != clock)


def _aware(instant: dt.datetime | str) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise DataError(
            f"{str(instant)!r} is no instant.",
            rule="bad_instant",
            hint="write it with its offset, as 2026-03-01T23:30:00Z",
        )
    return found
