from __future__ import annotations

import json

import numpy as np
import pytest

from contado.kernel.territory import Network, Route
from contado.kernel.territory.network import paths


@pytest.fixture
def network(tmp_path):
    """A square 1-2-3-4 with a long and a short piece between 1 and 2, one-way from 3 to 4; 5-6 apart."""

    def link(start, end, line, oneway="no"):
        properties = {"from_node": start, "to_node": end, "way_id": start, "oneway": oneway}
        geometry = {"type": "LineString", "coordinates": line}
        return {"type": "Feature", "properties": properties, "geometry": geometry}

    a, b, c, d = [9.0, 45.0], [9.001, 45.0], [9.001, 45.001], [9.0, 45.001]
    features = [
        link(1, 2, [a, [9.0005, 44.999], b]),
        link(1, 2, [a, b]),
        link(2, 3, [b, c]),
        link(3, 4, [c, d], "yes"),
        link(4, 1, [d, a]),
        link(5, 6, [[9.01, 45.0], [9.011, 45.0]]),
        link(2, 2, [b, [9.002, 45.0], [9.002, 45.0005], b]),
    ]
    path = tmp_path / "square.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return Network.from_file(path)


def test_the_shortest_path_takes_the_shorter_of_parallel_pieces(network):
    edges = paths.shortest(network, 0, 2)
    assert edges.tolist() == [2, 4]
    length = Route.from_edges(network, edges).length_m
    assert paths.distances(network, [0], [2])[0, 0] == pytest.approx(length)


def test_one_way_streets_are_driven_round(network):
    ids = network.node_id
    edges = paths.shortest(network, 3, 2)
    assert ids[network.edge_from[edges]].tolist() == [4, 1, 2]


def test_from_a_node_to_itself_is_no_step(network):
    assert paths.shortest(network, 1, 1).tolist() == []


def test_what_cannot_be_reached(network):
    assert paths.shortest(network, 0, 5) is None
    lengths = paths.distances(network, [0, 4], [1, 5], limit_m=100.0)
    assert np.isinf(lengths).tolist() == [[False, True], [True, False]]
