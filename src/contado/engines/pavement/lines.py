"""Places along a section's line, given in degrees: points and parts by chainage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import shapely
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Line"]


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

    def part(self, from_m: float, to_m: float) -> shapely.LineString:
        """Return the part between two chainages."""
        import shapely

        inner = self.chainage_m[(self.chainage_m > from_m) & (self.chainage_m < to_m)]
        lon, lat = self.lonlat(np.concatenate(([from_m], inner, [to_m])))
        return shapely.LineString(np.column_stack([lon, lat]))
