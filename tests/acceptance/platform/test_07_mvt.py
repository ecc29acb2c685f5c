"""Item 7: Mapbox Vector Tiles."""

from __future__ import annotations

import datetime as dt
import json

import mapbox_vector_tile
import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely

from contado.kernel import tables
from contado.kernel.territory import boundaries
from contado.kernel.tiles import TileLayer
from contado.kernel.workspace import Workspace

INSIDE = shapely.box(0, 0, 4096, 4096)


def decoded(data, name):
    """Features of a tile as another library reads them, y down."""
    return mapbox_vector_tile.decode(data, default_options={"y_coord_down": True})[name]["features"]


def geometry(feature):
    return shapely.from_geojson(json.dumps(feature["geometry"]))


def workspace(path, name, shapes, attributes=None, **options):
    city = Workspace.create(path)
    wkb = pa.array(shapely.to_wkb(np.asarray(shapes)), pa.binary())
    table = tables.geoparquet.with_geometry(
        pa.table(attributes or {"k": range(len(shapes))}), wkb, "EPSG:4326"
    )
    with city.commit() as commit:
        commit.layer(name, table, **options)
    return city


@pytest.fixture(scope="module")
def municipalities(tmp_path_factory):
    city = Workspace.create(tmp_path_factory.mktemp("tiles") / "city")
    with city.commit() as commit:
        commit.layer("municipalities", tables.geoparquet.from_gdf(boundaries.shipped().gdf), crs="EPSG:4326")
    return TileLayer(city, "municipalities")


@pytest.mark.item("platform", 7, "municipalities of six tiles", "same sets; 1 % or 600 square units")
def test_six_tiles_hold_the_municipalities_and_their_areas(municipalities, shared, figure):
    worst = 0.0
    for case in json.loads(shared("platform/tiles_comuni.json").read_text())["tiles"]:
        tile = municipalities.tile(*case["tile"])
        areas = {}
        for feature in decoded(tile.data, "municipalities"):
            area = shapely.intersection(shapely.make_valid(geometry(feature)), INSIDE).area
            if area > 4:
                areas[feature["properties"]["istat"]] = area
        assert sorted(areas) == case["istat"]
        for istat, expected in case["clipped_area_units2"].items():
            worst = max(worst, abs(areas[istat] - expected) / max(0.01 * expected, 600))
    assert worst <= 1
    figure(f"same sets, worst {worst:.2f} of the tolerance")


def commands(data):
    """Command streams of a tile's features, read by the protobuf classes of the peer library."""
    tile = mapbox_vector_tile.Mapbox.vector_tile_pb2.tile()
    tile.ParseFromString(data)
    return tile.layers[0]


def rings(stream):
    """Rings of a polygon as written: lists of vertices; fails where one is not closed."""
    found, cursor, place = [], np.zeros(2, int), 0
    while place < len(stream):
        command, count = stream[place] & 7, stream[place] >> 3
        place += 1
        if command == 7:
            assert count == 1
            continue
        if command == 1:
            assert count == 1
            found.append([])
        for _ in range(count):
            cursor = cursor + [(v >> 1) ^ -(v & 1) for v in stream[place : place + 2]]
            found[-1].append(tuple(cursor.tolist()))
            place += 2
        if command == 2:
            assert stream[place] == 15  # every LineTo of a polygon is followed by ClosePath
    return found


def area(ring):
    x, y = np.array(ring).T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


@pytest.mark.item("platform", 7, "winding and closure", "all rings")
def test_rings_run_and_close_as_the_specification_asks(tmp_path, figure):
    rng = np.random.default_rng(3)
    centre = rng.uniform([9.0, 45.3], [9.4, 45.6], (200, 2))
    outer = shapely.buffer(shapely.points(centre), 0.01)
    shapes = [
        shapely.difference(o, shapely.buffer(shapely.points(c), 0.004))
        for o, c in zip(outer, centre, strict=True)
    ]
    shapes[0] = shapely.union_all(shapes[:3])
    layer = TileLayer(workspace(tmp_path / "city", "rings", shapes), "rings")
    seen = 0
    for tile in [(9, 268, 183), (11, 1075, 733), (10, 537, 366)]:
        data = layer.tile(*tile).data
        for feature in commands(data).features if data else ():
            signs = [area(ring) for ring in rings(list(feature.geometry))]
            assert signs[0] > 0
            assert all(a != 0 for a in signs)
            seen += len(signs)
    assert seen > 200
    figure(f"{seen} rings")


@pytest.mark.item("platform", 7, "lines, points, multi-parts, holes", "read back equal")
@pytest.mark.parametrize("kind", ["point", "multipoint", "line", "multiline", "hole", "multipolygon"])
def test_every_kind_of_geometry_is_read_back(tmp_path, kind, figure):
    """Vertices stand on whole units of tile 10/537/366, so they come back exactly."""
    shapes = {
        "point": shapely.Point(100, 200),
        "multipoint": shapely.MultiPoint([(100, 200), (300, 50), (4000, 4000)]),
        "line": shapely.LineString([(10, 10), (500, 20), (600, 900)]),
        "multiline": shapely.MultiLineString([[(10, 10), (500, 20)], [(700, 700), (800, 4000)]]),
        "hole": shapely.Polygon(
            [(10, 10), (1000, 10), (1000, 1000), (10, 1000)], [[(100, 100), (100, 200), (200, 200)]]
        ),
        "multipolygon": shapely.MultiPolygon([shapely.box(0, 0, 50, 50), shapely.box(100, 100, 900, 500)]),
    }
    layer = TileLayer(workspace(tmp_path / "city", "x", [degrees(shapes[kind])]), "x")
    tile = layer.tile(10, 537, 366)
    (feature,) = decoded(tile.data, "x")
    assert feature["id"] == 1
    assert shapely.equals(geometry(feature), shapes[kind])
    figure(kind)


def degrees(shape, z=10, x=537, y=366):
    """Place a shape drawn in units of a tile on the globe."""

    def place(points):
        u = (points + np.array([x, y]) * 4096.0) / (4096.0 * 2**z)
        return np.column_stack(
            [(u[:, 0] - 0.5) * 360, np.degrees(np.arctan(np.sinh((0.5 - u[:, 1]) * 2 * np.pi)))]
        )

    return shapely.transform(shape, place)


ATTRIBUTES = {
    "text": pa.array(["città", "", None]),
    "whole": pa.array([-(2**62), 7, None]),
    "natural": pa.array([2**63 + 5, 0, None], pa.uint64()),
    "decimal": pa.array([0.1, -1e300, None]),
    "single": pa.array([0.5, float("nan"), None], pa.float32()),
    "yes": pa.array([True, False, None]),
    "day": pa.array([dt.date(2026, 3, 1), None, dt.date(1999, 12, 31)]),
    "parts": pa.array([[1], [2], None]),
}


@pytest.mark.item("platform", 7, "every type of attribute", "read back equal; unknowns left out")
def test_every_type_of_attribute_is_read_back(tmp_path, figure):
    shapes = [degrees(shapely.Point(10 * k, 10)) for k in range(3)]
    layer = TileLayer(workspace(tmp_path / "city", "x", shapes, ATTRIBUTES), "x")
    found = {f["id"]: f["properties"] for f in decoded(layer.tile(10, 537, 366).data, "x")}
    assert found == {
        1: {
            "text": "città",
            "whole": -(2**62),
            "natural": 2**63 + 5,
            "decimal": 0.1,
            "single": 0.5,
            "yes": True,
            "day": "2026-03-01",
        },
        2: {"text": "", "whole": 7, "natural": 0, "decimal": -1e300, "yes": False},
        3: {"day": "1999-12-31"},
    }
    figure("7 types, unknowns and lists left out")


@pytest.mark.item("platform", 7, "GDAL opens the tile", "same municipalities")
def test_gdal_opens_a_tile(municipalities, tmp_path, figure):
    file = tmp_path / "0.mvt"
    file.write_bytes(municipalities.tile(9, 268, 182).data)
    frame = pyogrio.read_dataframe(file, layer="municipalities")
    inside = [  # GDAL cuts to the tile, without its buffer
        feature["properties"]["istat"]
        for feature in decoded(file.read_bytes(), "municipalities")
        if shapely.intersection(shapely.make_valid(geometry(feature)), INSIDE).area > 0
    ]
    assert sorted(frame["istat"]) == sorted(inside)
    assert len(frame) > 10
    figure(f"{len(frame)} municipalities")


@pytest.mark.slow
@pytest.mark.item(
    "platform", 7, "live tile against DuckDB ST_AsMVT, 1e5 buildings, z12", ">= 15x, same features"
)
def test_the_ratio_to_duckdb(bench, figure):
    result = bench("tiles/encode").run(100_000)
    peer = next(p for p in result["peers"] if p["name"].startswith("DuckDB"))
    assert peer["identical"]
    assert peer["ratio"] >= 15
    figure(f"{peer['ratio']:.0f}x")
