"""Surveys: roles, days, repeated runs, short cells joined."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from contado.engines.pavement.measuring.campaigns import calibrating, campaigns, newest, survey_of, validating

SPRING, AUTUMN = date(2026, 4, 1), date(2026, 10, 1)


def row(from_m, iri, **more):
    return {"section_id": "SP1", "from_m": from_m, "to_m": from_m + 100.0, "iri_m_km": iri} | more


def test_a_row_without_a_role_calibrates_and_an_unknown_role_does_nothing():
    rows = [row(0, 1), row(100, 2, role="validation"), row(200, 3, role="calibration"), row(300, 4, role="x")]
    assert [r["from_m"] for r in calibrating(rows)] == [0, 200]
    assert [r["from_m"] for r in validating(rows)] == [100]


def test_of_stretches_that_overlap_the_latest_day_counts():
    rows = [row(0, 2.0, date=SPRING), row(100, 3.0, date=SPRING), row(50, 9.0, date=AUTUMN), row(200, 4.0)]
    assert [(r.from_m, r.iri_m_km) for r in newest(rows)] == [(50, pytest.approx(9)), (200, pytest.approx(4))]


def test_runs_of_one_day_are_averaged_and_tell_the_repeatability():
    rows = [row(0, 2.0 * f, date=SPRING, run=k) for k, f in enumerate((0.9, 1.0, 1 / 0.9), 1)]
    [run] = newest(rows)
    assert run.iri_m_km == pytest.approx(2.0)
    survey = survey_of(rows)
    assert (survey.repeats, survey.repeat_sd_log) == (2, pytest.approx(-np.log(0.9)))


def test_surveys_of_two_days_are_no_repetition():
    survey = survey_of([row(0, 2.0, date=SPRING), row(0, 3.0, date=AUTUMN)])
    assert survey.repeat_sd_log is None
    assert survey.iri_m_km == pytest.approx([3.0])


def test_short_cells_are_joined_where_they_fill_a_stretch():
    cells = [row(0, 0) | {"from_m": 20.0 * k, "to_m": 20.0 * (k + 1), "iri_m_km": k + 1.0} for k in range(8)]
    survey = survey_of(cells, stretch_m=100)
    assert (survey.from_m.tolist(), survey.to_m.tolist()) == ([0], [100])
    assert survey.iri_m_km == pytest.approx([3.0])
    assert survey.cells == 8


def test_only_a_survey_that_names_instrument_and_day_is_taken_for_measured():
    named = {"instrument": "laser profiler", "date": SPRING}
    labels = [survey_of([row(0, 2.0) | told]).label for told in ({}, {"date": SPRING}, named)]
    assert labels == ["estimated", "estimated", "measured"]
    assert survey_of([row(0, 2.0) | named, row(100, 2.0, label="simulated") | named]).label == "simulated"


def test_days_within_a_month_are_one_campaign():
    days = [date(2026, 4, 1), date(2026, 4, 25), date(2026, 5, 20), date(2026, 9, 1)]
    assert [[r["date"].month for r in own] for own in campaigns(row(0, 1, date=d) for d in days)] == [
        [4, 4, 5],
        [9],
    ]
