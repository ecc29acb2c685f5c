from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from contado.kernel import scale
from contado.kernel.territory import boundaries, join


def exact(units, shapes):
    tree = shapely.STRtree(shapes)
    unit, row = tree.query(units.gdf.geometry.to_numpy(), predicate="intersects")
    order = np.lexsort((unit, row))
    return row[order].tolist(), unit[order].tolist()


def found(joiner, shapes, **more):
    row, unit = joiner.pairs(pa.array(shapely.to_wkb(shapes), pa.binary()), **more)
    return row.tolist(), unit.tolist()


@pytest.fixture(scope="module")
def joiner():
    return join.Joiner(boundaries.shipped())


def boxes(n, seed, size):
    rng = np.random.default_rng(seed)
    west, south, east, north = boundaries.shipped().gdf.total_bounds
    x, y = rng.uniform(west - 0.05, east + 0.05, n), rng.uniform(south - 0.05, north + 0.05, n)
    width, height = rng.exponential(size, (2, n))
    return shapely.box(x, y, x + width, y + height)


@pytest.mark.parametrize("size", [1e-4, 1e-3, 0.05, 1.0])
@pytest.mark.parametrize("cells", [64, join.CELLS])
def test_pairs_are_those_of_the_exact_test(size, cells):
    shapes = boxes(1000, 1, size)
    assert found(join.Joiner(boundaries.shipped(), cells), shapes) == exact(boundaries.shipped(), shapes)


def test_every_kind_of_geometry(joiner):
    some = boxes(200, 2, 0.02)
    shapes = np.concatenate(
        [
            some,
            shapely.centroid(some),
            shapely.boundary(some),
            shapely.buffer(some, 0.01).astype(object),
            [shapely.difference(a, shapely.buffer(a, -0.002)) for a in some],
            [shapely.MultiPolygon([a, b]) for a, b in pairwise(some)],
        ]
    )
    assert found(joiner, shapes) == exact(joiner.units, shapes)


def test_touching_counts(joiner):
    vertices = np.unique(shapely.get_coordinates(joiner.units.gdf.geometry.to_numpy()), axis=0)[::7]
    shapes = shapely.box(*vertices.T, *(vertices + 1e-4).T)
    assert found(joiner, shapes) == exact(joiner.units, shapes)


def test_nothing_null_and_empty(joiner):
    wkb = pa.array([None, shapely.to_wkb(shapely.Polygon()), shapely.to_wkb(shapely.Point(9.19, 45.464))])
    row, unit = joiner.pairs(wkb)
    assert (row.tolist(), [joiner.units.codes[k] for k in unit]) == ([2], ["015146"])
    assert [len(a) for a in joiner.pairs(wkb[:0])] == [0, 0]


def test_a_part_of_an_array_and_given_boxes(joiner):
    shapes = boxes(1000, 3, 0.001)
    wkb = pa.array(shapely.to_wkb(shapes), pa.binary())
    row, unit = joiner.pairs(wkb[300:700])
    assert (row.tolist(), unit.tolist()) == exact(joiner.units, shapes[300:700])
    assert found(joiner, shapes, boxes=shapely.bounds(shapes)) == exact(joiner.units, shapes)


def test_overlapping_units_are_all_paired():
    import geopandas

    big, small = shapely.box(0, 0, 10, 10), shapely.box(2, 2, 8, 8)
    frame = geopandas.GeoDataFrame(
        {"istat": ["000001", "000002"], "name": ["a", "b"]}, geometry=[big, small], crs=4326
    )
    units = boundaries.Units(gdf=frame, name="t", epsg=32632)
    shapes = np.array([shapely.box(x, 5, x + 0.1, 5.1) for x in (0.5, 1.95, 5, 9, 20)])
    assert (
        found(join.Joiner(units), shapes) == exact(units, shapes) == ([0, 1, 1, 2, 2, 3], [0, 0, 1, 0, 1, 0])
    )


@given(
    st.lists(
        st.tuples(*[st.floats(-1e6, 1e6)] * 4).map(lambda v: shapely.box(v[0], v[1], v[2], v[3])), max_size=8
    ),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_boxes_of_any_geometries(shapes, lines):
    shapes = np.array(
        [*(shapely.boundary(shapes) if lines else []), *shapes, None, shapely.Point(1, 2)], object
    )
    wkb = pa.array(shapely.to_wkb(shapes), pa.binary())
    assert np.array_equal(join.boxes_of(wkb), shapely.bounds(shapes), equal_nan=True)
    big_endian = pa.array(shapely.to_wkb(shapes, byte_order=0), pa.binary())
    assert np.array_equal(join.boxes_of(big_endian), shapely.bounds(shapes), equal_nan=True)


def test_threads_do_not_disturb_each_other(joiner):
    """GEOS writes into a prepared polygon while it tests: threads that shared one crashed."""
    shapes = boxes(20_000, 4, 0.01)
    table = pa.table({"geometry": pa.array(shapely.to_wkb(shapes), pa.binary())})
    parted = scale.run(join.batch, table, joiner, partitions=16)
    assert (parted["row_id"].to_pylist(), parted["unit"].to_pylist()) == exact(joiner.units, shapes)
