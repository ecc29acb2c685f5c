"""Sections from files and from the ways of a network."""

from __future__ import annotations

import json

import pytest

from contado.engines.pavement.ingest import sections
from contado.engines.pavement.road.lines import Line
from contado.kernel.errors import DataError
from contado.kernel.territory import Network

PIECES = (
    (7, 1, 2, [(9.10, 45.4), (9.102, 45.4)]),
    (7, 2, 3, [(9.102, 45.4), (9.104, 45.401)]),
    (8, 3, 4, [(9.104, 45.401), (9.1041, 45.401)]),
)


@pytest.fixture
def network(tmp_path):
    features = [
        {
            "type": "Feature",
            "properties": {
                "way_id": w,
                "from_node": a,
                "to_node": b,
                "highway": "residential",
                "name": "Via Po",
            },
            "geometry": {"type": "LineString", "coordinates": xy},
        }
        for w, a, b, xy in PIECES
    ]
    file = tmp_path / "network.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return Network.from_file(file, "drive", 32632)


def write(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


def test_ways_long_enough_become_sections_in_both_directions(network):
    rows = sections.of_ways(network).to_pylist()
    assert [r["direction"] for r in rows] == ["backward", "forward"]
    assert all(len(r["links"]) == 2 and r["road_name"] == "Via Po" for r in rows)
    assert rows[0]["length_m"] == pytest.approx(rows[1]["length_m"])
    assert len(sections.of_ways(network, min_length_m=1.0)) == 4


def test_the_line_runs_in_driving_order(network):
    forward = sections.of_ways(network).to_pylist()[1]
    line = Line.of(forward["geometry"], forward["length_m"])
    assert line.lonlat(0.0)[0] == pytest.approx(9.10)
    assert line.lonlat(forward["length_m"])[1] == pytest.approx(45.401)
    part = line.part(50.0, 150.0)
    assert len(part.coords) == 2
    assert line.chainage_m[-1] == pytest.approx(forward["length_m"])


def test_routes_and_facts_make_sections(network, tmp_path):
    routes = write(
        tmp_path,
        "routes.csv",
        "section_id,seq,way_id,from_node,to_node\nB,0,7,2,1\nA,1,7,2,3\nA,0,7,1,2\nA,2,8,3,4\n",
    )
    facts = write(tmp_path, "facts.csv", "section_id,name,width_m,aadt\nA,Via Po,7.5,900\nC,x,1,1\n")
    table, findings = sections.from_files(network, routes, facts, locate=lambda lon, lat: "015146")
    rows = {r["section_id"]: r for r in table.to_pylist()}
    assert [link.split(":")[:3] for link in rows["A"]["links"]] == [
        ["7", "1", "2"],
        ["7", "2", "3"],
        ["8", "3", "4"],
    ]
    assert (rows["A"]["width_m"], rows["A"]["road_name"], rows["A"]["municipality"]) == (
        7.5,
        "Via Po",
        "015146",
    )
    assert rows["B"]["aadt"] is None
    assert [f.rule for f in findings] == ["section_without_route"]


def test_a_file_without_section_ids_is_one_section(network, tmp_path):
    routes = write(tmp_path, "truth_route.csv", "seq,way_id,from_node,to_node\n0,7,1,2\n1,7,2,3\n")
    table, _ = sections.from_files(network, routes)
    assert table["section_id"].to_pylist() == ["truth_route"]


def test_a_section_has_whole_edges_which_is_told_where_its_chainages_say_less(network, tmp_path):
    head = "section_id,way_id,from_node,to_node,from_m,to_m\n"
    text = head + "A,7,1,2,0,40\nA,7,2,3,40,232\nB,7,1,2,0,157\nB,7,2,3,157,349\n"
    rows, found = sections.from_files(network, write(tmp_path, "routes.csv", text))
    assert [(f.rule, f.row) for f in found] == [("part_of_edge", "A")]
    a, b = rows["length_m"].to_pylist()
    assert a == b


def test_an_edge_off_the_network_names_its_line(network, tmp_path):
    routes = write(tmp_path, "routes.csv", "way_id,from_node,to_node\n7,1,2\n7,2,9\n")
    with pytest.raises(DataError) as caught:
        sections.from_files(network, routes)
    assert (caught.value.rule, caught.value.rows) == ("route_off_network", (3,))


def test_what_the_facts_do_not_say_of_their_birth_the_network_says(network, tmp_path):
    routes = write(tmp_path, "routes.csv", "section_id,way_id,from_node,to_node\nA,7,1,2\nB,7,2,3\n")
    facts = write(tmp_path, "facts.csv", "section_id,label\nA,measured\nB,\n")
    table, _ = sections.from_files(network, routes, facts, label="simulated")
    assert table["label"].to_pylist() == ["measured", "simulated"]
    assert sections.from_files(network, routes, facts)[0]["label"].to_pylist() == ["measured", None]
    assert set(sections.of_ways(network, label="simulated")["label"].to_pylist()) == {"simulated"}
