"""Cutting shapes to a tile, beside GEOS."""

import numpy as np
import pytest
import shapely

from contado.kernel.tiles.clip import HIGH, LOW, clip
from contado.kernel.tiles.paths import from_geometries, to_polygons

BOX = shapely.box(LOW, LOW, HIGH, HIGH)


def stars(n, seed):
    """Spiky polygons with holes around the edges of the tile."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    radius = rng.uniform(100, 3000, (n, 24))
    centre = rng.uniform(-1000, 5000, (n, 1, 2))
    ring = centre + radius[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    outer = shapely.polygons(ring)
    hole = shapely.buffer(shapely.points(centre[:, 0]), 50)
    return shapely.difference(outer, hole)


@pytest.mark.parametrize("seed", range(3))
def test_polygons_keep_the_area_inside_and_stay_valid(seed):
    shapes = stars(60, seed)
    kind, flat = from_geometries(shapes)
    cut = clip(kind, flat)
    filled = np.flatnonzero(np.diff(cut.features))
    made = to_polygons(cut.take(filled))
    expected = shapely.area(shapely.intersection(shapes, BOX))
    found = np.zeros(len(shapes))
    found[filled] = shapely.area(made)
    assert found == pytest.approx(expected, abs=1e-3)
    assert shapely.is_valid(made).all()


@pytest.mark.parametrize("seed", range(3))
def test_lines_keep_the_length_inside(seed):
    rng = np.random.default_rng(seed)
    shapes = shapely.linestrings(rng.uniform(-2000, 6000, (50, 12, 2)))
    kind, flat = from_geometries(shapes)
    cut = clip(kind, flat)
    expected = shapely.length(shapely.intersection(shapes, BOX))
    found = []
    for first, last in zip(cut.features[:-1], cut.features[1:], strict=True):
        paths = [slice(cut.paths[p], cut.paths[p + 1]) for p in range(first, last)]
        found.append(sum(np.hypot(np.diff(cut.x[p]), np.diff(cut.y[p])).sum() for p in paths))
    assert found == pytest.approx(expected, rel=1e-9)


def test_points_on_the_edge_of_the_buffer_stay():
    shapes = np.array([shapely.MultiPoint([(LOW, 0), (LOW - 1, 0)]), shapely.Point(HIGH + 1, 0)])
    kind, flat = from_geometries(shapes)
    cut = clip(kind, flat)
    assert cut.x.tolist() == [LOW]
    assert cut.features.tolist() == [0, 1, 1]
