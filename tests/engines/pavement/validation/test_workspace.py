"""Campaigns of a workspace: each against the roads as they were, never where cars were calibrated."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from contado.engines.pavement.state.settings import FuseSettings
from contado.engines.pavement.validation.of_workspace import checks, tables_of
from contado.kernel import tables
from contado.kernel.workspace import Workspace
from invented import survey as invented

ON = invented.ON
NAMED = {"instrument": "laser profiler", "role": "validation"}
SETTINGS = FuseSettings(cell_m=100.0)


def surveyed(day, *, factor=1.0, **more):
    return [
        {"section_id": "SP1", "from_m": 100.0 * k, "to_m": 100.0 * (k + 1), "iri_m_km": factor * iri}
        | {"date": day, **NAMED, **more}
        for k, iri in enumerate(invented.IRI)
        if iri is not None
    ]


@pytest.fixture
def workspace(tmp_path):
    def make(rows, **more):
        made = Workspace.create(tmp_path / "w")
        with made.commit() as commit:
            commit.table("pavement_cell_obs", invented.observations(geometry=False))
            commit.table("pavement_survey", tables.from_rows("pavement_survey", rows))
            for name, own in more.items():
                commit.table(f"pavement_{name}", tables.from_rows(f"pavement_{name}", own))
        return made

    return make


def test_a_campaign_is_checked_and_written_as_tables(workspace):
    found, findings = checks(workspace(surveyed(ON)), ON, SETTINGS)
    assert findings == []
    [one] = found
    assert (one.id, one.state_on) == (ON.isoformat(), ON)
    assert one.check.figures.stretches == 9
    assert one.check.label == "simulated"  # the drives are
    written = tables_of(found, "test")
    for name, table in written.items():
        assert not [f for f in tables.validate(name, table) if f.severity == "error"]
    [row] = written["pavement_field_check"].to_pylist()
    assert {g["by"] for g in json.loads(row["details"])["groups"]} == {"iri_m_km", "passes", "vehicle"}
    assert written["pavement_field_check_stretch"].num_rows == 9


def test_rows_without_a_role_and_what_ever_calibrated_do_not_check(workspace):
    rows = surveyed(ON)
    rows[0]["role"] = None
    ever = [{"section_id": "SP1", "from_m": 150.0, "to_m": 250.0}]
    [one], _ = checks(workspace(rows, calibrated_stretch=ever), ON, SETTINGS)
    assert one.check.pairs.from_m.tolist()[0] == 300
    assert one.check.calibrated == 2


def test_a_campaign_before_the_drives_or_elsewhere_gives_a_finding(workspace):
    rows = surveyed(ON - timedelta(days=400)) + [{**r, "section_id": "SP9"} for r in surveyed(ON)]
    found, findings = checks(workspace(rows), ON, SETTINGS)
    assert found == []
    assert [f.rule for f in findings] == ["no_overlap", "no_overlap"]
    assert findings[0].row == (ON - timedelta(days=400)).isoformat()


def test_two_campaigns_are_two_checks_on_their_own_days(workspace):
    later = ON + timedelta(days=300)
    made = workspace(surveyed(ON) + surveyed(later, factor=1.5))
    found, _ = checks(made, later + timedelta(days=60), SETTINGS)
    assert [(one.id, one.state_on) for one in found] == [
        (str(ON), ON + timedelta(days=30)),
        (str(later), later + timedelta(days=30)),
    ]
    assert found[0].check.figures.bias > found[1].check.figures.bias
    assert "days_apart" in {f.rule for f in found[1].check.findings}
    assert [one.id for one in checks(made, ON, SETTINGS)[0]] == [str(ON)]


def test_works_after_the_drives_leave_nothing_to_check(workspace):
    works = [{"section_id": "SP1", "from_m": 0.0, "to_m": 500.0, "date": ON + timedelta(days=5)}]
    made = workspace(surveyed(ON), works=works)
    for days in (0, 10):  # nor do they where cars drove the new surface too
        with made.commit() as commit:
            observed = invented.observations((ON, ON + timedelta(days=days)), geometry=False)
            commit.table("pavement_cell_obs", observed)
        [one], _ = checks(made, date(2026, 12, 31), SETTINGS)
        assert one.check.pairs.from_m.min() == 500
        assert "renewed_since_survey" in {f.rule for f in one.check.findings}


def test_a_road_that_was_renewed_whole_since_its_survey_is_not_checked(workspace):
    works = [{"section_id": "SP1", "from_m": 0.0, "to_m": 1000.0, "date": ON + timedelta(days=5)}]
    found, findings = checks(workspace(surveyed(ON), works=works), date(2026, 12, 31), SETTINGS)
    assert found == []
    assert [f.rule for f in findings] == ["renewed_since_survey"]


def test_cars_calibrated_nobody_knows_where_are_said(workspace):
    car = {"vehicle_id": "4dcf", "scale": 1.0, "sd_log": 0.02, "calibrated": True, "label": "estimated"}
    _, findings = checks(workspace(surveyed(ON), vehicle=[car]), ON, SETTINGS)
    assert [f.rule for f in findings] == ["calibration_unknown"]
