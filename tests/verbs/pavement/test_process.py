"""contado pavement process: the answer, its files, and one test a row of bad input that touches it."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
from datetime import date

import numpy as np
import pyarrow.parquet as pq
import pytest

from contado.cli import main
from contado.engines.pavement import simulate
from contado.engines.pavement.simulate.road import random_road


@pytest.fixture(scope="module")
def drives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verb") / "drives"
    road = random_road(600.0, np.random.default_rng(8), levels_m_km=np.full(6, 3.0))
    scenario = simulate.Scenario(profile=(road.x_m, road.elevation_m()), first_day=date(2026, 3, 2))
    simulate.drives(folder, seed=8, vehicles=1, passes=2, scenario=scenario)
    return folder


@pytest.fixture
def run(drives, tmp_path, capsys):
    """Run the verb on a copy of the drives; give exit code and answer."""
    folder = tmp_path / "copy"
    shutil.copytree(drives, folder)

    def call(*options, change=None):
        if change is not None:
            change(folder)
        try:
            code = main(
                [
                    "pavement", "process", str(folder), "--network", str(drives / "network.geojson"),
                    "--route", str(drives / "truth_route.csv"), *map(str, options), "--json",
                ]
            ) or 0  # fmt: skip
        except SystemExit as stop:
            code = stop.code or 0
        return code, json.loads(capsys.readouterr().out)

    return call


def edit(folder, name, change):
    """Rewrite a CSV file row by row."""
    with (folder / name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows = [change(i, row) for i, row in enumerate(rows)]
    with (folder / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def test_answer_and_files(run, tmp_path):
    code, answer = run("--out", tmp_path / "out")
    assert code == 0
    assert answer["label"] == "simulated"
    assert [c["from_m"] for c in answer["cells"]] == [0, 100, 200, 300, 400, 500]
    assert set(answer["cells"][0]) == {
        "from_m", "to_m", "iri_m_km", "low_m_km", "high_m_km", "passes", "vehicles", "state",
    }  # fmt: skip
    drive = answer["drives"][0]
    assert (drive["drive"], drive["vehicle"], drive["unit"]) == ("car1_pass1", "car1", "m_s2")
    assert np.linalg.norm(drive["mount"]["gravity_axis"]) == pytest.approx(1)
    assert not answer["vehicles"][0]["calibrated"]
    assert answer["compute_s"] > 0
    cells = pq.read_table(tmp_path / "out" / "cell_obs.parquet")
    assert cells.num_rows == 12
    assert (tmp_path / "out" / "anomaly_obs.parquet").exists()


def test_reference_calibrates(run, tmp_path):
    reference = tmp_path / "r.csv"
    reference.write_text("from_m,to_m,iri_m_km\n" + "".join(f"{k}00,{k + 1}00,3\n" for k in range(1, 5)))
    code, answer = run("--reference", reference)
    assert code == 0
    assert answer["vehicles"][0]["calibrated"]


def test_a_survey_of_too_few_cells_is_told(run, tmp_path):
    reference = tmp_path / "r.csv"
    reference.write_text("from_m,to_m,iri_m_km\n100,200,3\n100,200,4\n")
    fleet = tmp_path / "f.csv"
    fleet.write_text("vehicle,scale,calibrated_on\nvan,1.1,2999-01-01\n")
    code, answer = run("--reference", reference, "--vehicles", fleet, "--cell-m", 5000)
    assert code == 0
    told = {f["rule"]: f for f in answer["findings"]}
    assert "2 surveyed cells are usable, 3 are needed" in told["too_few_surveyed_cells"]["message"]
    assert told["survey_contradicts"]["row"] == 3
    assert told["calibration_in_future"]["row"] == "van"
    assert "5000 m" in told["no_complete_cell"]["message"]


def test_truth_columns_are_never_read(run):
    _, plain = run()

    def lie(folder):
        for k in (1, 2):
            edit(folder, f"car1_pass{k}_gnss.csv", lambda i, row: {**row, "truth_chainage_m": "1e9"})

    _, lied = run(change=lie)
    assert lied["cells"] == plain["cells"]


@pytest.mark.parametrize(
    ("text", "rule", "rows"),
    [
        ("from_m,to_m,iri_m_km\n0,100,0\n", "iri_not_positive", [2]),
        ("from_m,to_m,iri_m_km\n0,100,3\n100,200,-2\n", "iri_not_positive", [3]),
        ("from_m,to_m\n0,100\n", "missing_column", []),
    ],
)
def test_bad_reference(run, tmp_path, text, rule, rows):
    path = tmp_path / "r.csv"
    path.write_text(text)
    code, answer = run("--reference", path)
    assert code == 2
    assert answer["error"]["rule"] == rule
    assert answer["error"]["rows"] == rows
    assert answer["error"]["hint"]


def test_a_folder_without_drives(run):
    def empty(folder):
        for file in folder.iterdir():
            file.unlink()

    code, answer = run(change=empty)
    assert (code, answer["error"]["rule"]) == (2, "no_drive")
    assert answer["error"]["hint"]


def test_what_cannot_count_is_told(run, tmp_path):
    (tmp_path / "r.csv").write_text("from_m,to_m,iri_m_km\n9000,9100,2\n")
    (tmp_path / "f.csv").write_text("vehicle,k1,k2,c,mu\ncar1,550,55,3.2,0.12\ntruck,550,55,3.2,0.12\n")
    code, answer = run("--reference", tmp_path / "r.csv", "--vehicles", tmp_path / "f.csv")
    told = [f["message"] for f in answer["findings"] if f["rule"] == "not_used"]
    assert (code, len(told)) == (0, 2)
    assert "f.csv: no drive of truck." in told
    assert "r.csv: no surveyed stretch" in told[1]
    assert all(f["hint"] for f in answer["findings"])
    (tmp_path / "f.csv").write_text("vehicle,scale\ncar1,1.1\ncar1,1.2\n")
    code, answer = run("--vehicles", tmp_path / "f.csv")
    assert (code, answer["error"]["rule"], answer["error"]["rows"]) == (2, "duplicate_id", [3])


def test_swapped_coordinates(run):
    def swap(folder):
        for k in (1, 2):
            edit(
                folder, f"car1_pass{k}_gnss.csv", lambda i, row: {**row, "lon": row["lat"], "lat": row["lon"]}
            )

    code, answer = run(change=swap)
    assert code == 2
    assert answer["error"]["rule"] == "lon_lat_swapped_or_off_network"
    assert answer["error"]["rows"] == [2]
    assert "swapped" in answer["error"]["hint"]


def test_the_same_drive_twice_is_used_once(run):
    _, plain = run()

    def copy(folder):
        for part in ("acc.parquet", "gnss.csv"):
            shutil.copy(folder / f"car1_pass1_{part}", folder / f"zzz_pass7_{part}")

    code, answer = run(change=copy)
    assert code == 0
    assert answer["cells"] == plain["cells"]
    assert "duplicate_drive" in {f["rule"] for f in answer["findings"]}


def test_a_cut_file_is_refused_by_name_and_left_out_when_asked(run):
    def cut(folder):
        path = folder / "car1_pass2_acc.parquet"
        path.write_bytes(path.read_bytes()[:2000])

    code, answer = run(change=cut)
    assert (code, answer["error"]["rule"]) == (2, "file_cut")
    assert "car1_pass2_acc.parquet" in answer["error"]["message"]
    assert "--drop-bad" in answer["error"]["hint"]
    code, answer = run("--drop-bad", change=cut)
    assert code == 0
    assert [(r["file"], r["rule"]) for r in answer["rejected"]] == [("car1_pass2_acc.parquet", "file_cut")]
    assert [d["drive"] for d in answer["drives"]] == ["car1_pass1"]


def test_where_no_drive_is_left_the_first_cut_file_is_named(run):
    def cut(folder):
        for k in (1, 2):
            path = folder / f"car1_pass{k}_acc.parquet"
            path.write_bytes(path.read_bytes()[:2000])

    code, answer = run(change=cut)
    assert code == 2
    assert (answer["error"]["rule"], answer["error"]["field"]) == ("file_cut", "car1_pass1_acc.parquet")
    assert "car1_pass1_acc.parquet" in answer["error"]["message"]


def test_no_network(run, tmp_path):
    (tmp_path / "broken.geojson").write_text("{")
    code, answer = run("--network", tmp_path / "broken.geojson")
    assert code == 2
    assert answer["error"]["rule"] == "network_unreadable"


def test_the_fleet_names_the_model_of_a_car(run, tmp_path):
    fleet = tmp_path / "fleet.csv"
    fleet.write_text("vehicle,model,a_m,b_m\ncar1,half,1.2,1.4\n")
    code, answer = run("--vehicles", fleet)
    assert code == 0
    [car] = answer["vehicles"]
    assert (car["vehicle"], car["model"]) == ("car1", "half")
    assert 300 < car["k1"] < 900
    assert [c["state"] for c in answer["cells"]].count("measured") >= 5


def test_a_learnt_car_needs_a_reference(run, tmp_path):
    fleet = tmp_path / "fleet.csv"
    fleet.write_text("vehicle,model\ncar1,learnt\n")
    code, answer = run("--vehicles", fleet)
    assert (code, answer["error"]["rule"], answer["error"]["field"]) == (2, "nothing_to_learn_from", "model")
    assert answer["error"]["hint"]


def test_fixtures_are_answered_whether_felt_or_not(run, drives, tmp_path):
    place = next(csv.DictReader((drives / "car1_pass1_gnss.csv").read_text().splitlines()[:40]))
    file = tmp_path / "fixtures.csv"
    file.write_text(f"lon,lat,name\n{place['lon']},{place['lat']},Via Roma\n10.0,40.0,elsewhere\n")
    code, answer = run("--fixtures", file)
    assert code == 0
    [fixture] = answer["fixtures"]
    assert (fixture["name"], fixture["kind"], fixture["passes"]) == ("Via Roma", "declared_bump", 0)
    assert fixture["felt_at_m"] is None


def _route(drives, folder, from_m, to_m):
    """The route of the drives with other chainages at its two ends."""
    (_, first, last) = (drives / "truth_route.csv").read_text().split()
    seq, way, a, b, _, middle = first.split(",")
    path = folder / "part.csv"
    path.write_text(
        "seq,way_id,from_node,to_node,from_m,to_m\n"
        f"{seq},{way},{a},{b},{from_m},{middle}\n{last.rpartition(',')[0]},{to_m}\n"
    )
    return path


def test_a_route_that_begins_and_ends_within_an_edge_gives_the_cells_that_lie_there(run, drives, tmp_path):
    """The whole route has cells at the same chainages."""
    _, whole = run()
    code, part = run("--route", _route(drives, tmp_path, 100.0, 470.0))
    assert code == 0
    assert [f["rule"] for f in part["findings"]].count("part_of_edge") == 2
    cells = {c["from_m"]: c for c in whole["cells"]}
    assert [c["from_m"] for c in part["cells"]] == [100.0, 200.0, 300.0]
    for cell in part["cells"]:
        assert cell["iri_m_km"] == pytest.approx(cells[cell["from_m"]]["iri_m_km"], rel=0.02)
    ends = [[p for p in whole["line"] if abs(p[2] - m) < 6] for m in (100.0, 470.0)]
    for (lon, lat, _), (near, *_) in zip((part["line"][0], part["line"][-1]), ends, strict=True):
        assert (lon, lat) == pytest.approx(near[:2], abs=1.5e-4)


@pytest.mark.parametrize("verb", ["replay", "map"])
def test_chainages_that_do_not_fit_the_road_are_told_by_whatever_draws_it(
    run, drives, tmp_path, verb, capsys
):
    long = _route(drives, tmp_path, 0.0, 680.0)
    _, answer = run("--route", long)
    wanted = [f for f in answer["findings"] if f["rule"] == "chainage_stretched"]
    assert len(wanted) == 1
    state = tmp_path / "process.json"
    state.write_text(json.dumps(answer), encoding="utf-8")
    seen = {"replay": drives, "map": state}[verb]
    words = [
        "pavement", verb, str(seen), "--network", str(drives / "network.geojson"), "--route", str(long),
        "--out", str(tmp_path / "out.html"), "--json",
    ]  # fmt: skip
    with contextlib.suppress(SystemExit):
        main(words)
    told = json.loads(capsys.readouterr().out)["findings"]
    assert [f for f in told if f["rule"] == "chainage_stretched"] == wanted
