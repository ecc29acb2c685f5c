"""Terms of many files at once: arrays of days in, arrays of days out, equal to `contado.kernel.dates.terms.term`.

Examples
--------
>>> import numpy as np
>>> events = np.array(["2025-12-04", "2026-03-05"], dtype="datetime64[D]")
>>> due(events, 45, "calendar").astype(str).tolist()
['2026-01-19', '2026-04-20']
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from contado.kernel.dates.holidays import Calendar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.kernel.dates.rules import DayType

__all__ = ["due"]

Days = np.ndarray[tuple[Any, ...], np.dtype[np.datetime64]]


def due(
    events: Days,
    length: int | NDArray[np.int64],
    day_type: DayType,
    *,
    calendar: Calendar | None = None,
    suspension_days: int | NDArray[np.int64] = 0,
) -> Days:
    """Return when terms counted forwards end.

    Parameters
    ----------
    events
        Legal days of the events, shape (n,), ``datetime64[D]``; NaT stays NaT.
    length, suspension_days
        Numbers, or arrays of shape (n,), from 0 on.
    day_type
        One for all: calendar, working, months, years.
    calendar
        Of the office.

    Raises
    ------
    DataError
        ``no_dated_row``: a day lies before the first year of the calendar.
    """
    known = ~np.isnat(events)
    out = events.astype("datetime64[D]")
    if not known.any():
        return out
    lengths = np.broadcast_to(np.asarray(length, dtype=np.int64), events.shape)[known]
    stops = np.broadcast_to(np.asarray(suspension_days, dtype=np.int64), events.shape)[known]
    out[known] = _due(out[known], lengths, stops, day_type, calendar or Calendar())
    return out


def _due(
    events: Days, lengths: NDArray[np.int64], stops: NDArray[np.int64], day_type: DayType, calendar: Calendar
) -> Days:
    if day_type == "calendar":
        raw = events + (lengths + stops)
    elif day_type == "working":
        raw = _working(events, lengths, calendar) + stops
    else:
        raw = _months(events, lengths * (12 if day_type == "years" else 1)) + stops
    table = _table(calendar, _year(raw.min()), _year(raw.max()) + 1)
    return table.next_open[(raw - table.first).astype(np.int64)]


def _working(events: Days, lengths: NDArray[np.int64], calendar: Calendar) -> Days:
    """``length``-th working day after; a 0 is the day itself or the next working one."""
    # every year has more than 200 working days
    last = _year(events.max()) + 2 + int(lengths.max()) // 200
    table = _table(calendar, _year(events.min()), last)
    at = (events - table.first).astype(np.int64)
    reached = table.rank[at] - 1 + np.where(lengths == 0, ~table.is_working[at], lengths)
    return table.working[reached]


def _months(events: Days, lengths: NDArray[np.int64]) -> Days:
    month = events.astype("datetime64[M]")
    day = (events - month.astype("datetime64[D]")).astype(np.int64)
    target = month + lengths
    last = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(np.int64) - 1
    return cast("Days", target.astype("datetime64[D]") + np.minimum(day, last))


def _year(day: Any) -> int:
    return int(day.astype("datetime64[Y]").astype(np.int64)) + 1970


class _Table(NamedTuple):
    """The days of some years in a row: one read a file takes the place of a walk over the calendar."""

    first: np.datetime64
    next_open: Days
    is_working: NDArray[np.bool_]
    rank: NDArray[np.int64]
    """Working days up to a day, itself included."""
    working: Days


@lru_cache(maxsize=64)
def _table(calendar: Calendar, first: int, last: int) -> _Table:
    """Return the table from the first day of one year to the last of another."""
    days = np.arange(f"{first:04}-01-01", f"{last + 1:04}-01-01", dtype="datetime64[D]")
    holidays = [day for year in range(first, last + 1) for day in calendar.holidays(year)]
    free = np.isin(days, np.array(holidays, dtype="datetime64[D]"))
    weekday = (days.astype(np.int64) + 3) % 7
    is_open = ~free & (weekday < (5 if calendar.saturday_closed else 6))
    position = np.where(is_open, np.arange(days.size), days.size - 1)
    following = np.minimum.accumulate(position[::-1])[::-1]
    is_working = ~free & (weekday < 5)
    return _Table(days[0], days[following], is_working, np.cumsum(is_working), days[is_working])
