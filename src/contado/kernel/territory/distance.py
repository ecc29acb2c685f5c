"""Distances between points, centroids and polygons: found in the measure CRS, measured on the ellipsoid.

The nearest points are found in the measure CRS; the length between them is geodesic on WGS84, the planar
length is given beside it. The two differ by up to 0.04 % (the scale of UTM at its central meridian).

>>> from contado.kernel.territory import boundaries
>>> units = boundaries.shipped()
>>> shapes = units.gdf.set_index("name").geometry
>>> d = between(centroid(shapes["Milano"], 32632), centroid(shapes["San Colombano al Lambro"], 32632), 32632)
>>> round(d.geodesic_m, 1), round(d.planar_m, 1)
(40564.7, 40548.8)
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import shapely

from contado.kernel.territory import coverage_checks, crs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from contado.kernel.territory.boundaries import Units

__all__ = [
    "FAR_M",
    "NEAR_LIMIT_M",
    "Decision",
    "Distance",
    "between",
    "centroid",
    "geodesic_m",
    "nearest_unit",
    "within",
]

NEAR_LIMIT_M: Final = 100.0
"""A distance closer than this to a limit is flagged: borders are generalised, addresses are not exact."""


FAR_M: Final = 1_000_000.0
"""From here on a point lies too far from the territory for its measure CRS."""


class Distance(NamedTuple):
    """A distance [m] and the two points (lon, lat) between which it was measured; too far off, no plane."""

    geodesic_m: float
    planar_m: float | None
    start: tuple[float, float]
    end: tuple[float, float]


class Decision(NamedTuple):
    """Whether a distance keeps a limit, and whether it lies so near that a person should look."""

    within: bool
    near_limit: bool
    geodesic_m: float
    planar_m: float | None


@functools.cache
def _ellipsoid() -> Any:
    from pyproj import Geod

    return Geod(ellps="WGS84")


def geodesic_m(lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike) -> NDArray[np.float64]:
    """Return lengths [m] of the shortest lines on WGS84 between points in degrees."""
    lons1, lats1, lons2, lats2 = np.broadcast_arrays(
        *(np.asarray(v, float) for v in (lon1, lat1, lon2, lat2))
    )
    return np.asarray(_ellipsoid().inv(lons1, lats1, lons2, lats2)[2], dtype=np.float64)


def centroid(shape: shapely.Geometry, epsg: int) -> shapely.Point:
    """Return the centroid (lon, lat) of ``shape``, taken in the measure CRS ``epsg``."""
    middle = shapely.centroid(coverage_checks.project(shape, epsg))
    lon, lat = crs.to_lonlat([middle.x], [middle.y], epsg)
    return shapely.Point(lon[0], lat[0])


def between(a: shapely.Geometry, b: shapely.Geometry, epsg: int) -> Distance:
    """Return the distance between two geometries in longitude and latitude; 0 where they meet."""
    line = shapely.shortest_line(coverage_checks.project(a, epsg), coverage_checks.project(b, epsg))
    points = shapely.get_coordinates(line)
    lon, lat = crs.to_lonlat(points[:, 0], points[:, 1], epsg)
    length = float(geodesic_m(lon[:1], lat[:1], lon[1:], lat[1:])[0])
    start, end = ((float(x), float(y)) for x, y in zip(lon, lat, strict=True))
    return Distance(length, float(shapely.length(line)), start, end)


def within(distance: Distance, limit_m: float) -> Decision:
    """Decide whether ``distance`` keeps ``limit_m`` [m]; the geodesic length counts."""
    near = abs(distance.geodesic_m - limit_m) < NEAR_LIMIT_M
    return Decision(distance.geodesic_m <= limit_m, near, distance.geodesic_m, distance.planar_m)


def nearest_unit(units: Units, lon: float, lat: float) -> tuple[int, Distance]:
    """Return the position of the unit nearest to a point and its distance (0 inside).

    Of several at one distance the lowest code counts. Beyond `FAR_M` the measure CRS no longer holds: there
    the nearest vertex stands for the border, which is right to about a metre.
    """
    west, south, east, north = units.gdf.total_bounds
    if geodesic_m(lon, lat, (west + east) / 2, (south + north) / 2) > FAR_M:
        return _nearest_vertex(units, lon, lat)
    x, y = crs.to_measure([lon], [lat], units.epsg)
    projected = coverage_checks.project(units.gdf.geometry.to_numpy(), units.epsg)
    index = int(np.argmin(shapely.distance(projected, shapely.Point(x[0], y[0]))))
    return index, between(shapely.Point(lon, lat), units.gdf.geometry.iloc[index], units.epsg)


def _nearest_vertex(units: Units, lon: float, lat: float) -> tuple[int, Distance]:
    points, unit = shapely.get_coordinates(units.gdf.geometry.to_numpy(), return_index=True)
    lengths = geodesic_m(lon, lat, points[:, 0], points[:, 1])
    nearest = int(np.argmin(lengths))
    length, end = float(lengths[nearest]), (float(points[nearest, 0]), float(points[nearest, 1]))
    return int(unit[nearest]), Distance(length, None, (lon, lat), end)
