"""Mount and clock settled: axis, vertical, heading, offset, pieces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contado.engines.pavement.simulate.sensor import mount_matrix
from contado.engines.pavement.telemetry import mount
from contado.engines.pavement.telemetry.align import align, align_all


@pytest.mark.parametrize("angles", [(0, 0, 0), (120, 60, -35), (-80, -85, 10), (10, 5, 179)])
def test_axis_and_vertical_do_not_depend_on_the_mount(toy, angles):
    level = align(toy(mount=(0, 0, 0)).drive())
    tilted = align((source := toy(mount=angles)).drive())
    assert mount.angle_deg(tilted.pieces[0].gravity_axis, source.gravity) < 0.3
    assert np.std(tilted.vertical_m_s2 - level.vertical_m_s2) < 0.03 * np.std(level.vertical_m_s2)
    assert tilted.remounts == ()
    assert tilted.clock_offset_s == 0


def test_the_standard_error_of_the_axis_is_honest(toy):
    errors, stated = [], []
    for seed in range(12):
        source = toy(seed=seed, duration_s=180)
        piece = align(source.drive()).pieces[0]
        errors.append(mount.angle_deg(piece.gravity_axis, source.gravity))
        stated.append(piece.sd_deg)
    assert np.sqrt(np.mean(np.square(errors))) < 2 * np.mean(stated)


def test_heading_is_the_derivative_of_speed(toy):
    drive = toy(mount=(50, 20, -10)).drive()
    aligned = align(drive)
    smooth = np.convolve(aligned.heading_m_s2, np.ones(100) / 100, "same")[100:-100]
    felt = np.gradient(drive.speed_m_s)
    expected = np.interp(aligned.t_s[100:-100], drive.fix_t_s, felt)
    assert np.corrcoef(smooth, expected)[0, 1] > 0.95
    assert np.polyfit(expected, smooth, 1)[0] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("offset_s", [-14.0, -1.5, 0.6, 1.5, 3.3])
def test_a_clock_offset_is_found_to_a_fifth_of_a_second(toy, offset_s):
    drive = toy().drive()
    aligned = align(replace(drive, t_s=drive.t_s + offset_s))
    assert aligned.clock_offset_s == pytest.approx(offset_s, abs=0.2)
    assert np.allclose(aligned.t_s, drive.t_s, atol=0.2)
    assert "clock_offset" in aligned.flags


def test_a_steady_speed_tells_nothing_about_the_clocks(toy):
    drive = toy().drive()
    random = np.random.default_rng(1)
    steady = replace(drive, speed_m_s=12 + random.normal(0, 0.05, len(drive.speed_m_s)))
    aligned = align(steady)
    assert aligned.clock_offset_s == 0
    assert "clock_offset" not in aligned.flags
    assert [f.severity for f in aligned.findings if f.rule == "clock_offset"] == ["note"]
    assert np.isnan(aligned.heading_m_s2).all()


def test_no_speed_at_all_is_no_defect(toy):
    drive = toy(duration_s=60).drive()
    aligned = align(replace(drive, speed_m_s=np.full(len(drive.speed_m_s), np.nan)))
    assert np.isfinite(aligned.vertical_m_s2).all()


@pytest.mark.parametrize("angle", [3.0, 8.0, 40.0])
def test_a_moved_sensor_is_found_where_it_was_moved(toy, turn, angle):
    drive = toy(duration_s=300).drive()
    acc = drive.acc_m_s2.copy()
    acc[17_000:] = acc[17_000:] @ turn(0, angle, 0).T
    aligned = align(replace(drive, acc_m_s2=acc))
    assert len(aligned.pieces) == 2
    assert aligned.remounts[0][0] == pytest.approx(170, abs=5)
    around = np.abs(aligned.t_s - aligned.remounts[0][0]) <= 1.5
    assert np.isnan(aligned.vertical_m_s2[around]).all()
    assert np.isfinite(aligned.vertical_m_s2[~around]).all()


def test_a_sensor_that_is_lifted_and_put_back_is_three_pieces(toy, turn):
    drive = toy(duration_s=300).drive()
    acc = drive.acc_m_s2.copy()
    acc[10_000:14_000] = acc[10_000:14_000] @ turn(0, 50, 20).T
    aligned = align(replace(drive, acc_m_s2=acc))
    assert [p.from_s for p in aligned.pieces] == [pytest.approx(t, abs=2) for t in (0, 100, 140)]


def test_a_long_curve_is_no_remount(toy):
    drive = toy(duration_s=300).drive()
    acc = drive.acc_m_s2.copy()
    lateral = np.where((drive.t_s > 100) & (drive.t_s < 130), 0.8, 0.0)
    side = np.linalg.svd(np.outer(acc.mean(axis=0), acc.mean(axis=0)))[0][:, 1]
    aligned = align(replace(drive, acc_m_s2=acc + lateral[:, None] * side))
    assert aligned.remounts == ()


def test_a_sensor_that_will_not_rest_is_loose(toy, turn):
    drive = toy(duration_s=240).drive()
    acc = drive.acc_m_s2.copy()
    for k in range(6):
        part = slice(k * 4000, (k + 1) * 4000)
        acc[part] = acc[part] @ turn(0, 30 * (k % 2), 25 * (k % 3)).T
    aligned = align(replace(drive, acc_m_s2=acc))
    assert "loose_mount" in aligned.flags
    assert np.isnan(aligned.vertical_m_s2).all()


def test_a_jump_of_the_fixes_clock_leaves_a_hole_not_a_shift(toy):
    drive = toy(duration_s=300).drive()
    late = drive.fix_t_s + np.where(drive.fix_t_s < 150, 0, 2.0)
    aligned = align(replace(drive, fix_t_s=late))
    truth = drive.t_s + np.where(drive.t_s < 150, 0, 2.0)
    off = np.abs(aligned.t_s - truth) > 0.2
    assert off.mean() < 0.02
    assert (np.diff(aligned.t_s) > 0).all()


def test_one_bad_drive_does_not_stop_the_others(toy):
    drive = toy(duration_s=60).drive(files=("a_acc.csv",))
    aligned, rejected = align_all([drive, replace(drive, fix_t_s=drive.fix_t_s + 1e6)])
    assert len(aligned) == 1
    assert [(r.file, r.rule) for r in rejected] == [("a_acc.csv", "clock_offset")]


def test_ten_and_a_thousand_samples_a_second(toy):
    for fs in (10.0, 1000.0):
        source = toy(duration_s=120, fs_hz=fs)
        aligned = align(source.drive())
        assert mount.angle_deg(aligned.pieces[0].gravity_axis, source.gravity) < 0.5
        assert ("rate_too_low" in aligned.flags) == (fs < 25)


@pytest.mark.parametrize("angles", [(0, 0, 0), (120, 60, -35), (-80, -60, 10)])
def test_roll_is_told_about_the_heading_axis_in_any_mount(toy, angles):
    source = toy(mount=angles)
    drive = source.drive()
    roll = 0.05 * np.sin(2 * np.pi * 1.5 * drive.t_s)
    others = 0.04 * np.cos(2 * np.pi * 2.3 * drive.t_s)
    body = np.column_stack([roll, others, np.zeros_like(roll)])  # ahead, left, up
    aligned = align(replace(drive, gyro_rad_s=body @ mount_matrix(*angles).T + 0.01))
    known = np.isfinite(aligned.roll_rad_s)
    assert known.mean() > 0.95
    assert np.corrcoef(aligned.roll_rad_s[known], roll[known])[0, 1] > 0.99
    assert np.polyfit(roll[known], aligned.roll_rad_s[known], 1)[0] == pytest.approx(1, abs=0.03)


def test_without_a_gyroscope_or_a_heading_there_is_no_roll(toy):
    drive = toy().drive()
    assert align(drive).roll_rad_s is None
    steady = replace(
        drive, speed_m_s=np.full(len(drive.fix_t_s), 12.0), gyro_rad_s=np.zeros((len(drive.t_s), 3))
    )
    assert np.isnan(align(steady).roll_rad_s).all()
