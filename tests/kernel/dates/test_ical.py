"""Calendars: read back by an independent reader, the same bytes for the same entries."""

# ruff: noqa: DTZ001 - wall clocks have no zone
import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from hypothesis import example, given
from hypothesis import strategies as st

from contado.kernel.dates.ical import Entry, to_bytes
from contado.kernel.errors import DataError, UsageError

ROME = ZoneInfo("Europe/Rome")
STAMP = dt.datetime(2026, 3, 2, 8, 0, 0, 999, tzinfo=dt.UTC)
VISIT = Entry(
    uid="visit-1@city.example",
    summary="Visita alla cascina, con merenda; e più di settantacinque caratteri perché la riga si pieghi",
    start=dt.datetime(2026, 10, 18, 9),
    end=dt.datetime(2026, 10, 18, 11, 30),
    stamp=STAMP,
    description="due righe\nlunghe",
    location="Cascina Lina",
    url="https://city.example/v/1",
    categories=("visita", "scuole"),
    status="CONFIRMED",
    sequence=2,
    rrule="FREQ=WEEKLY;COUNT=4",
    exdate=(dt.datetime(2026, 11, 1, 9),),
    rdate=(dt.datetime(2026, 12, 8, 15),),
)
DEADLINE = Entry(uid="a@city.example", summary="Parere", start=dt.date(2026, 5, 4), stamp=STAMP)
TASK = replace(DEADLINE, uid="b@city.example", kind="todo", status="COMPLETED", completed=STAMP)


def read(content):
    return {str(c["UID"]): c for c in icalendar.Calendar.from_ical(content).walk() if "UID" in c}


def test_an_event_comes_back_as_it_was():
    event = read(to_bytes([VISIT], name="Visite"))[VISIT.uid]
    assert event.name == "VEVENT"
    assert str(event["SUMMARY"]) == VISIT.summary
    assert str(event["DESCRIPTION"]) == VISIT.description
    assert event["DTSTART"].dt == VISIT.start.replace(tzinfo=ROME)
    assert event["DTEND"].dt == VISIT.end.replace(tzinfo=ROME)
    assert event["DTSTAMP"].dt == STAMP.replace(microsecond=0)
    assert [str(c) for c in event["CATEGORIES"].cats] == ["visita", "scuole"]
    assert (event["SEQUENCE"], str(event["STATUS"]), str(event["URL"])) == (2, "CONFIRMED", VISIT.url)


def test_its_instances_are_those_another_reader_expands():
    calendar = icalendar.Calendar.from_ical(to_bytes([VISIT], name="Visite"))
    found = recurring_ical_events.of(calendar).between((2026, 10, 1), (2027, 1, 1))
    assert sorted(e["DTSTART"].dt.isoformat() for e in found) == [
        "2026-10-18T09:00:00+02:00",
        "2026-10-25T09:00:00+01:00",
        "2026-11-08T09:00:00+01:00",
        "2026-12-08T15:00:00+01:00",
    ]


@pytest.mark.parametrize(
    "day", ["2026-03-28T23:30", "2026-03-29T09:00", "2026-10-24T23:00", "2026-10-25T12:00"]
)
def test_the_zone_that_is_written_out_has_the_offsets_of_rome(day):
    content = to_bytes([VISIT], name="Visite")
    zone = next(iter(icalendar.Calendar.from_ical(content).walk("VTIMEZONE"))).to_tz()
    clock = dt.datetime.fromisoformat(day)
    assert clock.replace(tzinfo=zone).utcoffset() == clock.replace(tzinfo=ROME).utcoffset()


def test_days_and_things_to_do():
    found = read(to_bytes([TASK, DEADLINE], name="Scadenze"))
    assert (found[DEADLINE.uid].name, found[DEADLINE.uid]["DTSTART"].dt) == ("VEVENT", DEADLINE.start)
    assert str(found[DEADLINE.uid]["TRANSP"]) == "TRANSPARENT"
    assert (found[TASK.uid].name, found[TASK.uid]["DUE"].dt) == ("VTODO", TASK.start)
    assert found[TASK.uid]["COMPLETED"].dt == STAMP.replace(microsecond=0)


def test_lines_are_folded_at_75_octets_and_end_with_crlf():
    content = to_bytes([VISIT], name="Visite")
    assert content.endswith(b"\r\n")
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert not any(b"\n" in line for line in lines)


@given(st.permutations([VISIT, DEADLINE, TASK]))
def test_the_same_entries_give_the_same_bytes_in_any_order(entries):
    assert to_bytes(entries, name="x") == to_bytes([DEADLINE, TASK, VISIT], name="x")


@given(st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1))
@example(r"C:\Nuovo")
def test_any_text_survives(text):
    assert str(read(to_bytes([replace(DEADLINE, summary=text)], name="x"))[DEADLINE.uid]["SUMMARY"]) == text


def test_a_calendar_of_days_needs_no_zone_and_another_zone_is_written_too():
    assert b"VTIMEZONE" not in to_bytes([DEADLINE], name="x")
    assert b"TZID:Europe/London" in to_bytes([VISIT], name="x", tz="Europe/London")


def test_what_cannot_be_written_is_refused():
    with pytest.raises(UsageError, match=r"visit-1@city\.example"):
        to_bytes([VISIT, VISIT], name="x")
    with pytest.raises(DataError, match="FREQ=SOMETIMES"):
        to_bytes([replace(VISIT, rrule="FREQ=SOMETIMES")], name="x")
    with pytest.raises(DataError, match="no instant"):
        to_bytes([replace(VISIT, stamp=dt.datetime(2026, 1, 1))], name="x")
