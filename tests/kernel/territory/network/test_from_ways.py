"""GeoParquet of ways with node lists."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from contado.kernel.errors import DataError
from contado.kernel.territory import Network


@pytest.fixture
def write(tmp_path):
    def put(**changes):
        columns = {
            "osm_id": ["1", "2"],
            "highway": ["residential", "service"],
            "maxspeed": ["30", None],
            "nodes": ["10 11 12", "11 13"],
            "geometry": [
                shapely.to_wkb(shapely.LineString([(9.0, 45.0), (9.001, 45.0), (9.002, 45.0)])),
                shapely.to_wkb(shapely.LineString([(9.001, 45.0), (9.001, 45.001)])),
            ],
        }
        path = tmp_path / "ways.parquet"
        pq.write_table(pa.table(columns | changes), path)
        return path

    return put


def test_ways_are_split_as_in_an_extract(write):
    network = Network.from_file(write())
    assert repr(network) == "Network(4 nodes, 6 edges, drive, EPSG:32632)"
    assert network.node_id.tolist() == [10, 11, 12, 13]
    assert network.ways_km == pytest.approx(0.2688, abs=1e-3)


def test_lists_of_nodes_and_one_way_are_understood(write):
    path = write(nodes=pa.array([[10, 11, 12], [11, 13]]), oneway=["yes", "-1"])
    assert Network.from_ways(path).edge_forward.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nodes": ["10 11", "11 13"]}, "row 1"),
        ({"nodes": ["10 x 12", "11 13"]}, "malformed"),
        ({"geometry": [b"no", b"wkb"]}, "malformed"),
        ({"highway": ["footway", "steps"]}, "no way of the profile drive"),
        (
            {
                "geometry": [shapely.to_wkb(shapely.LineString([(5e5, 5e6), (5e5, 5.1e6), (6e5, 5e6)]))] * 2,
                "nodes": ["1 2 3"] * 2,
            },
            "no degrees",
        ),
    ],
)
def test_malformed_ways_are_no_network(write, changes, message):
    with pytest.raises(DataError, match=message) as caught:
        Network.from_file(write(**changes))
    assert caught.value.rule == "network_unreadable"
