"""Values between their samples."""

from __future__ import annotations

import numpy as np
import pytest

from contado.engines.pavement.anomalies.stack import warp
from contado.engines.pavement.measuring.sampling import smooth_at

GRID = 0.1 * np.arange(400)


@pytest.mark.parametrize(("wavelength", "kept"), [(1.0, 0.99), (0.5, 0.93)])
def test_short_waves_keep_their_height(wavelength, kept):
    x = np.arange(0, 40, 0.139)  # 50 km/h at 100 Hz
    wave = np.cos(2 * np.pi * x / wavelength)
    true = np.cos(2 * np.pi * GRID / wavelength)
    inner = slice(20, 370)

    def gain(found):
        return found[inner] @ true[inner] / (true[inner] @ true[inner])

    found = smooth_at(x, wave, GRID, 1.0)
    assert gain(found) > kept
    straight = gain(np.interp(GRID, x, wave))
    assert straight == pytest.approx(np.sinc(0.139 / wavelength) ** 2, abs=0.02)
    assert straight < gain(found)


def test_holes_and_ends_stay_unknown():
    x = np.r_[np.arange(5, 15, 0.13), np.arange(20, 30, 0.13)]
    found = smooth_at(x, np.sin(x), GRID, 1.0)
    known = np.isfinite(found)
    assert not known[GRID < 5].any()
    assert not known[(GRID > 15) & (GRID < 20)].any()
    assert not known[GRID > 30].any()
    assert known[(GRID > 5.2) & (GRID < 14.8)].all()
    np.testing.assert_allclose(found[known], np.sin(GRID[known]), atol=1e-3)


def test_unknown_values_are_no_values():
    x = np.arange(0, 40, 0.13)
    values = np.sin(x)
    values[100:120] = np.nan
    found = smooth_at(x, values, GRID, 1.0)
    assert np.isnan(found[(x[101] < GRID) & (x[118] > GRID)]).all()


def test_too_few_or_standing_samples_tell_nothing():
    assert np.isnan(smooth_at(np.array([1.0, 1.1]), np.ones(2), GRID, 1.0)).all()
    crowded = np.r_[np.arange(0, 10, 0.13), np.full(5, 9.99), np.arange(10, 20, 0.13)]
    found = smooth_at(crowded, np.sin(crowded), GRID, 1.0)
    assert np.nanmax(np.abs(found)) < 1.01


def test_a_profile_that_is_moved_twice_by_half_a_step_keeps_its_height():
    profile = -0.03 * np.exp(-(((GRID - 20) / 0.2) ** 2))
    half = np.full(GRID.size, 0.05)
    moved = warp(warp(profile, half, smooth=True), half, smooth=True)
    assert np.nanmin(moved) == pytest.approx(-0.03, rel=0.02)
    straight = warp(warp(profile, half), half)
    assert np.nanmin(straight) > -0.0286
