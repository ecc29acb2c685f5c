"""Point -> municipality: equal to the exact test everywhere."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from contado.kernel.territory import boundaries
from contado.kernel.territory.locate import Locator


def exact(units, lon, lat):
    """Slow reference, written for reading: the first unit in order of code that meets the point."""
    found = np.full(len(lon), -1)
    for k in reversed(range(len(units))):
        found[shapely.intersects_xy(units.gdf.geometry.iloc[k], lon, lat)] = k
    return found


def as_units(shapes):
    data = {"istat": [f"{k + 1:06d}" for k in range(len(shapes))], "name": "x"}
    return boundaries.from_frame(gpd.GeoDataFrame(data, geometry=shapes, crs=4326), name="x")


@pytest.fixture(scope="module")
def units():
    return boundaries.shipped()


@pytest.fixture(scope="module")
def locator(units):
    return Locator(units)


def test_vertices_edges_and_their_neighbours(units, locator):
    points = shapely.get_coordinates(units.gdf.geometry.to_numpy())
    middles = (points[1:] + points[:-1]) / 2
    above = np.nextafter(points, np.inf)
    below = np.nextafter(points, -np.inf)
    for lon, lat in (p.T for p in (points, middles, above, below)):
        np.testing.assert_array_equal(locator.index(lon, lat), exact(units, lon, lat))


def test_points_on_the_lines_of_the_grid(units, locator):
    west, south, east, north = units.gdf.total_bounds
    rng = np.random.default_rng(0)
    lon = west + rng.integers(0, 513, 20_000) * (east - west) / 512
    lat = south + rng.integers(0, 513, 20_000) * (north - south) / 512
    np.testing.assert_array_equal(locator.index(lon, lat), exact(units, lon, lat))


def test_a_shared_border_belongs_to_the_lowest_code():
    units = as_units([shapely.box(9, 45, 10, 46), shapely.box(10, 45, 11, 46)])
    locator = Locator(units)
    assert locator.index([10, 10, 9, 11], [45.5, 45, 45.5, 45.5]).tolist() == [0, 0, 0, 1]


def test_overlapping_units_give_the_lowest_code():
    units = as_units(
        [shapely.box(9.4, 45.4, 9.6, 45.6), shapely.box(9, 45, 10, 46), shapely.box(9.5, 45.2, 11, 45.8)]
    )
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(8.9, 11.1, 50_000), rng.uniform(44.9, 46.1, 50_000)
    np.testing.assert_array_equal(Locator(units).index(lon, lat), exact(units, lon, lat))


def test_holes_belong_to_none_or_to_who_fills_them():
    ring = shapely.difference(shapely.box(9, 45, 10, 46), shapely.box(9.3, 45.3, 9.6, 45.6))
    units = as_units([ring, shapely.box(9.4, 45.4, 9.5, 45.5)])
    locator = Locator(units, cells=8)
    assert locator.index([9.1, 9.35, 9.45, 9.3], [45.1, 45.35, 45.45, 45.3]).tolist() == [0, -1, 1, 0]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308, -1e308, 0.0])
def test_what_is_no_place_lies_in_no_unit(locator, value):
    assert locator.index([value, 9.19, value], [45.46, value, value]).tolist() == [-1, -1, -1]


def test_no_points_and_one_point(locator):
    assert locator.index([], []).shape == (0,)
    assert locator.istat(9.19, 45.464).to_pylist() == ["015146"]


def test_lists_of_two_lengths_are_refused(locator):
    with pytest.raises(ValueError, match="2 longitudes and 1 latitudes"):
        locator.index([9.0, 9.1], [45.0])


@pytest.mark.parametrize("cells", [1, 2, 7, 64, 1500])
def test_the_size_of_the_grid_changes_no_answer(units, cells):
    rng = np.random.default_rng(cells)
    west, south, east, north = units.gdf.total_bounds
    lon, lat = rng.uniform(west, east, 4000), rng.uniform(south, north, 4000)
    np.testing.assert_array_equal(Locator(units, cells).index(lon, lat), exact(units, lon, lat))


corner = st.tuples(st.floats(0, 1), st.floats(0, 1))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(corner, corner, corner), min_size=1, max_size=5),
    st.integers(1, 40),
    st.integers(0, 99),
)
def test_any_triangles(triangles, cells, seed):
    shapes = [shapely.Polygon(t) for t in triangles]
    shapes = [s for s in shapes if s.is_valid and s.area > 1e-9]
    if not shapes:
        return
    frame = gpd.GeoDataFrame(
        {"istat": "", "name": "", "pop": 0, "area_km2": 0.0},
        geometry=shapes,
        crs=4326,
        index=range(len(shapes)),
    )
    units = boundaries.Units(gdf=frame, name="triangles", epsg=32632)
    points = shapely.get_coordinates(shapes)
    rng = np.random.default_rng(seed)
    points = np.vstack([points, (points[1:] + points[:-1]) / 2, rng.uniform(-0.1, 1.1, (200, 2))])
    found = Locator(units, cells).index(points[:, 0], points[:, 1])
    np.testing.assert_array_equal(found, exact(units, *points.T))
