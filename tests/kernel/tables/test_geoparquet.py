"""GeoParquet 1.1 as other programs expect it, and bit for bit."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from contado.kernel import tables
from contado.kernel.errors import DataError, GeometryError
from contado.kernel.tables import geoparquet


def layer(shapes, crs="EPSG:32632", **columns):
    wkb = pa.array(
        [None if s is None else shapely.to_wkb(s, flavor="iso", byte_order=1) for s in shapes], pa.binary()
    )
    columns = columns or {"id": [str(i) for i in range(len(shapes))]}
    return geoparquet.with_geometry(pa.table(columns), wkb, crs)


@pytest.fixture
def z_points():
    return layer([shapely.Point(1 / 3, 2e-17, 5.5), None, shapely.Point(4, 5, 6)])


def test_the_metadata_says_what_the_norm_asks(tmp_path, z_points):
    geoparquet.write(z_points, tmp_path / "l.parquet")
    geo = json.loads(pq.read_schema(tmp_path / "l.parquet").metadata[b"geo"])
    column = geo["columns"]["geometry"]
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    assert (column["encoding"], column["edges"], column["geometry_types"]) == ("WKB", "planar", ["Point Z"])
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 32632}
    assert column["covering"]["bbox"]["ymax"] == ["bbox", "ymax"]
    assert column["bbox"] == [1 / 3, 2e-17, 4.0, 5.0]


def test_a_layer_comes_back_bit_for_bit(tmp_path, z_points):
    geoparquet.write(z_points, tmp_path / "l.parquet")
    assert geoparquet.read(tmp_path / "l.parquet").equals(z_points, check_metadata=True)


def test_geopandas_reads_it_by_box(tmp_path):
    import geopandas

    geoparquet.write(layer([shapely.Point(i, i) for i in range(9)]), tmp_path / "l.parquet")
    gdf = geopandas.read_parquet(tmp_path / "l.parquet", bbox=(2.5, 2.5, 4.5, 4.5))
    assert gdf["id"].tolist() == ["3", "4"]
    assert gdf.crs.to_epsg() == 32632


def test_a_frame_and_its_table_give_the_same_bytes(z_points):
    assert geoparquet.file_bytes(geoparquet.to_gdf(z_points)) == geoparquet.file_bytes(z_points)


def test_columns_with_unknowns_keep_their_type_through_a_frame():
    table = layer([shapely.Point(0, 0)] * 2, n=pa.array([1, None]), b=pa.array([None, True]), s=["a", None])
    back = geoparquet.from_gdf(geoparquet.to_gdf(table))
    assert back.equals(table)


def test_an_attribute_called_bbox_is_kept(tmp_path):
    table = layer([shapely.Point(0, 0)], bbox=["mine"])
    geoparquet.write(table, tmp_path / "l.parquet")
    assert geoparquet.read(tmp_path / "l.parquet").equals(table)


def test_empty_layers(tmp_path):
    geoparquet.write(layer([]), tmp_path / "l.parquet")
    assert geoparquet.facts(geoparquet.read(tmp_path / "l.parquet")) == ([], "EPSG:32632", 0, None)


def test_files_of_other_writers(tmp_path):
    import geopandas

    frame = geopandas.GeoDataFrame(
        {"id": ["a"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=None
    ).rename_geometry("shape")
    frame.to_parquet(tmp_path / "l.parquet")
    table = geoparquet.read(tmp_path / "l.parquet")
    assert table.column_names == ["id", "geometry"]
    assert geoparquet.crs(table) is None
    geoarrow = tmp_path / "arrow.parquet"
    frame.rename_geometry("geometry").to_parquet(geoarrow, geometry_encoding="geoarrow")
    with pytest.raises(GeometryError, match="encoding 'polygon'"):
        geoparquet.read(geoarrow)


def test_a_file_without_crs_member_is_crs84(tmp_path):
    geo = {
        "version": "1.0.0",
        "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}},
    }
    table = pa.table({"geometry": pa.array([shapely.to_wkb(shapely.Point(9, 45))])})
    pq.write_table(table.replace_schema_metadata({b"geo": json.dumps(geo).encode()}), tmp_path / "l.parquet")
    assert geoparquet.crs(geoparquet.read(tmp_path / "l.parquet")) == "OGC:CRS84"


def test_what_is_no_layer_is_refused(tmp_path):
    tables.write_parquet(pa.table({"a": [1]}), tmp_path / "t.parquet")
    with pytest.raises(GeometryError, match="without geometry"):
        geoparquet.read(tmp_path / "t.parquet")
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"x\.parquet cannot be read"):
        geoparquet.read(tmp_path / "x.parquet")
    with pytest.raises(GeometryError, match="no column geometry"):
        geoparquet.file_bytes(pa.table({"a": [1]}))
    with pytest.raises(GeometryError, match="no WKB"):
        geoparquet.geometries(geoparquet.with_geometry(pa.table({"a": [1]}), pa.array([b"zz"]), None))
    with pytest.raises(GeometryError, match="EPSG:0"):
        layer([], crs="EPSG:0")


def test_the_box_column_has_a_box_a_feature(tmp_path, z_points):
    geoparquet.write(z_points, tmp_path / "l.parquet")
    boxes = pq.read_table(tmp_path / "l.parquet", columns=["bbox"])["bbox"].to_pylist()
    assert boxes[1] is None
    assert np.isclose(boxes[0]["xmax"], 1 / 3)
