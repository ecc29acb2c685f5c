"""Devices: attitude, noise, clock, range, lost samples; receivers and their errors."""

import numpy as np
import pytest

from contado.engines.pavement.simulate.sensor import (
    Accelerometer,
    Gnss,
    Remount,
    fixes,
    mount_matrix,
    readings,
)

STILL = Accelerometer(noise_m_s2=0.0, bias_m_s2=0.0)


def at_rest(device, n=1000, mount=(0.0, 0.0, 0.0)):
    t = np.arange(n) / device.fs_hz
    force = np.tile([0.0, 0.0, 9.80665], (n, 1))
    return readings(t, force, np.zeros((n, 3)), mount, device, np.random.default_rng(0))


@pytest.mark.parametrize("angles", [(0, 0, 0), (10, 20, 30), (-93, -24.94, 10.56), (61.6, -5.54, -14.26)])
def test_gravity_in_sensor_axes(angles):
    _, b, c = np.radians(angles)
    expected = [np.sin(b), -np.sin(c) * np.cos(b), np.cos(c) * np.cos(b)]
    np.testing.assert_allclose(mount_matrix(*angles) @ [0, 0, 1], expected, atol=1e-12)
    np.testing.assert_allclose(mount_matrix(*angles) @ mount_matrix(*angles).T, np.eye(3), atol=1e-12)


def test_at_rest_the_device_reads_gravity():
    read = at_rest(STILL, mount=(10, 20, 30))
    norm = np.sqrt(read["ax"] ** 2 + read["ay"] ** 2 + read["az"] ** 2)
    np.testing.assert_allclose(norm, 9.80665)
    assert list(read) == ["t_s", "ax", "ay", "az"]


def test_noise_and_bias():
    read = at_rest(Accelerometer(noise_m_s2=0.04, bias_m_s2=0.03), n=20_000)
    assert np.std(read["ax"]) == pytest.approx(0.04, rel=0.03)
    assert 0 < abs(np.mean(read["ay"])) < 0.15


def test_range_resolution_and_clock():
    device = Accelerometer(
        noise_m_s2=0.3, range_m_s2=9.9, resolution_m_s2=0.1, clock_offset_s=1.5, clock_drift_ppm=100.0
    )
    read = at_rest(device)
    assert read["az"].max() <= 9.9 + 1e-9
    np.testing.assert_allclose(read["az"] * 10, np.round(read["az"] * 10), atol=1e-9)
    assert read["t_s"][0] == 1.5
    assert read["t_s"][-1] == pytest.approx(9.99 * 1.0001 + 1.5)


def test_remount_turns_the_axes_at_its_time():
    read = at_rest(
        Accelerometer(noise_m_s2=0, bias_m_s2=0, remount=Remount(t_s=5.0, mount_euler_zyx_deg=(0, 90, 0)))
    )
    np.testing.assert_allclose(read["az"][:500], 9.80665)
    np.testing.assert_allclose(read["ax"][500:], 9.80665)


def test_lost_samples_and_gyroscope():
    read = at_rest(Accelerometer(lost_share=0.2, gyroscope=True), n=5000)
    assert len(read["t_s"]) == len(read["gz"]) == pytest.approx(4000, rel=0.05)


def test_position_error_is_a_first_order_autoregression():
    seen = fixes(50_000, Gnss(sigma_m=3.0), np.random.default_rng(1))
    assert np.std(seen.east_m) == pytest.approx(3.0, rel=0.05)
    assert np.corrcoef(seen.north_m[1:], seen.north_m[:-1])[0, 1] == pytest.approx(0.9, abs=0.01)


def test_outages_and_wrong_street():
    seen = fixes(100, Gnss(outages_s=((10, 20),), wrong_street=((50, 60, 8.0),)), np.random.default_rng(1))
    assert not np.any((seen.t_s >= 10) & (seen.t_s < 20))
    assert seen.left_m[seen.t_s == 55] == 8.0
    assert seen.left_m[seen.t_s == 70] == 0.0
