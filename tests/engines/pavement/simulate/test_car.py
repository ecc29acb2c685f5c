"""Cars on a road: transfer functions, limits in which models meet."""

import numpy as np
import pytest

from contado.engines.pavement.cars.half_car import HalfCar
from contado.engines.pavement.cars.vehicles import GOLDEN_CAR, NOMINAL_CAR
from contado.engines.pavement.simulate.car import (
    DryFriction,
    first_order_hold,
    respond,
    steps_per_sample,
)
from contado.engines.pavement.simulate.road import random_road
from contado.kernel.errors import UsageError

STEP = 1e-3


def driven(speed, length=1000.0):
    return np.arange(0, length, speed * STEP)


def wave(length, speed):
    x = np.arange(0, 1000, 0.05)
    return 0.001 * np.sin(2 * np.pi * x / length)


@pytest.mark.parametrize("speed_kmh", [30, 80])
@pytest.mark.parametrize("length", [1.0, 2.4, 15.4])
def test_amplitude_is_that_of_the_transfer_function(speed_kmh, length):
    speed = speed_kmh / 3.6
    s = driven(speed)
    felt = respond(NOMINAL_CAR, wave(length, speed), 0.05, s, STEP).acceleration_m_s2
    f = speed / length
    t = np.arange(s.size) * STEP
    steady = t > 12
    amplitude = abs(np.mean(felt[steady] * np.exp(-2j * np.pi * f * t[steady]))) * 2
    expected = 0.001 * abs(NOMINAL_CAR.body_acceleration_response(np.array([f]))[0])
    assert amplitude == pytest.approx(expected, rel=5e-3)


def test_half_car_in_the_decoupled_case_is_a_quarter_car():
    road = random_road(500, np.random.default_rng(1), iso_class="C")
    s = driven(14, 480)
    half = HalfCar(
        front=GOLDEN_CAR, rear=NOMINAL_CAR, a_m=1.1, b_m=1.5, inertia_ratio=1.0, sensor_ahead_m=1.1
    )
    one = respond(GOLDEN_CAR, road.base_m, 0.05, s, STEP).acceleration_m_s2
    other = respond(half, road.base_m, 0.05, s, STEP)
    np.testing.assert_allclose(other.acceleration_m_s2, one, atol=1e-9)
    assert np.std(other.pitch_rad_s) > 1e-3


def test_rear_axle_feels_the_road_a_wheelbase_later():
    x = np.arange(0, 100, 0.05)
    step = np.where(x > 50, 0.01, 0.0)
    half = HalfCar(inertia_ratio=1.0, sensor_ahead_m=-1.4)
    felt = respond(half, step, 0.05, driven(10, 90), STEP).acceleration_m_s2
    first = np.argmax(np.abs(felt) > 0.2) * STEP * 10
    assert first == pytest.approx(50 + half.wheelbase_m, abs=0.1)


def test_velocity_is_the_integral_of_acceleration():
    road = random_road(200, np.random.default_rng(1), iso_class="A")
    answer = respond(HalfCar(), road.base_m, 0.05, driven(14, 180), STEP)
    integral = np.cumsum(answer.acceleration_m_s2) * STEP
    np.testing.assert_allclose(integral[500:], answer.velocity_m_s[500:], atol=2e-3)


def test_first_order_hold_of_an_integrator():
    phi, g0, g1 = first_order_hold(np.zeros((1, 1)), np.ones((1, 1)), 0.5)
    np.testing.assert_allclose([phi[0, 0], g0[0, 0], g1[0, 0]], [1, 0.25, 0.25])


def test_result_does_not_depend_on_the_step():
    road = random_road(200, np.random.default_rng(1), iso_class="B")
    y = np.convolve(road.base_m, np.full(5, 0.2), mode="same")
    coarse = respond(GOLDEN_CAR, y, 0.05, driven(12, 180), STEP, stride=10).acceleration_m_s2
    fine = respond(
        GOLDEN_CAR, y, 0.05, np.arange(0, 180, 12 * STEP / 4), STEP / 4, stride=40
    ).acceleration_m_s2
    assert np.std(coarse - fine[: coarse.size]) < 0.003 * np.std(coarse)


def test_without_friction_the_nonlinear_car_is_the_linear_one():
    road = random_road(300, np.random.default_rng(1), iso_class="A")
    s = driven(14, 280)
    linear = respond(NOMINAL_CAR, road.base_m, 0.05, s, STEP).acceleration_m_s2
    held = respond(NOMINAL_CAR, road.base_m, 0.05, s, STEP, friction=DryFriction()).acceleration_m_s2
    np.testing.assert_allclose(held, linear, atol=1e-9)


def test_a_wheel_that_leaves_the_road_pulls_no_body_down():
    x = np.arange(0, 100, 0.05)
    drop = np.where(x > 50, -0.3, 0.0)
    s = driven(14, 90)
    linear = respond(NOMINAL_CAR, drop, 0.05, s, STEP).acceleration_m_s2
    free = respond(NOMINAL_CAR, drop, 0.05, s, STEP, friction=DryFriction()).acceleration_m_s2
    assert free.min() > linear.min()


def test_friction_is_felt_on_a_smooth_road():
    road = random_road(300, np.random.default_rng(1), iso_class="A")
    s = driven(14, 280)
    rubbing = DryFriction(friction_m_s2=0.4)
    linear = respond(NOMINAL_CAR, road.base_m, 0.05, s, STEP).acceleration_m_s2
    rubbed = respond(NOMINAL_CAR, road.base_m, 0.05, s, STEP, friction=rubbing).acceleration_m_s2
    assert 0.05 < np.std(rubbed - linear) < 1.0
    with pytest.raises(UsageError):
        respond(HalfCar(), road.base_m, 0.05, s, STEP, friction=rubbing)


def test_steps_between_samples():
    assert [steps_per_sample(f) for f in (10, 100, 200, 1000)] == [100, 10, 5, 5]
