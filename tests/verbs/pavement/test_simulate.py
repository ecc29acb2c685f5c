"""contado pavement simulate: options, answer, bad input."""

import json

import pyarrow.parquet as pq
import pytest

from contado.cli.app import run

SHORT = ("--length-m", "200", "--vehicles", "1", "--passes", "1")


@pytest.fixture
def call(capsys):
    def answer(*words):
        code = run(["pavement", "simulate", *map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return answer


def test_answer(call, tmp_path):
    code, answer = call("--out", tmp_path / "a", "--seed", 3, *SHORT)
    assert code == 0
    assert (answer["label"], answer["seed"]) == ("simulated", 3)
    written = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert [f["path"] for f in answer["files"]] == written
    assert {f["sha256"] for f in answer["files"]}
    assert [v["vehicle"] for v in answer["vehicles"]] == ["car1"]
    assert answer["iri_mean_m_km"] > 0.5
    assert answer["compute_s"] > 0


def test_devices_and_cars(call, tmp_path):
    options = ["--fs-hz", 200, "--vehicle", "653,63.3,6,0.15", "--mount", "-10,5,3", "--gnss-sigma-m", 0]
    code, answer = call("--out", tmp_path / "a", *SHORT, *options, "--speed-kmh", 36, "--model", "half")
    assert code == 0
    (car,) = answer["vehicles"]
    assert (car["k1"], car["mount_euler_zyx_deg"], car["model"]) == (653.0, [-10.0, 5.0, 3.0], "half")
    assert pq.read_metadata(tmp_path / "a" / "car1_pass1_acc.parquet").num_rows == 4001


def test_numbers_of_anomalies(call, tmp_path):
    call(
        "--out",
        tmp_path / "a",
        "--length-m",
        2000,
        *SHORT[2:],
        "--potholes",
        5,
        "--bumps",
        2,
        "--manholes",
        0,
    )
    kinds = [
        line.split(",")[0] for line in (tmp_path / "a" / "truth_anomalies.csv").read_text().splitlines()[1:]
    ]
    assert (kinds.count("pothole"), kinds.count("speed_bump"), kinds.count("manhole")) == (5, 2, 0)


def test_a_place_of_ones_own(call, tmp_path):
    call("--out", tmp_path / "a", *SHORT, "--center", "9.5,47.1")
    lon, lat = (tmp_path / "a" / "car1_pass1_gnss.csv").read_text().splitlines()[1].split(",")[2:4]
    assert (float(lon), float(lat)) == pytest.approx((9.5, 47.1), abs=0.01)


def test_an_italian_profile_is_driven_with_a_note(call, tmp_path):
    text = "x_m;y_m\n" + "".join(f"{x};0,00{x % 7}\n" for x in range(120))
    (tmp_path / "p.csv").write_text(text)
    code, answer = call("--out", tmp_path / "a", *SHORT[2:], "--profile", tmp_path / "p.csv")
    assert code == 0
    assert [f["rule"] for f in answer["findings"]] == ["italian_csv"]


@pytest.mark.parametrize(
    ("options", "rule", "word"),
    [
        (["--iso-class", "Z"], "unknown_choice", "A, B, C, D, E, F, G, H"),
        (["--model", "bike"], "unknown_choice", "half, quarter"),
        (["--vehicle", "1,2,3"], "bad_value", "vehicle"),
        (["--vehicle", "1,2,3,0"], "bad_value", "golden car"),
        (["--speed-kmh", "-5"], "bad_value", "speed_kmh"),
        (["--fs-hz", "5"], "bad_value", "fs_hz"),
        (["--network", "n.osm"], "bad_usage", "--route"),
        (["--potholes", "1000"], "too_many_anomalies", "room for"),
        (["--profile", "none.csv"], "file_not_found", "none.csv"),
    ],
)
def test_bad_input(call, tmp_path, options, rule, word):
    code, answer = call("--out", tmp_path / "a", *options)
    assert (code, answer["error"]["rule"]) == (2, rule)
    assert word in answer["error"]["message"] + answer["error"]["hint"]
    assert list(tmp_path.iterdir()) == []


def test_network_that_cannot_be_read(call, tmp_path):
    (tmp_path / "n.geojson").write_text("{")
    (tmp_path / "r.csv").write_text("seq,way_id,from_node,to_node,from_m,to_m\n0,1,1,2,0,10\n")
    files = ["--network", tmp_path / "n.geojson", "--route", tmp_path / "r.csv"]
    code, answer = call("--out", tmp_path / "a", *files)
    assert (code, answer["error"]["rule"]) == (2, "network_unreadable")


def test_a_real_map(call, tmp_path, shared):
    files = ["--network", shared("roads/network/liechtenstein.osm.pbf")]
    route = shared("roads/telemetry_synth/truth_route.csv")
    code, _ = call("--out", tmp_path / "a", *files, "--route", route, "--vehicles", 1, "--passes", 1)
    assert code == 0
    ours = (tmp_path / "a" / "truth_route.csv").read_text().splitlines()
    theirs = route.read_text().splitlines()
    assert [line.split(",")[:4] for line in ours] == [line.split(",")[:4] for line in theirs]
    assert len((tmp_path / "a" / "truth_iri_100m.csv").read_text().splitlines()) == 55
