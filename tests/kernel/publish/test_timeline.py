"""Values over time as a drawing: hand-made cases whose places are known."""

from __future__ import annotations

import datetime as dt
import re
from xml.etree import ElementTree as ET

import pytest

from contado.kernel.publish.strip import Band
from contado.kernel.publish.timeline import Event, Point, Run, Words, timeline

WORDS = Words("Roughness", "m/km", lambda v: f"{v:g}", lambda d: d.isoformat())
SVG = "{http://www.w3.org/2000/svg}"


def day(n: int) -> dt.date:
    return dt.date(2026, 1, 1) + dt.timedelta(days=n)


def test_points_lie_where_their_day_and_value_say():
    drawn = timeline(
        [Run([Point(day(0), 0.0), Point(day(50), 5.0), Point(day(100), 10.0)])], words=WORDS, margin=20
    )
    at = [(float(x), float(y)) for x, y in re.findall(r'<circle[^>]*cx="([\d.]+)" cy="([\d.]+)"', drawn)]
    (x0, y0), (x1, y1), (x2, y2) = at
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)
    assert y0 > y1 > y2


def test_a_point_that_was_not_measured_that_day_is_hollow():
    drawn = timeline(
        [Run([Point(day(0), 1.0, 0.8, 1.2, full=False), Point(day(9), 1.0, 0.8, 1.2)])], words=WORDS
    )
    assert drawn.count("ct-hollow") == 1


def test_runs_are_not_joined_and_bands_have_names_where_they_fit():
    bands = [Band(0.0, "#E9EDF6", "A good"), Band(3.9, "#FCEFE0", "C poor")]
    runs = [Run([Point(day(0), 3.0)]), Run([Point(day(9), 2.0)])]
    drawn = timeline(runs, [Event(day(5), "works & more")], bands, words=WORDS)
    ET.fromstring(drawn)
    assert 'fill="none"' not in drawn
    assert "A good" in drawn
    assert "C poor" not in drawn  # a sliver has no room for its name
    assert "works &amp; more" in drawn


def test_one_day_stands_in_the_middle_and_days_that_would_touch_stay_out():
    drawn = timeline([Run([Point(day(0), 2.0)])], words=WORDS, width=300, margin=20)
    assert drawn.count("2026-01-01") == 1
    crowded = timeline([Run([Point(day(k), 2.0) for k in range(40)])], words=WORDS, width=300, margin=20)
    assert 2 <= crowded.count('text-anchor="middle">2026') <= 4
    assert "2026-02-09" in crowded  # the last one is always there
