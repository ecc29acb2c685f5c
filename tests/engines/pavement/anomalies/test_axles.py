"""The second blow of what lies on the road."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contado.engines.pavement.anomalies.axles import agreed, echoes, rates, weight
from contado.engines.pavement.anomalies.life import Passage, Sighting
from contado.engines.pavement.anomalies.track import SENSOR, existence, follow


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
    assert agreed(echoes(passes, 300, wheelbases)) is expected


def test_at_the_end_of_the_route_nothing_can_be_told():
    assert echoes([passed((59.5, 8.0))], 595, [2.6]) == (None,)


def test_unknown_samples_are_no_blow():
    holed = passed((30.0, 8.0), (32.6, 3.0))
    holed.shock[310:] = np.nan
    assert echoes([holed], 300, [2.6]) == (False,)


def test_the_rates_are_data_and_tell_the_road_from_a_knock():
    assert 0 < rates().pf < rates().pd < 1
    assert weight(True) == pytest.approx(np.log(rates().pd / rates().pf))
    assert weight(False) == pytest.approx(np.log((1 - rates().pd) / (1 - rates().pf)))
    assert weight(None) == 0


PASSES = st.lists(st.tuples(st.booleans(), st.booleans(), st.sampled_from([True, False, None])), min_size=1)


@given(passes=PASSES, which=st.integers(0))
def test_a_second_axle_that_confirms_never_lowers_the_existence(passes, which):
    felt, possible, twice = (list(column) for column in zip(*passes, strict=True))
    before = existence(felt, possible, SENSOR, twice)
    twice[which % len(twice)] = True
    assert existence(felt, possible, SENSOR, twice) >= before


def test_passes_that_cannot_tell_say_what_they_said():
    felt, possible = [True, False, True], [True, True, True]
    assert existence(felt, possible, SENSOR, [None] * 3) == existence(felt, possible, SENSOR)


@pytest.mark.parametrize("hits", [1, 2, 4])
def test_the_history_of_a_place_weighs_the_second_axle_too(hits):
    def p(heard):
        sighting = Sighting(chainage_m=50.0, kind="pothole", height_mm=-40.0, second_axle=heard)
        drives = [
            Passage(
                drive_id=f"d{k}",
                section_id="s",
                day=float(k),
                covered_m=((0.0, 100.0),),
                sightings=(sighting,),
            )
            for k in range(hits)
        ]
        (found,), _ = follow([], drives)
        return found.p_exists

    assert p(True) >= p(None) > p(False)
