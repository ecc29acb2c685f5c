"""Recurrence of events by RFC 5545 in local time: nine o'clock stays nine o'clock across both clock changes.

The rule is expanded on the wall clock (by python-dateutil), then placed on the line of instants. An instance
generated in the spring gap is left out and not counted (RFC 5545 section 3.3.10); a time given explicitly
that falls in the gap is read with the offset before it; of a time that comes twice in autumn the first counts.
The first start is always an instance, whether the rule meets it or not.

Examples
--------
>>> series = Series(dtstart=dt.datetime(2026, 10, 18, 9), rrule="FREQ=WEEKLY;COUNT=3")
>>> [(o.start.isoformat(), o.instant.hour) for o in occurrences(series).found]
[('2026-10-18T09:00:00', 7), ('2026-10-25T09:00:00', 8), ('2026-11-01T09:00:00', 8)]
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from contado.kernel.dates import local
from contado.kernel.dates.terms import add_months
from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "LONGEST_MONTHS",
    "WINDOW_MONTHS",
    "Occurrence",
    "Occurrences",
    "Rule",
    "Series",
    "occurrences",
    "parse",
]

WINDOW_MONTHS: Final = 24
"""How far a rule without end is followed where no end is asked for."""

LONGEST_MONTHS: Final = 1200
"""How far a rule that ends by COUNT is followed."""

_FREQUENCIES: Final[Mapping[str, Any]] = {"YEARLY": 0, "MONTHLY": 1, "WEEKLY": 2, "DAILY": 3}
"""Numbers of the frequencies in python-dateutil."""
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BYDAY: Final = re.compile(r"([+-]?[1-9]\d?)?(MO|TU|WE|TH|FR|SA|SU)")
_WHOLE: Final = re.compile(r"[+-]?\d{1,6}")
_UNTIL: Final = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "INTERVAL": (1, 9999),
    "COUNT": (1, 99_999),
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYSETPOS": (-366, 366),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A recurrence rule that was read; empty parts are empty tuples."""

    freq: str
    interval: int = 1
    count: int | None = None
    until: dt.datetime | None = None
    """Last instant (UTC), or last wall-clock time without zone."""
    byday: tuple[tuple[int | None, str], ...] = ()
    bymonthday: tuple[int, ...] = ()
    bymonth: tuple[int, ...] = ()
    bysetpos: tuple[int, ...] = ()
    wkst: str = "MO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """An event that may recur: wall-clock times without zone, in the zone ``tz``."""

    dtstart: dt.datetime
    rrule: str = ""
    rdate: tuple[dt.datetime, ...] = ()
    exdate: tuple[dt.datetime, ...] = ()
    tz: str = local.ROME


@dataclass(frozen=True, slots=True, order=True)
class Occurrence:
    """One instance: its instant (UTC), and the wall clock at it."""

    instant: dt.datetime
    start: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrences:
    """Instances in order, and what was moved or left out."""

    found: tuple[Occurrence, ...]
    findings: tuple[Finding, ...]


def parse(text: str) -> Rule:
    """Read the value of an RRULE: FREQ, INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST.

    Raises
    ------
    DataError
        ``bad_rrule``: the part that cannot be used is quoted.

    Examples
    --------
    >>> parse("FREQ=MONTHLY;BYDAY=-1FR").byday
    ((-1, 'FR'),)
    """
    parts: dict[str, str] = {}
    for part in text.upper().split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in parts:
            _refuse(part, "a part is NAME=VALUE, each name once")
        parts[name] = value
    freq = parts.pop("FREQ", "")
    if freq not in _FREQUENCIES:
        _refuse(f"FREQ={freq}", f"valid: {', '.join(_FREQUENCIES)}")
    known: dict[str, Any] = {name.lower(): _value(name, value, freq) for name, value in parts.items()}
    if "count" in known and "until" in known:
        _refuse(f"UNTIL={parts['UNTIL']}", "a rule ends by COUNT or by UNTIL, not by both")
    if known.get("bysetpos") and not any(known.get(n) for n in ("byday", "bymonthday", "bymonth")):
        _refuse(f"BYSETPOS={parts['BYSETPOS']}", "it chooses among the days of another BY part")
    return Rule(freq=freq, **known)


def _value(name: str, value: str, freq: str) -> object:
    if name == "UNTIL":
        return _until(value)
    if name == "BYDAY":
        return tuple(_weekday(word, freq) for word in value.split(","))
    if name == "WKST":
        return value if value in _WEEKDAYS else _refuse(f"WKST={value}", f"valid: {', '.join(_WEEKDAYS)}")
    if name not in _RANGES:
        _refuse(
            f"{name}={value}", "valid: INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST"
        )
    if name == "BYMONTHDAY" and freq == "WEEKLY":
        _refuse(f"{name}={value}", "a weekly rule has no day of the month (RFC 5545 section 3.3.10)")
    numbers = tuple(_number(name, word) for word in value.split(","))
    if name.startswith("BY"):
        return numbers
    return numbers[0] if len(numbers) == 1 else _refuse(f"{name}={value}", "one number")


def _number(name: str, word: str) -> int:
    low, high = _RANGES[name]
    number = int(word) if _WHOLE.fullmatch(word) else 0
    if number == 0 or not low <= number <= high:
        _refuse(f"{name}={word}", f"a whole number from {low} to {high}, not 0")
    return number


def _weekday(word: str, freq: str) -> tuple[int | None, str]:
    found = _BYDAY.fullmatch(word)
    if found is None:
        _refuse(f"BYDAY={word}", "as MO, 2TU or -1FR")
    ordinal = int(found[1]) if found[1] else None
    if ordinal is not None and (freq not in {"MONTHLY", "YEARLY"} or abs(ordinal) > 53):
        _refuse(f"BYDAY={word}", "a number from -53 to 53, with FREQ=MONTHLY or YEARLY only")
    return ordinal, found[2]


def _until(value: str) -> dt.datetime:
    found = _UNTIL.fullmatch(value)
    if found is None:
        _refuse(f"UNTIL={value}", "as 20271231 or 20271231T225959Z")
    try:
        # a bare day ends with its last second on the wall clock
        until = dt.datetime.strptime(found[1] + (found[2] or "235959"), "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        _refuse(f"UNTIL={value}", "no day of the calendar")
    return until.replace(tzinfo=dt.UTC) if found[3] else until


def _refuse(part: str, hint: str) -> NoReturn:
    raise DataError(
        f"The recurrence rule cannot be used: {part!r}.", rule="bad_rrule", hint=hint, field="rrule"
    )


def occurrences(series: Series, start: dt.date | None = None, end: dt.date | None = None) -> Occurrences:
    """Return the instances of a series between two local days.

    Parameters
    ----------
    series
        The event.
    start
        First day; None: from the first instance.
    end
        Day after the last; None: where the rule ends, or two years after the start where it has no end.

    Raises
    ------
    DataError
        ``bad_rrule``, ``unknown_timezone``.
    """
    rule = parse(series.rrule) if series.rrule else None
    last = _last(rule, series, start, end)
    findings: list[Finding] = []
    given = series.rdate if rule is not None and _ended(rule, series) else (series.dtstart, *series.rdate)
    moments = {_explicit(series, clock, findings) for clock in given}
    if rule is not None:
        moments |= set(_generated(rule, series, last, findings))
    left_out = {local.place(clock, series.tz).instant for clock in series.exdate}
    found = (
        o
        for o in moments
        if o.instant not in left_out
        and (start is None or o.start.date() >= start)
        and (last is None or o.start < last)
    )
    return Occurrences(found=tuple(sorted(found)), findings=tuple(findings))


def _last(
    rule: Rule | None, series: Series, start: dt.date | None, end: dt.date | None
) -> dt.datetime | None:
    """End of the window on the wall clock, itself outside; None: all instances."""
    day = end
    if day is None:
        if rule is None or rule.count is not None or rule.until is not None:
            return None
        day = add_months(start or series.dtstart.date(), WINDOW_MONTHS)
    return dt.datetime.combine(day, dt.time())


def _explicit(series: Series, clock: dt.datetime, findings: list[Finding]) -> Occurrence:
    placed = local.place(clock, series.tz)
    if placed.in_gap:
        findings.append(
            Finding(
                severity="warning",
                rule="start_in_gap",
                message=f"{clock:%Y-%m-%d %H:%M} does not exist in {series.tz}: {placed.wall:%H:%M} is meant.",
                hint="give a time outside the change of the clock",
                action="repaired",
            )
        )
    return Occurrence(placed.instant, placed.wall)


def _ended(rule: Rule, series: Series) -> bool:
    """Whether a rule ends before its first start."""
    if rule.until is None:
        return False
    first = series.dtstart if rule.until.tzinfo is None else local.place(series.dtstart, series.tz).instant
    return rule.until < first


def _generated(
    rule: Rule, series: Series, last: dt.datetime | None, findings: list[Finding]
) -> Iterator[Occurrence]:
    """Instances of the rule; the first start counts as one of them."""
    count = 0
    first = local.place(series.dtstart, series.tz).instant
    for clock in _clock_times(rule, series, last):
        if count == 0 and clock != series.dtstart:
            count = 1
        placed = local.place(clock, series.tz)
        if placed.in_gap and placed.instant != first:
            findings.append(_skipped(clock, series.tz))
            continue
        beyond = rule.until is not None and rule.until.tzinfo is not None and placed.instant > rule.until
        count += 1
        if beyond or (rule.count is not None and count > rule.count):
            return
        yield Occurrence(placed.instant, placed.wall)
    if last is None and rule.count is not None and count < rule.count:
        findings.append(_cut(series, rule.count, max(count, 1)))


def _clock_times(rule: Rule, series: Series, last: dt.datetime | None) -> Iterator[dt.datetime]:
    """Times on the wall clock, without end by count; the end given to the library bounds its search."""
    from dateutil import rrule as library

    until = rule.until
    if until is not None and until.tzinfo is not None:
        # a bound of the search only: an hour that comes twice must not cut it short
        until = local.wall(until, series.tz) + dt.timedelta(hours=2)
    bounds = [bound for bound in (until, last) if bound is not None]
    # a rule that ends by count alone may have no instance at all, as 30 February
    longest = dt.datetime.combine(add_months(series.dtstart.date(), LONGEST_MONTHS), dt.time.max)
    weekdays = [library.weekday(_WEEKDAYS.index(name), ordinal) for ordinal, name in rule.byday]
    yield from library.rrule(
        _FREQUENCIES[rule.freq],
        dtstart=series.dtstart,
        interval=rule.interval,
        wkst=_WEEKDAYS.index(rule.wkst),
        until=min(bounds, default=longest),
        bysetpos=rule.bysetpos or None,
        bymonth=rule.bymonth or None,
        bymonthday=rule.bymonthday or None,
        byweekday=weekdays or None,
    )


def _skipped(clock: dt.datetime, tz: str) -> Finding:
    return Finding(
        severity="warning",
        rule="instance_in_gap",
        message=f"{clock:%Y-%m-%d %H:%M} does not exist in {tz}: this instance falls out.",
        hint="give a time outside the change of the clock, or a date of its own",
        action="dropped",
    )


def _cut(series: Series, wanted: int, found: int) -> Finding:
    return Finding(
        severity="warning",
        rule="rule_cut",
        message=f"{series.rrule}: {found} of {wanted} instances lie within {LONGEST_MONTHS // 12} years.",
        hint="end the rule by UNTIL, or check its BY parts",
        action="dropped",
    )
