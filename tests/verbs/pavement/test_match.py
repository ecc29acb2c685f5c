"""The verb `pavement match` on a street drawn by hand: answer, files, refusals."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

from contado.cli import main

STREET = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"from_node": 1, "to_node": 2, "way_id": 7, "oneway": "no"},
            "geometry": {"type": "LineString", "coordinates": [[9.0, 45.0], [9.003, 45.0]]},
        }
    ],
}
DRIVE = "trip,t_s,lon,lat\n" + "".join(f"x,{t},{9.0002 + t * 0.0001:.7f},45.00001\n" for t in range(25))


@pytest.fixture
def run(tmp_path, capsys):
    """Function from the text of a trace to (exit code, answer)."""
    (tmp_path / "street.geojson").write_text(json.dumps(STREET))

    def call(text, *options):
        (tmp_path / "drive.csv").write_text(text)
        command = ["pavement", "match", str(tmp_path / "street.geojson"), str(tmp_path / "drive.csv")]
        with pytest.raises(SystemExit) as stop:
            main([*command, "--json", "--quiet", *options])
        return stop.value.code, json.loads(capsys.readouterr().out)

    return call


def test_the_answer(run, tmp_path):
    code, answer = run(DRIVE, "--out", str(tmp_path / "matched"))
    assert code in (0, None)
    assert (answer["points"], answer["matched"], answer["label"]) == (25, 25, "estimated")
    assert answer["points_per_s"] > 0
    (trip,) = answer["trips"]
    assert (trip["trip"], trip["points"], trip["matched"], trip["gaps"]) == ("x", 25, 25, 0)
    assert trip["length_ratio"] == pytest.approx(1.0, abs=0.01)
    assert answer["files"] == ["points.parquet", "routes.parquet", "gaps.parquet"]
    points = pq.read_table(tmp_path / "matched" / "points.parquet")
    assert points.column_names == (
        ["trip", "t_s", "way_id", "from_node", "to_node", "offset_m", "distance_m", "match_prob", "state"]
    )
    routes = pq.read_table(tmp_path / "matched" / "routes.parquet").to_pylist()
    assert [list(row)[:5] for row in routes] == [["trip", "seq", "way_id", "from_node", "to_node"]]
    assert [(row["trip"], row["seq"], row["from_node"], row["to_node"]) for row in routes] == [("x", 0, 1, 2)]


def test_online_gives_the_same_answer_here(run):
    _, batch = run(DRIVE)
    code, online = run(DRIVE, "--online", "10")
    assert code in (0, None)
    assert online["trips"] == batch["trips"]
    code, refused = run(DRIVE, "--online", "11")
    assert (code, refused["error"]["field"]) == (2, "online")


@pytest.mark.parametrize(
    ("text", "rule", "rows"),
    [
        ("trip,t_s,lon,lat\nx,0,45.0,9.0\n", "lon_lat_swapped_or_off_network", [2]),
        (DRIVE + "x,25,0,0\n", "impossible_position", [27]),
        (DRIVE + "x,25,13.0,45.0\n", "impossible_jump", [27]),
        ("trip,t_s,long,lat\nx,0,9.0,45.0\n", "missing_column", []),
        ("trip,t_s,lon,lat\n", "empty_file", []),
        ("trip,t_s,lon,lat\nx,0,east,45.0\n", "not_a_number", [2]),
    ],
)
def test_bad_traces(run, text, rule, rows):
    code, answer = run(text)
    assert (code, answer["error"]["rule"], answer["error"]["rows"]) == (2, rule, rows)
    assert answer["error"]["hint"]


def test_bad_points_are_dropped_and_counted_on_demand(run):
    code, answer = run(DRIVE + "x,25,0,0\n", "--drop-bad")
    assert code in (0, None)
    assert (answer["points"], answer["matched"]) == (26, 25)
    assert [f["rule"] for f in answer["findings"]] == ["impossible_position"]


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (["--profile", "car"], "unknown_choice"),
        (["--sigma-m", "0"], "bad_value"),
        (["--epsg", "1"], "unknown_crs"),
    ],
)
def test_bad_options(run, options, rule):
    code, answer = run(DRIVE, *options)
    assert (code, answer["error"]["rule"]) == (2, rule)
