"""Tiles made together are those made one by one; vertices read off the bytes are those that GEOS reads."""

import mapbox_vector_tile
import numpy as np
import pyarrow as pa
import pytest
import shapely

from contado.kernel import tables
from contado.kernel.tiles import Level, Look, TileId, encode, index
from contado.kernel.tiles.paths import Shapes, from_geometries, plain_polygons
from contado.kernel.tiles.render import render, render_all


def squares(n, seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform([[9.0], [45.3]], [[9.3], [45.5]], (2, n))
    size = rng.exponential(0.002, n)
    return shapely.box(x, y, x + size, y + size)


def layer_of(shapes):
    words = np.array(["a", None, "c"])[np.arange(len(shapes)) % 3]
    table = pa.table({"n": range(len(shapes)), "word": words})
    return tables.geoparquet.with_geometry(table, pa.array(shapely.to_wkb(shapes), pa.binary()), "EPSG:4326")


@pytest.mark.parametrize("zoom", [9, 12, 14])
def test_tiles_made_together_are_those_made_alone(zoom):
    made = index.build(layer_of(squares(30_000)))
    x, y = (side.ravel() for side in np.meshgrid(np.arange(5), np.arange(4)))
    x, y = x + int(9.1 / 360 * 2**zoom + 2 ** (zoom - 1)), y + int(0.358 * 2**zoom)
    level, look = Level.free(zoom), Look("x", (0, 1), 0)
    together = render_all(made, level, look, x, y)
    alone = [
        render(made, level, look, TileId(zoom, a, b)) for a, b in zip(x.tolist(), y.tolist(), strict=True)
    ]
    assert together == alone
    assert sum(tile.drawn + tile.merged for tile in together) > 500


def column(wkb):
    return pa.chunked_array([pa.array(wkb, pa.binary())])


def test_vertices_read_off_the_bytes():
    shapes = squares(1000)
    _, expected = from_geometries(shapes)
    wkb = pa.array([b"", *shapely.to_wkb(shapes)], pa.binary())[
        1:
    ]  # a slice: offsets begin within the buffer
    for found in (
        column(shapely.to_wkb(shapes)),
        pa.chunked_array([wkb]),
        pa.chunked_array([wkb[:7], wkb[7:]]),
    ):
        for a, b in zip(plain_polygons(found), expected, strict=True):
            assert np.array_equal(a, b)


@pytest.mark.parametrize(
    "other",
    [
        None,
        shapely.to_wkb(shapely.Point(9, 45)),
        shapely.to_wkb(shapely.Polygon()),
        shapely.to_wkb(shapely.box(0, 0, 1, 1), byte_order=0),
        shapely.to_wkb(shapely.Polygon([(0, 0, 1), (1, 0, 1), (1, 1, 1)])),
        shapely.to_wkb(shapely.box(0, 0, 9, 9) - shapely.box(1, 1, 2, 2)),
        shapely.to_wkb(shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])),
    ],
    ids=["none", "point", "empty", "big-endian", "heights", "hole", "multi"],
)
def test_any_other_geometry_is_left_to_geos(other):
    assert plain_polygons(column([*shapely.to_wkb(squares(3)), other])) is None


def test_a_column_without_rows():
    assert plain_polygons(pa.chunked_array([], pa.binary())) is None


@pytest.mark.parametrize("value", [0, 127, 128, 2**14 - 1, 2**14, 2**21, 2**28 - 1])
def test_ids_of_every_length_are_read_back(value):
    point = Shapes(np.array([5.0]), np.array([7.0]), np.array([0, 1]), np.array([0, 1]), np.zeros(1, bool))
    tags = encode.Tags.of(np.empty((0, 1), np.int32))
    block, starts = encode.features("point", point, tags, np.array([value]))
    assert starts.tolist() == [0, len(block)]
    (feature,) = mapbox_vector_tile.decode(encode.layer("x", block, [], b""))["x"]["features"]
    assert feature["id"] == value


def test_a_long_line_and_many_values_are_read_back():
    n = 5000
    x = np.arange(n) % 4000.0
    line = Shapes(x, x[::-1].copy(), np.array([0, n]), np.array([0, 1]), np.zeros(1, bool))
    tags = encode.Tags(np.zeros(1, int), np.array([20_000]), np.array([1]))
    block, _ = encode.features("line", line, tags, np.array([1]))
    values = b"".join(b"\x22\x03\x28" + bytes([k & 0x7F | 0x80, k >> 7 & 0x7F]) for k in range(16_000))
    values += b"".join(b"\x22\x02\x28\x01" for _ in range(4_001))
    (feature,) = mapbox_vector_tile.decode(encode.layer("x", block, ["k"], values))["x"]["features"]
    assert len(feature["geometry"]["coordinates"]) == n
    assert feature["properties"] == {"k": 1}
