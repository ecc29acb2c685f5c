"""Clipping, resonance, gaps: what a drive cannot tell."""

from __future__ import annotations

import numpy as np
import pytest

from contado.engines.pavement.telemetry.quality import clipped_samples, loose_frequency_hz, sample_speed

FS = 100.0
T = np.arange(0, 240, 1 / FS)


def ringing(frequency_hz, amplitude, speed):
    random = np.random.default_rng(3)
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(frequency_hz, T.shape)) / FS
    return random.normal(0, 0.5, len(T)) + amplitude * np.sin(phase), speed


@pytest.mark.parametrize("hz", [12.0, 18.0, 33.0])
def test_a_tone_that_does_not_follow_the_speed_is_a_loose_sensor(hz):
    found = loose_frequency_hz(*ringing(hz, 1.0, 12 + 5 * np.sin(T / 20)), FS)
    assert found == pytest.approx(hz, abs=0.3)


def test_a_tone_that_follows_the_speed_is_a_wheel_or_the_road():
    speed = 12 + 5 * np.sin(T / 20)
    assert loose_frequency_hz(*ringing(speed / 1.0, 1.0, speed), FS) is None


def test_at_one_speed_or_without_a_tone_nothing_is_said():
    assert loose_frequency_hz(*ringing(18.0, 1.0, np.full(len(T), 12.0)), FS) is None
    assert loose_frequency_hz(*ringing(18.0, 0.0, 12 + 5 * np.sin(T / 20)), FS) is None
    assert loose_frequency_hz(*ringing(3.0, 1.0, 12 + 5 * np.sin(T / 20)), 6.0) is None


@pytest.mark.parametrize("quantum", [None, 0.05])
def test_only_a_pile_at_the_end_of_the_range_is_clipping(quantum):
    acc = np.random.default_rng(0).normal(0, 1, (20_000, 3))
    if quantum:
        acc = np.round(acc / quantum) * quantum
    assert not clipped_samples(acc).any()
    level = 2.0
    cut = np.clip(acc, -level, 99.0)
    assert np.array_equal(clipped_samples(cut), (cut == -level).any(axis=1))


def test_speed_between_fixes_but_not_over_a_gap(toy):
    drive = toy(duration_s=60).drive()
    kept = (drive.fix_t_s < 20) | (drive.fix_t_s > 30)
    import dataclasses

    changed = {key: getattr(drive, key)[kept] for key in ("fix_t_s", "lon", "lat", "speed_m_s", "hdop")}
    speed = sample_speed(dataclasses.replace(drive, **changed), np.array([10.5, 25.0, 40.5, 99.0]))
    assert np.isfinite(speed).tolist() == [True, False, True, False]
