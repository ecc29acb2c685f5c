"""Public holidays of Italy as dated rows, and the calendar of an office that terms are counted on.

A holiday's rule is a day of the year (``12-25``), days from Easter (``easter+1``) or the first Sunday from a
day on (``sunday>=06-01``). The patron day of the office's seat comes from ``contado.toml``.

Examples
--------
>>> easter(2026)
datetime.date(2026, 4, 5)
>>> milan = Calendar(patron_day="12-07")
>>> milan.reason(dt.date(2026, 10, 4), "en"), milan.reason(dt.date(2026, 12, 7), "it")
('Saint Francis of Assisi', 'festa del patrono')
>>> milan.next_open(dt.date(2026, 4, 5))
datetime.date(2026, 4, 7)
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from contado.kernel.dates import dated
from contado.kernel.errors import DataError, SettingError
from contado.kernel.settings import Dates

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Calendar", "Holiday", "Name", "easter", "holidays"]

_DAY: Final = dt.timedelta(days=1)
_SATURDAY: Final = 5
_SUNDAY: Final = 6
_MONTH_DAY: Final = re.compile(r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")


class Name(NamedTuple):
    """What a day is called in both languages."""

    it: str
    en: str


_WEEKEND: Final = {_SATURDAY: Name("sabato", "Saturday"), _SUNDAY: Name("domenica", "Sunday")}
_PATRON: Final = Name("festa del patrono", "patron saint's day")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """One dated row of ``holiday.csv``."""

    name: Name
    rule: str
    valid_from: dt.date
    valid_to: dt.date | None
    norm: str
    status: str


def easter(year: int) -> dt.date:
    """Return Easter Sunday of the Gregorian calendar by the computus of Meeus, Jones and Butcher.

    References
    ----------
    J. Meeus, Astronomical Algorithms, 2nd ed. 1998, chapter 8.

    Examples
    --------
    >>> [easter(y).isoformat() for y in (1943, 2026, 2038)]
    ['1943-04-25', '2026-04-05', '2038-04-25']
    """
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    l = (32 + 2 * e + 2 * i - h - k) % 7  # noqa: E741 - the letter of the source
    m = (a + 11 * h + 22 * l) // 451
    month, day = divmod(h + l - 7 * m + 114, 31)
    return dt.date(year, month, day + 1)


@cache
def holidays() -> tuple[Holiday, ...]:
    """Return the rows of ``holiday.csv``."""
    return tuple(
        Holiday(
            name=Name(row["name_it"], row["name_en"]),
            rule=row["rule"],
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            norm=row["norm"],
            status=row["status"],
        )
        for row in dated.shipped("holiday")
    )


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days on which no term ends: Sundays, public holidays, the patron day; Saturdays where asked.

    Parameters
    ----------
    patron_day
        Month and day of the patron of the office's seat, ``MM-DD``; '' = none.
    saturday_closed
        Whether a Saturday counts as a holiday.

    Raises
    ------
    SettingError
        ``bad_setting``: the patron day is no ``MM-DD``.
    """

    patron_day: str = Dates().patron_day
    saturday_closed: bool = Dates().saturday_closed

    def __post_init__(self) -> None:
        if self.patron_day and not _MONTH_DAY.fullmatch(self.patron_day):
            raise SettingError(
                f"patron_day {self.patron_day!r} is no day of the year.",
                rule="bad_setting",
                hint="write month and day, as 12-07",
                field="dates.patron_day",
            )

    @classmethod
    def from_settings(cls, settings: Dates) -> Calendar:
        """Return the calendar of ``[dates]`` in contado.toml."""
        return cls(settings.patron_day, settings.saturday_closed)

    def holidays(self, year: int) -> Mapping[dt.date, Name]:
        """Return the holidays of a year with their names, the patron day among them.

        Raises
        ------
        DataError
            ``no_dated_row``: the year lies before the first row (1950).
        """
        return _of_year(self.patron_day, year)

    def reason(self, day: dt.date, lang: Literal["it", "en"]) -> str | None:
        """Return why no term ends on a day: a holiday's name, Sunday, Saturday; None on an open day."""
        name = self.closed(day)
        return None if name is None else getattr(name, lang)

    def closed(self, day: dt.date) -> Name | None:
        """Return what keeps a term from ending on a day, in both languages; None on an open day."""
        name = self.holidays(day.year).get(day)
        if name is not None:
            return name
        weekday = day.weekday()
        return _WEEKEND[weekday] if weekday == _SUNDAY or self._free_saturday(weekday) else None

    def _free_saturday(self, weekday: int) -> bool:
        return self.saturday_closed and weekday == _SATURDAY

    def is_working(self, day: dt.date) -> bool:
        """Whether a day is Monday to Friday and no holiday."""
        return day.weekday() < _SATURDAY and day not in self.holidays(day.year)

    def next_open(self, day: dt.date) -> dt.date:
        """Return the day itself, or the next one on which a term may end."""
        while self.closed(day) is not None:
            day += _DAY
        return day

    def next_working(self, day: dt.date) -> dt.date:
        """Return the day itself, or the next working one."""
        while not self.is_working(day):
            day += _DAY
        return day

    def last_working_before(self, day: dt.date) -> dt.date:
        """Return the last working day before a day."""
        day -= _DAY
        while not self.is_working(day):
            day -= _DAY
        return day

    def add_working(self, day: dt.date, count: int) -> dt.date:
        """Return the ``count``-th working day after a day; for 0 the day itself or the next working one."""
        if count == 0:
            return self.next_working(day)
        for _ in range(count):
            day = self.next_working(day + _DAY)
        return day

    def take_working(self, day: dt.date, count: int) -> dt.date:
        """Return the ``count``-th working day before a day; for 0 the day itself."""
        for _ in range(count):
            day = self.last_working_before(day)
        return day


@cache
def _of_year(patron_day: str, year: int) -> dict[dt.date, Name]:
    first = min(h.valid_from for h in holidays())
    if year < first.year:
        raise DataError(
            f"The holidays of {year} are not known.",
            rule="no_dated_row",
            hint=f"the first rows hold from {first}",
            field="valid_from",
        )
    found: dict[dt.date, Name] = {}
    patron = _date(year, patron_day) if patron_day else None
    if patron is not None:
        found[patron] = _PATRON
    for holiday in holidays():
        day = _day_of(holiday.rule, year)
        if day is not None and dated.holds(holiday, day):
            found[day] = holiday.name
    return dict(sorted(found.items()))


def _day_of(rule: str, year: int) -> dt.date | None:
    if rule.startswith("easter"):
        return easter(year) + dt.timedelta(days=int(rule.removeprefix("easter")))
    day = _date(year, rule.removeprefix("sunday>="))
    if day is None or not rule.startswith("sunday>="):
        return day
    return day + dt.timedelta(days=_SUNDAY - day.weekday())


def _date(year: int, month_day: str) -> dt.date | None:
    """Return the day of a year; 29 February falls away where there is none."""
    try:
        return dt.date.fromisoformat(f"{year:04}-{month_day}")
    except ValueError:
        return None
