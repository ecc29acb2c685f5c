"""Anomalies of many drives: the same whatever came first, on the legal clock, and fast on a long section."""

from __future__ import annotations

import datetime as dt
import time
from itertools import permutations
from statistics import median

import numpy as np
import pytest

from contado.engines.pavement.ingest import history
from contado.kernel import tables

ON = dt.date(2026, 5, 2)


def row(name, hour=8.0, kind="pothole", *, source="camera", chainage_m=100.0, **more):
    return {
        "section_id": "S",
        "drive_id": name,
        "chainage_m": chainage_m,
        "t_utc": dt.datetime(2026, 5, 1, tzinfo=dt.UTC) + dt.timedelta(hours=hour),
        "kind": kind,
        "p_exists": 0.5,
        "passes": 1,
        "passes_possible": 1,
        "source": source,
        "label": "estimated",
        **more,
    }


def followed(rows, on=ON, **more):
    told = tables.from_rows("pavement_anomaly_obs", rows)
    found, met = history.follow(tables.empty("pavement_cell_obs"), told, on=on, lines={}, **more)
    return found.to_pylist(), met


def test_nothing_that_was_told_of_a_place_on_one_day_is_lost_whatever_came_first():
    rows = [
        row("camera:1", kind="alligator_crack"),
        row("inspector:2", source="inspector", answer="present"),
        row("citizen:3", 5, source="citizen", chainage_m=300.0),
        row("inspector:4", 6, source="inspector", chainage_m=300.0, answer="absent"),
        row("citizen:5", 9, source="citizen", chainage_m=300.0),
    ]
    expected = [
        ("S:100.0:20574", "alligator_crack", "new"),
        ("S:100.0:20574:2", "pothole", "confirmed"),
        ("S:300.0:20574", "pothole", "closed"),
        ("S:300.0:20574:2", "pothole", "new"),
    ]
    first = followed(rows)
    for arrived in permutations(rows):
        found, met = followed(list(arrived))
        assert [(a["anomaly_id"], a["kind"], a["state"]) for a in found] == expected
        assert (found, met) == first
    assert {m.drive_id for m in first[1]} == {r["drive_id"] for r in rows}


def test_days_are_those_of_the_territory_s_clock():
    rows = [row("citizen:1", 26, source="citizen")]  # at 02:00 UTC of 2 May
    for timezone, day in (("Europe/Rome", dt.date(2026, 5, 2)), ("America/New_York", dt.date(2026, 5, 1))):
        (found,), _ = followed(rows, timezone=timezone)
        assert (found["first_seen"], found["last_seen"]) == (day, day)
    assert followed(rows, on=dt.date(2026, 5, 1))[0] == []
    assert len(followed(rows, on=dt.date(2026, 5, 1), timezone="America/New_York")[0]) == 1


def test_how_well_a_place_is_known_follows_from_the_observations_near_it():
    rng = np.random.default_rng(0)
    places = np.round(rng.uniform(0, 400, 60), 1)
    rows = [
        row(
            f"d{k}",
            kind="pothole",
            source="car",
            chainage_m=float(at),
            position_sd_m=float(rng.uniform(1, 4)),
        )
        for k, at in enumerate(places)
    ]
    for found in followed(rows)[0]:
        near = [r["position_sd_m"] for r in rows if abs(r["chainage_m"] - found["chainage_m"]) <= 8.0]
        assert found["position_sd_m"] == pytest.approx(median(near))


def test_four_times_the_road_takes_about_four_times_as_long():
    def seconds(places):
        rows = [
            row(f"d{k}", 24 * k, source="car", chainage_m=20.0 * place, position_sd_m=1.0)
            for place in range(places)
            for k in range(5)
        ]
        told = tables.from_rows("pavement_anomaly_obs", rows)
        begun = time.process_time()
        history.follow(tables.empty("pavement_cell_obs"), told, on=dt.date(2026, 6, 1), lines={})
        return time.process_time() - begun

    seconds(10)
    short = min(seconds(400) for _ in range(3))
    assert min(seconds(1600) for _ in range(2)) < 8 * short
