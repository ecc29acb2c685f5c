"""Live tiles of a workspace's layer."""

import pickle

import mapbox_vector_tile
import pyarrow as pa
import pytest
import shapely

from contado.kernel import tables
from contado.kernel.errors import ColumnNotFound, GeometryError, UsageError
from contado.kernel.tiles import TileLayer, pyramid
from contado.kernel.workspace import Workspace

PLACES = [(9.19, 45.46), (9.2, 45.47), None, (9.0, 89.0)]


def table(shapes=None):
    shapes = shapes or [None if p is None else shapely.Point(p) for p in PLACES]
    n = len(shapes)
    attributes = {"name": [f"n{k}" for k in range(n)], "pop": range(n), "_secret": range(n)}
    wkb = pa.array([None if s is None else shapely.to_wkb(s) for s in shapes], pa.binary())
    return tables.geoparquet.with_geometry(pa.table(attributes), wkb, "EPSG:4326")


@pytest.fixture
def city(tmp_path):
    city = Workspace.create(tmp_path / "city")
    with city.commit() as commit:
        commit.layer("places", table())
    return city


def properties(tile):
    return [f["properties"] for f in mapbox_vector_tile.decode(tile.data)["places"]["features"]]


def test_what_has_no_place_on_the_map_is_named(city):
    layer = TileLayer(city, "places")
    assert {f.rule for f in layer.index.facts.findings} == {"no_geometry", "beyond_the_map"}
    assert layer.tile(0, 0, 0).drawn == 2
    assert layer.tile(3, 0, 0) == (b"", 0, 0, 0)


def test_only_the_columns_of_the_style_leave(city):
    assert properties(TileLayer(city, "places").tile(0, 0, 0))[0].keys() == {"name", "pop"}
    before = TileLayer(city, "places").etag
    with city.commit() as commit:
        commit.layer("places", table(), style={"columns": ["name", "_secret"]})
    layer = TileLayer(city, "places")
    assert properties(layer.tile(0, 0, 0))[0].keys() == {"name"}
    assert layer.etag != before
    with pytest.raises(ColumnNotFound):
        TileLayer(city, "places", measure="pop")


def test_a_measure_is_a_number(city):
    with pytest.raises(UsageError) as caught:
        TileLayer(city, "places", measure="name")
    assert caught.value.rule == "not_a_number"


def test_a_changed_layer_gets_a_new_index(city):
    assert TileLayer(city, "places").tile(0, 0, 0).drawn == 2
    with city.commit() as commit:
        commit.layer("places", table([shapely.Point(1, 1)]))
    assert TileLayer(city, "places").tile(0, 0, 0).drawn == 1
    assert len(list((city.path / "layers/.index/places").iterdir())) == 1


def test_a_folder_that_cannot_be_written_gives_the_same_tiles(city, monkeypatch):
    from contado.kernel.tiles import index

    kept = TileLayer(city, "places").tile(0, 0, 0)
    monkeypatch.setattr(index, "_save", lambda *_: (_ for _ in ()).throw(PermissionError()))
    with city.commit() as commit:
        commit.layer("places", table(), crs="EPSG:4326", updated_at="2026-01-01T00:00:00Z")
    for old in (city.path / "layers/.index/places").glob("*/facts.json"):
        old.unlink()
    assert TileLayer(city, "places").tile(0, 0, 0) == kept


def test_other_crs_give_the_same_tile(city, tmp_path):
    import geopandas

    points = geopandas.GeoDataFrame({"name": ["n0"]}, geometry=[shapely.Point(9.19, 45.46)], crs=4326)
    other = Workspace.create(tmp_path / "other")
    tiles = []
    for crs in (4326, 32632):
        with other.commit() as commit:
            commit.layer("places", points.to_crs(crs))
        tiles.append(TileLayer(other, "places").tile(14, 8610, 5859).data)
    assert tiles[0] == tiles[1]


def test_collections_are_refused(city):
    shape = shapely.GeometryCollection([shapely.Point(1, 1), shapely.box(0, 0, 1, 1)])
    with city.commit() as commit:
        commit.layer("places", table([shape]))
    with pytest.raises(GeometryError) as caught:
        TileLayer(city, "places")
    assert caught.value.rule == "mixed_geometry"


def test_tilejson(city):
    found = TileLayer(city, "places", measure="pop").tilejson(["/tiles/places/{z}/{x}/{y}.mvt"])
    assert found["vector_layers"][0]["fields"] == {
        "name": "String", "pop": "Number", "_n": "Number", "_sum_pop": "Number",
    }  # fmt: skip
    assert found["bounds"] == pytest.approx([9.19, 45.46, 9.2, 45.47])
    assert found["aggregated"] == {}


def test_the_context_travels_to_another_process(city):
    layer = TileLayer(city, "places")
    context = pyramid.Context(layer.index, layer.look, dict(layer.prepare([0, 5])))
    ids = pa.record_batch({"tile_id": [0, *pyramid.tile_ids(layer.index, 5).tolist()]})
    here = pyramid.render_batch(ids, context)
    there = pyramid.render_batch(ids, pickle.loads(pickle.dumps(context)))
    assert here.equals(there)
    assert here.num_rows == 2


@pytest.mark.parametrize(("zooms", "rule"), [((5, 4), "bad_zoom"), ((0, 23), "bad_zoom")])
def test_zooms_that_are_no_range(city, tmp_path, zooms, rule):
    with pytest.raises(UsageError) as caught:
        pyramid.build(TileLayer(city, "places"), tmp_path / "x", min_zoom=zooms[0], max_zoom=zooms[1])
    assert caught.value.rule == rule


def test_a_layer_without_a_place_on_the_map(city, tmp_path):
    with city.commit() as commit:
        commit.layer("places", table([None, None]))
    layer = TileLayer(city, "places")
    assert layer.tile(0, 0, 0).data == b""
    with pytest.raises(UsageError) as caught:
        pyramid.build(layer, tmp_path / "x.pmtiles", min_zoom=0, max_zoom=3)
    assert caught.value.rule == "nothing_to_draw"
