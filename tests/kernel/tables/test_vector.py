"""Vector files of other programs, in and out."""

from __future__ import annotations

import datetime as dt
import sqlite3
from xml.etree import ElementTree as ET

import pyarrow as pa
import pytest
import shapely

from contado.kernel.errors import DataError, GeometryError, TableNotFound, UsageError
from contado.kernel.tables import geoparquet, qgis_style, vector


def layer(shapes, crs="EPSG:4326", **columns):
    wkb = pa.array(
        [None if s is None else shapely.to_wkb(s, flavor="iso", byte_order=1) for s in shapes], pa.binary()
    )
    return geoparquet.with_geometry(
        pa.table({"id": [f"0{i}" for i in range(len(shapes))], **columns}), wkb, crs
    )


def by_id(table, columns):
    return table.select(columns).sort_by("id")


SHAPES = {
    "points": [shapely.Point(9.1, 45.123456789012345), shapely.Point(1 / 3, 1e-9)],
    "lines": [shapely.LineString([(0, 0), (0.1, 1 / 7)])] * 2,
    "polygons with a hole": [
        shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2)),
        shapely.box(5, 5, 6, 6),
    ],
    "multipolygons": [shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)])] * 2,
    "z": [shapely.Point(9, 45, 120.25), shapely.Point(9, 46, -1)],
}
ATTRIBUTES = {
    "name": ["=Forlì\n'", None],
    "n": pa.array([2**53 + 1, None], pa.int64()),
    "v": [0.1, None],
    "ok": pa.array([True, None]),
}


@pytest.mark.parametrize("ending", vector.WRITABLE)
@pytest.mark.parametrize("kind", SHAPES)
def test_round_trip(tmp_path, ending, kind):
    table = layer(SHAPES[kind], **ATTRIBUTES)
    assert vector.write(table, tmp_path / f"l{ending}") == []
    back = vector.read_table(tmp_path / f"l{ending}", crs="EPSG:4326").table
    assert by_id(back, table.column_names).equals(by_id(table, table.column_names))
    assert geoparquet.crs(back) == "EPSG:4326"


@pytest.mark.parametrize("ending", vector.WRITABLE)
def test_the_same_layer_gives_the_same_bytes(tmp_path, ending):
    table = layer(SHAPES["points"], **ATTRIBUTES, day=pa.array([dt.date(2026, 1, 2), None]))
    style = {"attribute": "name", "classes": [{"value": "a", "colour": "#010203"}]}
    for name in "ab":
        vector.write(table, tmp_path / f"{name}{ending}", name="places", style=style)
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()


def test_geopackage_keeps_dates_and_instants_and_a_column_called_fid(tmp_path):
    at = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    table = layer(SHAPES["points"], fid=[7, 7], day=[dt.date(2026, 1, 2)] * 2, at=[at, at])
    vector.write(table, tmp_path / "l.gpkg")
    back = vector.read_table(tmp_path / "l.gpkg").table
    assert back["fid"].to_pylist() == [7, 7]
    assert back["day"].to_pylist() == [dt.date(2026, 1, 2)] * 2
    assert back["at"].to_pylist() == [at, at]


def test_lists_are_text_where_a_format_has_none(tmp_path):
    table = layer(SHAPES["points"], links=[["a", "b"], None])
    vector.write(table, tmp_path / "l.gpkg")
    assert vector.read_table(tmp_path / "l.gpkg").table["links"].to_pylist() == ["a;b", None]
    vector.write(table, tmp_path / "l.geojson")
    assert vector.read_table(tmp_path / "l.geojson").table["links"].to_pylist() == [["a", "b"], None]


def test_a_metric_layer_keeps_its_system_except_in_geojson(tmp_path):
    table = layer([shapely.Point(515000, 5035000)], crs="EPSG:32632")
    for ending in (".gpkg", ".fgb", ".parquet"):
        assert vector.write(table, tmp_path / f"l{ending}") == []
        assert geoparquet.crs(vector.read_table(tmp_path / f"l{ending}").table) == "EPSG:32632"
    (finding,) = vector.write(table, tmp_path / "l.geojson")
    assert (finding.rule, finding.action) == ("reprojected", "converted")
    shape = geoparquet.geometries(vector.read_table(tmp_path / "l.geojson").table)[0]
    assert shapely.dwithin(shape, shapely.Point(9.191, 45.468), 0.01)


def test_empty_and_invalid_geometries_are_counted(tmp_path):
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    vector.write(layer([bow, None, shapely.Polygon(), shapely.box(0, 0, 1, 1)]), tmp_path / "l.gpkg")
    found = vector.read_table(tmp_path / "l.gpkg")
    assert (found.repaired, found.dropped, found.table["id"].to_pylist()) == (1, 2, ["00", "03"])
    assert [(f.rule, f.action) for f in found.findings] == [
        ("empty_geometry", "dropped"),
        ("invalid_geometry", "repaired"),
    ]
    assert all(shapely.is_valid(geoparquet.geometries(found.table)))
    assert "rows 2, 3" in found.findings[0].message


def test_mixed_types_are_split_into_families():
    table = layer([shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)]), shapely.MultiPoint([(0, 0)])])
    assert {k: t["id"].to_pylist() for k, t in vector.split_by_type(table).items()} == {
        "points": ["00", "02"],
        "lines": ["01"],
    }
    assert list(vector.split_by_type(layer(SHAPES["lines"]))) == [""]
    assert list(vector.split_by_type(layer([]))) == [""]


def test_shapefiles_loose_and_zipped(tmp_path):
    import zipfile

    gdf = geoparquet.to_gdf(layer(SHAPES["points"], name=["Forlì", "b"]))
    gdf.to_file(tmp_path / "l.shp")
    with zipfile.ZipFile(tmp_path / "l.zip", "w") as archive:
        for part in tmp_path.glob("l.*"):
            if part.suffix != ".zip":
                archive.write(part, part.name)
    for name in ("l.shp", "l.zip"):
        table = vector.read_table(tmp_path / name).table
        assert table["name"].to_pylist() == ["Forlì", "b"]
        assert geoparquet.crs(table) == "EPSG:4326"


@pytest.mark.parametrize(
    ("text", "crs", "system"),
    [
        ("id,lon,lat\n01,9.1,45.5\n", None, "EPSG:4326"),
        ("id;Longitude;Latitude\n01;9,1;45,5\n", None, "EPSG:4326"),
        ("id,x_m,y_m\n01,9.1,45.5\n", "EPSG:32632", "EPSG:32632"),
        ("id,wkt\n01,POINT (9.1 45.5)\n", "EPSG:3003", "EPSG:3003"),
    ],
)
def test_csv_with_coordinates(tmp_path, text, crs, system):
    (tmp_path / "p.csv").write_text(text)
    table = vector.read_table(tmp_path / "p.csv", crs=crs).table
    assert geoparquet.geometries(table)[0] == shapely.Point(9.1, 45.5)
    assert (table["id"].to_pylist(), geoparquet.crs(table)) == (["01"], system)


def test_csv_rows_without_coordinates_are_dropped_and_counted(tmp_path):
    (tmp_path / "p.csv").write_text("id,lon,lat\na,9.1,45.5\nb,,45\nc,nan,1\nd,inf,1\n")
    found = vector.read_table(tmp_path / "p.csv")
    assert (found.table["id"].to_pylist(), found.dropped) == (["a"], 3)


@pytest.mark.parametrize(
    ("name", "content", "crs", "kind", "rule"),
    [
        ("a.csv", "id,lon\n1,2\n", None, GeometryError, "missing_geometry"),
        ("a.csv", "id,lon,lat\n1,east,2\n", None, DataError, "bad_number"),
        ("a.csv", "id,x,y\n1,1,2\n", None, GeometryError, "missing_crs"),
        ("a.csv", "id,wkt\n1,POINT\n", "EPSG:4326", GeometryError, "bad_geometry"),
        ("a.csv", "id,lon,lat\n1,1,2\n", "EPSG:32632", GeometryError, "crs_conflict"),
        ("a.csv", "id,x,y\n1,1,2\n", "EPSG:77", GeometryError, "unknown_crs"),
        ("a.geojson", "{", None, DataError, "damaged_file"),
        ("a.gpkg", "nothing", None, DataError, "damaged_file"),
        ("a.fgb", "", None, DataError, "damaged_file"),
        ("a.zip", "x", None, DataError, "damaged_file"),
        ("a.dxf", "x", None, UsageError, "unknown_format"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, name, content, crs, kind, rule):
    (tmp_path / name).write_text(content)
    with pytest.raises(kind) as error:
        vector.read_table(tmp_path / name, crs=crs)
    assert error.value.rule == rule
    assert error.value.hint


def test_a_shapefile_without_prj_asks_for_its_system(tmp_path):
    geoparquet.to_gdf(layer(SHAPES["points"])).to_file(tmp_path / "l.shp")
    (tmp_path / "l.prj").unlink()
    with pytest.raises(GeometryError, match="names no coordinate reference system"):
        vector.read_table(tmp_path / "l.shp")
    assert geoparquet.crs(vector.read_table(tmp_path / "l.shp", crs="EPSG:3003").table) == "EPSG:3003"


def test_a_file_of_several_layers_asks_which(tmp_path):
    gdf = geoparquet.to_gdf(layer(SHAPES["points"]))
    for name in ("one", "two"):
        gdf.to_file(tmp_path / "l.gpkg", layer=name)
    with pytest.raises(UsageError, match="one, two"):
        vector.read_table(tmp_path / "l.gpkg")
    assert vector.read_table(tmp_path / "l.gpkg", "two").table.num_rows == 2
    with pytest.raises(TableNotFound, match="did you mean two"):
        vector.read_table(tmp_path / "l.gpkg", "twoo")


def test_missing_files_and_foreign_endings(tmp_path):
    with pytest.raises(TableNotFound, match="no file"):
        vector.read(tmp_path / "a.gpkg")
    with pytest.raises(UsageError) as error:
        vector.write(layer(SHAPES["points"]), tmp_path / "a.shp")
    assert error.value.rule == "unknown_format"


def test_a_frame_comes_back_with_findings(tmp_path):
    vector.write(layer(SHAPES["points"]), tmp_path / "l.fgb")
    frame, findings = vector.read(tmp_path / "l.fgb")
    assert (len(frame), frame.crs.to_epsg(), findings) == (2, 4326, [])


STYLE = {
    "attribute": "class",
    "classes": [
        {"value": "A", "label": "Good", "colour": "#004488"},
        {"value": "D", "label": "Bad", "colour": "#BB5566"},
    ],
}


def test_a_geopackage_carries_the_style_that_qgis_loads(tmp_path):
    vector.write(layer(SHAPES["points"]), tmp_path / "l.gpkg", name="state", style=STYLE)
    database = sqlite3.connect(tmp_path / "l.gpkg")
    row = database.execute(
        "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
    ).fetchall()
    registered = database.execute(
        "SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'"
    ).fetchall()
    database.close()
    assert [r[:3] for r in row] == [("state", "geom", 1)]
    assert registered == [("attributes",)]
    renderer = ET.fromstring(row[0][3]).find("renderer-v2")
    assert renderer.get("attr") == "class"
    assert [c.get("value") for c in renderer.iter("category")] == ["A", "D"]
    assert vector.read_table(tmp_path / "l.gpkg").table.num_rows == 2


@pytest.mark.parametrize(
    ("kind", "symbol"),
    [("Point", "marker"), ("MultiLineString Z", "line"), ("Polygon", "fill"), ("Unknown", "fill")],
)
def test_classes_of_a_number_are_ranges(kind, symbol):
    style = {"attribute": "iri", "classes": [{"min": 0, "max": 2.5, "label": "0-2.5", "colour": "#FFFFFF"}]}
    root = ET.fromstring(qgis_style.qml(style, kind))
    assert root.find("renderer-v2").get("type") == "graduatedSymbol"
    assert (root.find(".//range").get("upper"), root.find(".//symbol").get("type")) == ("2.5", symbol)
    assert "255,255,255,255" in {p.get("v") for p in root.iter("prop")}
