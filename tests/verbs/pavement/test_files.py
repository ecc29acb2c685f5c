"""map, replay, report, demo: files a person keeps, and what each refuses."""

from __future__ import annotations

import hashlib
import json
import re

import msgspec
import pytest

from contado.cli.app import run
from contado.kernel import tables
from invented import survey


@pytest.fixture
def ask(capsys):
    def call(*words):
        code = run([*map(str, words), "--json"])
        return code, msgspec.json.decode(capsys.readouterr().out)

    return call


def test_map_of_an_answer(tmp_path, ask):
    out = tmp_path / "map.html"
    code, answer = ask("pavement", "map", survey.write_answer(tmp_path / "p.json"), "--out", out)
    assert code == 0
    assert answer["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    facts = (answer["label"], answer["roads"], answer["pieces"], answer["anomalies"], answer["findings"])
    assert facts == ("simulated", 1, 10, 2, [])
    assert answer["compute_s"] > 0


def test_fuse_keeps_the_place_of_the_cells_so_that_a_state_alone_is_a_map(tmp_path, ask):
    tables.write_parquet(survey.observations(), tmp_path / "cell_obs.parquet")
    fuse = ("pavement", "fuse", tmp_path / "cell_obs.parquet", "--on", survey.ON, "--out", tmp_path / "s")
    assert ask(*fuse)[0] == 0
    code, answer = ask("pavement", "map", tmp_path / "s" / "cell_state.parquet", "--out", tmp_path / "m.html")
    assert (code, answer["findings"], answer["pieces"]) == (0, [], 10)
    kept = tables.geoparquet.read(tmp_path / "s" / "cell_state.parquet")
    assert tables.geoparquet.crs(kept) == "EPSG:4326"
    again = (
        "pavement",
        "fuse",
        tmp_path / "cell_obs.parquet",
        "--previous",
        tmp_path / "s/cell_state.parquet",
    )
    assert ask(*again, "--on", survey.ON, "--out", tmp_path / "t")[0] == 0
    assert tables.geoparquet.facts(tables.geoparquet.read(tmp_path / "t/cell_state.parquet")).n == 10


def test_a_state_without_place_is_drawn_straight_with_a_finding(tmp_path, ask):
    path = survey.write_state(tmp_path, geometry=False)
    code, answer = ask("pavement", "map", path, "--out", tmp_path / "m.html")
    assert (code, [f["rule"] for f in answer["findings"]]) == (0, ["no_geometry"])
    assert "disegnate dritte" in (tmp_path / "m.html").read_text(encoding="utf-8")


def test_report_in_italian_by_default_and_in_english(tmp_path, ask):
    survey.write_state(tmp_path / "state")
    code, answer = ask("pavement", "report", tmp_path / "state", "--out", tmp_path / "r.html")
    assert (code, answer["title"]) == (0, "Rapporto sullo stato delle strade")
    code, answer = ask("pavement", "report", tmp_path / "state", "--out", tmp_path / "r.html", "--lang", "en")
    assert (code, answer["title"]) == (0, "Report on the state of the roads")


@pytest.mark.parametrize(
    ("words", "rule", "said"),
    [
        (("map", "p.json", "--out", "m.pdf"), "unknown_format", ".html"),
        (("map", "gone.json", "--out", "m.html"), "table_not_found", "gone.json"),
        (("map", "empty", "--out", "m.html"), "no_survey", "empty"),
        (("map", "cut.parquet", "--out", "m.html"), "damaged_file", "cut.parquet"),
        (("map", "cut.json", "--out", "m.html"), "damaged_file", "cut.json"),
        (("map", "p.json", "--route", "r.csv", "--out", "m.html"), "missing_value", "network"),
        (("report", "empty", "--out", "r.pdf"), "no_survey", "empty"),
        (("report", "empty", "--out", "r.doc"), "unknown_format", ".pdf"),
        (("report", "gone", "--out", "r.html"), "table_not_found", "gone"),
        (("replay", "empty", "--network", "n", "--route", "r", "--out", "x.txt"), "unknown_format", ".html"),
        (("map", "p.json", "--out", "no/m.html"), "file_not_found", "no folder no"),
        (("demo", "full"), "out_not_empty", "full"),
    ],
)
def test_bad_inputs_say_what_is_wrong_and_write_nothing(tmp_path, monkeypatch, ask, words, rule, said):
    monkeypatch.chdir(tmp_path)
    survey.write_answer(tmp_path / "p.json")
    for folder in ("empty", "full"):
        (tmp_path / folder).mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1")
    (tmp_path / "cut.json").write_text(json.dumps(survey.answer())[:300])
    before = sorted(tmp_path.rglob("*"))
    code, answer = ask("pavement", *words)
    error = answer["error"]
    assert (code, error["rule"]) == (2, rule)
    assert said in error["message"] + error["hint"] + str(error["field"])
    assert error["hint"]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_workspace_without_drives_says_what_to_do(tmp_path, ask):
    from contado.kernel.workspace import Workspace

    Workspace.create(tmp_path / "city")
    code, answer = ask("pavement", "map", tmp_path / "city", "--out", tmp_path / "m.html")
    assert (code, answer["error"]["rule"]) == (2, "no_survey")
    assert "pavement load" in answer["error"]["hint"]


def test_the_roads_of_a_workspace_with_those_that_nobody_drove(tmp_path, ask):
    from contado.kernel.workspace import Workspace
    from contado.practices.manto_stradale import toy

    city = tmp_path / "city"
    toy.write(Workspace.create(city))
    code, answer = ask("pavement", "map", city, "--out", tmp_path / "m.html")
    assert (code, answer["roads"], answer["findings"]) == (0, 3, [])
    html = (tmp_path / "m.html").read_text(encoding="utf-8")
    rows = re.findall(r'class="k-(\w+)" data-p="\d+".*?<a href="#p\d+">(\w+) ', html)
    assert [c for c, road in rows if road == "T3"] == ["none"]
    assert {c for c, road in rows if road != "T3"} >= {"A", "C"}
    assert re.search(r"nessuno le ha misurate: T3\b[^<]*\.</p>", html)
    assert re.findall(r'<h2 id="rv-s\d+">(\w+), [^<]+</h2>', html) == ["T1", "T2"]
    code, answer = ask("pavement", "report", city, "--road", "T1", "--out", tmp_path / "r.html")
    assert code == 0
    assert "T2\u00a0km" not in (tmp_path / "r.html").read_text(encoding="utf-8")
    code, answer = ask("pavement", "map", city, "--road", "T9", "--out", tmp_path / "m.html")
    assert (code, answer["error"]["rule"]) == (2, "unknown_section")
