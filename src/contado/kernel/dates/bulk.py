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
from typing import TYPE_CHECKING, Any, cast

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
        raw = events + lengths
    elif day_type == "working":
        raw = _working(events, lengths, calendar)
    else:
        raw = _months(events, lengths * (12 if day_type == "years" else 1))
    raw = raw + stops
    open_days = _busdays(calendar, _year(raw.min()), _year(raw.max()) + 1, working=False)
    return np.busday_offset(raw, 0, roll="forward", busdaycal=open_days)


def _working(events: Days, lengths: NDArray[np.int64], calendar: Calendar) -> Days:
    """``length``-th working day after; a 0 is the day itself or the next working one."""
    # two years and a week of every 200 working days are on the safe side of any holidays
    last = _year(events.max()) + 2 + int(lengths.max()) // 200
    working = _busdays(calendar, _year(events.min()) - 1, last, working=True)
    counted = np.busday_offset(events, lengths, roll="backward", busdaycal=working)
    first = np.busday_offset(events, 0, roll="forward", busdaycal=working)
    return np.where(lengths == 0, first, counted)


def _months(events: Days, lengths: NDArray[np.int64]) -> Days:
    month = events.astype("datetime64[M]")
    day = (events - month.astype("datetime64[D]")).astype(np.int64)
    target = month + lengths
    last = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(np.int64) - 1
    return cast("Days", target.astype("datetime64[D]") + np.minimum(day, last))


def _year(day: Any) -> int:
    return int(day.astype("datetime64[Y]").astype(np.int64)) + 1970


@lru_cache(maxsize=64)
def _busdays(calendar: Calendar, first: int, last: int, *, working: bool) -> np.busdaycalendar:
    """Calendar of numpy: working days, or the days on which a term may end."""
    days = [day for year in range(first, last + 1) for day in calendar.holidays(year)]
    week = "1111100" if working else ("1111100" if calendar.saturday_closed else "1111110")
    return np.busdaycalendar(weekmask=week, holidays=np.array(days, dtype="datetime64[D]"))
