"""tiles render on the command line."""

import json

import pytest

from contado.cli.app import run


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    path = tmp_path_factory.mktemp("tiles") / "city"
    assert run(["init", str(path), "--quiet"]) == 0
    return path


def ask(capsys, city, *words):
    capsys.readouterr()
    code = run(["tiles", "render", "municipalities", *map(str, words), "-w", str(city), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_one_tile(city, tmp_path, capsys):
    code, answer = ask(capsys, city, 8, 134, 91, "--out", tmp_path / "t.mvt")
    assert code == 0
    assert (answer["drawn"], answer["cells"], answer["merged"], answer["aggregated"]) == (133, 0, 0, False)
    assert answer["bytes"] == (tmp_path / "t.mvt").stat().st_size > 0


def test_an_empty_tile_is_a_file_without_bytes(city, tmp_path, capsys):
    code, answer = ask(capsys, city, 8, 0, 0, "--out", tmp_path / "t.mvt")
    assert (code, answer["bytes"]) == (0, 0)
    assert (tmp_path / "t.mvt").read_bytes() == b""


def test_a_bad_tile_of_a_list_has_its_error_in_its_place(city, tmp_path, capsys):
    (tmp_path / "l.csv").write_text("z,x,y\n8,134,91\n8,300,1\n9,269,182\n")
    code, answer = ask(capsys, city, "--list", tmp_path / "l.csv", "--out-dir", tmp_path / "out")
    assert code == 2
    assert [t.get("error", {}).get("rule") for t in answer["tiles"]] == [None, "no_such_tile", None]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["8_134_91.mvt", "9_269_182.mvt"]


@pytest.mark.parametrize(
    "words",
    [
        (8, 134),
        (8, 134, 91),
        (8, 134, "a", "--out", "x"),
        (23, 0, 0, "--out", "x"),
        (8, 256, 0, "--out", "x"),
    ],
)
def test_bad_requests(city, tmp_path, capsys, words, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, answer = ask(capsys, city, *words)
    assert code == 2
    assert answer["error"]["hint"]
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("verb", ["render", "build"])
def test_strict_draws_no_layer_of_which_a_feature_is_on_no_map(city, tmp_path, capsys, verb):
    places = [{"type": "Point", "coordinates": [9.19, lat]} for lat in (45.46, 89.0)]
    features = [{"type": "Feature", "properties": {"n": n}, "geometry": g} for n, g in enumerate(places)]
    file = tmp_path / "spots.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    assert run(["import", str(file), "--layer", "spots", "-w", str(city), "--quiet"]) == 0
    out = tmp_path / "tiles"
    where = ["8", "134", "91", "--out", str(out)] if verb == "render" else [str(out), "--max-zoom", "8"]
    words = ["tiles", verb, "spots", *where, "-w", str(city), "--json"]
    capsys.readouterr()
    assert run([*words, "--strict"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["rule"] == "beyond_the_map"
    assert not out.exists()
    assert run(words) == 0
    assert [f["rule"] for f in json.loads(capsys.readouterr().out)["findings"]] == ["beyond_the_map"]
