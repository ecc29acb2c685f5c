"""The rule of the profile `drive`, on maps drawn by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from contado.kernel.errors import DataError, UsageError
from contado.kernel.territory import Network
from contado.kernel.territory.network import profiles

PLACES = {
    1: (9.0, 45.0),
    2: (9.001, 45.0),
    3: (9.002, 45.0),
    4: (9.001, 45.001),
    5: (9.001, 45.002),
    6: (9.002, 45.001),
}


def xml(ways: list[tuple[int, list[int], dict[str, str]]], places=PLACES) -> str:
    nodes = "".join(
        f'<node id="{n}" version="1" lon="{lon}" lat="{lat}"/>' for n, (lon, lat) in places.items()
    )
    lines = "".join(
        f'<way id="{way}" version="1">'
        + "".join(f'<nd ref="{ref}"/>' for ref in refs)
        + "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())
        + "</way>"
        for way, refs, tags in ways
    )
    return f'<osm version="0.6">{nodes}{lines}</osm>'


@pytest.fixture
def read(tmp_path):
    def build(*ways, profile="drive", places=PLACES) -> Network:
        path = tmp_path / "map.osm"
        path.write_text(xml(list(ways), places))
        return Network.from_osm(path, profile=profile)

    return build


def edges(network: Network) -> Counter:
    ids = network.node_id
    return Counter(
        zip(
            network.edge_way.tolist(),
            ids[network.edge_from].tolist(),
            ids[network.edge_to].tolist(),
            strict=True,
        )
    )


def test_a_way_is_split_where_another_kept_way_meets_it(read):
    network = read((1, [1, 2, 3], {"highway": "residential"}), (2, [2, 4], {"highway": "service"}))
    assert edges(network) == Counter([(1, 1, 2), (1, 2, 1), (1, 2, 3), (1, 3, 2), (2, 2, 4), (2, 4, 2)])
    assert network.edge_seq.tolist() == [0, 0, 1, 1, 0, 0]


def test_a_way_that_is_not_kept_splits_nothing(read):
    network = read((1, [1, 2, 3], {"highway": "residential"}), (2, [2, 4], {"highway": "footway"}))
    assert edges(network) == Counter([(1, 1, 3), (1, 3, 1)])


@pytest.mark.parametrize("value", ["yes", "1", "true"])
def test_one_way(read, value):
    assert edges(read((1, [1, 2], {"highway": "primary_link", "oneway": value}))) == Counter([(1, 1, 2)])


def test_reversed_one_way_runs_against_its_way(read):
    network = read((1, [1, 2, 3], {"highway": "primary", "oneway": "-1"}))
    assert edges(network) == Counter([(1, 3, 1)])
    assert network.edge_forward.tolist() == [False]
    assert np.diff(network.geometry_x).max() < 0


@pytest.mark.parametrize("tags", [{"highway": "motorway"}, {"highway": "tertiary", "junction": "roundabout"}])
def test_motorways_and_roundabouts_are_one_way(read, tags):
    assert edges(read((1, [1, 2, 4], tags))) == Counter([(1, 1, 4)])


def test_a_roundabout_is_cut_at_its_arms_and_at_its_seam(read):
    network = read(
        (1, [2, 3, 6, 4, 2], {"highway": "tertiary", "junction": "roundabout"}),
        (2, [4, 5], {"highway": "tertiary"}),
    )
    assert edges(network) == Counter([(1, 2, 4), (1, 4, 2), (2, 4, 5), (2, 5, 4)])


def test_a_loop_needs_an_inner_point(read):
    assert edges(read((1, [1, 2, 3, 6, 2], {"highway": "service"})))[1, 2, 2] == 2
    assert edges(read((1, [1, 2, 2], {"highway": "service"}))) == Counter([(1, 1, 2), (1, 2, 1)])


def test_access_no_is_dropped_and_other_values_are_kept(read):
    network = read(
        (1, [1, 2], {"highway": "service", "access": "no"}),
        (2, [2, 3], {"highway": "service", "access": "private"}),
    )
    assert edges(network) == Counter([(2, 2, 3), (2, 3, 2)])


def test_parallel_pieces_of_one_way_have_ids_of_their_own(read):
    network = read((1, [1, 2, 4, 1], {"highway": "service"}), (2, [2, 3], {"highway": "service"}))
    assert len(set(network.link_id.tolist())) == network.edges


def test_two_way_edges_know_each_other(read):
    network = read(
        (1, [1, 2, 3], {"highway": "residential"}), (2, [2, 4], {"highway": "service", "oneway": "yes"})
    )
    assert network.edge_reverse.tolist() == [1, 0, 3, 2, -1]


def test_a_reference_without_node_cuts_the_way_and_is_reported(read):
    network = read((1, [1, 2, 99, 3, 6], {"highway": "residential"}))
    assert edges(network) == Counter([(1, 1, 2), (1, 2, 1), (1, 3, 6), (1, 6, 3)])
    assert [f.rule for f in network.findings] == ["nodes_missing"]


def test_names_speeds_and_classes(read):
    tags = {"highway": "residential", "name": "Via Roma", "maxspeed": "30", "lanes": "2"}
    network = read((1, [1, 2], tags), (2, [2, 3], {"highway": "service", "maxspeed": "20 mph"}))
    assert network.edge_name.tolist() == ["Via Roma", "Via Roma", None, None]
    np.testing.assert_allclose(network.edge_maxspeed, [30, 30, 32.18688, 32.18688])
    assert set(network.km_by_class()) == {"residential", "service"}
    assert network.ways_km == pytest.approx(network.length_km / 2)


def test_profiles_are_data(read):
    way = (1, [1, 2], {"highway": "cycleway", "oneway": "yes"})
    assert edges(read(way, profile="bike")) == Counter([(1, 1, 2)])
    assert edges(read(way, profile="walk")) == Counter([(1, 1, 2), (1, 2, 1)])
    with pytest.raises(DataError, match="drive"):
        read(way, profile="drive")


def test_an_unknown_profile_lists_the_valid_ones(read):
    with pytest.raises(UsageError, match="drive, bike, walk, all") as caught:
        read((1, [1, 2], {"highway": "service"}), profile="car")
    assert caught.value.rule == "unknown_choice"


def test_every_profile_loads():
    assert all(profiles.load(name).highways for name in profiles.names())


@pytest.mark.parametrize("ending", [".osm.pbf", ".osm", ".gpkg", ".geojson", ".parquet"])
@pytest.mark.parametrize("data", [b"", b"this is no network", b"PAR1", b"{}", bytes(range(256)) * 20])
def test_what_is_no_network_is_refused_by_name(tmp_path, ending, data):
    path = tmp_path / f"broken{ending}"
    path.write_bytes(data)
    with pytest.raises(DataError, match="broken") as caught:
        Network.from_file(path)
    assert caught.value.rule == "network_unreadable"
    assert caught.value.hint


def test_a_cut_extract_is_refused(tmp_path, shared):
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(shared("roads/network/liechtenstein.osm.pbf").read_bytes()[:300_000])
    with pytest.raises(DataError) as caught:
        Network.from_file(path)
    assert caught.value.rule == "network_unreadable"


@pytest.mark.parametrize("name", ["absent.osm.pbf", "absent.gpkg", "absent.xyz"])
def test_an_absent_file_is_refused(tmp_path, name):
    with pytest.raises(DataError, match="no such file") as caught:
        Network.from_file(tmp_path / name)
    assert caught.value.rule == "network_unreadable"


def test_a_table_that_holds_no_ways_is_no_network(shared):
    with pytest.raises(DataError, match="highway") as caught:
        Network.from_file(shared("roads/trips_synth/liechtenstein_sigma5_points.parquet"))
    assert caught.value.rule == "network_unreadable"
