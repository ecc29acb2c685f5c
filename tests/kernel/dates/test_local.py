"""The legal day is the day in Rome, whatever the machine's zone."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contado.kernel.dates import legal_day, local, today
from contado.kernel.errors import DataError


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-03-01T23:30:00Z", "2026-03-02"),
        ("2026-03-01T22:30:00Z", "2026-03-01"),
        ("2026-07-01T22:30:00Z", "2026-07-02"),
        ("2026-03-02T00:30:00+05:00", "2026-03-01"),
    ],
)
def test_an_instant_falls_on_the_local_day(instant, day):
    assert legal_day(instant).isoformat() == day
    assert legal_day(dt.datetime.fromisoformat(instant)).isoformat() == day


@pytest.mark.parametrize("text", ["2026-03-01T23:30:00", "2026-03-01", "yesterday"])
def test_a_time_without_its_offset_is_no_instant(text):
    with pytest.raises(DataError) as raised:
        legal_day(text)
    assert (raised.value.rule, text in raised.value.message) == ("bad_instant", True)


def test_today_is_the_day_in_rome():
    before = dt.datetime.now(ZoneInfo("Europe/Rome")).date()
    assert before <= today() <= before + dt.timedelta(days=1)


@given(st.integers(946_684_800, 2_840_140_800).map(lambda s: dt.datetime.fromtimestamp(s, dt.UTC)))
def test_the_wall_clock_of_an_instant_leads_back_to_it_or_to_the_hour_before(instant):
    placed = local.place(local.wall(instant))
    assert not placed.in_gap
    assert instant - placed.instant in {dt.timedelta(0), dt.timedelta(hours=1)}
