"""Motion: limits of acceleration, stops, constant speed."""

import numpy as np
import pytest

from contado.engines.pavement.simulate.drive import DriveStyle, constant, plan

SPANS = ((0.0, 600.0, 50.0), (600.0, 2000.0, 80.0))


def test_constant_speed():
    motion = constant(100.0, 36.0)
    s, v, a = motion.at(np.array([0.0, 5.0, 10.0, 20.0]))
    assert motion.duration_s == pytest.approx(10)
    np.testing.assert_allclose(s, [0, 50, 100, 100])
    np.testing.assert_allclose(v, 10)
    np.testing.assert_allclose(a, 0)


def test_limits_are_kept_and_the_end_is_reached():
    style = DriveStyle(stops_per_km=2.0)
    motion = plan(2000.0, SPANS, None, style, np.random.default_rng(1))
    t = np.arange(0, motion.duration_s, 0.01)
    s, v, a = motion.at(t)
    assert np.all(np.diff(s) >= -1e-9)
    assert s[-1] == pytest.approx(2000, abs=0.1)
    assert a.max() <= style.acceleration_m_s2 + 1e-6
    assert a.min() >= -style.braking_m_s2 - 1e-6
    np.testing.assert_allclose(np.gradient(s, t)[5:-5], v[5:-5], atol=0.02)


def test_stops_stand_still():
    motion = plan(2000.0, SPANS, None, DriveStyle(stops_per_km=3.0), np.random.default_rng(2))
    _, v, _ = motion.at(np.arange(0, motion.duration_s, 0.1))
    standing = np.sum(v < 1e-6) * 0.1
    assert standing > 4
    free = plan(2000.0, SPANS, None, DriveStyle(stops_per_km=0.0), np.random.default_rng(2))
    assert free.at(np.arange(0, free.duration_s, 0.1))[1].min() > 0.5


def test_curves_slow_down():
    turning = np.zeros(2001)
    turning[1000:1030] = 1 / 15
    style = DriveStyle(stops_per_km=0.0)
    motion = plan(2000.0, SPANS, turning, style, np.random.default_rng(3))
    s, v, _ = motion.at(np.arange(0, motion.duration_s, 0.05))
    assert v[(s > 1000) & (s < 1029)].max() <= np.sqrt(2.0 * 15) + 0.1
