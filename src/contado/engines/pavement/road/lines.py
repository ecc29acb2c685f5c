"""Places along a section's line, given in degrees: points and parts by chainage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import shapely
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Line"]

EARTH_M = 6_371_008.8
"""Mean radius of the earth (IUGG)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line with the chainage of its vertices [m], shape (n,), stretched to the section's own length."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    chainage_m: NDArray[np.float64]

    @classmethod
    def of(cls, wkb: bytes, length_m: float) -> Line:
        """Read a LineString in EPSG:4326; steps are measured on the sphere."""
        import shapely

        lon, lat = shapely.get_coordinates(shapely.from_wkb(wkb)).T
        north = np.radians(np.diff(lat))
        east = np.radians(np.diff(lon)) * np.cos(np.radians((lat[1:] + lat[:-1]) / 2))
        along = np.concatenate(([0.0], np.cumsum(np.hypot(north, east))))
        scale = length_m / along[-1] if along[-1] > 0 else 0.0
        return cls(lon=lon, lat=lat, chainage_m=along * scale)

    def lonlat(self, chainage_m: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return longitude and latitude [deg] of places along the line; its ends beyond them."""
        places = np.asarray(chainage_m, np.float64)
        return np.interp(places, self.chainage_m, self.lon), np.interp(places, self.chainage_m, self.lat)

    def nearest(self, lon: float, lat: float) -> tuple[float, float]:
        """Return chainage of the nearest point of the line, and how far it is [m, m] on the sphere."""
        scale = np.array([np.cos(np.radians(lat)), 1.0]) * np.radians(EARTH_M)
        x, y = (np.column_stack([self.lon - lon, self.lat - lat]) * scale).T
        dx, dy = np.diff(x), np.diff(y)
        length = np.maximum(dx**2 + dy**2, 1e-12)
        share = np.clip(-(x[:-1] * dx + y[:-1] * dy) / length, 0.0, 1.0)
        away = np.hypot(x[:-1] + share * dx, y[:-1] + share * dy)
        k = int(away.argmin())
        step = self.chainage_m[k + 1] - self.chainage_m[k]
        return float(self.chainage_m[k] + share[k] * step), float(away[k])

    def part(self, from_m: float, to_m: float) -> shapely.LineString:
        """Return the part between two chainages."""
        import shapely

        inner = self.chainage_m[(self.chainage_m > from_m) & (self.chainage_m < to_m)]
        lon, lat = self.lonlat(np.concatenate(([from_m], inner, [to_m])))
        return shapely.LineString(np.column_stack([lon, lat]))
