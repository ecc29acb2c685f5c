"""The calendar of the `holidays` package as an independent reference."""

import datetime as dt

import holidays
import pytest

DAY = dt.timedelta(days=1)


class Slow:
    """Terms by a loop over the package, written for reading."""

    def __init__(self):
        self.days = holidays.Italy(subdiv="MI", years=range(1990, 2072))

    def is_open(self, day):
        return day.weekday() != 6 and day not in self.days

    def working(self, day):
        while day.weekday() >= 5 or day in self.days:
            day += DAY
        return day

    def due(self, event, length, day_type, suspension=0):
        if day_type == "working":
            day = event
            for _ in range(length):
                day = self.working(day + DAY)
            day = self.working(day)
        elif day_type == "calendar":
            day = event + length * DAY
        else:
            months = event.year * 12 + event.month - 1 + length * (12 if day_type == "years" else 1)
            number = event.day
            while True:
                try:
                    day = dt.date(months // 12, months % 12 + 1, number)
                    break
                except ValueError:
                    number -= 1
        day += suspension * DAY
        while not self.is_open(day):
            day += DAY
        return day


@pytest.fixture(scope="session")
def slow():
    return Slow()
