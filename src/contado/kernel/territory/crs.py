"""Coordinate reference systems: EPSG:4326 in exchange, a metric one (UTM) for measures."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.kernel.errors import GeometryError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["to_lonlat", "to_measure", "utm_epsg"]


def utm_epsg(lon: float, lat: float) -> int:
    """Return the EPSG code of the UTM zone (WGS 84) of a point in degrees.

    Examples
    --------
    >>> utm_epsg(9.19, 45.46), utm_epsg(12.5, 41.9), utm_epsg(-49.27, -25.43)
    (32632, 32633, 32722)
    """
    zone = min(int((lon + 180.0) // 6.0) + 1, 60)
    return (32600 if lat >= 0.0 else 32700) + zone


def to_measure(lon: ArrayLike, lat: ArrayLike, epsg: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Project longitudes and latitudes [deg] to metres in ``epsg``.

    Raises
    ------
    GeometryError
        Unknown code, or one whose axes are not metres.
    """
    return _apply(_transformer(4326, epsg), lon, lat)


def to_lonlat(x: ArrayLike, y: ArrayLike, epsg: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitudes and latitudes [deg] of points in metres in ``epsg``.

    Raises
    ------
    GeometryError
        Unknown code, or one whose axes are not metres.
    """
    return _apply(_transformer(epsg, 4326), x, y)


def _apply(transformer: Any, a: ArrayLike, b: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = transformer.transform(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
    return np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)


@lru_cache(maxsize=32)
def _transformer(source: int, target: int) -> Any:
    from pyproj import CRS, Transformer
    from pyproj.exceptions import CRSError

    measure = target if source == 4326 else source
    try:
        system = CRS.from_epsg(measure)
    except CRSError:
        raise GeometryError(
            f"EPSG:{measure} is no known coordinate reference system.",
            rule="unknown_crs",
            hint="give the code of a metric system, such as 32632 (UTM 32N)",
            field="epsg",
        ) from None
    if any(axis.unit_name != "metre" for axis in system.axis_info):
        raise GeometryError(
            f"EPSG:{measure} does not measure in metres.",
            rule="crs_not_metric",
            hint="give a projected system, such as 32632 (UTM 32N)",
            field="epsg",
        )
    return Transformer.from_crs(source, target, always_xy=True)
