from __future__ import annotations

import numpy as np
import pytest

from contado.kernel.errors import GeometryError
from contado.kernel.territory import crs


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [(9.19, 45.46, 32632), (12.5, 41.9, 32633), (-49.27, -25.43, 32722), (180.0, 10.0, 32660)],
)
def test_the_utm_zone(lon, lat, epsg):
    assert crs.utm_epsg(lon, lat) == epsg


def test_there_and_back():
    lon, lat = np.array([9.1, 9.3]), np.array([45.4, 45.6])
    back = crs.to_lonlat(*crs.to_measure(lon, lat, 32632), 32632)
    np.testing.assert_allclose(back, (lon, lat), atol=1e-11)


@pytest.mark.parametrize(
    ("epsg", "rule"),
    [(999999, "unknown_crs"), (4326, "crs_not_metric"), (4258, "crs_not_metric"), (2263, "crs_not_metric")],
)
def test_what_does_not_measure_metres_is_refused(epsg, rule):
    with pytest.raises(GeometryError) as caught:
        crs.to_measure([9.0], [45.0], epsg)
    assert caught.value.rule == rule
