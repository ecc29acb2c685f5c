"""Matching on streets drawn by hand: what a person would say the vehicle did."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from contado.kernel.errors import UsageError
from contado.kernel.territory import MatchSettings, Network, crs

EAST, NORTH = 500_000.0, 5_000_000.0
"""Origin of the drawings in EPSG:32632."""


@pytest.fixture
def draw(tmp_path):
    """Function from pieces {(from, to): points in metres} to a two-way network."""

    def build(pieces, oneway="no") -> Network:
        features = []
        for way, ((start, end), points) in enumerate(pieces.items(), start=1):
            x, y = np.array(points, dtype=float).T
            lon, lat = crs.to_lonlat(EAST + x, NORTH + y, 32632)
            properties = {"from_node": start, "to_node": end, "way_id": way, "oneway": oneway}
            line = np.column_stack((lon, lat)).tolist()
            features.append(
                {
                    "type": "Feature",
                    "properties": properties,
                    "geometry": {"type": "LineString", "coordinates": line},
                }
            )
        path = tmp_path / "streets.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return Network.from_geojson(path, epsg=32632)

    return build


def trace(points, trip="a"):
    x, y = np.array(points, dtype=float).T
    lon, lat = crs.to_lonlat(EAST + x, NORTH + y, 32632)
    return pa.table({"trip": [trip] * len(x), "t_s": np.arange(float(len(x))), "lon": lon, "lat": lat})


def along(start, end, count):
    return np.linspace(start, end, count)


def driven(result) -> list[tuple[int, int]]:
    table = result.routes
    return list(zip(table["from_node"].to_pylist(), table["to_node"].to_pylist(), strict=True))


CROSS = {
    (1, 2): [(0, 0), (200, 0)],
    (2, 3): [(200, 0), (400, 0)],
    (2, 4): [(200, 0), (200, 200)],
    (2, 5): [(200, 0), (200, -200)],
}


def test_a_straight_drive(draw):
    result = draw(CROSS).match(trace(along((20, 2), (380, -2), 37)))
    assert driven(result) == [(1, 2), (2, 3)]
    assert set(result.points["state"].to_pylist()) == {"matched", "placed"}
    assert result.trips["length_ratio"][0].as_py() == pytest.approx(1.0, abs=0.02)
    assert min(result.points["match_prob"].to_pylist()) > 0.95
    assert result.gaps.num_rows == 0


def test_positions_never_go_back(draw):
    rng = np.random.default_rng(3)
    points = along((20, 0), (380, 0), 150) + rng.normal(0, 4, (150, 2))
    result = draw(CROSS).match(trace(points))
    assert (np.diff(result.chainage_m) >= 0).all()


def test_a_start_just_behind_a_node_does_not_add_the_edge_behind_it(draw):
    result = draw(CROSS).match(trace(along((194, 1), (380, 0), 30)))
    assert driven(result) == [(2, 3)]


def test_a_u_turn_is_driven_at_a_dead_end(draw):
    out, back = along((250, 0), (398, 0), 30), along((398, 0), (250, 0), 30)
    result = draw(CROSS).match(trace(np.vstack((out, back))))
    assert driven(result) == [(2, 3), (3, 2)]
    assert result.gaps.num_rows == 0


def test_no_u_turn_within_a_street(draw):
    out, back = along((20, 0), (120, 0), 20), along((120, 0), (20, 0), 20)
    result = draw(CROSS).match(trace(np.vstack((out, back))))
    assert (1, 2) in driven(result)
    assert result.gaps["points"].to_pylist() == [0]
    assert result.trips["gaps"].to_pylist() == [1]


def test_a_side_street_is_no_detour_for_a_wandering_trace(draw):
    wander = np.array([(200.0, dy) for dy in (0, 6, 12, 16, 12, 6, 0)])
    points = np.vstack((along((100, 0), (195, 0), 12), wander, along((205, 0), (380, 0), 20)))
    assert driven(draw(CROSS).match(trace(points))) == [(1, 2), (2, 3)]


def test_a_receiver_at_rest_drives_nowhere(draw):
    rng = np.random.default_rng(5)
    points = np.vstack(
        (
            along((20, 0), (100, 0), 9),
            np.add((100, 0), rng.normal(0, 4, (300, 2))),
            along((100, 0), (180, 0), 9),
        )
    )
    result = draw(CROSS).match(trace(points))
    assert driven(result) == [(1, 2)]
    assert result.trips["matched_length_m"][0].as_py() == pytest.approx(160.0, abs=10.0)


def test_off_the_network_the_span_stays_open(draw):
    points = np.vstack(
        (along((20, 0), (150, 0), 14), along((150, 70), (250, 200), 20), along((260, 0), (380, 0), 13))
    )
    network = draw({(1, 2): [(0, 0), (200, 0)], (2, 3): [(200, 0), (400, 0)]})
    result = network.match(trace(points))
    states = np.array(result.points["state"].to_pylist())
    assert (states[16:34] == "unmatched").all()
    assert (states[:14] != "unmatched").all()
    assert result.trips["gaps"].to_pylist() == [1]
    assert np.nanmax(result.distance_m) <= 50.0
    row = result.points.slice(20, 1).to_pylist()[0]
    assert [row[name] for name in ("way_id", "from_node", "to_node", "offset_m", "match_prob")] == [None] * 5


def test_a_trace_wholly_off_the_streets_is_unmatched(draw):
    result = draw(CROSS).match(trace(along((20, 900), (380, 900), 20)))
    assert (result.edge == -1).all()
    assert (result.routes.num_rows, result.trips["length_ratio"].to_pylist()) == (0, [None])
    assert result.gaps["from_t_s"].to_pylist() == [None]


def test_a_repeated_point_changes_nothing_else(draw):
    points = along((20, 2), (380, -2), 80)
    network = draw(CROSS)
    plain = network.match(trace(points))
    twice = network.match(trace(np.repeat(points, 2, axis=0)))
    for name in ("edge", "offset_m", "distance_m", "match_prob"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(twice, name)[::2])
        np.testing.assert_array_equal(getattr(plain, name), getattr(twice, name)[1::2])
    assert plain.routes.equals(twice.routes)


def test_parallel_streets_are_ambiguous(draw):
    network = draw({(1, 2): [(0, 0), (400, 0)], (3, 4): [(0, 8), (400, 8)]})
    result = network.match(trace(along((20, 4), (380, 4), 30)))
    assert max(result.points["match_prob"].to_pylist()) < 0.8


def test_one_way_streets_are_driven_their_way(draw):
    network = draw({(1, 2): [(0, 0), (400, 0)]}, oneway="yes")
    assert driven(network.match(trace(along((20, 0), (380, 0), 30)))) == [(1, 2)]


def test_order_of_trips_points_and_columns_is_irrelevant(draw):
    network = draw(CROSS)
    both = pa.concat_tables(
        [trace(along((20, 1), (380, 1), 40), "a"), trace(along((200, 180), (10, 0), 40), "b")]
    ).to_pandas()
    mixed = both.sample(frac=1.0, random_state=1)[["lat", "t_s", "lon", "trip"]]
    first = network.match(both).points.to_pandas().sort_values(["trip", "t_s"], ignore_index=True)
    second = network.match(mixed).points.to_pandas().sort_values(["trip", "t_s"], ignore_index=True)
    assert first.equals(second)


def test_times_are_optional(draw):
    table = trace(along((20, 2), (380, -2), 37))
    network = draw(CROSS)
    timeless = network.match(table["lon"].to_numpy(), table["lat"].to_numpy())
    np.testing.assert_array_equal(timeless.edge, network.match(table).edge)
    assert timeless.points["t_s"].null_count == 37


def test_one_point_is_a_trip(draw):
    result = draw(CROSS).match(trace([(50, 3)]))
    assert result.points["distance_m"].to_pylist() == pytest.approx([3.0], abs=0.01)


def test_debug_shows_one_trip(draw):
    result = draw(CROSS).match(trace(along((20, 2), (380, -2), 37)))
    assert result.debug("a").num_rows == 37
    assert result.placed == (result.state == 2).sum()


def test_a_chain_breaks_where_no_way_leads(draw):
    """The map lacks the link to the parallel street 45 m away."""
    network = draw({(1, 2): [(0, 0), (600, 0)], (3, 4): [(0, 45), (600, 45)]})
    points = np.vstack((along((20, 0), (280, 0), 27), along((290, 45), (580, 45), 30)))
    result = network.match(trace(points))
    assert driven(result) == [(1, 2), (3, 4)]
    assert result.trips["gaps"].to_pylist() == [1]
    assert np.nanmax(result.distance_m) < 1.0


def test_sparse_fixes_follow_a_hairpin(draw):
    """A street that ends 45 m from a fix is no better than the road the fix lies on, however it winds."""
    road = [(0, 0), (400, 0), (400, 30), (100, 30), (100, 60), (500, 60)]
    network = draw({(1, 2): road, (1, 3): [(0, 0), (0, 15), (250, 75)], (3, 2): [(250, 75), (500, 60)]})
    fixes = trace([(10, 0), (350, 0), (250, 30), (150, 60), (450, 60)])
    assert driven(network.match(fixes)) == [(1, 2)]


def test_the_place_of_a_sparse_fix_leans_to_uniform_motion(draw):
    """Fixes 10 s apart at 20 m/s, the middle one 8 m late along the road; without times it stays there.

    The chain's own gap counts a sixth: 8 m off is what a density of 0.38 m2/s3 makes, beside the error of the fixes.
    """
    network = draw({(1, 2): [(0, 0), (600, 0)]})
    table = trace([(100, 0), (292, 0), (500, 0)])
    timed = table.set_column(1, "t_s", pa.array([0.0, 10.0, 20.0]))
    found = network.match(timed).offset_m
    error, speeding = 25.0, 10.0**3 / 6.0
    own = (8**2 * np.pi / 2 - 1.5 * error) / speeding
    jolt = (5 * 2.4 + own) / 6
    assert found[1] == pytest.approx(292 + 8 * error / (1.5 * error + jolt * speeding), abs=1e-3)
    timeless = network.match(table["lon"].to_numpy(), table["lat"].to_numpy())
    assert timeless.offset_m[1] == pytest.approx(292, abs=1e-3)


@pytest.mark.parametrize("options", [{"sigma_m": 0.0}, {"sigma_m": float("nan")}, {"max_candidates": -1}])
def test_settings_must_be_positive(options):
    with pytest.raises(UsageError) as caught:
        MatchSettings(**options)
    assert caught.value.rule == "bad_value"


def test_wide_errors_thin_less():
    assert (MatchSettings(sigma_m=5.0).spacing_m, MatchSettings(sigma_m=20.0).spacing_m) == (15.0, 40.0)
    assert MatchSettings(sigma_m=20.0).radius_m == 80.0
