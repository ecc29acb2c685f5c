"""The wheel track of an anomaly."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from contado.engines.pavement.anomalies.life import Passage, Sighting
from contado.engines.pavement.anomalies.side import agreed, share_of_difference, side_of
from contado.engines.pavement.anomalies.track import follow

X = np.arange(0, 60, 0.1)
HOLE = -0.02 * np.exp(-(((X - 30) / 0.3) ** 2))


def passed(share):
    return SimpleNamespace(profile_m=HOLE, tilt_m=share * HOLE)


@pytest.mark.parametrize(
    ("share", "side"),
    [(1.0, "left"), (-1.0, "right"), (0.0, "both"), (0.6, "left"), (0.3, None), (-0.3, None), (np.nan, None)],
)
def test_half_the_difference_over_the_mean(share, side):
    assert side_of(passed(share), 300) == side
    if np.isfinite(share):
        assert share_of_difference(HOLE, share * HOLE, 300) == pytest.approx(share, abs=1e-9)


def test_a_hump_and_a_hole_are_told_alike():
    up = SimpleNamespace(profile_m=-HOLE, tilt_m=HOLE)
    assert side_of(up, 300) == "right"


def test_a_place_at_the_end_of_the_route():
    assert side_of(SimpleNamespace(profile_m=np.roll(HOLE, -298), tilt_m=np.roll(HOLE, -298)), 2) == "left"
    assert share_of_difference(np.zeros(600), np.zeros(600), 300) is None


@pytest.mark.parametrize(
    ("told", "side"),
    [
        ([], None),
        ([None, None], None),
        (["right"], "right"),
        (["right", None, "right", "both"], "right"),
        (["right", "both"], None),
        (["left", "left", "right", "right"], None),
        (["both"] * 5 + ["left"], "both"),
    ],
)
def test_two_thirds_of_the_votes_decide(told, side):
    assert agreed(told) == side


def passages(*sides):
    return [
        Passage(
            drive_id=f"d{k}",
            section_id="s",
            day=float(k),
            covered_m=((0.0, 100.0),),
            sightings=(Sighting(chainage_m=50.0, kind="pothole", height_mm=-40.0, side=side),),
        )
        for k, side in enumerate(sides)
    ]


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        (("left", "left"), "left"),
        (("left", None, "left", "right"), "left"),
        (("left", "right"), None),
        ((None, None), None),
    ],
)
def test_the_history_of_a_place_votes(sides, expected):
    (found,), _ = follow([], passages(*sides))
    assert found.side == expected


def test_what_is_felt_again_after_its_repair_is_voted_anew():
    clean = [
        Passage(drive_id=f"c{k}", section_id="s", day=10.0 + k, covered_m=((0.0, 100.0),), sightings=())
        for k in range(4)
    ]
    again = Passage(
        drive_id="e",
        section_id="s",
        day=20.0,
        covered_m=((0.0, 100.0),),
        sightings=(Sighting(chainage_m=50.0, kind="pothole", height_mm=-40.0, side="right"),),
    )
    found, _ = follow([], [*passages("left", "left"), *clean, again])
    assert [a.side for a in found if a.state == "new"] == ["right"]


def heard(drive, day, height, severity, side):
    sighting = Sighting(chainage_m=50.0, kind="pothole", height_mm=height, severity=severity, side=side)
    return Passage(drive_id=drive, section_id="s", day=day, covered_m=((0.0, 100.0),), sightings=(sighting,))


def test_a_car_with_a_gyroscope_makes_no_hole_worse():
    """Without one a hole in one track reads half its depth: the first pass that tells sets it anew."""
    blind = [heard(f"b{k}", float(k), -25.0, 39.0, None) for k in range(3)]
    seeing = [heard(f"g{k}", 10.0 + k, -50.0, 63.0, "left") for k in range(2)]
    (found,), changes = follow([], [*blind, *seeing])
    assert (found.state, found.height_mm, found.severity) == ("confirmed", -50.0, 63.0)
    assert "worse" not in {c.after for c in changes}
    (later,), changes = follow([], [*blind, *seeing, heard("b9", 20.0, -25.0, 39.0, None)])
    assert (later.height_mm, later.severity, later.hits) == (-50.0, 63.0, 6)
    (grown,), _ = follow(
        [], [*blind, *seeing, *(heard(f"w{k}", 30.0 + k, -90.0, 83.0, "left") for k in range(4))]
    )
    assert grown.state == "worse"
