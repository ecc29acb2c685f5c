"""Holidays equal an independent package; the office's own days stand beside them."""

import datetime as dt

import holidays as package
import pytest
from dateutil.easter import easter as other_easter
from hypothesis import given
from hypothesis import strategies as st

from contado.kernel.dates import Calendar, easter
from contado.kernel.dates.holidays import holidays
from contado.kernel.errors import DataError, SettingError
from contado.kernel.settings import Dates


def test_holidays_equal_those_of_the_package_in_every_year_it_knows():
    for year in range(1950, 2101):
        assert set(Calendar().holidays(year)) == set(package.Italy(subdiv="MI", years=year)), year


@given(st.integers(1583, 4099))
def test_easter_equals_that_of_another_author(year):
    assert easter(year) == other_easter(year)


def test_saint_francis_is_a_holiday_from_2026():
    assert Calendar().reason(dt.date(2025, 10, 4), "it") is None
    assert Calendar().reason(dt.date(2027, 10, 4), "it") == "San Francesco d'Assisi"


def test_the_patron_day_and_saturdays_come_from_the_settings():
    turin = Calendar.from_settings(Dates(patron_day="06-24", saturday_closed=True))
    assert turin.reason(dt.date(2026, 6, 24), "en") == "patron saint's day"
    assert turin.reason(dt.date(2026, 12, 7), "en") is None
    assert turin.next_open(dt.date(2026, 3, 7)) == dt.date(2026, 3, 9)
    assert Calendar().next_open(dt.date(2026, 3, 7)) == dt.date(2026, 3, 7)
    assert set(Calendar("").holidays(2026)) == set(package.Italy(years=2026))


def test_a_patron_on_29_february_is_kept_in_leap_years():
    assert dt.date(2028, 2, 29) in Calendar("02-29").holidays(2028)
    assert len(Calendar("02-29").holidays(2027)) == len(Calendar("").holidays(2027))


@pytest.mark.parametrize("text", ["7 dicembre", "13-01", "12-32", "2026-12-07"])
def test_a_patron_day_that_is_none_is_refused(text):
    with pytest.raises(SettingError, match="patron_day"):
        Calendar(text)


def test_a_year_before_the_rows_is_refused_not_taken_as_empty():
    with pytest.raises(DataError, match="1949"):
        Calendar().reason(dt.date(1949, 12, 25), "en")


def test_every_holiday_names_its_norm_or_is_to_be_confirmed():
    assert [h.name.en for h in holidays() if not h.norm and h.status == "confirmed"] == []


@given(st.dates(dt.date(1990, 1, 1), dt.date(2060, 1, 1)), st.integers(1, 80))
def test_working_days_back_and_forth_are_inverse(day, count):
    calendar = Calendar()
    start = calendar.next_working(day)
    assert calendar.take_working(calendar.add_working(start, count), count) == start
