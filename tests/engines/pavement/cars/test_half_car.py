"""The half-car as a transfer function: against the quarter-car, the time domain, and its own inversion."""

from __future__ import annotations

import numpy as np
import pytest

from contado.engines.pavement.cars.half_car import HalfCar
from contado.engines.pavement.cars.vehicles import GOLDEN_CAR, NOMINAL_CAR, QuarterCar
from contado.engines.pavement.measuring.calibration import fit_car
from contado.engines.pavement.measuring.equalise import rectified_slope
from contado.engines.pavement.measuring.measure import SPECTRUM_HZ, SPEED_EDGES_M_S, Spectra
from contado.engines.pavement.simulate.car import respond
from contado.engines.pavement.simulate.road import random_road

FREQUENCY = np.linspace(0.2, 40, 300)
SPEED = np.array([8.0, 14.0, 22.0])


def test_decoupled_ends_feel_their_own_axle():
    half = HalfCar(front=GOLDEN_CAR, a_m=1.1, b_m=1.5, inertia_ratio=1.0, sensor_ahead_m=1.1)
    expected = GOLDEN_CAR.response(FREQUENCY, SPEED)
    np.testing.assert_allclose(half.response(FREQUENCY, SPEED), np.repeat(expected, 3, axis=0), rtol=1e-9)
    rear = HalfCar(rear=GOLDEN_CAR, a_m=1.1, b_m=1.5, inertia_ratio=1.0, sensor_ahead_m=-1.5)
    later = np.exp(-2j * np.pi * FREQUENCY * 2.6 / SPEED[:, None])
    np.testing.assert_allclose(rear.response(FREQUENCY, SPEED), later * expected, rtol=1e-9)


def test_it_is_the_steady_state_of_the_time_domain():
    half, speed, length_m = HalfCar(), 14.0, 2.4
    s = np.arange(0, 900, speed * 1e-3)
    x = np.arange(0, 1000, 0.05)
    felt = respond(half, 0.001 * np.sin(2 * np.pi * x / length_m), 0.05, s, 1e-3).acceleration_m_s2
    t, f = np.arange(s.size) * 1e-3, speed / length_m
    steady = t > 20
    basis = np.exp(-2j * np.pi * f * t[steady])
    found = 2 * np.mean(felt[steady] * basis)
    expected = -1j * 0.001 * half.response(np.array([f]), np.array([speed]))[0, 0]
    assert abs(found / expected - 1) < 0.02


def test_waves_that_lift_both_axles_and_waves_that_cancel():
    """A sensor over the centre of a symmetric car feels nothing of a wave of twice the wheelbase."""
    half = HalfCar(a_m=1.3, b_m=1.3, sensor_ahead_m=0.0)
    speed = np.array([13.0])
    together, cancelled = half.response(13.0 / np.array([2.6, 5.2]), speed)[0]
    assert abs(together) > 1.0
    assert abs(cancelled) < 1e-9 * abs(together)


def test_inversion_with_the_half_car_beats_the_nominal_quarter_car():
    half = HalfCar(front=QuarterCar(k1=500, k2=60, c=3.0, mu=0.12), rear=NOMINAL_CAR)
    road = random_road(1500, np.random.default_rng(4), iso_class="C")
    y, dx = road.under_tyre_m(enveloping=True)
    speed = 13.0
    felt = respond(half, y, dx, np.arange(0, 1490, speed * 1e-3), 1e-3, stride=10).acceleration_m_s2
    even = np.full(felt.size, speed)
    known, nominal = (
        1000 * float(np.nanmean(rectified_slope(felt, even, 100.0, c))) for c in (half, NOMINAL_CAR)
    )
    truth = road_iri(road)
    assert known == pytest.approx(truth, rel=0.02)
    assert abs(known / truth - 1) < abs(nominal / truth - 1) / 3


def road_iri(road) -> float:
    from contado.engines.pavement import iri

    return float(iri(road.x_m, road.elevation_m()).mean_m_km)


def test_axles_are_fitted_through_the_body():
    """Spectra of a half-car give its axles back where its axles' places are known."""
    axle = QuarterCar(k1=650.0, k2=48.0, c=3.6, mu=0.125)
    car = HalfCar(front=axle, rear=axle)
    classes = len(SPEED_EDGES_M_S) - 1
    log_power, speed, count = np.zeros((classes, len(SPECTRUM_HZ))), np.zeros(classes), np.zeros(classes)
    for k, v in ((1, 8.0), (4, 14.0), (5, 18.0)):
        n = SPECTRUM_HZ / v
        gain = np.abs(car.response(SPECTRUM_HZ, np.array([v]))[0]) ** 2
        power = gain * np.sinc(0.25 * n) ** 2 / n**2 / v
        # as the windows blur it
        power[1:-1] = (power[:-2] + 4 * power[1:-1] + power[2:]) / 6
        log_power[k] = 200 * np.log(1e-6 * power + 1e-5)
        speed[k], count[k] = 200 * v, 200.0
    found = fit_car([Spectra(log_power=log_power, speed=speed, count=count)], HalfCar()).car
    got, wanted = ([c.k1, c.k2, c.c, c.mu] for c in (found, axle))
    assert np.abs(np.log(got) - np.log(wanted)).max() < 0.12
