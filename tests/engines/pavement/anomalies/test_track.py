"""Existence of anomalies: evidence for, evidence against, states."""

from __future__ import annotations

import dataclasses
import random

import pytest

from contado.engines.pavement.anomalies.life import Passage, Sighting
from contado.engines.pavement.anomalies.sources import sensor_of
from contado.engines.pavement.anomalies.track import SENSOR, Sensor, TrackSettings, existence, track


def hole(chainage=500.0, severity=50.0, height=-40.0):
    return Sighting(chainage_m=chainage, kind="pothole", height_mm=height, severity=severity)


def passage(day, *sightings, covered=((0.0, 1000.0),), section="SP35"):
    return Passage(
        drive_id=f"d{day}", section_id=section, day=float(day), covered_m=covered, sightings=tuple(sightings)
    )


def states(changes):
    return [(c.before, c.after) for c in changes]


def test_two_sightings_confirm_and_four_clean_passes_repair_then_close():
    seen = [passage(d, hole()) for d in range(6)]
    anomalies, changes = track([], seen)
    assert states(changes) == [(None, "new"), ("new", "confirmed")]
    clean = [passage(10 + d) for d in range(6)]
    after, more = track(anomalies, clean)
    assert states(more) == [("confirmed", "repaired"), ("repaired", "closed")]
    repaired = next(c for c in more if c.after == "repaired")
    assert repaired.day <= 13
    assert repaired.p_exists < 0.1
    assert after[0].last_not_seen == 15.0


def test_a_pass_that_did_not_measure_there_says_nothing():
    anomalies, _ = track([], [passage(0, hole()), passage(1, hole())])
    after, changes = track(anomalies, [passage(2 + d, covered=((0.0, 400.0),)) for d in range(20)])
    assert not changes
    assert after[0].clean == 0


@pytest.mark.parametrize("seed", range(20))
def test_what_is_there_and_felt_nine_times_in_ten_is_never_closed(seed):
    rng = random.Random(seed)
    passages = [
        passage(d, *((hole(500 + rng.gauss(0, 1)),) if rng.random() < 0.9 else ())) for d in range(60)
    ]
    passages[0] = passage(0, hole())
    _, changes = track([], passages)
    assert not {"repaired", "closed"} & {c.after for c in changes if c.day > 3}


@pytest.mark.parametrize("gap_d", [30, 365, 600, 2000])
def test_one_car_that_feels_nothing_after_a_pause_repairs_nothing(gap_d):
    felt = [passage(d, hole()) for d in range(30)]
    anomalies, _ = track([], felt)
    after, changes = track(anomalies, [passage(29 + gap_d)])
    assert not changes
    assert after[0].state == "confirmed"
    assert after[0].p_exists < anomalies[0].p_exists


def test_a_hole_that_stays_is_seldom_told_repaired_by_the_pauses_between_yearly_rounds():
    rng, told = random.Random(3), 0
    for _ in range(200):
        felt = [True, True, *(rng.random() < 0.85 for _ in range(8))]
        rounds = [passage(365 * y, *([hole()] if there else [])) for y, there in enumerate(felt)]
        told += any(c.after == "repaired" for c in track([], rounds)[1])
    assert told <= 0.06 * 200  # a quarter, where a pause fades to the prior


def test_the_latest_passes_that_felt_nothing_were_possible_too():
    felt, silent = [passage(d, hole()) for d in range(3)], [passage(7 + d) for d in range(3)]
    [found], _ = track([], felt + silent)
    assert (found.hits, found.passes_possible) == (3, 6)
    [gone], _ = track([found], [passage(11 + d) for d in range(3)])
    assert gone.state in {"repaired", "closed"}
    assert gone.passes_possible <= 7


def test_growth_makes_it_worse_once():
    passages = [passage(d, hole(severity=40)) for d in range(3)]
    passages += [passage(10 + d, hole(severity=40 + 4 * d)) for d in range(10)]
    _, changes = track([], passages)
    assert states(changes)[-1] == ("confirmed", "worse")
    assert [c.after for c in changes].count("worse") == 1


def test_what_comes_back_after_a_repair_is_new_again():
    passages = [passage(d, hole()) for d in range(3)] + [passage(10 + d) for d in range(4)]
    passages += [passage(30, hole()), passage(31, hole()), passage(32, hole())]
    _, changes = track([], passages, TrackSettings(closing_passes=99))
    assert [c.after for c in changes] == ["new", "confirmed", "repaired", "new", "confirmed"]


def test_a_single_false_alarm_is_closed_and_never_called_repaired():
    _, changes = track([], [passage(0, hole()), *(passage(1 + d) for d in range(4))])
    assert [c.after for c in changes] == ["new", "closed"]


def test_order_of_arrival_does_not_matter():
    rng = random.Random(1)
    passages = [passage(d, *((hole(),) if d % 3 else ())) for d in range(12)]
    shuffled = passages.copy()
    rng.shuffle(shuffled)
    assert track([], passages) == track([], shuffled)


def test_a_hump_beside_a_hole_is_another_place():
    anomalies, _ = track([], [passage(0, hole(500)), passage(1, hole(503, height=40))])
    assert len(anomalies) == 2


def test_sections_do_not_mix():
    anomalies, _ = track([], [passage(0, hole()), passage(1, hole(), section="SP40")])
    assert [a.section_id for a in anomalies] == ["SP35", "SP40"]


def test_certainty_fades_to_the_prior_with_time():
    anomalies, _ = track([], [passage(d, hole()) for d in range(6)])
    after, _ = track(anomalies, [passage(6 + 5 * 365)])
    assert after[0].p_exists < 0.2


def test_existence_weighs_the_source():
    reliable = Sensor(pd=0.99, pf=0.001)
    assert existence([True], [True], reliable) > existence([True], [True], SENSOR)
    assert existence([False], [False], SENSOR) == pytest.approx(0.05)


@pytest.mark.parametrize("sure", [0.5, 0.999])
def test_what_decides_is_as_sure_as_the_settings_say_at_the_first_sight_too(sure):
    decides = dataclasses.replace(passage(0, hole()), sensor=sensor_of("inspector"))
    (found,), _ = track([], [decides], TrackSettings(confirmed_p=sure))
    untold = existence([True], [True], sensor_of("inspector"))
    assert found.p_exists == pytest.approx(max(sure, untold))
