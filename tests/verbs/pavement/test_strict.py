"""``--strict`` of the road verbs: what each would only tell is refused, and nothing is written."""

from __future__ import annotations

import datetime as dt
import json
from hashlib import sha256

import pytest

from contado import verbs
from contado.cli.app import run
from contado.kernel import records, tables
from contado.kernel.workspace import Workspace
from invented import inspections, survey
from invented.live import drives_on_a_street, street

DAY = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
SEGMENTS = (
    "segment,iri_m_km,length_m,severity_per_100m,aadt,accident_rate,hydro_risk\n"
    "a,2.1,400,10,9000,0.3,1\nb,4.8,300,60,,0.3,1\n"
)
STRATEGIES = "segment,strategy,year,cost_eur,benefit\na,0,-1,0,0\na,1,2027,100,50\na,2,2028,110,48\n"
OBSERVED = "section_id,cell,drive_id,t_utc,iri_m_km,sd_log\nS1,0,car1_pass1,2027-05-01T08:00:00Z,2.0,0.1\n"
PANEL = "section,group,age_years,iri_m_km\n" + "".join(
    f"S{s},{'treated' if s < 2 else 'control'},{a},{1.2 + 0.05 * a + 0.01 * s:.3f}\n"
    for s in range(9)
    for a in (0, 1, 2)
)
WALK = "trip,t_s,lon,lat\n" + "".join(f"x,{t},{9.0002 + t * 0.0001:.7f},45.00001\n" for t in range(25))
CELLS = "from_m,to_m,iri_m_km\n0,100,2.0\n100,200,2.1\n"


@pytest.fixture(scope="module")
def drives(tmp_path_factory):
    return drives_on_a_street(tmp_path_factory.mktemp("street") / "drives", passes=1)


class Place:
    """A folder in which a verb is asked: its files, the streets, drives of which one cannot be used."""

    def __init__(self, folder, drives):
        self.folder, self.drives, self.out = folder, drives, folder / "out"

    def put(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")
        return self.folder / name

    def network(self):
        """Return a street whose direction nobody understands."""
        line = {"type": "LineString", "coordinates": [[9.0, 45.0], [9.003, 45.0]]}
        facts = {"from_node": 1, "to_node": 2, "way_id": 7, "oneway": "perhaps"}
        feature = {"type": "Feature", "properties": facts, "geometry": line}
        return self.put("street.geojson", json.dumps({"type": "FeatureCollection", "features": [feature]}))

    def mixed(self):
        """Return a folder with a good drive and one whose samples are cut."""
        folder = self.folder / "mixed"
        folder.mkdir()
        for file in self.drives.glob("car1_pass1_*"):
            (folder / file.name).write_bytes(file.read_bytes())
            spoilt = file.read_bytes()[:60] if file.suffix == ".parquet" else file.read_bytes()
            (folder / file.name.replace("car1", "car2")).write_bytes(spoilt)
        return folder

    def roads(self):
        return ["--network", self.drives / "network.geojson"], self.drives / "truth_route.csv"

    def workspace(self):
        workspace = Workspace.create(self.folder / "w")
        records.prepare(workspace)
        return workspace


def network(at):
    return [at.network()]


def match(at):
    return [at.network(), at.put("walk.csv", WALK), "--out", at.out]


def reference(at):
    route = at.put("route.csv", "seq,way_id,from_node,to_node,from_m,to_m\n0,7,1,2,0,236\n")
    return [at.network(), "--route", route, "--chainages", at.put("c.csv", "chainage_m\n10\n")]


def iri(at):
    return [at.put("profile.csv", "x_m,y_m\n" + "".join(f"{x / 2},0.0{x % 7}\n" for x in range(400)))]


def read(at):
    return [at.mixed(), "--out", at.out]


def process(at):
    streets, route = at.roads()
    return [at.drives, *streets, "--route", route, "--cell-m", "5000", "--out", at.out]


def rejected(at):
    streets, route = at.roads()
    return [at.mixed(), *streets, "--route", route, "--drop-bad", "--out", at.out]


def replay(at):
    streets, route = at.roads()
    return [at.mixed(), *streets, "--route", route, "--out", at.folder / "r.html"]


def load(at):
    streets, route = at.roads()
    return [at.mixed(), *streets, "--routes", route, "--on", "2026-05-20", "-w", at.workspace().path]


def fuse(at):
    return [at.put("cell_obs.csv", OBSERVED), "--on", "2027-04-01", "--out", at.out]


def validate(at):
    rows = "".join(f"{100 * k},{100 * k + 100},{v}\n" for k, v in enumerate(survey.IRI) if v is not None)
    cells = survey.write_answer(at.folder / "process.json", label="estimated")
    return [cells, at.put("survey.csv", f"from_m,to_m,iri_m_km\n{rows}")]


def strategies(at):
    return [at.put("s.csv", SEGMENTS), "--years", "2027:2029", "--monetise", "--out", at.out]


def programme(at):
    return [at.put("s.csv", STRATEGIES), "--budgets", at.put("b.csv", "year,budget_eur\n2027,100\n")]


def lifecycle(at):
    mixes = "name,cost_eur_m2,life_y,gwp_kg_m2,recycled_share\nplain,12,10,6.5,0.15\ndear,15,14\n"
    return ["--alternatives", at.put("mixes.csv", mixes)]


def drawn(at):
    return [survey.write_state(at.folder, geometry=False), "--out", at.folder / "m.html"]


def report(at):
    survey.write_state(at.folder / "state", geometry=False)
    return [at.folder / "state", "--out", at.folder / "r.html"]


def evidence(at):
    workspace = at.workspace()
    inspections.add_sections(workspace, [inspections.section("A", 9.17, 45.46)])
    inspections.drive(workspace, "d0", DAY, {"A": [inspections.hole(300.0)]})
    row = {"drive_id": "d0", "vehicle_id": "car", "start_utc": None, "label": "simulated"}
    with workspace.commit() as commit:
        commit.table("pavement_drive", tables.from_rows("pavement_drive", [row]))
    return ["--section", "A", "--out", at.folder / "e.html", "-w", workspace.path]


def observations(at):
    workspace = at.workspace()
    inspections.add_sections(workspace, [inspections.section("A", 9.17, 45.46)])
    lines = "9.17,45.461,D40,camera,2026-06-01\n9.17,45.461,D99,camera,2026-06-01\n"
    return [at.put("o.csv", f"lon,lat,kind,source,seen_at\n{lines}"), "-w", workspace.path]


CASES = {
    "network": (network, "unknown_oneway"),
    "reference": (reference, "unknown_oneway"),
    "match": (match, "unknown_oneway"),
    "iri": (iri, "iri_spacing"),
    "read": (read, "file_cut"),
    "screen": (read, "file_cut"),
    "process": (process, "no_complete_cell"),
    "replay": (replay, "file_cut"),
    "load": (load, "file_cut"),
    "fuse": (fuse, "later_than_on"),
    "validate": (validate, "few_stretches"),
    "segment": (lambda at: [at.put("c.csv", f"{CELLS}200,300\n")], "ragged_row"),
    "condition": (lambda at: [at.put("s.csv", f"{SEGMENTS}c,2.2\n")], "ragged_row"),
    "strategies": (strategies, "missing_benefit"),
    "programme": (programme, "year_outside_horizon"),
    "trial": (lambda at: [at.put("p.csv", f"{PANEL}S9,control\n")], "ragged_row"),
    "trial-published": (
        lambda at: [at.put("t.csv", "section,pci_after_5y\na,60\nb,80\n"), "--years", "5"],
        None,
    ),
    "lifecycle": (lifecycle, "ragged_row"),
    "cam": (lambda at: [at.put("m.csv", "layer,recycled_share\nwearing,0.15\nbinder\n")], "ragged_row"),
    "map": (drawn, "no_geometry"),
    "report": (report, "no_geometry"),
    "evidence": (evidence, "no_date"),
    "observations": (observations, "unknown_choice"),
}
"""Verb -> what it is asked, and the rule of what it would only tell; None: one of several."""

OTHERS = {
    "simulate": "its findings are notes on how a profile is written",
    "trial-power": "its finding is a note",
    "watch": "told below: a drive is rejected, the watch goes on",
    "demo": "no findings: it invents what it works on",
    "device-add": "no findings",
    "device-revoke": "no findings",
    "device-list": "no findings",
}


def files(folder):
    """Return the hash of every file; the journals that reading a database leaves are none of the workspace's."""
    found = [p for p in folder.rglob("*") if p.is_file() and not p.name.endswith(("-wal", "-shm", ".lock"))]
    return {p.relative_to(folder).as_posix(): sha256(p.read_bytes()).hexdigest() for p in found}


def ask(capsys, name, words, *more):
    capsys.readouterr()
    code = run(["pavement", name, *map(str, words), "--json", "--quiet", *more])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]


def test_every_road_verb_is_told_of_here():
    ours = {name.removeprefix("pavement ") for name in verbs.names() if name.startswith("pavement ")}
    assert ours == CASES.keys() | OTHERS.keys()
    assert not CASES.keys() & OTHERS.keys()


@pytest.mark.parametrize("name", CASES)
def test_what_would_only_be_told_is_refused_and_nothing_is_written(name, tmp_path, drives, capsys):
    make, rule = CASES[name]
    words = make(Place(tmp_path, drives))
    before = files(tmp_path)
    code, [refusal] = ask(capsys, name, words, "--strict")
    assert code == 2
    assert refusal["error"]["message"]
    assert refusal["error"]["hint"]
    assert files(tmp_path) == before
    code, [answer] = ask(capsys, name, words)
    assert code in (0, 3)
    told = [f for f in answer["findings"] if f["severity"] != "note"] + answer.get("rejected", [])
    assert refusal["error"]["rule"] in {f["rule"] for f in told}
    assert rule in {None, refusal["error"]["rule"]}


def test_a_drive_that_is_left_out_on_request_is_refused_all_the_same(tmp_path, drives, capsys):
    words = rejected(Place(tmp_path, drives))
    code, [refusal] = ask(capsys, "process", words, "--strict")
    assert (code, refusal["error"]["rule"], (tmp_path / "out").exists()) == (2, "file_cut", False)
    code, [answer] = ask(capsys, "process", words)
    assert (code, len(answer["drives"]), len(answer["rejected"])) == (0, 1, 1)


@pytest.mark.parametrize(
    ("name", "words", "rule"),
    [
        (
            "trial-power",
            ["--sd", "0.01", "--treated", "2", "--control", "9", "--campaigns", "0,1"],
            "not_used",
        ),
        ("segment", ["cells.csv"], "italian_csv"),
    ],
)
def test_notes_refuse_nothing(name, words, rule, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    italian = CELLS.replace(",", ";").replace(".", ",")
    (tmp_path / "cells.csv").write_text(italian, encoding="utf-8")
    code, [answer] = ask(capsys, name, words, "--strict")
    assert (code, rule in {f["rule"] for f in answer["findings"]}) == (0, True)


def test_fixes_that_were_dropped_and_counted_refuse_no_drive(tmp_path, drives, capsys):
    folder = tmp_path / "noisy"
    folder.mkdir()
    for file in drives.glob("car1_pass1_*"):
        (folder / file.name).write_bytes(file.read_bytes())
    fixes = folder / "car1_pass1_gnss.csv"
    head, *lines = fixes.read_text(encoding="utf-8").splitlines()
    again = lines[40]
    fixes.write_text("\n".join([head, *lines[:41], again, *lines[41:], ""]), encoding="utf-8")
    code, [answer] = ask(capsys, "read", [folder], "--strict")
    assert code == 0
    assert [d["rule"] for d in answer["drives"][0]["dropped"]] == ["rows_dropped"]
    assert "rows_dropped" in {f["rule"] for f in answer["findings"]}


def test_a_watch_rejects_the_drive_and_goes_on(tmp_path, drives, capsys):
    incoming = tmp_path / "incoming"
    for place in ("a", "b"):
        (incoming / place).mkdir(parents=True)
        for file in drives.glob("car1_pass1_*"):
            (incoming / place / file.name.replace("car1", f"car_{place}")).write_bytes(file.read_bytes())
    (incoming / "a" / "meta.json").write_text("no JSON", encoding="utf-8")
    workspace = street(tmp_path / "w", drives)
    code, lines = ask(capsys, "watch", [incoming, "--once", "-w", workspace.path], "--strict")
    assert code == 0
    states = {line["drive"]: (line["state"], line["rule"]) for line in lines}
    assert states == {"car_a_pass1": ("rejected", "bad_meta"), "car_b_pass1": ("loaded", None)}
    assert Workspace.open(workspace.path).read("pavement_drive").num_rows == 1


def test_a_strict_watch_takes_no_files_that_would_outlive_their_day(tmp_path, drives, capsys):
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    for file in drives.glob("car1_pass1_*"):
        (incoming / file.name).write_bytes(file.read_bytes())
    workspace = street(tmp_path / "w", drives, retention_d=1.0)
    words = [incoming, "--once", "-w", workspace.path]
    code, [line] = ask(capsys, "watch", words, "--strict")
    assert (code, line["state"], line["rule"]) == (0, "rejected", "files_outlived")
    assert Workspace.open(workspace.path).read("pavement_drive").num_rows == 0
    code, [line] = ask(capsys, "watch", words, "--strict", "--delete", "outlived")
    assert (code, line["state"], line["deleted"]) == (0, "loaded", 2)
