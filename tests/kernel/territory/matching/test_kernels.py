"""The compiled kernels against slow references written for reading."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contado.kernel.territory.matching import place, transitions
from contado.kernel.territory.matching.state import Search, Streets


def minimax(values: list[float]) -> list[float]:
    """Isotonic regression by its definition: max over s <= i of min over t >= i of mean(s..t)."""
    n = len(values)
    return [
        max(min(float(np.mean(values[s : t + 1])) for t in range(i, n)) for s in range(i + 1))
        for i in range(n)
    ]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=12))
def test_isotonic_regression(values):
    found = np.array(values)
    place.isotonic(found, len(found), np.zeros(len(found)), np.zeros(len(found)))
    np.testing.assert_allclose(found, minimax(values), atol=1e-9)


@pytest.fixture(scope="module")
def city(shared):
    from contado.kernel.territory import Network

    return Network.from_file(shared("roads/network/rome_small.osm.pbf"))


def test_search_gives_shortest_distances(city):
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra

    graph = coo_array((city.edge_length_m, (city.edge_from, city.edge_to)), shape=(city.nodes, city.nodes))
    shortest = dijkstra(graph.tocsr())
    streets, memory = Streets.of(city), Search.of(city)
    for source in range(city.edges):
        memory.counter[0] += 1
        transitions.search(source, np.inf, city.nodes + 1, streets, memory)
        start = city.edge_to[source]
        behind = streets.edge_from[source]
        for node in np.flatnonzero(memory.stamp == memory.counter[0]):
            way = memory.distance[node]
            assert way >= shortest[start, node] - 1e-9
            if node != behind and streets.dead_end[start]:
                assert way == pytest.approx(shortest[start, node])


def test_search_turns_round_at_dead_ends_only(city):
    streets, memory = Streets.of(city), Search.of(city)
    for edge in np.flatnonzero(city.edge_reverse >= 0):
        node = city.edge_to[edge]
        assert transitions.allowed(streets, edge, city.edge_reverse[edge], node) == streets.dead_end[node]
    memory.counter[0] += 1
    transitions.search(0, 1e-9, 10, streets, memory)
    assert (memory.stamp == memory.counter[0]).sum() == 1


def test_locate_is_where_the_network_says(city):
    streets = Streets.of(city)
    rng = np.random.default_rng(0)
    edges = rng.integers(0, city.edges, 200)
    offsets = rng.random(200) * city.edge_length_m[edges]
    x, y = city.point(edges, offsets)
    found = np.array(
        [place.locate(edge, offset, streets) for edge, offset in zip(edges, offsets, strict=True)]
    )
    np.testing.assert_allclose(found, np.column_stack((x, y)), atol=1e-6)
