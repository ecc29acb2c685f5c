"""Detection, register of passes and shape, on profiles made by hand."""

from __future__ import annotations

import time

import numpy as np
import pytest

from contado.engines.pavement.anomalies.detect import DetectSettings, detect
from contado.engines.pavement.anomalies.detect import _peaks as detect_peaks
from contado.engines.pavement.anomalies.kind import (
    CRITICALITIES,
    Shape,
    criticality,
    fit_shape,
    kind_of,
    severity,
)
from contado.engines.pavement.anomalies.stack import shifts, warp
from contado.engines.pavement.measuring.measure import GRID_M

N = 5000
S = 0.1 * np.arange(N)


def background(seed, sd=0.003):
    rng = np.random.default_rng(seed)
    kernel = np.hanning(15) / np.hanning(15).sum()
    return sd * 2 * np.convolve(rng.normal(size=N), kernel, mode="same")


def cosine(at, length, height):
    x = S - at
    return np.where(np.abs(x) < length / 2, height / 2 * (1 + np.cos(2 * np.pi * x / length)), 0.0)


def test_register_takes_each_pass_to_the_mean_position():
    road = background(0) + cosine(250, 1.0, -0.04)
    offsets = [-1.5, 0.3, 2.1]
    passes = [np.interp(S, S + o, road) for o in offsets]
    found = shifts(passes)
    expected = np.mean(offsets) - np.array(offsets)
    assert [float(np.median(f)) for f in found] == pytest.approx(expected, abs=0.06)
    moved = [warp(p, f) for p, f in zip(passes, found, strict=True)]
    bottoms = [S[np.nanargmin(m)] for m in moved]
    assert np.ptp(bottoms) <= 0.15


def test_passes_that_do_not_resemble_each_other_are_left_where_they_are():
    for shift in shifts([background(1), background(2)]):
        assert np.abs(shift).max() <= 4.0


def test_one_pass_and_a_short_route_need_no_register():
    assert not shifts([background(0)])[0].any()
    assert not shifts([np.zeros(50), np.zeros(50)])[0].any()


def test_a_hole_is_found_with_its_sign_and_every_pass_votes():
    profiles = [background(9) + cosine(250, 0.9, -0.04) + background(k, 0.0005) for k in range(3)]
    profiles.append(background(9) + background(7, 0.0005))
    shocks = [np.where(np.abs(S - 250) < 1, 12.0, 1.0) for _ in range(3)] + [np.ones(N)]
    found, stacked = detect(profiles, shocks)
    assert [round(0.1 * d.index) for d in found] == [250]
    assert found[0].hits == (True, True, True, False)
    assert found[0].possible == (True,) * 4
    assert stacked[found[0].index] < -0.02


def test_a_smooth_road_and_no_pass_hold_nothing():
    assert detect([background(k) for k in range(3)], [np.ones(N)] * 3)[0] == []
    assert detect([], [])[0] == []


def test_a_jump_of_roughness_is_no_anomaly():
    rough = np.where(S > 250, 4.0, 1.0) * background(3)
    assert detect([rough, rough], [np.ones(N)] * 2)[0] == []


def test_unknown_stretches_hold_nothing():
    profile = background(4) + cosine(250, 1.0, -0.05)
    profile[2400:2600] = np.nan
    found, stacked = detect([profile], [np.where(np.isfinite(profile), 1.0, np.nan)])
    assert found == []
    assert np.isnan(stacked[2500])


@pytest.mark.parametrize(("length", "height"), [(3.0, 0.06), (3.5, 0.04)])
def test_shape_of_a_bump(length, height):
    shape = fit_shape(cosine(250, length, height), 2500, 10.0)
    assert shape.length_m == pytest.approx(length, abs=0.6)
    assert shape.height_mm == pytest.approx(1000 * height, rel=0.15)


@pytest.mark.parametrize(
    ("length", "height", "kind"),
    [
        (3.0, 60, "speed_bump"),
        (0.8, 20, "raised"),
        (6.0, 60, "raised"),
        (0.9, -50, "pothole"),
        (0.7, -20, "manhole"),
        (0.7, -60, "pothole"),
        (3.0, -30, "depression"),
    ],
)
def test_kinds(length, height, kind):
    assert kind_of(Shape(length_m=length, height_mm=height, offset_m=0.0)) == kind


def test_severity_grows_with_height_length_and_speed_and_stays_in_range():
    assert severity(-20, 0.7, 14) < severity(-40, 0.7, 14) < severity(-40, 1.4, 14) < severity(-40, 1.4, 25)
    assert severity(-35, 0.7, 50 / 3.6) == pytest.approx(50)
    assert 0 <= severity(0, 0.1, 0) < severity(-500, 5, 40) <= 100


def test_colours_follow_the_shipped_thresholds():
    assert [criticality(s) for s in (0, 30, 50, 90)] == list(CRITICALITIES)


def plain_peaks(score, settings):
    """The rule as it reads: from the highest on, what is near to none that was kept before."""
    kept = []
    for k in np.argsort(-score, kind="stable"):
        if score[k] >= settings.joint_threshold and all(
            abs(k - other) * GRID_M > settings.apart_m for other in kept
        ):
            kept.append(int(k))
    return sorted(kept)


def test_the_highest_places_of_a_long_road_are_found_by_looking_at_their_neighbours():
    score = np.abs(np.random.default_rng(0).normal(0, 0.5, 100_000))
    begun = [time.process_time()]
    found = []
    for look in (detect_peaks, plain_peaks):
        found.append(look(score, DetectSettings()))
        begun.append(time.process_time())
    ours, plain = np.diff(begun)
    assert found[0] == found[1]
    assert len(found[0]) > 400
    assert ours < plain / 3
