"""Load with surveys: cars that they calibrate or teach, what works renewed since, campaigns that add up."""

from __future__ import annotations

import shutil
import threading
from datetime import date

import numpy as np
import pytest

from contado.engines.pavement.ingest import fleet, load, roads
from contado.engines.pavement.measuring.survey import Vehicle
from contado.kernel import tables
from contado.kernel.errors import DataError, UsageError
from contado.kernel.workspace import Workspace
from invented.loads import ON, built, load_one


def surveyed(path, drives):
    """A workspace whose first half kilometre was surveyed."""
    workspace = built(path / "w", drives)
    truth = tables.read(drives / "truth_iri_100m.csv").table.to_pylist()
    survey = path / "survey.csv"
    lines = [f"truth_route,{r['from_m']},{r['to_m']},{r['iri_m_km']}" for r in truth[:5]]
    survey.write_text("\n".join(["section_id,from_m,to_m,iri_m_km", *lines]), encoding="utf-8")
    assert roads.load_survey(workspace, survey)[0] == 5
    return workspace


def forget_survey(workspace):
    with workspace.commit() as commit:
        commit.table("pavement_survey", tables.empty("pavement_survey"))


def test_a_learnt_car_is_kept_and_used_by_later_loads(drives, tmp_path):
    workspace = surveyed(tmp_path, drives)
    load_one(workspace, drives, tmp_path, "car1_pass1", vehicles={"car1": Vehicle(learnt=True)})
    [first] = workspace.read("pavement_vehicle").to_pylist()
    assert (first["model"], len(first["gain"])) == ("learnt", len(first["gain_hz"]))
    assert first["calibrated"]
    forget_survey(workspace)
    load_one(workspace, drives, tmp_path, "car1_pass2")
    [later] = workspace.read("pavement_vehicle").to_pylist()
    assert {n: v for n, v in later.items() if n != "bias_log"} == {
        n: v for n, v in first.items() if n != "bias_log"
    }
    passes = workspace.read("pavement_cell_obs").to_pandas().pivot(
        index="cell", columns="drive_id", values="iri_m_km"
    ).dropna()  # fmt: skip
    assert len(passes) > 30
    assert np.median(np.abs(np.log(passes.iloc[:, 0] / passes.iloc[:, 1]))) < 0.1


def test_what_was_read_through_a_learnt_car_differs_from_its_quarter_car(drives, tmp_path):
    seen = []
    for name, learnt in (("a", True), ("b", False)):
        (tmp_path / name).mkdir()
        workspace = surveyed(tmp_path / name, drives)
        load_one(workspace, drives, tmp_path / name, "car1_pass1", vehicles={"car1": Vehicle(learnt=learnt)})
        forget_survey(workspace)
        load_one(workspace, drives, tmp_path / name, "car1_pass2")
        days = workspace.read("pavement_drive").to_pandas().sort_values("start_utc")["drive_id"]
        obs = workspace.read("pavement_cell_obs").to_pandas()
        seen.append(obs[obs["drive_id"] == days.iloc[-1]]["iri_m_km"].dropna().to_numpy())
    assert seen[0].size == seen[1].size
    assert not np.allclose(seen[0], seen[1], rtol=1e-3)


def test_a_car_is_not_learnt_where_nothing_was_surveyed(drives, tmp_path):
    with pytest.raises(UsageError) as caught:
        load_one(
            built(tmp_path / "w", drives),
            drives,
            tmp_path,
            "car1_pass1",
            vehicles={"car1": Vehicle(learnt=True)},
        )
    assert caught.value.rule == "nothing_to_learn_from"


def test_a_survey_calibrates_the_cars_for_good(drives, tmp_path):
    workspace = surveyed(tmp_path, drives)
    for name in ("car1_pass1", "car1_pass2"):
        load_one(workspace, drives, tmp_path, name)
        forget_survey(workspace)
    [car] = workspace.read("pavement_vehicle").to_pylist()
    assert car["calibrated"]
    assert car["sd_log"] < 0.1
    assert car["model"] == "quarter"
    days = {d["drive_id"]: d["start_utc"].date() for d in workspace.read("pavement_drive").to_pylist()}
    assert car["calibrated_on"] == min(days.values())
    shared = {r["drive_id"]: r["sd_cal_log"] for r in workspace.read("pavement_cell_obs").to_pylist()}
    first, second = (shared[name] for name in sorted(days, key=days.get))
    assert first == car["sd_log"] < second  # nine days older


@pytest.mark.parametrize(("works_on", "renewed"), [("2026-02-15", False), ("2026-02-27", True)])
def test_what_works_renewed_since_the_survey_calibrates_no_car(drives, tmp_path, works_on, renewed):
    workspace = built(tmp_path / "w", drives)
    survey = written_survey(tmp_path / "c.csv", drives, slice(0, 5), date="2026-02-20")
    works = tmp_path / "works.csv"
    works.write_text(f"section_id,from_m,to_m,date\ntruth_route,0,900,{works_on}\n", encoding="utf-8")
    roads.load_survey(workspace, survey)
    roads.load_works(workspace, works)
    answer = load_one(workspace, drives, tmp_path, "car1_pass1")
    [car] = workspace.read("pavement_vehicle").to_pylist()
    assert min(workspace.read("pavement_cell_obs")["t_utc"].to_pylist()).date() > date(2026, 2, 27)
    assert car["calibrated"] is not renewed
    assert workspace.read("pavement_calibrated_stretch").num_rows == (0 if renewed else 5)
    told = [f for f in answer.findings if f.rule == "renewed_since_survey"]
    assert len(told) == int(renewed)
    if renewed:
        assert "truth_route: 5 of 5 surveyed stretches" in told[0].message
    # an old calibration is made anew, but not by a surface that is gone
    old = {"scale": 1.23, "sd_log": 0.02, "calibrated": True, "calibrated_on": date(2025, 3, 1)}
    with workspace.commit() as commit:
        commit.table("pavement_vehicle", tables.from_rows("pavement_vehicle", [car | old]))
    answer = load_one(workspace, drives, tmp_path, "car1_pass2")
    [after] = workspace.read("pavement_vehicle").to_pylist()
    assert (after["scale"] == 1.23, after["calibrated_on"] == date(2025, 3, 1)) == (renewed, renewed)
    if renewed:
        [told] = [f.message for f in answer.findings if f.rule == "renewed_since_survey"]
        assert "1 keep the earlier calibration" in told
        read = workspace.read("pavement_cell_obs").to_pandas().pivot(
            index="cell", columns="drive_id", values="iri_m_km"
        ).dropna()  # fmt: skip
        ratio = np.abs(np.log(read.iloc[:, 0] / read.iloc[:, 1])).median()
        assert ratio == pytest.approx(np.log(1.23), abs=0.1)  # the section itself is read with it


def test_a_calibration_on_a_surface_that_was_gone_is_doubted_once_the_works_are_told(drives, tmp_path):
    workspace = built(tmp_path / "w", drives)
    roads.load_survey(workspace, written_survey(tmp_path / "c.csv", drives, slice(0, 5), date="2026-02-20"))
    car = {"vehicle_id": "a", "scale": 1.8, "sd_log": 0.02, "calibrated": True, "label": "estimated"}
    works = tmp_path / "works.csv"

    def told(car_day, *works_days):
        with workspace.commit() as commit:
            rows = [car | {"calibrated_on": car_day}]
            commit.table("pavement_vehicle", tables.from_rows("pavement_vehicle", rows))
            commit.table("pavement_works", tables.empty("pavement_works"))
        lines = [f"truth_route,0,{to_m},{day}" for day, to_m in works_days]
        works.write_text("\n".join(["section_id,from_m,to_m,date", *lines, ""]), encoding="utf-8")
        if lines:
            roads.load_works(workspace, works)
        return [f.rule for f in fleet.doubtful(workspace)]

    day = date(2026, 3, 2)
    assert told(day) == []
    assert told(day, ("2026-02-10", 900), ("2026-03-02", 900)) == []
    assert told(day, ("2026-02-25", 190)) == []  # three of five stretches are left
    assert told(day, ("2026-02-25", 900)) == ["calibration_doubtful"]
    # a survey of the new surface does not make an old calibration doubtful
    roads.load_survey(workspace, written_survey(tmp_path / "n.csv", drives, slice(0, 5), date="2026-05-01"))
    assert told(day, ("2026-04-01", 900)) == []


def test_half_a_survey_that_was_renewed_leaves_the_other_half(drives, tmp_path):
    workspace = built(tmp_path / "w", drives)
    roads.load_survey(workspace, written_survey(tmp_path / "c.csv", drives, slice(0, 6), date="2026-02-20"))
    works = tmp_path / "works.csv"
    works.write_text("section_id,from_m,to_m,date\ntruth_route,0,260,2026-02-27\n", encoding="utf-8")
    roads.load_works(workspace, works)
    answer = load_one(workspace, drives, tmp_path, "car1_pass1")
    assert workspace.read("pavement_vehicle")["calibrated"].to_pylist() == [True]
    kept = workspace.read("pavement_calibrated_stretch")["from_m"].to_pylist()
    assert kept == [
        300.0,
        400.0,
        500.0,
    ]  # of the stretch from 200 m more than half is new, of that from 300 m nothing
    [told] = [f.message for f in answer.findings if f.rule == "renewed_since_survey"]
    assert "3 of 6 surveyed stretches" in told


def written_survey(path, drives, rows, **more):
    truth = tables.read(drives / "truth_iri_100m.csv").table.to_pylist()
    header = ["section_id", "from_m", "to_m", "iri_m_km", *more]
    lines = [
        ";".join(
            str(v).replace(".", ",")
            for v in ("truth_route", r["from_m"], r["to_m"], r["iri_m_km"], *more.values())
        )
        for r in truth[rows]
    ]
    path.write_text("\n".join([";".join(header), *lines, ""]), encoding="cp1252")
    return path


def test_rows_that_only_check_never_calibrate_and_what_calibrated_is_remembered(drives, tmp_path):
    workspace = built(tmp_path / "w", drives)
    checking = written_survey(tmp_path / "v.csv", drives, slice(5, 9), role="validation", date="2026-03-30")
    assert roads.load_survey(workspace, checking)[0] == 4
    part = tmp_path / "car1_pass1"
    part.mkdir()
    for file in [*drives.glob("car1_pass1_*"), drives / "meta.json"]:
        shutil.copy(file, part)
    load.load(workspace, load.read_folders(part), on=ON)
    assert not any(workspace.read("pavement_vehicle")["calibrated"].to_pylist())
    assert workspace.read("pavement_calibrated_stretch").num_rows == 0
    roads.load_survey(workspace, written_survey(tmp_path / "c.csv", drives, slice(0, 5)))
    load.load(workspace, load.read_folders(drives), on=ON)
    assert any(workspace.read("pavement_vehicle")["calibrated"].to_pylist())
    kept = workspace.read("pavement_calibrated_stretch").to_pylist()
    assert [(r["section_id"], r["from_m"]) for r in kept] == [("truth_route", 100.0 * k) for k in range(5)]
    # what calibrated once may be called what it likes afterwards
    roads.load_survey(workspace, written_survey(tmp_path / "r.csv", drives, slice(0, 5), role="validation"))
    load.load(workspace, load.read_folders(drives), on=ON)
    assert workspace.read("pavement_calibrated_stretch").to_pylist() == kept


def test_campaigns_add_up_by_day_and_a_day_is_replaced_whole(drives, tmp_path):
    workspace = built(tmp_path / "w", drives)
    spring, autumn = "2026-03-30", "2026-10-01"
    for rows, day in ((slice(0, 4), spring), (slice(0, 4), autumn), (slice(2, 4), spring)):
        roads.load_survey(workspace, written_survey(tmp_path / "s.csv", drives, rows, date=day))
    found = workspace.read("pavement_survey").to_pylist()
    assert [(r["from_m"], str(r["date"])) for r in found] == [
        (0, autumn),
        (100, autumn),
        (200, spring),
        (200, autumn),
        (300, spring),
        (300, autumn),
    ]
    assert not [
        f
        for f in tables.validate("pavement_survey", workspace.read("pavement_survey"))
        if f.severity == "error"
    ]
    (tmp_path / "meta.json").write_text('{"label": "simulated"}', encoding="utf-8")
    roads.load_survey(workspace, written_survey(tmp_path / "s.csv", drives, slice(0, 1), date="2026-12-01"))
    labels = {str(r["date"]): r["label"] for r in workspace.read("pavement_survey").to_pylist()}
    assert labels == {spring: None, autumn: None, "2026-12-01": "simulated"}


def test_a_survey_that_is_loaded_meanwhile_is_not_lost(tmp_path, monkeypatch):
    workspace = Workspace.create(tmp_path / "w")
    for name, day in (("a", "2026-04-01"), ("b", "2026-05-01")):
        rows = f"section_id,from_m,to_m,iri_m_km,date\nS1,0,100,2.0,{day}\n"
        (tmp_path / f"{name}.csv").write_text(rows, encoding="utf-8")
    other_days = roads._other_days
    other = threading.Thread(
        target=roads.load_survey, args=(Workspace.open(workspace.path), tmp_path / "b.csv")
    )

    def meanwhile(old, new):
        monkeypatch.setattr(roads, "_other_days", other_days)
        other.start()
        other.join(1.0)  # long enough to write, were it not kept waiting
        return other_days(old, new)

    monkeypatch.setattr(roads, "_other_days", meanwhile)
    roads.load_survey(workspace, tmp_path / "a.csv")
    other.join()
    days = workspace.read("pavement_survey")["date"].to_pylist()
    assert [str(day) for day in days] == ["2026-04-01", "2026-05-01"]


def test_an_unknown_role_is_refused_with_its_line(drives, tmp_path):
    workspace = built(tmp_path / "w", drives)
    bad = written_survey(tmp_path / "s.csv", drives, slice(0, 2), role="validate")
    with pytest.raises(UsageError) as caught:
        roads.load_survey(workspace, bad)
    assert (caught.value.rule, caught.value.rows) == ("unknown_choice", (2,))
    assert "validation" in caught.value.hint


def test_a_survey_with_a_bad_row_names_its_line(drives, tmp_path):
    workspace = built(tmp_path / "w", drives)
    survey = tmp_path / "survey.csv"
    survey.write_text("section_id,from_m,to_m,iri_m_km\na,0,100,2\na,100,200,0\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        roads.load_survey(workspace, survey)
    assert (caught.value.rule, caught.value.rows) == ("iri_not_positive", (3,))
