"""Distances: on the ellipsoid, found in the measure CRS."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from contado.kernel.territory import boundaries, distance


@pytest.fixture(scope="module")
def units():
    return boundaries.shipped()


@pytest.fixture(scope="module")
def shapes(units):
    return units.gdf.set_index("name").geometry


def test_centroids_geodesic_and_planar(shapes):
    a, b = (distance.centroid(shapes[n], 32632) for n in ("Milano", "San Colombano al Lambro"))
    found = distance.between(a, b, 32632)
    assert found.geodesic_m == pytest.approx(40_564.7, abs=0.05)
    assert found.planar_m == pytest.approx(40_548.8, abs=0.05)


def test_a_degree_of_the_equator():
    assert distance.geodesic_m(0, 0, 1, 0) == pytest.approx(111_319.4908, abs=1e-3)  # a pi / 180, WGS84


def test_neighbours_touch(shapes):
    assert distance.between(shapes["Milano"], shapes["Assago"], 32632).geodesic_m == 0.0


def test_nearest_points_lie_on_the_borders(shapes):
    found = distance.between(shapes["Milano"], shapes["Abbiategrasso"], 32632)
    assert shapely.distance(shapes["Milano"], shapely.Point(found.start)) < 1e-8
    assert shapely.distance(shapes["Abbiategrasso"], shapely.Point(found.end)) < 1e-8
    assert found.geodesic_m == pytest.approx(found.planar_m, rel=1e-3)


def test_near_a_limit_both_figures_are_given(shapes):
    found = distance.between(shapes["Milano"], shapes["Abbiategrasso"], 32632)
    near = distance.within(found, found.geodesic_m + 99.0)
    far = distance.within(found, found.geodesic_m - 101.0)
    assert (near.within, near.near_limit) == (True, True)
    assert (far.within, far.near_limit) == (False, False)
    assert (near.geodesic_m, near.planar_m) == (found.geodesic_m, found.planar_m)


def test_the_nearest_unit_of_a_point_outside_and_inside(units):
    position, found = distance.nearest_unit(units, 8.6, 45.5)
    assert found.geodesic_m > 5000
    position, found = distance.nearest_unit(units, 9.19, 45.464)
    assert (units.codes[position], found.geodesic_m) == ("015146", 0.0)


def test_lengths_of_arrays():
    lengths = distance.geodesic_m(9.0, 45.0, np.array([9.0, 9.1]), 45.0)
    assert lengths[0] == 0.0
    assert lengths[1] == pytest.approx(7884.6, abs=1)


@pytest.mark.parametrize("point", [(99.0, 0.0), (-81.0, 0.0), (9.0, 89.9), (-170.8, -45.4), (180.0, 0.0)])
def test_the_nearest_unit_of_a_point_on_the_other_side_of_the_world(units, point):
    position, found = distance.nearest_unit(units, *point)
    assert 0 <= position < len(units)
    assert found.planar_m is None
    assert found.geodesic_m == pytest.approx(float(distance.geodesic_m(*point, 9.2, 45.4)), abs=70_000)


def test_near_and_far_agree_where_they_meet(units, monkeypatch):
    near = distance.nearest_unit(units, 18.0, 45.0)
    monkeypatch.setattr(distance, "FAR_M", 0.0)
    far = distance.nearest_unit(units, 18.0, 45.0)
    assert far[0] == near[0]
    assert far[1].geodesic_m == pytest.approx(near[1].geodesic_m, abs=2.0)
