"""init, territory unit, locate, practice list and check, as a user types them."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contado.cli.app import run
from contado.kernel.territory import boundaries


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    path = tmp_path_factory.mktemp("territory") / "city"
    assert run(["init", str(path), "--quiet", "--json"]) == 0
    return path


@pytest.fixture
def ask(capsys):
    def call(*words):
        capsys.readouterr()
        code = run([*map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


def test_init_answers_its_keys(tmp_path, ask):
    code, answer = ask("init", tmp_path / "new", "--name", "Prova")
    keys = "workspace name units residents area_km2 parts vertices gaps_km2 overlaps_km2 bbox findings"
    assert (code, set(answer)) == (0, set(keys.split()))
    assert answer["name"] == "Prova"
    assert answer["bbox"] == pytest.approx(list(boundaries.shipped().summary().bbox))


def test_init_takes_an_empty_folder_and_refuses_a_full_one(tmp_path, ask):
    assert ask("init", tmp_path)[0] == 0
    code, answer = ask("init", tmp_path)
    assert (code, answer["error"]["rule"]) == (2, "workspace_not_empty")
    (tmp_path / "file").write_text("x")
    assert ask("init", tmp_path / "file")[0] == 2


def test_init_draws_a_key_for_each_workspace(tmp_path, ask):
    from contado.kernel.settings import load

    for name in "ab":
        ask("init", tmp_path / name)
    keys = {load(tmp_path / name / "contado.toml").workspace.key for name in "ab"}
    assert len(keys) == 2
    assert "" not in keys


def test_init_leaves_nothing_when_its_units_are_refused(tmp_path, ask):
    (tmp_path / "bad.geojson").write_text("{}")
    code, answer = ask("init", tmp_path / "new", "--units", tmp_path / "bad.geojson")
    assert code == 2
    assert "error" in answer
    assert not (tmp_path / "new").exists()


def test_init_takes_units_or_a_province(tmp_path, ask):
    code, answer = ask("init", tmp_path / "new", "--units", "a.parquet", "--province", "015")
    assert (code, answer["error"]["rule"]) == (2, "bad_usage")


def test_strict_refuses_what_would_be_repaired(tmp_path, ask):
    import geopandas as gpd
    import shapely

    bowtie = shapely.Polygon([(9, 45), (9.1, 45.1), (9.1, 45), (9, 45.1)])
    frame = gpd.GeoDataFrame({"istat": ["001001"], "name": ["A"]}, geometry=[bowtie], crs=4326)
    frame.to_parquet(tmp_path / "units.parquet")
    code, answer = ask("init", tmp_path / "a", "--units", tmp_path / "units.parquet")
    assert (code, [f["rule"] for f in answer["findings"]]) == (0, ["invalid_geometry"])
    code, answer = ask("init", tmp_path / "b", "--units", tmp_path / "units.parquet", "--strict")
    assert (code, answer["error"]["rule"]) == (2, "invalid_geometry")
    assert not (tmp_path / "b").exists()


def test_a_file_of_points_as_an_italian_spreadsheet_writes_it(city, ask, tmp_path):
    text = "id;lon;lat;luogo\n1;9,19;45,464;Città\n2;12,5;41,9;\n"
    (tmp_path / "points.csv").write_bytes(text.encode("windows-1252"))
    code, answer = ask(
        "locate", "--points", tmp_path / "points.csv", "--out", tmp_path / "out.csv", "-w", city
    )
    assert (code, answer["located"], answer["outside"]) == (0, 1, 1)
    assert {f["rule"] for f in answer["findings"]} == {"converted"}


def test_units_in_the_order_asked(city, ask):
    code, answer = ask("territory", "unit", "F205", "nowhere at all", "015235", "-w", city)
    assert code == 2
    first, second, third = answer["units"]
    assert (first["query"], first["istat"], first["status"], first["since"]) == (
        "F205",
        "015146",
        "current",
        None,
    )
    assert set(second) == {"query", "error"}
    assert second["error"]["rule"] == "unknown_code"
    assert second["error"]["hint"].startswith("did you mean")
    assert (third["status"], third["successor"], third["since"]) == ("merged", "015251", "2019-02-08")


def test_a_point_inside_outside_and_nowhere(city, ask):
    assert ask("locate", "9.19", "45.464", "-w", city)[1] == {
        "findings": [],
        "istat": "015146",
        "name": "Milano",
        "distance_m": 0.0,
        "nearest": "015146",
    }
    outside = ask("locate", "-9.1", "45", "-w", city)[1]
    assert (outside["istat"], outside["name"]) == (None, None)
    assert outside["distance_m"] > 1e6
    nowhere = ask("locate", "nan", "45", "-w", city)[1]
    assert (nowhere["istat"], nowhere["distance_m"], nowhere["nearest"]) == (None, None, None)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["9.19"],
        ["9.19", "45", "--points", "a.csv"],
        ["--points", "a.csv"],
        ["--points", "a.csv", "--out", "b.txt"],
    ],
)
def test_half_a_request_is_refused(city, ask, words):
    code, answer = ask("locate", *words, "-w", city)
    assert code == 2
    assert answer["error"]["hint"]


POINTS = "id,lon,lat\na,9.19,45.464\nb,,45.4\nc,nan,45.4\nd,inf,45.4\ne,12.5,41.9\nf,9.19,45.464\n"
FOUND = ["015146", None, None, None, None, "015146"]


def test_a_file_of_points(city, ask, tmp_path):
    (tmp_path / "points.csv").write_text(POINTS)
    code, answer = ask(
        "locate", "--points", tmp_path / "points.csv", "--out", tmp_path / "out.csv", "-w", city
    )
    assert code == 0
    assert [answer[k] for k in ("points", "located", "outside", "invalid")] == [6, 2, 1, 3]
    assert answer["cpu_s"] >= 0
    text = "\n".join(code or "" for code in FOUND)
    assert answer["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    rows = (tmp_path / "out.csv").read_text().splitlines()
    assert rows == ["id,istat", *(f"{i},{c or ''}" for i, c in zip("abcdef", FOUND, strict=True))]


def test_parquet_in_and_out(city, ask, tmp_path):
    lon = [9.19, None, float("nan"), float("inf"), 12.5, 9.19]
    table = pa.table({"id": list(range(6)), "lon": lon, "lat": [45.464, 45.4, 45.4, 45.4, 41.9, 45.464]})
    pq.write_table(table, tmp_path / "points.parquet")
    _, answer = ask(
        "locate", "--points", tmp_path / "points.parquet", "--out", tmp_path / "o.parquet", "-w", city
    )
    assert [answer[k] for k in ("points", "located", "outside", "invalid")] == [6, 2, 1, 3]
    out = pq.read_table(tmp_path / "o.parquet")
    assert out["istat"].to_pylist() == FOUND
    assert out["id"].to_pylist() == list(range(6))


def test_codes_of_points_keep_their_zeros(city, ask, tmp_path):
    (tmp_path / "points.csv").write_text("id,lon,lat\n007,9.19,45.464\n")
    ask("locate", "--points", tmp_path / "points.csv", "--out", tmp_path / "out.csv", "-w", city)
    assert (tmp_path / "out.csv").read_text() == "id,istat\n007,015146\n"


def test_swapped_coordinates_are_reported_and_not_swapped(city, ask, tmp_path):
    units = boundaries.shipped().gdf
    points = units.geometry.representative_point()
    rows = "".join(f"{k},{p.y},{p.x}\n" for k, p in enumerate(points))
    (tmp_path / "points.csv").write_text("id,lon,lat\n" + rows)
    code, answer = ask(
        "locate", "--points", tmp_path / "points.csv", "--out", tmp_path / "out.csv", "-w", city
    )
    assert (code, answer["located"]) == (0, 0)
    assert [f["rule"] for f in answer["findings"]] == ["lon_lat_swapped"]


def test_a_file_without_its_columns_is_refused(city, ask, tmp_path):
    (tmp_path / "points.csv").write_text("id,x,y\n1,9,45\n")
    code, answer = ask(
        "locate", "--points", tmp_path / "points.csv", "--out", tmp_path / "out.csv", "-w", city
    )
    assert (code, answer["error"]["rule"]) == (2, "missing_column")
    assert not (tmp_path / "out.csv").exists()


def test_an_empty_file_of_points(city, ask, tmp_path):
    (tmp_path / "points.csv").write_text("id,lon,lat\n")
    code, answer = ask(
        "locate", "--points", tmp_path / "points.csv", "--out", tmp_path / "out.csv", "-w", city
    )
    assert (code, answer["points"], answer["sha256"]) == (0, 0, hashlib.sha256(b"").hexdigest())


def test_another_engine_is_not_there(city, ask):
    code, answer = ask("locate", "--points", "a.csv", "--out", "b.csv", "--engine", "flink", "-w", city)
    assert (code, answer["error"]["rule"]) == (2, "unknown_choice")


def test_practices_are_listed_with_their_modules(ask):
    code, answer = ask("practice", "list")
    assert code == 0
    assert all(set(row) == {"name", "module"} for row in answer["practices"])


PRACTICE = """
from contado.kernel import tables
from contado.kernel.practice import Diagnosis, Outcome, Proposal

class Nothing:
    name = "nothing"
    def diagnose(self, workspace, *, on, seed=0, progress=None):
        return Diagnosis({"indicator_value": tables.empty("indicator_value")})
    def propose(self, workspace, diagnosis, *, on, seed=0, progress=None):
        return Proposal({n: tables.empty(n) for n in ("intervention", "effect")})
    def monitor(self, workspace, programme, *, on, seed=0, progress=None):
        return Outcome({"observation": tables.empty("observation")})
"""


def test_a_practice_in_a_file_is_checked(ask, tmp_path):
    (tmp_path / "nothing.py").write_text(PRACTICE)
    code, answer = ask("practice", "check", f"{tmp_path / 'nothing.py'}:Nothing")
    assert (code, answer["practice"], answer["ok"]) == (3, "nothing", False)
    assert len(answer["checks"]) == 13
    assert [c["check"] for c in answer["checks"] if not c["ok"]] == ["contract"]


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("no_such_practice", "unknown_practice"),
        ("absent.py:A", "file_not_found"),
        ("{here}/p.py:B", "broken_practice"),
    ],
)
def test_what_cannot_be_checked_is_refused(ask, tmp_path, target, rule):
    (tmp_path / "p.py").write_text("class A: ...\n")
    code, answer = ask("practice", "check", target.format(here=tmp_path))
    assert (code, answer["error"]["rule"]) == (2, rule)


def test_many_points_in_batches_equal_one_by_one(city, ask, tmp_path):
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(8.7, 9.6, 500), rng.uniform(45.1, 45.7, 500)
    pq.write_table(pa.table({"id": np.arange(500), "lon": lon, "lat": lat}), tmp_path / "p.parquet")
    ask("locate", "--points", tmp_path / "p.parquet", "--out", tmp_path / "o.parquet", "-w", city)
    found = pq.read_table(tmp_path / "o.parquet")["istat"].to_pylist()
    for k in (0, 100, 499):
        assert ask("locate", repr(float(lon[k])), repr(float(lat[k])), "-w", city)[1]["istat"] == found[k]


def test_strict_locates_no_points_whose_coordinates_are_exchanged(city, tmp_path, ask):
    (tmp_path / "points.csv").write_text("id,lon,lat\n1,45.464,9.19\n2,45.47,9.2\n", encoding="utf-8")
    words = ("locate", "--points", tmp_path / "points.csv", "--out", tmp_path / "out.csv", "-w", city)
    code, refusal = ask(*words, "--strict")
    assert (code, refusal["error"]["rule"], (tmp_path / "out.csv").exists()) == (2, "lon_lat_swapped", False)
    code, answer = ask(*words)
    assert (code, [f["rule"] for f in answer["findings"]]) == (0, ["lon_lat_swapped"])
