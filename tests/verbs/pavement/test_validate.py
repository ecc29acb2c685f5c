"""contado pavement validate: every kind of file in, figures out, and what it refuses."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest

from contado.cli.app import run
from contado.kernel import tables
from invented import survey as invented

STRETCHES = [(100.0 * k, 100.0 * (k + 1), iri) for k, iri in enumerate(invented.IRI) if iri is not None]


@pytest.fixture
def ask(capsys):
    def call(*words):
        capsys.readouterr()
        code = run(["pavement", "validate", *map(str, words), "--json", "--quiet"])
        return code, json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def cells(tmp_path):
    return invented.write_answer(tmp_path / "process.json", label="estimated")


def table(path, rows, header="from_m,to_m,iri_m_km", *, more=""):
    lines = [",".join(map(str, row)) + more for row in rows]
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return path


def rules(answer):
    return {f["rule"] for f in answer["findings"]}


def test_a_survey_without_sections_is_about_the_only_road(ask, cells, tmp_path):
    survey = table(tmp_path / "s.csv", [(a, b, 1.1 * iri) for a, b, iri in STRETCHES])
    code, answer = ask(cells, survey)
    assert code == 0
    figures = answer["figures"]
    assert figures["stretches"] == 9
    assert figures["bias_pct"] == pytest.approx(100 * (1 / 1.1 - 1))
    assert figures["median_error_pct"] == pytest.approx(100 * (1 - 1 / 1.1))
    assert figures["inside"] == 1  # only the wide one holds a value a tenth above
    assert (figures["r2_log"], figures["spearman"]) == (None, None)
    assert {s["section_id"] for s in answer["stretches"]} == {"SP1"}
    assert answer["label"] == "estimated"
    assert {"few_stretches", "survey_not_stated"} <= rules(answer)


@pytest.mark.parametrize(("surveyed_on", "left"), [("2026-03-01", 4), ("2026-04-02", 9), (None, 4)])
def test_cells_that_works_renewed_after_the_survey_check_nothing(ask, tmp_path, surveyed_on, left):
    state = tables.read(invented.write_state(tmp_path / "state", geometry=False)).table.to_pylist()
    rows = [{**r, "life_from": date(2026, 4, 1) if r["from_m"] < 500 else None} for r in state]
    renewed = tmp_path / "renewed.parquet"
    tables.write_parquet(tables.from_rows("pavement_cell_state", rows), renewed)
    survey = table(
        tmp_path / "s.csv", [("SP1", *row) for row in STRETCHES], "section_id,from_m,to_m,iri_m_km"
    )
    told = () if surveyed_on is None else ("--surveyed-on", surveyed_on)
    code, answer = ask(renewed, survey, *told)
    assert (code, answer["figures"]["stretches"]) == (0, left)
    assert ("renewed_since_survey" in rules(answer)) is (left == 4)
    rows = [{**r, "life_from": date(2026, 4, 1)} for r in state]
    tables.write_parquet(tables.from_rows("pavement_cell_state", rows), renewed)
    code, answer = ask(renewed, survey, *told)
    refused = answer.get("error", {}).get("rule")
    assert (code, refused) == ((2, "renewed_since_survey") if left == 4 else (0, None))


def test_instrument_and_day_make_it_measured_unless_something_is_simulated(ask, cells, tmp_path):
    survey = table(tmp_path / "s.csv", STRETCHES)
    told = ("--instrument", "laser profiler, class 1", "--surveyed-on", "2026-04-01")
    code, answer = ask(cells, survey, *told)
    assert (code, answer["label"], answer["first_on"]) == (0, "measured", "2026-04-01")
    assert answer["instrument"]["instruments"] == ["laser profiler, class 1"]
    simulated = invented.write_answer(tmp_path / "simulated.json")
    assert ask(simulated, survey, *told)[1]["label"] == "simulated"
    (tmp_path / "meta.json").write_text('{"label": "simulated"}', encoding="utf-8")
    assert ask(cells, survey, *told)[1]["label"] == "simulated"


def test_an_italian_survey_gives_the_same_figures(ask, cells, tmp_path):
    header = "section_id,from_m,to_m,iri_m_km,date,instrument,role"
    rows = [("SP1", *s, "2026-04-01", "profilometro", "validation") for s in STRETCHES]
    plain = table(tmp_path / "plain.csv", rows, header)
    italian = tmp_path / "italian.csv"
    text = "\n".join([header.replace(",", ";"), *(";".join(map(str, r)).replace(".", ",") for r in rows), ""])
    italian.write_bytes(b"\xef\xbb\xbf" + text.replace("profilometro", "profilometro più").encode())
    one, other = ask(cells, plain)[1], ask(cells, italian)[1]
    assert one["figures"] == other["figures"]
    assert "italian_csv" in rules(other)
    assert other["instrument"]["instruments"] == ["profilometro più"]


def test_rows_that_calibrate_do_not_check(ask, cells, tmp_path):
    rows = [(*s, "calibration" if k < 3 else "validation") for k, s in enumerate(STRETCHES)]
    both = table(tmp_path / "s.csv", rows, "from_m,to_m,iri_m_km,role")
    answer = ask(cells, both)[1]
    assert answer["figures"]["stretches"] == 6
    plain, reference = table(tmp_path / "p.csv", STRETCHES), table(tmp_path / "r.csv", STRETCHES[:3])
    again = ask(cells, plain, "--calibrated-on", reference)[1]
    assert again["figures"] == answer["figures"]
    assert (again["calibrated"], "calibrated_here" in rules(again)) == (3, True)
    code, refused = ask(cells, plain, "--calibrated-on", plain)
    assert (code, refused["error"]["rule"]) == (2, "only_calibrated")


def test_calibrated_cars_that_do_not_say_where_are_warned_about(ask, tmp_path):
    cars = [{"vehicle": "car1", "scale": 1.0, "sd_log": 0.02, "calibrated": True}]
    cells = invented.write_answer(tmp_path / "process.json", vehicles=cars)
    survey = table(tmp_path / "s.csv", STRETCHES)
    assert "calibration_unknown" in rules(ask(cells, survey)[1])
    reference = table(tmp_path / "r.csv", STRETCHES[:2])
    assert "calibration_unknown" not in rules(ask(cells, survey, "--calibrated-on", reference)[1])


@pytest.mark.parametrize("kind", ["state.parquet", "state.csv", "obs.parquet", "obs.csv"])
def test_states_and_observations_are_read_from_parquet_and_csv(ask, tmp_path, kind):
    what, _, ending = kind.partition(".")
    path = tmp_path / kind
    if what == "state":
        found = tables.read(invented.write_state(tmp_path / "state", geometry=False)).table
        found = found.drop_columns([c for c in ("observations", "geometry") if c in found.column_names])
    else:
        found = invented.observations(geometry=False)
    (tables.write_parquet if ending == "parquet" else tables.write_csv)(found, path)
    survey = table(tmp_path / "s.csv", [("SP1", *s) for s in STRETCHES], "section_id,from_m,to_m,iri_m_km")
    code, answer = ask(path, survey)
    assert code == 0
    assert answer["figures"]["stretches"] == 9
    assert answer["figures"]["median_error_pct"] < 2
    assert answer["figures"]["coverage"] == 1
    assert answer["label"] == "simulated"
    vehicles = {g["name"] for g in answer["groups"] if g["by"] == "vehicle"}
    assert vehicles == ({"car1", "car2"} if what == "obs" else set())


def test_a_profile_is_the_survey_itself(ask, tmp_path):
    from contado.engines.pavement import iri

    x = np.arange(0.0, 1000.1, 0.1)
    y = np.cumsum(np.random.default_rng(3).normal(0, 6e-4, x.size))
    found = iri(x, y, segment_m=100.0)
    profile = tmp_path / "profile.txt"
    np.savetxt(profile, np.column_stack([x, y]), fmt="%.6f")
    rows = [
        {**cell, "iri_m_km": value, "low_m_km": 0.9 * value, "high_m_km": 1.1 * value}
        for cell, value in zip(invented.cells(), found.iri_m_km.tolist(), strict=True)
    ]
    cells = invented.write_answer(tmp_path / "process.json", cells=rows)
    code, answer = ask(cells, profile)
    assert code == 0
    assert answer["figures"]["stretches"] == 10
    assert answer["figures"]["r2_log"] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("header", "rows", "rule", "lines", "field"),
    [
        ("from_m,to_m,iri", [(0, 100, 2)], "missing_column", [], "iri_m_km"),
        ("from_m,to_m,iri_m_km", [(0, 100, 2), (100, 200, 0)], "iri_not_positive", [3], "iri_m_km"),
        ("from_m,to_m,iri_m_km", [(0, 100, 2), (100, 200, "")], "iri_not_positive", [3], "iri_m_km"),
        ("from_m,to_m,iri_m_km", [(0, 100, "due")], "not_a_number", [2], "iri_m_km"),
        ("from_m,to_m,iri_m_km", [(100, 0, 2)], "chainage_not_increasing", [2], "to_m"),
        ("from_m,to_m,iri_m_km", [(9000, 9100, 2)], "no_overlap", [], "survey"),
        ("section_id,from_m,to_m,iri_m_km", [("SP9", 0, 100, 2)], "no_overlap", [], "survey"),
        ("from_m,to_m,iri_m_km", [], "empty_file", [], None),
        ("from_m,to_m,iri_m_km,role", [(0, 100, 2, "calibration")], "only_calibrated", [], "role"),
    ],
)
def test_bad_surveys_are_refused_by_line(ask, cells, tmp_path, header, rows, rule, lines, field):
    code, answer = ask(cells, table(tmp_path / "s.csv", rows, header))
    error = answer["error"]
    assert (code, error["rule"]) == (2, rule)
    assert error["rows"] == lines
    assert error["hint"]
    assert field in {None, error["field"]}


def test_bad_cells_are_refused(ask, tmp_path):
    survey = table(tmp_path / "s.csv", STRETCHES)
    broken = tmp_path / "broken.json"
    broken.write_text('{"cells": 3}', encoding="utf-8")
    assert ask(broken, survey)[1]["error"]["rule"] == "damaged_file"
    zero = table(tmp_path / "cells.csv", [(0, 100, 2), (100, 200, -1)])
    error = ask(zero, survey)[1]["error"]
    assert (error["rule"], error["rows"]) == ("iri_not_positive", [3])
    assert ask(tmp_path / "absent.parquet", survey)[1]["error"]["rule"] == "table_not_found"


def test_several_roads_want_a_survey_that_names_them(ask, tmp_path):
    header = "section_id,from_m,to_m,iri_m_km,low_m_km,high_m_km"
    cells = table(tmp_path / "c.csv", [("a", 0, 100, 2, 1, 3), ("b", 0, 100, 2, 1, 3)], header)
    error = ask(cells, table(tmp_path / "s.csv", [(0, 100, 2)]))[1]["error"]
    assert (error["rule"], error["field"]) == ("missing_column", "section_id")


def test_the_table_of_surveys_comes_in_as_italian_offices_write_it(tmp_path, capsys):
    from contado.kernel.workspace import Workspace

    folder, workspace = tmp_path / "tables", Workspace.create(tmp_path / "w")
    folder.mkdir()
    lines = [
        "section_id;from_m;to_m;iri_m_km;date;run;instrument;sd_log;role",
        "SP1;0;100;2,35;2026-05-12;1;profilometro più preciso;0,01;validation",
        "SP1;0;100;2,41;2026-05-12;2;profilometro più preciso;0,01;validation",
        "SP1;0;100;2,6;12/05/2027;;;;",
    ]
    file = folder / "pavement_survey.csv"
    file.write_bytes("\r\n".join(lines).encode("cp1252"))
    assert run(["tables", "import", str(folder), "-w", str(workspace.path), "--json"]) == 0
    rows = workspace.read("pavement_survey").to_pylist()
    assert [(r["iri_m_km"], str(r["date"]), r["run"], r["role"]) for r in rows] == [
        (2.35, "2026-05-12", 1, "validation"),
        (2.41, "2026-05-12", 2, "validation"),
        (2.6, "2027-05-12", None, None),
    ]
    capsys.readouterr()
    file.write_text("\n".join([*lines[:3], lines[2]]), encoding="utf-8")
    assert run(["tables", "import", str(folder), "-w", str(workspace.path), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["rule"] == "duplicate_id"


@pytest.mark.parametrize("lang", ["it", "en"])
def test_the_text_never_calls_a_simulation_measured(cells, tmp_path, capsys, lang):
    survey = table(tmp_path / "s.csv", STRETCHES)
    (tmp_path / "meta.json").write_text('{"label": "simulated"}', encoding="utf-8")
    assert run(["pavement", "validate", str(cells), str(survey), "--lang", lang]) == 0
    told = capsys.readouterr().out
    assert ("non è un’accuratezza di campo" if lang == "it" else "no field accuracy") in told
    assert "misurat" not in told
    assert "measured" not in told
