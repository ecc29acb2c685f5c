"""contado pavement load: what the files beside the drives tell, whole or not at all."""

from __future__ import annotations

import pytest

from contado.engines.pavement import simulate
from contado.kernel.declare import Context, convert
from contado.kernel.errors import ContadoError
from contado.kernel.workspace import Workspace
from contado.verbs import load

WORKS = "section_id,from_m,to_m,date,treatment\n"
SURVEY = "section_id,from_m,to_m,iri_m_km\n"


@pytest.fixture(scope="module")
def drives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "drives"
    simulate.drives(folder, seed=3, length_m=300, vehicles=1, passes=1)
    return folder


@pytest.fixture
def put(tmp_path):
    def write(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


def run(workspace, drives, **values):
    verb = load("pavement load")
    values |= {"folder": str(drives), "on": "2026-05-20"}
    return verb(convert(verb.request, values), Context(workspace=workspace.path))


def roads(drives):
    return {"network": str(drives / "network.geojson"), "routes": str(drives / "truth_route.csv")}


@pytest.mark.parametrize(
    ("option", "text", "rule"),
    [
        ("works", f"{WORKS}truth_route,60,0,2026-05-01,\n", "interval_order"),
        ("works", f"{WORKS}truth_route,0,60,2026-05-01,tarmac\n", "unknown_choice"),
        ("fixtures", "lon,lat,kind\n0,north,declared\n", "not_a_number"),
        ("survey", f"{SURVEY}truth_route,0,100,0\n", "iri_not_positive"),
        ("vehicles", "vehicle,scale\ncar1,-1\n", "out_of_range"),
        ("routes", "way_id,from_node,to_node\n1,2,3\n", "route_off_network"),
    ],
)
def test_nothing_is_written_where_one_file_is_unusable(drives, put, tmp_path, option, text, rule):
    workspace = Workspace.create(tmp_path / "w")
    before = workspace.file_hashes()
    with pytest.raises(ContadoError) as caught:
        run(workspace, drives, **roads(drives) | {option: put(f"{option}.csv", text)})
    assert caught.value.rule == rule
    assert workspace.file_hashes() == before


def test_works_and_surveys_that_touch_nothing_are_told(drives, put, tmp_path):
    workspace = Workspace.create(tmp_path / "w")
    rows = (
        "truth_route,0,60,01/05/2026,tappeto",
        "truth_rout,0,60,2026-05-01,",
        "truth_route,0,60,2040-01-01,",
        "truth_route,5000,6000,2026-05-01,",
        "truth_route,100,105,2026-05-01,",
        "truth_route,200,6000,2026-05-01,",
    )
    works = put("w.csv", WORKS + "\n".join(rows) + "\n")
    survey = put("s.csv", f"{SURVEY}truth_rout,0,100,2.0\n")
    answer = run(workspace, drives, **roads(drives), works=works, survey=survey)
    found = [(f.table, f.row, f.hint) for f in answer.findings if f.rule == "not_used"]
    assert [row[:2] for row in found] == [
        ("w.csv", 3),
        ("w.csv", 4),
        ("w.csv", 5),
        ("w.csv", 6),
        ("w.csv", 7),
        ("s.csv", 2),
    ]
    assert [hint for *_, hint in found if "did you mean truth_route?" in hint] == [found[0][2], found[5][2]]
    assert workspace.read("pavement_works").num_rows == len(rows)
