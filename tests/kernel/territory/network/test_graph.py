"""Layers of links: our own, a body's, and the table `road_link` give the same network."""

from __future__ import annotations

import json

import numpy as np
import pytest

from contado.kernel.errors import ColumnNotFound, DataError
from contado.kernel.territory import Network

ARRAYS = [
    "node_id",
    "node_x",
    "node_y",
    "edge_from",
    "edge_to",
    "edge_way",
    "edge_seq",
    "edge_forward",
    "geometry_offsets",
    "geometry_x",
    "geometry_y",
    "edge_class",
    "edge_name",
    "edge_maxspeed",
    "edge_lanes",
    "edge_length_m",
    "link_id",
]


def feature(start, end, line, **columns):
    properties = {"from_node": start, "to_node": end} | columns
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "LineString", "coordinates": line},
    }


def write(path, features):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def differing(a: Network, b: Network) -> list[str]:
    def equal(name: str) -> bool:
        left, right = getattr(a, name), getattr(b, name)
        return np.array_equal(left, right, equal_nan=left.dtype.kind == "f")

    return [name for name in ARRAYS if not equal(name)]


@pytest.fixture
def links():
    return [
        feature(
            1, 2, [[9.0, 45.0], [9.001, 45.0]], way_id=7, highway="residential", oneway="no", name="Via Po"
        ),
        feature(2, 3, [[9.001, 45.0], [9.001, 45.001]], way_id=7, highway="residential", oneway="yes"),
        feature(3, 1, [[9.001, 45.001], [9.0, 45.0]], way_id=8, highway="primary", oneway="-1"),
    ]


def test_geopackage_geojson_and_links_give_the_same_arrays(tmp_path, links):
    network = Network.from_geojson(write(tmp_path / "n.geojson", links))
    network.to_gpkg(tmp_path / "n.gpkg")
    network.to_geojson(tmp_path / "again.geojson")
    assert differing(network, Network.from_file(tmp_path / "n.gpkg")) == []
    assert differing(network, Network.from_file(tmp_path / "again.geojson")) == []
    assert differing(network, Network.from_links(network.links())) == []


def test_direction_of_links(tmp_path, links):
    network = Network.from_geojson(write(tmp_path / "n.geojson", links))
    ids = network.node_id
    pairs = list(zip(ids[network.edge_from].tolist(), ids[network.edge_to].tolist(), strict=True))
    assert pairs == [(1, 2), (2, 1), (2, 3), (1, 3)]


def test_a_commercial_graph_is_read_by_its_own_column_names(tmp_path):
    body = [
        {
            "type": "Feature",
            "properties": {"F_JNCTID": 10, "T_JNCTID": 11, "METERS": 78.7, "ONEWAY": "FT", "KPH": 50},
            "geometry": {"type": "LineString", "coordinates": [[9.0, 45.0], [9.001, 45.0]]},
        }
    ]
    network = Network.from_file(write(tmp_path / "grafo.geojson", body))
    assert (network.edges, network.edge_maxspeed.tolist(), network.node_id.tolist()) == (1, [50.0], [10, 11])


def test_a_mapping_file_names_the_columns(tmp_path):
    body = [feature(1, 2, [[9.0, 45.0], [9.001, 45.0]])]
    body[0]["properties"] = {"DA": 1, "A": 2, "SENSO": "TF"}
    mapping = tmp_path / "columns.csv"
    mapping.write_text("name,column\nfrom_node,DA\nto_node,A\noneway,SENSO\n")
    path = write(tmp_path / "grafo.geojson", body)
    network = Network.from_geojson(path, columns=mapping)
    assert network.node_id[network.edge_from].tolist() == [2]
    assert Network.from_geojson(path, columns={"from_node": "DA", "to_node": "A"}).edges == 2


def test_an_unknown_oneway_is_two_way_and_reported(tmp_path):
    body = [feature(1, 2, [[9.0, 45.0], [9.001, 45.0]], oneway="perhaps")]
    network = Network.from_geojson(write(tmp_path / "n.geojson", body))
    assert (network.edges, [f.rule for f in network.findings]) == (2, ["unknown_oneway"])


def test_points_are_no_links(tmp_path):
    body = [feature(1, 2, [9.0, 45.0])]
    body[0]["geometry"]["type"] = "Point"
    with pytest.raises(DataError) as caught:
        Network.from_file(write(tmp_path / "n.geojson", body))
    assert caught.value.rule == "network_unreadable"


@pytest.mark.parametrize("line", [[[514000, 5034000], [514100, 5034000]], [[9.0, 450.0], [9.1, 45.0]]])
def test_links_outside_the_world_are_no_network(tmp_path, line):
    with pytest.raises(DataError, match="link 1 lies outside the world") as error:
        Network.from_geojson(write(tmp_path / "a.geojson", [feature(1, 2, line, way_id=7)]))
    assert error.value.rule == "network_unreadable"


def test_the_code_of_no_system_is_refused(tmp_path, links):
    with pytest.raises(DataError, match="EPSG:0"):
        Network.from_geojson(write(tmp_path / "a.geojson", links), epsg=0)


def test_node_ids_must_be_whole_numbers(tmp_path):
    body = [feature("a", "b", [[9.0, 45.0], [9.001, 45.0]])]
    with pytest.raises(DataError, match="from_node"):
        Network.from_file(write(tmp_path / "n.geojson", body))


def test_links_without_a_needed_column_or_row(tmp_path, links):
    table = Network.from_geojson(write(tmp_path / "n.geojson", links)).links()
    with pytest.raises(ColumnNotFound, match="direction"):
        Network.from_links(table.drop_columns(["direction"]))
    with pytest.raises(DataError) as caught:
        Network.from_links(table.slice(0, 0))
    assert caught.value.rule == "network_unreadable"


def test_links_conform_to_the_schema(tmp_path, links):
    from contado.kernel import tables

    table = Network.from_geojson(write(tmp_path / "n.geojson", links)).links(source="grafo")
    assert [f for f in tables.validate("road_link", table) if f.severity == "error"] == []
    assert table.column_names == [a.attribute for a in tables.schema("road_link").attributes]
