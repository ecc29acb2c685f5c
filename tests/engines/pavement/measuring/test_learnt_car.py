"""A car learnt where the road is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from contado.engines.pavement import iri
from contado.engines.pavement.cars.vehicles import NOMINAL_CAR, QuarterCar
from contado.engines.pavement.measuring.learnt_car import LearntCar, learn
from contado.engines.pavement.measuring.sampling import EvenSamples
from contado.engines.pavement.measuring.survey import Reference
from contado.engines.pavement.profile.profile_file import Profile
from contado.engines.pavement.simulate.car import respond
from contado.engines.pavement.simulate.road import random_road
from contado.engines.pavement.state.lives import Renewals

DRIVEN = QuarterCar(k1=360.0, k2=75.0, c=4.4, mu=0.10)
BAND = np.linspace(1.0, 14.0, 60)


@pytest.fixture(scope="module")
def campaign():
    """Traces of a car over a surveyed road at three speeds, and the survey with its profile."""
    road = random_road(2000, np.random.default_rng(2), iso_class="C")
    y, dx = road.under_tyre_m(enveloping=True)
    traces = []
    for speed in (10.0, 14.0, 19.0):
        chainage = np.arange(0, 1990, speed * 1e-3)
        felt = respond(DRIVEN, y, dx, chainage, 1e-3, stride=10).acceleration_m_s2
        t = np.arange(felt.size) / 100
        even = EvenSamples(t_s=t, vertical_m_s2=felt, clipped=t < 0, fs_hz=100.0)
        traces.append(
            SimpleNamespace(
                even=even,
                speed_m_s=np.full(felt.size, speed),
                chainage_m=chainage[::10],
                aligned=SimpleNamespace(drive=SimpleNamespace(day=date(2026, 6, 1))),
            )
        )
    cells = iri(road.x_m, road.elevation_m(), segment_m=100)
    surveyed = Reference(from_m=cells.from_m, to_m=cells.to_m, iri_m_km=cells.iri_m_km)
    return traces, surveyed, Profile(x_m=road.x_m, y_m=road.elevation_m(), label="simulated")


def error(car) -> float:
    """Root mean square error of the logarithm of the gain between 1 and 14 Hz."""
    speed = np.array([14.0])
    found, true = (np.abs(c.response(BAND, speed)[0]) for c in (car, DRIVEN))
    return float(np.sqrt(np.mean(np.log(found / true) ** 2)))


def test_gain_is_learnt_from_the_surveyed_iri(campaign):
    traces, surveyed, _ = campaign
    learnt = learn(traces, surveyed, NOMINAL_CAR)
    assert error(learnt) < 0.12
    assert error(learnt) < error(NOMINAL_CAR) / 2
    assert learnt.axle == NOMINAL_CAR


def test_gain_is_learnt_from_the_measured_profile(campaign):
    traces, surveyed, profile = campaign
    with_profile = Reference(
        from_m=surveyed.from_m, to_m=surveyed.to_m, iri_m_km=surveyed.iri_m_km, profile=profile
    )
    learnt = learn(traces, with_profile, NOMINAL_CAR)
    assert error(learnt) < 0.08
    assert error(learnt) < error(NOMINAL_CAR) / 2


def test_nothing_is_learnt_off_the_reference(campaign):
    traces, surveyed, _ = campaign
    assert learn(traces, surveyed, NOMINAL_CAR, start_m=5000.0) is None
    unknown = [
        SimpleNamespace(**{**vars(t), "chainage_m": np.full(t.chainage_m.size, np.nan)}) for t in traces
    ]
    assert learn(unknown, surveyed, NOMINAL_CAR) is None


def test_nothing_is_learnt_where_works_renewed_the_surface_since_the_survey(campaign):
    traces, surveyed, _ = campaign
    day = np.full(surveyed.from_m.size, np.datetime64("2026-03-01"))
    for works_on, holds in ((date(2026, 2, 1), True), (date(2026, 4, 1), False), (date(2026, 6, 1), True)):
        works = Renewals.of([{"from_m": 0.0, "to_m": 2000.0, "date": works_on}])
        known = learn(traces, replace(surveyed, day=day, works=works), NOMINAL_CAR)
        assert (known is not None) is holds


def test_gain_is_constant_beyond_its_ends():
    car = LearntCar(base=NOMINAL_CAR, gain=np.linspace(0.5, 1.5, 205))
    f = np.array([0.01, 60.0])
    ratio = np.abs(car.response(f, np.array([10.0])) / NOMINAL_CAR.response(f, np.array([10.0])))
    np.testing.assert_allclose(ratio, [[0.5, 1.5]])
