"""Sources of observations: their rates as data, and how they add up with the passes of cars."""

from __future__ import annotations

import csv
import dataclasses
from importlib.resources import files
from itertools import permutations

import pytest

from contado.engines.pavement.anomalies.life import Passage, Sighting
from contado.engines.pavement.anomalies.sources import CLASSES, KINDS, NAMES, SENSOR, sense_of, sensor_of
from contado.engines.pavement.anomalies.track import existence, follow, track


def rows():
    text = files("contado.engines.pavement.anomalies").joinpath("sources.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def told(day, source, kind="pothole", chainage=500.0, **more):
    sighting = Sighting(chainage_m=chainage, kind=kind)
    return Passage(
        drive_id=f"{source}{day}",
        section_id="A",
        day=float(day),
        covered_m=(),
        sightings=() if more.get("answer") in {"absent", "repaired"} else (sighting,),
        sensor=sensor_of(source, kind),
        source=source,
        asked=sighting if "answer" in more else None,
        **more,
    )


def felt(day, *, hit=True, chainage=500.0):
    hole = Sighting(chainage_m=chainage, kind="pothole", height_mm=-40.0, severity=50.0)
    return Passage(
        drive_id=f"car{day}",
        section_id="A",
        day=float(day),
        covered_m=((0.0, 1000.0),),
        sightings=(hole,) if hit else (),
    )


def test_every_rate_is_data_with_a_source_and_lets_its_word_count():
    assert NAMES == ("car", "camera", "citizen", "inspector")
    for row in rows():
        assert 0 < float(row["pf"]) < float(row["pd"]) < 1
        assert row["kind"] in {*KINDS, ""}
        assert row["status"] == "illustrative"
        assert row["basis"]
    assert set(CLASSES.values()) <= set(KINDS)
    assert (SENSOR.pd, SENSOR.pf, SENSOR.reach_m) == (0.85, 0.02, 8.0)
    assert sensor_of("camera", "pothole") == sensor_of("camera")
    assert sensor_of("camera", "alligator_crack") != sensor_of("camera")
    with pytest.raises(KeyError):
        sensor_of("drone")


def test_the_more_a_source_is_worth_the_more_its_word_moves_existence():
    said = [existence([True], [True], sensor_of(s)) for s in ("citizen", "camera", "car", "inspector")]
    assert said == sorted(said)
    assert said[0] > 0.05


def test_three_citizens_confirm_and_one_does_not():
    found, changes = track([], [told(d, "citizen") for d in range(3)])
    assert [c.after for c in changes] == ["new", "confirmed"]
    assert changes[-1].day == 2
    assert (found[0].hits, found[0].told, found[0].source) == (0, 3, "citizen")
    assert (found[0].height_mm, found[0].severity) == (None, None)


@pytest.mark.parametrize("apart_h", [0.01, 1, 7.9])
def test_what_citizens_say_within_a_day_is_one_report(apart_h):
    """Nothing tells one from another: ten reports of one person must not confirm what three of three days do."""
    days = [k * apart_h / 24 for k in range(10) if k * apart_h < 24]
    found, met = follow([], [told(d, "citizen") for d in days])
    [one] = found
    assert (one.state, one.told, one.last_seen) == ("new", 1, days[-1])
    assert one.p_exists == follow([], [told(0, "citizen")])[0][0].p_exists
    assert [c.what for c in met] == ["reported"] * len(days)  # each is evidence all the same
    spread = [told(d + k / 48, "citizen") for d in range(3) for k in range(3)]
    assert track([], spread)[0][0].state == "confirmed"


def test_a_report_after_the_repair_counts_on_the_same_day():
    repair = told(0.2, "inspector", answer="repaired", who="account:1")
    found, _ = follow([], [told(0, "citizen"), repair, told(0.4, "citizen")])
    assert (found[0].state, found[0].told) == ("new", 1)


def test_a_report_between_passes_of_cars_counts_once_a_day():
    once, _ = follow([], [felt(0), told(0.1, "citizen"), felt(0.5)])
    twice, _ = follow([], [felt(0), told(0.1, "citizen"), felt(0.5), told(0.6, "citizen")])
    assert once[0].log_odds == twice[0].log_odds


def test_a_car_gives_place_and_height_to_what_a_citizen_told_roughly():
    found, _ = track([], [told(0, "citizen", chainage=515.0), felt(1)])
    [one] = found
    assert (one.chainage_m, one.height_mm, one.severity) == (500.0, -40.0, 50.0)
    moved, _ = track([], [felt(0), told(1, "citizen", chainage=515.0)])
    assert moved[0].chainage_m == 500.0


def test_kinds_that_lie_differently_are_not_one_place():
    found, _ = track([], [felt(0), told(1, "camera", "alligator_crack"), told(2, "citizen", "raised")])
    assert sorted(a.kind for a in found) == ["alligator_crack", "pothole", "raised"]
    assert [sense_of(k, None) for k in ("manhole", "raised", "transverse_crack")] == [-1, 1, 0]
    assert (sense_of("pothole", -30.0), sense_of("pothole", 30.0)) == (-1, 1)


def test_nobody_learns_from_people_how_often_cars_feel_a_place():
    people = [told(0.5 + k, "citizen") for k in range(8)]
    with_them, _ = track([], [felt(0), felt(1), *people, felt(9, hit=False)])
    without, _ = track([], [felt(0), felt(1), felt(9, hit=False)])
    assert (with_them[0].hits, with_them[0].misses) == (without[0].hits, without[0].misses)


def test_an_answer_is_about_the_nearest_place_like_it_and_no_other():
    two = [felt(0), felt(0.5), felt(1, chainage=511.0), felt(1.5, chainage=511.0)]
    found, met = follow([], [*two, told(3, "inspector", chainage=510.0, answer="absent", who="account:1")])
    states = {a.chainage_m: a.state for a in found}
    assert states[511.0] == "closed"
    assert states[500.0] != "closed"
    assert [(c.what, c.after, c.who) for c in met if c.source == "inspector"] == [
        ("denied", "closed", "account:1")
    ]


def test_a_second_look_after_the_repair_closes():
    told_twice = [told(d, "inspector", answer="repaired") for d in (3, 4, 5)]
    _, changes = track([], [felt(0), felt(1), *told_twice])
    assert [c.after for c in changes] == ["new", "confirmed", "repaired", "closed"]


def test_passes_over_what_is_closed_are_no_evidence():
    seen = [felt(0), told(1, "inspector", answer="absent"), felt(2, hit=False), felt(3, hit=False)]
    _, met = follow([], seen)
    assert [c.what for c in met] == ["seen", "denied"]


def test_a_hole_that_an_inspector_finds_where_a_camera_saw_a_crack_is_an_anomaly_of_its_own():
    seen = [told(9, "camera", "alligator_crack"), told(9, "inspector", "pothole", answer="present")]
    for arrived in permutations(seen):
        found, met = follow([], arrived)
        assert [(a.anomaly_id, a.kind, a.state) for a in found] == [
            ("A:500.0:9", "alligator_crack", "new"),
            ("A:500.0:9:2", "pothole", "confirmed"),
        ]
        assert [(c.drive_id, c.what) for c in met] == [("camera9", "seen"), ("inspector9", "confirmed")]


def test_what_is_reported_again_on_the_day_it_was_denied_is_not_lost():
    told_of = [told(9.2, "citizen"), told(9.25, "inspector", answer="absent"), told(9.4, "citizen")]
    for arrived in permutations(told_of):
        found, met = follow([], arrived)
        assert [(a.anomaly_id, a.state) for a in found] == [("A:500.0:9", "closed"), ("A:500.0:9:2", "new")]
        assert [(c.anomaly_id, c.what) for c in met] == [
            ("A:500.0:9", "reported"),
            ("A:500.0:9", "denied"),
            ("A:500.0:9:2", "reported"),
        ]


def test_names_do_not_depend_on_the_order_of_the_rows():
    kinds = ("pothole", "raised", "alligator_crack")
    seen = tuple(Sighting(chainage_m=500.0 + 0.01 * k, kind=kind) for k, kind in enumerate(kinds))
    expected = {
        "A:500.0:9": "pothole",
        "A:500.0:9:2": "raised",
        "A:500.0:9:3": "alligator_crack",
    }
    for order in permutations(seen):
        found, _ = follow([], [dataclasses.replace(told(9, "camera"), sightings=order)])
        assert {a.anomaly_id: a.kind for a in found} == expected
