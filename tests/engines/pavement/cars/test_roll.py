"""The body that rolls between its wheel tracks."""

from __future__ import annotations

import numpy as np
import pytest

from contado.engines.pavement.cars.half_car import HalfCar
from contado.engines.pavement.cars.roll import RollBody
from contado.engines.pavement.cars.vehicles import NOMINAL_CAR
from contado.engines.pavement.simulate.car import respond

STEP, SPEED = 0.001, 12.0


def lean(frequency, body=None):
    """Gain at a frequency [Hz] from half the difference of the tracks to the lift over the left one."""
    rolling = (body or RollBody()).of(NOMINAL_CAR)
    return (
        abs(rolling.response(np.array([frequency]), np.array([SPEED]))[0, 0]) / (2 * np.pi * frequency) ** 2
    )


def test_two_sides_that_know_nothing_of_each_other_are_two_quarter_cars():
    assert RollBody(inertia_ratio=1.0, bars_share=0.0).of(NOMINAL_CAR) == NOMINAL_CAR


def test_a_slow_wave_is_followed_and_a_fast_one_is_not():
    assert lean(0.05) == pytest.approx(1.0, abs=0.01)
    assert lean(30.0) < 0.05


def test_roll_of_the_whole_car_by_its_four_wheels():
    """The equations of body and wheels of both sides, written out, give the same roll as the one quarter-car."""
    axle, body = NOMINAL_CAR, RollBody(track_m=1.4, inertia_ratio=0.7, bars_share=0.4)
    lever = body.track_m / 2
    inertia = body.inertia_ratio * lever**2  # body of mass 1, half of it over each side
    a = np.zeros((6, 6))  # roll, its rate, left and right wheel with their rates
    a[0, 1] = a[2, 3] = a[4, 5] = 1
    b = np.zeros((6, 2))
    k, c = axle.k2 / 2, axle.c / 2
    for side, wheel in ((1, 2), (-1, 4)):
        force = np.zeros(6)
        force[[0, 1, wheel, wheel + 1]] = (k * side * lever, c * side * lever, -k, -c)
        bars = np.zeros(6)  # they twist with the difference of the strokes
        bars[[0, 2, 4]] = (2 * lever, -1, 1)
        force += side * k * body.bars_share / 2 * bars
        a[1] -= side * lever * force / inertia
        a[wheel + 1] = force / (axle.mu / 2)
        a[wheel + 1, wheel] -= axle.k1 / axle.mu
        b[wheel + 1, 0 if side > 0 else 1] = axle.k1 / axle.mu
    for f in (0.5, 1.5, 8.0, 14.0):
        s = 2j * np.pi * f
        roll = np.linalg.solve(s * np.eye(6) - a, b @ np.array([1.0, -1.0]))[0]
        model = body.of(axle).response(np.array([f]), np.array([SPEED]))[0, 0] / s**2
        assert roll * lever == pytest.approx(model, rel=1e-9)


def test_a_half_car_rolls_on_both_its_axles_without_pitching():
    car = RollBody().of(HalfCar())
    x = np.arange(0, 60, STEP * SPEED)
    step = np.where(np.arange(0, 60, 0.05) > 20, 0.02, 0.0)
    felt = respond(car, step, 0.05, x, STEP)
    assert abs(felt.pitch_rad_s).max() < 1e-5
    assert np.sum(felt.velocity_m_s) * STEP == pytest.approx(0.02, rel=0.01)
