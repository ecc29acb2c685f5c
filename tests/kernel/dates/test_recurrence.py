"""Recurrence equals two independent readers, across both changes of the clock; bad rules are quoted."""

# ruff: noqa: DTZ001 - wall clocks have no zone
import calendar
import datetime as dt
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st

from contado.kernel.dates.recurrence import LONGEST_MONTHS, Series, occurrences, parse
from contado.kernel.errors import DataError

ROME = ZoneInfo("Europe/Rome")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY = dt.timedelta(days=1)


def clocks(series, start=None, end=None):
    return [o.start.isoformat(timespec="minutes") for o in occurrences(series, start, end).found]


def in_rule(rule, first, day):
    """Whether a day meets a rule, read part by part (RFC 5545 section 3.3.10)."""
    weeks = (day - DAY * day.weekday() - (first - DAY * first.weekday())).days // 7
    months = (day.year - first.year) * 12 + day.month - first.month
    steps = {
        "DAILY": (day - first).days,
        "WEEKLY": weeks,
        "MONTHLY": months,
        "YEARLY": day.year - first.year,
    }
    if steps[rule.freq] % rule.interval or (rule.bymonth and day.month not in rule.bymonth):
        return False
    length = calendar.monthrange(day.year, day.month)[1]
    if rule.bymonthday and not {day.day, day.day - length - 1} & set(rule.bymonthday):
        return False
    if rule.byday:
        return any(DAYS[day.weekday()] == name and _nth(rule, day, n) for n, name in rule.byday)
    if rule.bymonthday or rule.freq == "DAILY":
        return True
    if rule.freq == "WEEKLY":
        return day.weekday() == first.weekday()
    same_month = rule.freq == "MONTHLY" or rule.bymonth or day.month == first.month
    return day.day == first.day and same_month


def _nth(rule, day, n):
    if n is None:
        return True
    span = [day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])]
    if rule.freq == "YEARLY" and not rule.bymonth:
        span = [dt.date(day.year, 1, 1), dt.date(day.year, 12, 31)]
    same = [
        d for k in range((span[1] - span[0]).days + 1) if (d := span[0] + k * DAY).weekday() == day.weekday()
    ]
    return -len(same) <= n <= len(same) and same[n - (n > 0)] == day


@st.composite
def rules(draw):
    """A first start and a rule that it meets; weeks begin on Monday."""
    first = draw(st.datetimes(dt.datetime(2026, 1, 1, 9), dt.datetime(2027, 12, 31, 18)))
    first = first.replace(second=0, microsecond=0, hour=draw(st.integers(4, 23)))
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={freq}", f"INTERVAL={draw(st.integers(1, 4))}"]
    weekday = DAYS[first.weekday()]
    others = draw(st.lists(st.sampled_from(DAYS), max_size=3))
    choice = draw(st.sampled_from(["none", "days", "nth", "monthday"]))
    if choice == "days":
        parts.append("BYDAY=" + ",".join(sorted({weekday, *others})))
    elif choice == "nth" and freq == "MONTHLY":
        parts.append(f"BYDAY={(first.day - 1) // 7 + 1}{weekday}")
    elif choice == "monthday" and freq in {"MONTHLY", "DAILY"}:
        parts.append("BYMONTHDAY=" + ",".join({str(first.day), str(draw(st.integers(1, 31)))}))
    if freq in {"DAILY", "WEEKLY", "MONTHLY"} and draw(st.booleans()):
        months = {first.month, *draw(st.lists(st.integers(1, 12), max_size=4))}
        parts.append("BYMONTH=" + ",".join(map(str, sorted(months))))
    end = draw(st.sampled_from(["none", "count", "until"]))
    if end == "count":
        parts.append(f"COUNT={draw(st.integers(1, 60))}")
    elif end == "until":
        until = (first + draw(st.integers(0, 700)) * DAY).replace(tzinfo=ROME).astimezone(dt.UTC)
        parts.append(f"UNTIL={until:%Y%m%dT%H%M%SZ}")
    gone = draw(st.lists(st.integers(0, 60), max_size=3))
    more = draw(st.lists(st.integers(1, 400), max_size=2))
    return Series(
        dtstart=first,
        rrule=";".join(parts),
        exdate=tuple(first + k * DAY for k in set(gone)),
        rdate=tuple(first + k * DAY for k in set(more)),
    )


@pytest.mark.parametrize("examples", [40, pytest.param(500, marks=pytest.mark.slow)])
def test_occurrences_equal_those_of_another_reader(examples):
    settings(max_examples=examples, deadline=None)(given(rules())(_same_as_the_library))()


def _same_as_the_library(series):
    event = icalendar.Event()
    event.add("uid", "x")
    event.add("dtstart", series.dtstart.replace(tzinfo=ROME))
    event.add("rrule", icalendar.vRecur.from_ical(series.rrule))
    for name in ("exdate", "rdate"):
        if getattr(series, name):
            event.add(name, [d.replace(tzinfo=ROME) for d in getattr(series, name)])
    start, end = dt.date(2026, 1, 1), dt.date(2029, 1, 1)
    window = [dt.datetime.combine(d, dt.time(), tzinfo=ROME) for d in (start, end)]
    other = recurring_ical_events.of(event).between(*window)
    expected = sorted(e["DTSTART"].dt.astimezone(dt.UTC) for e in other)
    assert [o.instant for o in occurrences(series, start, end).found] == expected


@settings(max_examples=80, deadline=None)
@given(rules())
def test_occurrences_equal_a_reading_of_the_rule_day_by_day(series):
    rule, first, end = parse(series.rrule), series.dtstart, dt.date(2029, 1, 1)
    days = [first.date() + k * DAY for k in range((end - first.date()).days)]
    times = [dt.datetime.combine(d, first.time()) for d in days if in_rule(rule, first.date(), d)]
    if rule.until is not None:
        times = [t for t in times if t.replace(tzinfo=ROME) <= rule.until]
    expected = {*times[: rule.count], *(t for t in series.rdate if t.date() < end)} - set(series.exdate)
    assert [o.start for o in occurrences(series, None, end).found] == sorted(expected)


def test_nine_o_clock_stays_nine_o_clock_across_both_changes():
    series = Series(dtstart=dt.datetime(2026, 10, 18, 9), rrule="FREQ=WEEKLY")
    found = occurrences(series, dt.date(2026, 10, 18), dt.date(2027, 4, 5)).found
    assert {o.start.hour for o in found} == {9}
    summer = [o.start.date() for o in found if o.instant.hour == 7]
    assert summer == [dt.date(2026, 10, 18), dt.date(2027, 3, 28), dt.date(2027, 4, 4)]


def test_an_instance_in_the_spring_gap_falls_out_is_told_and_not_counted():
    series = Series(dtstart=dt.datetime(2027, 3, 26, 2, 30), rrule="FREQ=DAILY;COUNT=3")
    found = occurrences(series)
    assert clocks(series) == ["2027-03-26T02:30", "2027-03-27T02:30", "2027-03-29T02:30"]
    assert [f.rule for f in found.findings] == ["instance_in_gap"]


def test_a_start_given_in_the_spring_gap_is_read_with_the_offset_before_it():
    series = Series(dtstart=dt.datetime(2027, 3, 28, 2, 30), rrule="FREQ=DAILY;COUNT=2")
    found = occurrences(series)
    assert clocks(series) == ["2027-03-28T03:30", "2027-03-29T02:30"]
    assert [f.rule for f in found.findings] == ["start_in_gap"]
    extra = Series(dtstart=dt.datetime(2027, 3, 1, 2, 30), rdate=(dt.datetime(2027, 3, 28, 2, 30),))
    assert clocks(extra) == ["2027-03-01T02:30", "2027-03-28T03:30"]


def test_of_an_hour_that_comes_twice_the_first_counts():
    series = Series(dtstart=dt.datetime(2026, 10, 24, 2, 30), rrule="FREQ=DAILY;UNTIL=20261025T010000Z")
    assert [o.instant.hour for o in occurrences(series).found] == [0, 0]


def test_a_rule_without_end_is_followed_for_two_years():
    series = Series(dtstart=dt.datetime(2026, 1, 5, 9), rrule="FREQ=MONTHLY")
    assert len(clocks(series)) == 24
    assert len(clocks(series, end=dt.date(2036, 1, 5))) == 120


def test_a_first_start_outside_its_rule_is_an_instance_and_counts():
    series = Series(dtstart=dt.datetime(2026, 6, 2, 9), rrule="FREQ=WEEKLY;BYDAY=SU;COUNT=3")
    assert clocks(series) == ["2026-06-02T09:00", "2026-06-07T09:00", "2026-06-14T09:00"]


def test_a_rule_that_ended_before_its_start_has_no_instance():
    assert clocks(Series(dtstart=dt.datetime(2026, 6, 2, 9), rrule="FREQ=DAILY;UNTIL=20260601")) == []


def test_days_of_until_and_places_in_a_set():
    last = Series(dtstart=dt.datetime(2026, 6, 1, 9), rrule="FREQ=DAILY;UNTIL=20260603")
    assert len(clocks(last)) == 3
    working = Series(
        dtstart=dt.datetime(2026, 1, 30, 9), rrule="FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3"
    )
    assert clocks(working) == ["2026-01-30T09:00", "2026-02-27T09:00", "2026-03-31T09:00"]


def test_weeks_begin_on_the_day_asked_for():
    """The example of RFC 5545 section 3.8.5.3 where WKST changes the result."""
    rule = "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST="
    found = {
        day: clocks(Series(dtstart=dt.datetime(1997, 8, 5, 9), rrule=rule + day, tz="America/New_York"))
        for day in ("MO", "SU")
    }
    assert [c[5:10] for c in found["MO"]] == ["08-05", "08-10", "08-19", "08-24"]
    assert [c[5:10] for c in found["SU"]] == ["08-05", "08-17", "08-19", "08-31"]


def test_a_rule_without_instances_ends_and_is_told():
    found = occurrences(
        Series(dtstart=dt.datetime(2026, 1, 1, 9), rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=2")
    )
    assert len(found.found) == 1
    assert [f.rule for f in found.findings] == ["rule_cut"]
    assert f"1 of 2 instances lie within {LONGEST_MONTHS // 12} years" in found.findings[0].message


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ("", ""),
        ("FREQ=HOURLY", "FREQ=HOURLY"),
        ("COUNT=3", "FREQ="),
        ("FREQ=DAILY;COUNT=0", "COUNT=0"),
        ("FREQ=DAILY;COUNT=-2", "COUNT=-2"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=DAILY;INTERVAL=1,2", "INTERVAL=1,2"),
        ("FREQ=DAILY;COUNT", "COUNT"),
        ("FREQ=DAILY;COUNT=2;COUNT=3", "COUNT=3"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "UNTIL=20270101"),
        ("FREQ=DAILY;UNTIL=20270231", "UNTIL=20270231"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL=TOMORROW"),
        ("FREQ=DAILY;BYHOUR=9", "BYHOUR=9"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX"),
        ("FREQ=WEEKLY;BYDAY=2MO", "BYDAY=2MO"),
        ("FREQ=YEARLY;BYDAY=54MO", "BYDAY=54MO"),
        ("FREQ=WEEKLY;BYMONTHDAY=3", "BYMONTHDAY=3"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32"),
        ("FREQ=MONTHLY;BYMONTH=13", "BYMONTH=13"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS=1"),
        ("FREQ=WEEKLY;WKST=LU", "WKST=LU"),
    ],
)
def test_a_part_that_cannot_be_used_is_quoted(rule, part):
    with pytest.raises(DataError) as raised:
        parse(rule)
    assert raised.value.rule == "bad_rrule"
    assert repr(part) in raised.value.message
    assert raised.value.hint


def test_an_unknown_zone_is_refused_with_the_nearest():
    with pytest.raises(DataError, match="Europe/Rome") as raised:
        occurrences(Series(dtstart=dt.datetime(2026, 1, 1, 9), tz="Europe/Roma"))
    assert raised.value.rule == "unknown_timezone"
