"""Online matching on a street drawn by hand: places come after the lag, once, and are those of the batch."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from contado.kernel.errors import UsageError
from contado.kernel.territory import Network, crs
from contado.kernel.territory.matching.online import OnlineMatcher, match_online

EAST, NORTH = 500_000.0, 5_000_000.0


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A street of three pieces, and one that leaves it square."""
    points = {
        (1, 2): [(0, 0), (200, 0)],
        (2, 3): [(200, 0), (400, 0)],
        (3, 4): [(400, 0), (600, 0)],
        (2, 5): [(200, 0), (200, 300)],
    }
    features = []
    for way, ((start, end), line) in enumerate(points.items(), start=1):
        lon, lat = crs.to_lonlat(EAST + np.array(line)[:, 0], NORTH + np.array(line)[:, 1], 32632)
        shape = {"type": "LineString", "coordinates": np.column_stack([lon, lat]).tolist()}
        facts = {"from_node": start, "to_node": end, "way_id": way, "oneway": "no"}
        features.append({"type": "Feature", "properties": facts, "geometry": shape})
    path = tmp_path_factory.mktemp("streets") / "streets.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return Network.from_geojson(path, epsg=32632)


def trip(seed=0, count=50, speed=12.0):
    noise = np.random.default_rng(seed).normal(0.0, 3.0, (count, 2))
    lon, lat = crs.to_lonlat(EAST + speed * np.arange(count) + noise[:, 0], NORTH + noise[:, 1], 32632)
    return {"t_s": np.arange(float(count)), "lon": lon, "lat": lat}


def test_a_place_comes_when_the_lag_is_over_and_only_once(network):
    matcher = OnlineMatcher(network, lag_s=5.0)
    fixes = trip()
    seen = []
    for k in range(50):
        places = matcher.extend(*(fixes[name][k : k + 1] for name in ("t_s", "lon", "lat")))
        seen += [(p.number, k) for p in places]
        assert [p.number for p in matcher.provisional] == list(range(max(0, k - 4), k + 1))
    assert seen == [(k - 5, k) for k in range(5, 50)]
    assert [p.number for p in matcher.finish()] == list(range(45, 50))
    assert matcher.provisional == []


def test_the_edges_routes_and_lengths_are_those_of_the_batch(network):
    table = pa.concat_tables(
        [pa.table({"trip": [name] * 50, **trip(seed)}) for seed, name in enumerate(("a", "b"))]
    )
    online, batch = match_online(network, table, lag_s=10.0), network.match(table)
    assert (online.edge == batch.edge).all()
    assert online.routes.equals(batch.routes)
    lengths = [r.trips["matched_length_m"].to_numpy() for r in (online, batch)]
    assert np.allclose(*lengths, atol=1.0)


def test_how_fixes_are_handed_in_does_not_matter(network):
    fixes = trip(3)
    whole, bit = OnlineMatcher(network), OnlineMatcher(network)
    once = whole.extend(fixes["t_s"], fixes["lon"], fixes["lat"])
    parts = []
    for k in range(0, 50, 7):
        parts += bit.extend(*(fixes[name][k : k + 7] for name in ("t_s", "lon", "lat")))
    assert once == parts


def test_a_fix_off_the_network_stays_open_and_the_route_goes_on(network):
    fixes = trip(1)
    fixes["lat"][20:30] += 0.01
    found = match_online(network, pa.table(fixes), lag_s=10.0)
    assert (found.edge[20:30] == -1).all()
    assert (found.edge[:19] >= 0).all()
    assert (found.edge[31:] >= 0).all()
    assert len(found.chain_trip) == 2


def test_a_fix_without_a_time_is_refused(network):
    fixes = trip()
    del fixes["t_s"]
    with pytest.raises(UsageError, match="without a time") as caught:
        match_online(network, pa.table(fixes))
    assert caught.value.rule == "missing_value"
