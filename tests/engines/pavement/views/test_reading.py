"""What a file is made of, and what is refused."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest

from contado.engines.pavement.road.lines import Line
from contado.engines.pavement.views import reading
from contado.engines.pavement.views.reading import read_state
from contado.kernel import tables
from contado.kernel.errors import DataError, TableNotFound
from invented import survey


def test_an_answer_of_process_holds_cells_anomalies_vehicles_and_its_line(tmp_path):
    state = read_state(survey.write_answer(tmp_path / "p.json"))
    (road,) = state.roads
    assert (road.name, state.label, state.on, state.drives) == ("SP1", "simulated", survey.ON, 2)
    assert [c.iri for c in road.cells] == list(survey.IRI)
    assert [(s.kind, s.confirmed) for s in road.spots] == [("manhole", False), ("pothole", True)]
    assert road.line.lonlat(1000.0) == pytest.approx(survey.place(1000.0))
    assert state.findings == ()


def test_without_a_line_a_finding_says_how_the_road_is_drawn(tmp_path):
    state = read_state(survey.write_answer(tmp_path / "p.json", line=[]))
    assert [(f.rule, f.row) for f in state.findings] == [("no_geometry", "SP1")]


def test_a_route_gives_the_only_road_its_line_and_takes_the_finding_away(tmp_path):
    state = read_state(survey.write_answer(tmp_path / "p.json", line=[]))
    line = Line(lon=np.array([9.0, 9.1]), lat=np.array([45.0, 45.0]), chainage_m=np.array([0.0, 1000.0]))
    placed = reading.on_route(state, "any", line)
    assert placed.roads[0].line is line
    assert placed.findings == ()


def test_a_state_of_cells_carries_its_line_from_the_observations(tmp_path):
    state = read_state(survey.write_state(tmp_path))
    (road,) = state.roads
    assert len(road.cells) == len(survey.IRI)
    for chainage in (0.0, 333.0, 1000.0):
        assert road.line.lonlat(chainage) == pytest.approx(survey.place(chainage), abs=1e-7)


def test_observations_alone_are_fused_on_their_last_day(tmp_path):
    days = (survey.ON - dt.timedelta(days=5), survey.ON)
    tables.write_parquet(survey.observations(days), tmp_path / "cell_obs.parquet")
    state = read_state(tmp_path)
    assert state.on == survey.ON
    assert state.roads[0].cells[0].passes == 2


def test_a_folder_joins_state_anomalies_works_plans_and_vehicles(tmp_path):
    survey.write_state(tmp_path / "state")
    survey.write_answer(tmp_path / "process.json")
    felt = [
        {
            "section_id": "SP1",
            "drive_id": f"car{d}_pass1",
            "chainage_m": 650.0,
            "t_utc": dt.datetime.combine(survey.ON, dt.time(9, d), dt.UTC),
            "kind": "pothole",
            "height_mm": -30.0,
            "severity": 40.0,
            "criticality": "giallo",
            "p_exists": 0.99,
            "passes": 2,
            "passes_possible": 2,
            "source": "car",
            "label": "simulated",
        }
        for d in (1, 2)
    ]
    (tmp_path / "obs").mkdir()
    tables.write_parquet(
        tables.from_rows("pavement_anomaly_obs", felt), tmp_path / "obs" / "anomaly_obs.parquet"
    )
    (tmp_path / "works.csv").write_text("section_id,from_m,to_m,date,treatment\nSP1,0,100,2026-01-05,patch\n")
    (tmp_path / "planned.csv").write_text(
        "section_id,from_m,to_m,year,treatment\nSP1,600,800,2027,wearing_4cm\n"
    )
    state = read_state(tmp_path)
    (road,) = state.roads
    assert [(s.kind, s.at_m, s.passes) for s in road.spots] == [("pothole", 650.0, 2)]
    assert [(w.treatment, w.day, w.year) for w in road.works] == [
        ("patch", dt.date(2026, 1, 5), None),
        ("wearing_4cm", None, 2027),
    ]
    assert [v.name for v in state.vehicles] == ["car1"]


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("p.json", "{", "damaged_file"),
        ("p.json", "[]", "damaged_file"),
        ("p.json", '{"cells": []}', "damaged_file"),
        ("p.json", json.dumps({"cells": [{"from_m": 0}], "anomalies": [], "vehicles": []}), "damaged_file"),
        ("s.parquet", "not a table", "damaged_file"),
        ("s.csv", "a,b\n1,2\n", "unknown_format"),
    ],
)
def test_an_unreadable_state_is_refused_by_name(tmp_path, name, content, rule):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(DataError) as told:
        read_state(path)
    assert (told.value.rule, told.value.field) == (rule, name)
    assert told.value.hint


def test_what_is_not_there_or_holds_nothing_is_told(tmp_path):
    with pytest.raises(TableNotFound, match=r"gone\.json"):
        read_state(tmp_path / "gone.json")
    with pytest.raises(TableNotFound, match="it is empty") as told:
        read_state(tmp_path)
    assert told.value.rule == "no_survey"
    (tmp_path / "car1_gnss.csv").write_text("t_s\n")
    with pytest.raises(TableNotFound, match=r"only car1_gnss\.csv"):
        read_state(tmp_path)


def test_a_table_of_another_kind_is_refused_with_the_missing_columns(tmp_path):
    table = survey.observations(geometry=False).drop_columns(["drive_id", "t_utc"])
    tables.write_parquet(table, tmp_path / "x.parquet")
    with pytest.raises(DataError, match="from_m") as told:
        read_state(tmp_path / "x.parquet")
    assert told.value.rule == "missing_column"


def test_an_answer_without_cells_is_refused(tmp_path):
    with pytest.raises(DataError) as told:
        read_state(survey.write_answer(tmp_path / "p.json", cells=[]))
    assert told.value.rule == "empty_file"
