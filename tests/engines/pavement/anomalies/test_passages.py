"""Observations into passages: where a pass counts, when an undated one did, and what is set aside."""

from __future__ import annotations

import datetime as dt

import pytest

from contado.engines.pavement.anomalies.passages import covered, noon, passages_of
from contado.engines.pavement.state.fusion import fuse
from contado.kernel import tables

ON = dt.date(2026, 6, 1)


def at(day, hour=8):
    return dt.datetime(2026, 6, day, hour, tzinfo=dt.UTC)


def cell(k, drive="d", t_utc=None, iri=3.0, coverage=1.0):
    return {
        "section_id": "S",
        "cell": k,
        "drive_id": drive,
        "t_utc": t_utc,
        "iri_m_km": iri,
        "sd_log": 0.1,
        "coverage": coverage,
        "label": "estimated",
        "vehicle_id": "car",
        "sd_cal_log": 0.05,
        "cell_m": 20.0,
    }


def felt(drive="d", t_utc=None, chainage_m=30.0):
    return {
        "section_id": "S",
        "drive_id": drive,
        "chainage_m": chainage_m,
        "t_utc": t_utc,
        "kind": "pothole",
        "height_mm": -40.0,
        "severity": 50.0,
        "p_exists": 0.5,
        "passes": 1,
        "passes_possible": 1,
        "source": "car",
        "label": "simulated",
    }


def cells(*rows):
    return tables.from_rows("pavement_cell_obs", rows)


def spots(*rows):
    return tables.from_rows("pavement_anomaly_obs", rows)


def test_silence_counts_where_enough_of_a_cell_was_measured():
    rows = [cell(k, t_utc=at(1)) for k in (0, 1, 4)]
    rows += [cell(2, t_utc=at(1), coverage=0.49), cell(5, t_utc=at(1), iri=None)]
    (found,) = passages_of(cells(*rows), spots(felt(t_utc=at(1))), on=ON)
    assert found.covered_m == ((0.0, 40.0), (80.0, 100.0))
    assert (found.source, found.label, [s.chainage_m for s in found.sightings]) == (
        "car",
        "simulated",
        [30.0],
    )


def test_a_drive_without_a_date_counts_as_of_the_day_of_the_state_here_as_in_the_fusion():
    undated = cells(cell(0))
    (found,) = passages_of(undated, spots(felt()), on=ON)
    assert dt.datetime.fromtimestamp(found.day * 86_400, dt.UTC).date() == ON
    assert fuse([undated], on=ON).cells["last_on"].to_pylist() == [ON]


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Rome", "Asia/Tokyo"])
def test_noon_of_a_legal_day_is_the_same_day_for_every_clock_that_asks(zone):
    assert noon(ON, zone).date() == ON


def test_what_is_later_than_the_legal_day_is_set_aside():
    new_york = "America/New_York"
    rows = [cell(0, "evening", dt.datetime(2026, 6, 2, 2, tzinfo=dt.UTC))]
    rows += [cell(0, "midnight", dt.datetime(2026, 6, 2, 4, tzinfo=dt.UTC))]
    told = passages_of(cells(*rows), spots(felt("midnight", rows[1]["t_utc"])), on=ON, timezone=new_york)
    assert [p.drive_id for p in told] == ["evening"]
    assert passages_of(cells(*rows), spots(), on=ON) == []


def test_who_asks_for_days_to_vouch_for_gets_no_undated_drive():
    measured, day = covered(cells(cell(0), cell(0, "dated", at(1))))
    assert list(measured) == list(day) == [("S", "dated")]
