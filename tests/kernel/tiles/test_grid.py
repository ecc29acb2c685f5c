"""Tiles of the pyramid and their order."""

import numpy as np
import pytest
from pmtiles.tile import zxy_to_tileid

from contado.kernel.errors import UsageError
from contado.kernel.tiles import grid


@pytest.mark.parametrize("zoom", [1, 2, 3, 6])
def test_ids_are_those_of_the_archive_format(zoom):
    side = 1 << zoom
    x, y = (a.ravel() for a in np.meshgrid(np.arange(side), np.arange(side)))
    place = grid.hilbert(x, y, zoom)
    expected = [zxy_to_tileid(zoom, int(a), int(b)) for a, b in zip(x, y, strict=True)]
    assert (place + grid.first_id(zoom)).tolist() == expected
    back = grid.hilbert_inverse(place, zoom)
    assert np.array_equal(back[0], x)
    assert np.array_equal(back[1], y)


def test_a_tile_keeps_its_place_within_its_parent():
    x, y = np.random.default_rng(0).integers(0, 1 << 22, (2, 1000))
    assert np.array_equal(grid.hilbert(x, y, 22) >> 20, grid.hilbert(x >> 10, y >> 10, 12))


@pytest.mark.parametrize("tile", [(-1, 0, 0), (23, 0, 0), (3, 8, 0), (3, 0, -1)])
def test_a_tile_outside_the_matrix_is_refused(tile):
    with pytest.raises(UsageError) as caught:
        grid.checked(*tile)
    assert caught.value.rule == "no_such_tile"


def test_places_of_the_world():
    x, y = grid.lonlat_to_world(np.array([9.19, 180.0]), np.array([45.46, -85.0511287798066]))
    assert grid.world_to_lonlat(x[0], y[0]) == pytest.approx((9.19, 45.46))
    assert (x[1], y[1]) == pytest.approx((1.0, 1.0))
