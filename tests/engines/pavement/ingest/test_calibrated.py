"""A survey that comes after the drives: what could be calibrated is told, and measured anew where it is given again."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from contado.engines.pavement import simulate
from contado.engines.pavement.ingest import calibrated, load, roads
from contado.kernel import tables
from invented.live import street

ON = date(2026, 4, 1)
TABLES = (
    "drive",
    "vehicle",
    "calibrated_stretch",
    "mounting",
    "cell_obs",
    "anomaly_obs",
    "anomaly",
    "cell_state",
)


@pytest.fixture(scope="module")
def drives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "drives"
    simulate.drives(folder, seed=5, length_m=500, vehicles=1, passes=2)
    return folder


@pytest.fixture(scope="module")
def sets(drives):
    return load.read_folders(drives)


def survey(path, drives, stretches, **more):
    rows = tables.read(drives / "truth_iri_100m.csv").table.to_pylist()[:stretches]
    lines = [
        ",".join(map(str, ("truth_route", r["from_m"], r["to_m"], 1.2 * r["iri_m_km"], *more.values())))
        for r in rows
    ]
    path.write_text(
        "\n".join([",".join(["section_id,from_m,to_m,iri_m_km", *more]), *lines]), encoding="utf-8"
    )
    return path


def rules(loaded):
    return [f.rule for f in loaded.findings if f.rule.startswith("measured_")]


def test_drives_that_are_given_again_after_the_survey_read_as_if_it_had_been_there(drives, sets, tmp_path):
    first, later = street(tmp_path / "first", drives), street(tmp_path / "later", drives)
    for workspace in (first, later):
        if workspace is later:
            before = load.load(workspace, sets, on=ON)
            assert rules(before) == []
            assert all("uncalibrated" in r["flags"] for r in workspace.read("pavement_drive").to_pylist())
            uncalibrated = workspace.read("pavement_cell_obs")
        roads.load_survey(workspace, survey(tmp_path / "s.csv", drives, 4))
        done = load.load(workspace, sets, on=ON)
    assert (done.loaded, done.unchanged, rules(done)) == (2, 0, ["measured_anew"])
    for name in TABLES:
        assert later.read(f"pavement_{name}").to_pylist() == first.read(f"pavement_{name}").to_pylist(), name
    assert later.read("pavement_fix").num_rows == first.read("pavement_fix").num_rows
    assert not later.read("pavement_cell_obs").equals(uncalibrated)
    assert all("uncalibrated" not in r["flags"] for r in later.read("pavement_drive").to_pylist())
    hashes = later.file_hashes()
    again = load.load(later, sets, on=ON)
    assert (again.loaded, again.unchanged, rules(again)) == (0, 2, [])
    assert later.file_hashes() == hashes


def test_drives_that_are_not_given_again_are_told(drives, sets, tmp_path):
    workspace = street(tmp_path / "w", drives)
    (whole,) = sets
    load.load(workspace, sets, on=ON)
    kept = workspace.read("pavement_cell_obs")
    roads.load_survey(workspace, survey(tmp_path / "s.csv", drives, 4))
    none = load.load(workspace, [], on=ON)
    assert rules(none) == ["measured_uncalibrated"]
    (told,) = [f for f in none.findings if f.rule == "measured_uncalibrated"]
    assert told.message.startswith("2 drives of 1 cars")
    assert "again" in told.hint
    assert workspace.read("pavement_cell_obs").equals(kept)
    part = [dataclasses.replace(whole, drives=whole.drives[:1])]
    one = load.load(workspace, part, on=ON)
    assert (one.loaded, rules(one)) == (1, ["measured_anew", "measured_uncalibrated"])
    (told,) = [f for f in one.findings if f.rule == "measured_uncalibrated"]
    assert told.message.startswith("1 drives")
    rest = load.load(workspace, sets, on=ON)
    assert (rest.loaded, rest.unchanged, rules(rest)) == (1, 1, ["measured_anew"])


@pytest.mark.parametrize(("stretches", "more"), [(2, {}), (4, {"role": "validation"})])
def test_a_survey_that_calibrates_nothing_changes_nothing(drives, sets, tmp_path, stretches, more):
    workspace = street(tmp_path / "w", drives)
    load.load(workspace, sets, on=ON)
    roads.load_survey(workspace, survey(tmp_path / "s.csv", drives, stretches, **more))
    again = load.load(workspace, sets, on=ON)
    assert (again.loaded, again.unchanged, rules(again)) == (0, 2, [])


def test_a_survey_of_a_surface_that_works_renewed_before_the_drives_could_calibrate_none(
    drives, sets, tmp_path
):
    workspace = street(tmp_path / "w", drives)
    load.load(workspace, sets, on=ON)
    roads.load_survey(workspace, survey(tmp_path / "s.csv", drives, 4, date="2026-02-20"))
    assert [f.rule for f in calibrated.told(workspace, 0)] == ["measured_uncalibrated"]
    works = tmp_path / "works.csv"
    works.write_text("section_id,from_m,to_m,date\ntruth_route,0,500,2026-02-25\n", encoding="utf-8")
    roads.load_works(workspace, works)
    assert calibrated.told(workspace, 0) == []
