"""The second blow of what lies on the road."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from contado.engines.pavement.anomalies.axles import second_axle


def passed(*blows, speed=10.0):
    """A pass on the grid of 0.1 m with blows (place [m], shock)."""
    x = np.arange(0, 60, 0.1)
    shock = np.full(x.size, 0.7)
    for place, size in blows:
        shock = np.maximum(shock, size * np.exp(-(((x - place) / 0.4) ** 2)))
    return SimpleNamespace(shock=shock, speed_m_s=np.full(x.size, speed))


ROAD = passed((30.0, 8.0), (32.6, 3.0))
KNOCK = passed((30.0, 8.0))


@pytest.mark.parametrize(
    ("passes", "wheelbases", "expected"),
    [
        ([ROAD], [2.6], True),
        ([KNOCK], [2.6], False),
        ([ROAD, ROAD, KNOCK], [2.6, 2.6, 2.6], True),
        ([ROAD, KNOCK, KNOCK], [2.6, 2.6, 2.6], False),
        ([ROAD], [None], None),
        ([ROAD], [4.0], False),
        ([ROAD, KNOCK], [2.6, None], True),
        ([passed((30.0, 8.0), (32.6, 3.0), speed=20.0)], [2.6], None),
        ([passed((30.0, 2.0), (32.6, 1.9))], [2.6], None),
        ([], [], None),
    ],
)
def test_blows_a_wheelbase_apart(passes, wheelbases, expected):
    assert second_axle(passes, 300, wheelbases) is expected


def test_at_the_end_of_the_route_nothing_can_be_told():
    assert second_axle([passed((59.5, 8.0))], 595, [2.6]) is None


def test_unknown_samples_are_no_blow():
    holed = passed((30.0, 8.0), (32.6, 3.0))
    holed.shock[310:] = np.nan
    assert second_axle([holed], 300, [2.6]) is False
