"""The equaliser against roads whose IRI is known in closed form or by an independent integration."""

from __future__ import annotations

import numpy as np
import pytest

from contado.engines.pavement.cars.vehicles import GOLDEN_CAR, NOMINAL_CAR, QuarterCar
from contado.engines.pavement.measuring.equalise import (
    MIN_SPEED_M_S,
    PROFILE_BAND,
    profile,
    rectified_slope,
    roughness,
)
from contado.engines.pavement.telemetry.drive import Aligned, Drive

DX = 0.05


def road(length_m: float, gd: float, seed: int):
    """Periodic road of waviness 2 (ISO 8608) by its Fourier coefficients: wavenumber [c/m], elevation."""
    n = 2 * int(length_m / DX / 2)
    slope = np.fft.rfft(np.random.default_rng(seed).normal(0, 0.2 * np.pi * np.sqrt(gd / (2 * DX)), n))
    wavenumber = np.fft.rfftfreq(n, DX)
    elevation = np.zeros_like(slope)
    k = wavenumber > 1 / 90
    elevation[k] = slope[k] / (2j * np.pi * wavenumber[k])
    return wavenumber, elevation


def true_iri(wavenumber, elevation) -> float:
    """IRI [m/km] of the periodic road: the golden car's slope in the frequency domain, no windows."""
    stroke = GOLDEN_CAR.stroke_response(wavenumber * 80 / 3.6) * 2j * np.pi * wavenumber
    return 1000 * np.abs(np.fft.irfft(elevation * stroke * np.sinc(0.25 * wavenumber))).mean()


def ride(wavenumber, elevation, car: QuarterCar, speed: float, fs: float = 100.0, noise: float = 0.04):
    """Body acceleration [m/s2] of a car at constant speed over the periodic road."""
    shaken = np.fft.irfft(
        elevation * np.sinc(0.25 * wavenumber) * car.body_acceleration_response(wavenumber * speed)
    )
    t = np.arange(0, len(shaken) * DX / speed, 1 / fs)
    acc = np.interp(t * speed, np.arange(len(shaken)) * DX, shaken)
    return t, acc + np.random.default_rng(1).normal(0, noise, len(t))


@pytest.mark.parametrize("kmh", [20, 30, 50, 70, 90])
def test_speed_is_physics_and_changes_nothing(kmh):
    wavenumber, elevation = road(4000, 64e-6, seed=3)
    _, acc = ride(wavenumber, elevation, NOMINAL_CAR, kmh / 3.6)
    slope = rectified_slope(acc, np.full(len(acc), kmh / 3.6), 100.0, NOMINAL_CAR)
    assert 1000 * np.nanmean(slope) == pytest.approx(true_iri(wavenumber, elevation), rel=0.02)


@pytest.mark.parametrize("kmh", [20, 50, 80])
@pytest.mark.parametrize("noise", [0.04, 0.08])
def test_a_smooth_road_is_read_without_the_sensors_noise(kmh, noise):
    wavenumber, elevation = road(4000, 2e-6, seed=6)
    _, acc = ride(wavenumber, elevation, NOMINAL_CAR, kmh / 3.6, noise=noise)
    speed, truth = np.full(len(acc), kmh / 3.6), true_iri(wavenumber, elevation)
    slope = rectified_slope(acc, speed, 100.0, NOMINAL_CAR, noise=noise**2 / 100.0)
    assert 1000 * np.nanmean(slope) == pytest.approx(truth, rel=0.04)
    assert 1000 * np.nanmean(rectified_slope(acc, speed, 100.0, NOMINAL_CAR)) > 1.04 * truth


def test_what_is_all_noise_is_not_read_as_nothing():
    acc, speed = np.random.default_rng(7).normal(0, 0.05, 4000), np.full(4000, 14.0)
    plain, quiet = (np.nanmean(rectified_slope(acc, speed, 100.0, noise=n)) for n in (0.0, 0.05**2 / 100.0))
    assert 0.3 * plain < quiet < 0.6 * plain


@pytest.mark.parametrize("fs", [50.0, 100.0, 200.0, 400.0])
def test_rate_changes_nothing(fs):
    wavenumber, elevation = road(3000, 64e-6, seed=4)
    _, acc = ride(wavenumber, elevation, NOMINAL_CAR, 14.0, fs=fs)
    slope = rectified_slope(acc, np.full(len(acc), 14.0), fs, NOMINAL_CAR)
    assert 1000 * np.nanmean(slope) == pytest.approx(true_iri(wavenumber, elevation), rel=0.02)


def test_a_softer_car_reads_wrong_by_nearly_one_factor_at_all_speeds():
    wavenumber, elevation = road(3000, 64e-6, seed=5)
    softer = QuarterCar(k1=550 * 0.95, k2=55 * 0.95, c=3.2 * 0.95, mu=0.12)
    read = []
    for kmh in (30, 50, 70):
        _, acc = ride(wavenumber, elevation, softer, kmh / 3.6)
        read.append(np.nanmean(rectified_slope(acc, np.full(len(acc), kmh / 3.6), 100.0)))
    assert max(read) / min(read) < 1.02


def test_twice_the_acceleration_is_twice_the_roughness():
    acc = np.random.default_rng(0).normal(size=3000)
    speed = np.full(3000, 12.0)
    np.testing.assert_allclose(
        rectified_slope(2 * acc, speed, 100.0), 2 * rectified_slope(acc, speed, 100.0), rtol=1e-12
    )


def test_slow_samples_and_gaps_are_unknown_and_never_zero():
    acc = np.random.default_rng(0).normal(size=4000)
    speed = np.full(4000, 12.0)
    speed[2500:] = MIN_SPEED_M_S - 0.1
    acc[1000:1100] = np.nan
    slope = rectified_slope(acc, speed, 100.0)
    assert np.isnan(slope[2500:]).all()
    assert np.isnan(slope[1000:1100]).all()
    assert np.isfinite(slope[:1000]).all()
    assert np.isfinite(slope[1100:2000]).all()


def test_a_span_shorter_than_a_window_is_unknown():
    assert np.isnan(rectified_slope(np.ones(400), np.full(400, 12.0), 100.0)).all()


def test_profile_returns_a_bump_with_its_sign_and_most_of_its_height():
    x = np.arange(0, 400, DX)
    bump = np.where(np.abs(x - 200) < 1.8, 0.035 * (1 + np.cos(2 * np.pi * (x - 200) / 3.6)), 0.0)
    wavenumber = np.fft.rfftfreq(len(x), DX)
    t, acc = ride(wavenumber, np.fft.rfft(bump), NOMINAL_CAR, 10.0)
    height = profile(acc, np.full(len(acc), 10.0), 100.0, NOMINAL_CAR, PROFILE_BAND)
    top = np.nanargmax(height)
    assert t[top] * 10 == pytest.approx(200, abs=0.3)
    assert 0.6 * 0.07 < height[top] < 1.1 * 0.07


def aligned(acc, speed, fs=100.0) -> Aligned:
    t = np.arange(len(acc)) / fs
    fix_t = np.arange(0, t[-1] + 1)
    drive = Drive(
        name="car1_pass1", vehicle="car1", label="simulated", sha256="0" * 64, t_s=t,
        acc_m_s2=np.column_stack([np.zeros_like(acc), np.zeros_like(acc), acc + 9.80665]),
        fix_t_s=fix_t, lon=np.full(len(fix_t), 9.0), lat=np.full(len(fix_t), 45.0),
        speed_m_s=np.full(len(fix_t), speed), hdop=np.ones(len(fix_t)), unit="m_s2", fs_hz=fs,
        n_samples_raw=len(t), n_fixes_raw=len(fix_t),
    )  # fmt: skip
    return Aligned(
        drive=drive, pieces=(), remounts=(), vertical_m_s2=acc, heading_m_s2=np.zeros_like(acc),
        clock_offset_s=0.0, t_s=t, clipped=np.zeros(len(t), dtype=bool),
    )  # fmt: skip


def test_roughness_of_a_drive_brackets_the_truth_and_is_null_when_nothing_is_seen():
    wavenumber, elevation = road(2000, 64e-6, seed=6)
    _, acc = ride(wavenumber, elevation, NOMINAL_CAR, 12.0)
    found = roughness(aligned(acc, 12.0))
    assert found.mean == pytest.approx(true_iri(wavenumber, elevation), rel=0.03)
    assert found.low < found.mean < found.high
    assert roughness(aligned(acc, 3.0)).mean is None
    assert roughness(aligned(acc[::10], 12.0, fs=10.0)).mean is None
