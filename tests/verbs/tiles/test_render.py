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
