"""Routes, chainages and kilometre posts on a street of two edges."""

from __future__ import annotations

import json

import numpy as np
import pytest

from contado.kernel.errors import ColumnNotFound, DataError
from contado.kernel.territory import Network, Route
from contado.kernel.territory.lrs import Calibration, cells
from contado.kernel.territory.route_checks import parts

HEADER = "seq,way_id,from_node,to_node,from_m,to_m\n"


@pytest.fixture
def network(tmp_path):
    def line(start, end, points):
        return {
            "type": "Feature",
            "properties": {"from_node": start, "to_node": end, "way_id": 5},
            "geometry": {"type": "LineString", "coordinates": points},
        }

    features = [
        line(1, 2, [[9.0, 45.0], [9.001, 45.0]]),
        line(2, 3, [[9.001, 45.0], [9.001, 45.0005], [9.001, 45.001]]),
    ]
    path = tmp_path / "street.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return Network.from_file(path)


@pytest.fixture
def route(network):
    return Route.from_edges(network, [0, 2])


def test_the_length_is_that_of_the_edges(network, route):
    assert route.length_m == pytest.approx(network.edge_length_m[[0, 2]].sum())
    assert route.cells(50.0).tolist() == [0, 1, 2]


def test_chainage_distance_and_side(route):
    x, y, _, _ = route.point([30.0, 120.0])
    chainage, distance, side = route.chainage(x + np.array([0.0, -4.0]), y + np.array([3.0, 0.0]))
    np.testing.assert_allclose(chainage, [30.0, 120.0], atol=0.02)
    np.testing.assert_allclose(distance, [3.0, 4.0], atol=0.01)
    assert side.tolist() == [1, 1]


def test_a_point_beyond_the_radius_has_no_chainage(route):
    x, y, _, _ = route.point([30.0])
    chainage, distance, side = route.chainage(x, y - 80.0, radius_m=50.0)
    assert np.isnan(chainage[0])
    assert np.isnan(distance[0])
    assert side.tolist() == [0]


def test_off_the_route_there_is_no_point(route):
    x, _, edge, offset = route.point([-1.0, route.end_m, route.end_m + 1.0])
    assert np.isnan(x).tolist() == [True, False, True]
    assert edge.tolist() == [-1, 2, -1]
    assert offset[1] == pytest.approx(route.network.edge_length_m[2])
    assert route.link_at([10.0, -5.0]).tolist() == ["5:1:2:0:f", ""]


def test_a_route_file_stretches_edges_to_its_chainages(tmp_path, network):
    path = tmp_path / "route.csv"
    path.write_text(HEADER + "0,5,1,2,1000,1080\n1,5,2,3,1080,1190\n")
    route = Route.read(path, network)
    assert (route.start_m, route.end_m, route.edges.tolist()) == (1000.0, 1190.0, [0, 2])
    _, _, edge, offset = route.point([1040.0])
    assert offset[0] == pytest.approx(network.edge_length_m[edge[0]] / 2)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["0,5,1,2,0,95", "1,5,2,3,95,206"], [2]),
        (["0,5,1,2,0,79", "1,5,2,3,79,190"], []),
        (["0,5,1,2,0,60", "1,5,2,3,60,143", "2,5,3,2,143,226"], [2, 3, 4]),
        (["0,5,1,2,1000,1020"], [2]),
    ],
)
def test_an_edge_not_as_long_as_its_chainages_is_told(tmp_path, network, rows, told):
    found = [f for f in _read(tmp_path, network, rows).findings if f.rule != "part_of_edge"]
    assert [(f.rule, f.row) for f in found] == [("chainage_stretched", line) for line in told]


def _read(folder, network, rows):
    path = folder / "route.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n")
    return Route.read(path, network)


@pytest.mark.parametrize(
    ("rows", "lines", "ends"),
    [
        (["0,5,1,2,0,78", "1,5,2,3,78,108"], [3], (0.0, 30.0)),
        (["0,5,1,2,70,79", "1,5,2,3,79,190"], [2], (69.8, 111.1)),
        (["0,5,1,2,500,520", "1,5,2,3,520,550"], [2, 3], (58.8, 30.0)),
        (["0,5,1,2,30,50"], [2, 2], (30.0, 50.0)),
        (["0,5,1,2,0,79", "1,5,2,3,79,190"], [], (0.0, 111.1)),
    ],
)
def test_a_route_may_begin_and_end_within_an_edge(tmp_path, network, rows, lines, ends):
    route = _read(tmp_path, network, rows)
    assert [(f.rule, f.severity, f.row) for f in route.findings] == [
        ("part_of_edge", "note", line) for line in lines
    ]
    x, y, edge, offset = route.point([route.start_m, route.end_m])
    np.testing.assert_allclose(offset, ends, atol=0.15)
    chainage, distance, _ = route.chainage(x, y)
    np.testing.assert_allclose(chainage, [route.start_m, route.end_m], atol=1e-6)
    np.testing.assert_allclose(distance, 0.0, atol=1e-6)
    drawn = [np.concatenate(part) for part in zip(*route.lines, strict=True)]
    np.testing.assert_allclose([drawn[0][[0, -1]], drawn[1][[0, -1]]], [x, y], atol=1e-6)
    np.testing.assert_allclose(drawn[2][[0, -1]], [route.start_m, route.end_m])
    assert edge.tolist() == [route.edges[0], route.edges[-1]]


def test_a_point_beside_what_of_an_edge_is_not_of_the_route_is_beyond_it(tmp_path, network):
    whole = _read(tmp_path, network, ["0,5,1,2,0,79", "1,5,2,3,79,190"])
    part = _read(tmp_path, network, ["0,5,1,2,0,20", "1,5,2,3,20,131"])
    x, y, _, _ = whole.point([10.0, 70.0])
    chainage, distance, _ = part.chainage(x, y)
    np.testing.assert_allclose(chainage, [0.0, 11.1], atol=0.2)
    np.testing.assert_allclose(distance, [48.9, 0.0], atol=0.2)


def test_parts_are_told_in_the_measure_of_the_edges_between():
    """A survey 8 % longer than the map; of the last edge the half."""
    mapped, given = np.array([100.0, 200.0, 300.0, 100.0]), np.array([108.0, 216.0, 324.0, 54.0])
    to_m = np.cumsum(given)
    assert parts(mapped, to_m - given, to_m) == pytest.approx((0.0, 50.0))


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        (["0,5,1,2,0,99999"], (2,)),
        (["0,5,1,2,0,790", "1,5,2,3,790,1900"], (2, 3)),
        (["0,5,1,2,0,79", "1,5,2,3,79,99", "2,5,3,2,99,210"], (3,)),
    ],
)
def test_chainages_of_another_road_are_refused(tmp_path, network, rows, lines):
    path = tmp_path / "route.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n")
    with pytest.raises(DataError) as caught:
        Route.read(path, network)
    assert (caught.value.rule, caught.value.rows) == ("chainage_stretched", lines)


@pytest.mark.parametrize(
    ("text", "rule", "rows"),
    [
        (HEADER + "0,5,1,2,0,80\n1,5,9,3,80,190\n", "route_off_network", (3,)),
        (HEADER + "0,5,2,1,0,80\n1,5,2,3,80,190\n", "route_not_connected", (3,)),
        (HEADER + "0,5,1,2,0,80\n1,5,2,3,90,190\n", "chainage_not_increasing", (3,)),
        (HEADER + "0,5,1,x,0,80\n", "not_a_number", (2,)),
        (
            (HEADER + "0,5,1,2,0,80.5\n1,5,2,3,y,190\n").replace(",", ";").replace(".", ","),
            "not_a_number",
            (3,),
        ),
        (HEADER, "empty_file", ()),
    ],
)
def test_a_bad_route_file_is_refused_with_its_line(tmp_path, network, text, rule, rows):
    path = tmp_path / "route.csv"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        Route.read(path, network)
    assert (caught.value.rule, caught.value.rows) == (rule, rows)
    assert caught.value.hint


def test_a_missing_column_is_named(tmp_path, network):
    path = tmp_path / "route.csv"
    path.write_text("seq,way,from_node,to_node,from_m,to_m\n0,5,1,2,0,80\n")
    with pytest.raises(ColumnNotFound, match="way_id"):
        Route.read(path, network)


def test_edges_that_do_not_meet_are_no_route(network):
    with pytest.raises(DataError, match="does not begin"):
        Route.from_edges(network, [2, 0])


def test_complete_cells_only():
    assert cells(50.0, 350.0, 100.0).tolist() == [1, 2]
    assert cells(0.0, 300.0, 100.0).tolist() == [0, 1, 2]


def test_kilometre_posts():
    posts = Calibration.from_posts([0.0, 1010.0, 1990.0], [3000.0, 4000.0, 5000.0])
    np.testing.assert_allclose(posts.official_m([0, 505, 1010, 1500]), [3000, 3500, 4000, 4500])
    np.testing.assert_allclose(
        posts.geometric_m(posts.official_m([-20.0, 700.0, 2500.0])), [-20.0, 700.0, 2500.0]
    )
    np.testing.assert_allclose(posts.residual_m, [0.0, -10.0, 10.0])
    assert posts.post(202.0) == "3+200"


@pytest.mark.parametrize(
    "posts", [([0.0], [0.0]), ([0.0, 10.0], [5.0, 5.0]), ([0.0, 10.0, 20.0], [0.0, 2.0, 1.0])]
)
def test_posts_must_increase(posts):
    with pytest.raises(DataError) as caught:
        Calibration.from_posts(*posts)
    assert caught.value.rule == "posts_not_increasing"
