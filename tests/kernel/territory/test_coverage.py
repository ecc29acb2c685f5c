from __future__ import annotations

import json

import numpy as np
import pytest

from contado.kernel.errors import DataError, UsageError
from contado.kernel.territory import Network, coverage
from contado.kernel.territory.distance import geodesic_m
from contado.kernel.territory.network import paths


def seeded(n, seed):
    rng = np.random.default_rng(seed)
    return rng.uniform(8.7, 9.6, n), rng.uniform(45.1, 45.7, n)


@pytest.mark.parametrize("places", [1, 5, 200])
def test_geodesic_is_the_least_of_all(places):
    (lon, lat), (to_lon, to_lat) = seeded(2000, 1), seeded(places, 2)
    every = geodesic_m(lon[:, None], lat[:, None], to_lon, to_lat)
    found = coverage.geodesic(lon, lat, to_lon, to_lat)
    assert np.array_equal(found.way, every.min(axis=1))
    assert np.array_equal(found.place, every.argmin(axis=1))


def test_many_places_at_one_distance():
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    to_lon, to_lat = 9 + 0.01 * np.cos(angle), 45 + 0.01 * np.sin(angle) * np.cos(np.radians(45))
    found = coverage.geodesic([9.0], [45.0], to_lon, to_lat)
    every = geodesic_m(9.0, 45.0, to_lon, to_lat)
    assert (found.way[0], found.place[0]) == (every.min(), every.argmin())


def test_weights_within_the_limit_and_near_it():
    nearest = coverage.Nearest(np.array([0.0, 899.0, 1000.0, 1050.0, np.inf]), np.arange(5), "m")
    found = coverage.covered(nearest, [1, 2, 4, 8, 16], limit=1000.0)
    assert (found.covered, found.total, found.share) == (7.0, 31.0, 7 / 31)
    assert found.within.tolist() == [True, True, True, False, False]
    assert found.near_limit.tolist() == [False, False, True, True, False]
    assert found.near_limit_weight == 12.0


def test_nothing_weighs_anything_and_no_place():
    found = coverage.covered(coverage.geodesic([9.0], [45.0], [], []), [0.0], limit=1.0)
    assert (found.covered, found.share, found.within.tolist()) == (0.0, None, [False])


@pytest.mark.parametrize("weight", [np.nan, -1.0])
def test_unknown_weights_are_refused(weight):
    with pytest.raises(DataError, match="unknown or negative") as error:
        coverage.covered(coverage.geodesic([9.0, 9.1], [45.0, 45.0], [9.0], [45.0]), [1, weight], limit=1.0)
    assert (error.value.rule, error.value.rows) == ("bad_weight", (2,))


def test_a_limit_is_positive():
    with pytest.raises(UsageError):
        coverage.covered(coverage.geodesic([9.0], [45.0], [9.0], [45.0]), [1], limit=np.nan)


@pytest.fixture
def network(tmp_path):
    """A grid of 6 x 6 nodes with one-way streets and a part that nothing leads to."""
    rng = np.random.default_rng(5)
    features = []

    def node(i, j):
        return [9.0 + 0.002 * i, 45.0 + 0.002 * j]

    pairs = [((i, j), (i + 1, j)) for i in range(5) for j in range(6)]
    pairs += [((i, j), (i, j + 1)) for i in range(6) for j in range(5)]
    for number, (a, b) in enumerate(pairs):
        properties = {
            "from_node": 10 * a[0] + a[1],
            "to_node": 10 * b[0] + b[1],
            "way_id": number,
            "oneway": rng.choice(["yes", "no", "-1"]),
        }
        geometry = {"type": "LineString", "coordinates": [node(*a), node(*b)]}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    path = tmp_path / "grid.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return Network.from_file(path)


def test_along_streets_is_the_least_of_all_paths(network):
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(9.0, 9.01, 40), rng.uniform(45.0, 45.01, 40)
    to_lon, to_lat = rng.uniform(9.0, 9.01, 5), rng.uniform(45.0, 45.01, 5)
    start, to_start = coverage._node(network, lon, lat)
    end, from_end = coverage._node(network, to_lon, to_lat)
    every = paths.distances(network, start, end) + to_start[:, None] + from_end
    found = coverage.along_streets(network, lon, lat, to_lon, to_lat)
    assert found.way == pytest.approx(every.min(axis=1))
    assert every[np.arange(40), found.place] == pytest.approx(every.min(axis=1))
    near = coverage.along_streets(network, lon, lat, to_lon, to_lat, limit_m=300.0)
    assert np.array_equal(np.isfinite(near.way), found.way <= 300.0)
    assert (near.place[~np.isfinite(near.way)] == -1).all()


def test_off_the_network(network):
    far = coverage.along_streets(network, [9.5, 9.0], [45.5, 45.0], [9.0], [45.0])
    assert (np.isinf(far.way[0]), far.place.tolist()) == (True, [-1, 0])
    assert np.isinf(coverage.along_streets(network, [9.0], [45.0], [9.5], [45.5]).way).all()


def test_a_table_of_travel_times():
    found = coverage.by_table(["a", "b", "c"], ["c", "a", "a", "x", "b"], [4.0, 9.0, 7.0, 1.0, np.nan])
    assert found.way.tolist() == [7.0, np.inf, 4.0]
    assert found.place.tolist() == [2, -1, 0]
    assert coverage.covered(found, [1, 1, 1], limit=7.0).covered == 2.0
    assert coverage.by_table(["a"], [], []).place.tolist() == [-1]
