"""The drawing of two ways of measuring against each other."""

from __future__ import annotations

import re

import pytest

from contado.kernel.publish.agreement import MOST_DRAWN, Agreement, agreement

WORDS = ("reference", "method", "equal")


def draw(points, **more):
    return agreement(points, label="told", words=WORDS, number=lambda v: f"{v:g}", **more)


def numbers(path: str) -> list[float]:
    return [float(v) for v in re.findall(r"-?[\d.]+", path)]


def path_of(svg: str, name: str) -> str:
    return re.search(rf'class="ct-{name}" d="([^"]*)"', svg)[1]


def test_equal_values_lie_on_the_line_of_equality():
    svg = draw([Agreement(1, 1), Agreement(4, 4)])
    x0, y0, x1, y1 = numbers(path_of(svg, "ink"))
    slope = (y1 - y0) / (x1 - x0)
    for x, y in (numbers(p)[:2] for p in path_of(svg, "points").split("h0") if p):
        assert y == pytest.approx(y0 + slope * (x - x0), abs=0.1)


def test_intervals_and_limits_are_drawn_where_they_are_known():
    svg = draw([Agreement(2, 2.2, 2.0, 2.4), Agreement(3, 3.1)], limits=(-0.1, 0.2))
    assert svg.count('class="ct-limit"') == 2
    bars = re.findall(r'class="ct-ink" d="([^"]*)"', svg)[-1]
    assert bars.count("V") == 1
    assert draw([Agreement(2, 2.2)]).count("ct-limit") == 0


def test_a_limit_above_equality_ends_inside_the_frame():
    svg = draw([Agreement(4, 5)], limits=(-0.1, 0.5), height=440)
    for line in re.findall(r'class="ct-limit" d="([^"]*)"', svg):
        assert min(numbers(line)[1::2]) >= 29.9


def test_a_long_campaign_stays_small():
    points = [Agreement(1 + k / 500, 1.1 + k / 500, 1, 1.2 + k / 500) for k in range(5000)]
    svg = draw(points)
    assert svg.count("h0") <= MOST_DRAWN
    assert len(svg) < 40_000
