"""pavement.md section 19, item 2: network and linear referencing on the open data."""

from __future__ import annotations

import json

import numpy as np
import pytest

from contado.kernel.territory import Network, Route

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


@pytest.fixture(scope="module")
def liechtenstein(shared):
    return Network.from_osm(shared("roads/network/liechtenstein.osm.pbf"), profile="drive")


@pytest.mark.item("pavement", 2, "Liechtenstein: nodes, directed edges, km", "3,476 / 7,737 / 809.7 +-0.1 %")
def test_counts(liechtenstein, figure):
    network = liechtenstein
    figure(f"{network.nodes:,} / {network.edges:,} / {network.length_km:.2f}")
    assert (network.nodes, network.edges) == (3476, 7737)
    assert network.length_km == pytest.approx(809.7, rel=1e-3)
    assert sum(network.km_by_class().values()) == pytest.approx(network.length_km)
    assert len(set(network.link_id.tolist())) == network.edges
    keys = list(
        zip(network.edge_way.tolist(), network.edge_from.tolist(), network.edge_to.tolist(), strict=True)
    )
    repeated = {key for key in keys if keys.count(key) > 1}
    assert (len(repeated), sum(a == b for _, a, b in repeated)) == (9, 5)


@pytest.mark.item("pavement", 2, "Italian extracts load with street names", "names")
@pytest.mark.parametrize(
    ("name", "street"), [("rome_small", "Piazza Venezia"), ("via_montebello_roma", "Via Volturno")]
)
def test_italian_extracts(shared, name, street, figure):
    network = Network.from_file(shared(f"roads/network/{name}.osm.pbf"))
    streets = {text for text in network.edge_name.tolist() if text}
    figure(f"{network.edges} edges, {len(streets)} names")
    assert network.epsg == 32633
    assert street in streets


@pytest.mark.item("pavement", 2, "chainage -> point -> chainage, 10,000 random points", "< 0.01 m")
def test_round_trip_of_chainages(shared, liechtenstein, figure):
    route = Route.read(shared("roads/telemetry_synth/truth_route.csv"), liechtenstein)
    chainage = np.random.default_rng(0).random(10_000) * route.length_m
    x, y, _, _ = route.point(chainage)
    back, distance, _ = route.chainage(x, y)
    figure(f"{np.abs(back - chainage).max():.1e} m")
    assert np.abs(back - chainage).max() < 0.01
    assert distance.max() < 0.01


@pytest.mark.item("pavement", 2, "point -> chainage -> point beside the route", "< 0.01 m")
def test_round_trip_of_points_with_side(shared, liechtenstein, figure):
    route = Route.read(shared("roads/telemetry_synth/truth_route.csv"), liechtenstein)
    rng = np.random.default_rng(1)
    x, y, _, _ = route.point(rng.random(10_000) * route.length_m)
    x, y = x + rng.normal(0, 5, 10_000), y + rng.normal(0, 5, 10_000)
    chainage, distance, side = route.chainage(x, y)
    px, py, _, _ = route.point(chainage)
    worst = np.abs(np.hypot(x - px, y - py) - distance).max()
    figure(f"{worst:.1e} m")
    assert worst < 0.01
    assert set(side.tolist()) == {-1, 1}


@pytest.mark.item("pavement", 2, "GeoPackage, GeoJSON, road_link: same arrays", "identical")
def test_formats_give_the_same_arrays(tmp_path, liechtenstein, figure):
    liechtenstein.to_gpkg(tmp_path / "n.gpkg")
    liechtenstein.to_geojson(tmp_path / "n.geojson")
    others = {
        "gpkg": Network.from_gpkg(tmp_path / "n.gpkg"),
        "geojson": Network.from_geojson(tmp_path / "n.geojson"),
        "road_link": Network.from_links(liechtenstein.links()),
    }
    different = [
        (kind, name)
        for kind, other in others.items()
        for name in ARRAYS
        if getattr(liechtenstein, name).tolist() != getattr(other, name).tolist()
        and not np.array_equal(
            getattr(liechtenstein, name).astype(float), getattr(other, name).astype(float), equal_nan=True
        )
    ]
    figure(f"{len(ARRAYS)} arrays, {len(different)} differ")
    assert different == []


@pytest.mark.item("pavement", 2, "kilometre posts: places of the posts, residuals", "exact, reported")
def test_kilometre_posts(shared, liechtenstein, figure):
    from contado.kernel.territory.lrs import Calibration

    route = Route.read(shared("roads/telemetry_synth/truth_route.csv"), liechtenstein)
    measured = np.array([12.0, 1015.0, 2003.0, 3030.0, 5210.0])
    official = np.array([12000.0, 13000.0, 14000.0, 15000.0, 17200.0])
    posts = Calibration.from_posts(measured, official)
    s = np.linspace(0.0, route.length_m, 1001)
    worst = np.abs(posts.geometric_m(posts.official_m(s)) - s).max()
    figure(f"{worst:.1e} m, residuals {posts.residual_m.tolist()}")
    assert worst < 1e-6
    np.testing.assert_allclose(posts.official_m(measured), official, atol=1e-9)
    assert posts.residual_m.tolist() == [0.0, -3.0, 9.0, -18.0, 2.0]


@pytest.mark.item("pavement", 20, "Curitiba: the whole city's network", "6,381 km +-0.1 %")
def test_curitiba(shared, figure):
    network = Network.from_ways(shared("roads/real/curitiba/osm_ways.parquet"))
    figure(f"{network.ways_km:,.1f} km, {network.edges:,} edges")
    assert network.ways_km == pytest.approx(6381, rel=1e-3)
    assert network.epsg == 32722


@pytest.mark.item("pavement", 18, "bad network files", "network_unreadable, exit 2")
@pytest.mark.parametrize("content", ["cut", "empty", "text", "absent"])
def test_bad_networks(tmp_path, shared, content, capsys, figure):
    from contado.cli import main

    path = tmp_path / "extract.osm.pbf"
    data = {
        "cut": shared("roads/network/liechtenstein.osm.pbf").read_bytes()[:250_000],
        "empty": b"",
        "text": b"x" * 99,
    }
    if content in data:
        path.write_bytes(data[content])
    with pytest.raises(SystemExit) as stop:
        main(["pavement", "network", str(path), "--json"])
    error = json.loads(capsys.readouterr().out)["error"]
    figure(f"{content}: {error['rule']}")
    assert (stop.value.code, error["rule"]) == (2, "network_unreadable")
    assert "extract.osm.pbf" in error["message"]
    assert error["hint"]
