"""Where a simulated drive goes: a chain of street edges with coordinates, chainage and speed limits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["SPEED_KMH", "Edge", "Path", "geojson", "snap", "to_lonlat", "to_measure"]

SPEED_KMH: Final = {
    "motorway": 110.0,
    "trunk": 85.0,
    "primary": 70.0,
    "secondary": 60.0,
    "tertiary": 50.0,
    "unclassified": 45.0,
    "residential": 38.0,
    "living_street": 20.0,
    "service": 20.0,
}
"""Usual speed by road class [km/h]; links take the class they belong to."""

_OTHER_KMH: Final = 40.0
_DIGITS: Final = 7
"""Digits of written degrees: 1 cm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A directed street edge: identity, course ``xy`` (k, 2) in the measure CRS [m], class, name."""

    way_id: int
    from_node: int
    to_node: int
    xy: Array
    highway: str
    oneway: bool = False
    name: str | None = None
    junction: str | None = None
    bridge: bool = False

    @property
    def length_m(self) -> float:
        """Planar length [m]."""
        return float(np.sum(np.hypot(*np.diff(self.xy, axis=0).T)))

    def reversed(self) -> Edge:
        """Return the edge driven the other way."""
        from dataclasses import replace

        return replace(self, from_node=self.to_node, to_node=self.from_node, xy=self.xy[::-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A route to drive: knots with chainage (k,) [m] and degrees, spans with a usual speed, its edges.

    ``spans`` are (from_m, to_m, speed_kmh); ``route`` are the rows of the route file.
    """

    chainage_m: Array
    lon: Array
    lat: Array
    spans: tuple[tuple[float, float, float], ...]
    route: tuple[dict[str, Any], ...]

    @property
    def length_m(self) -> float:
        """Length of the route [m]."""
        return float(self.chainage_m[-1])

    @classmethod
    def of_edges(cls, edges: Sequence[Edge], epsg: int) -> Path:
        """Chain directed edges whose coordinates are those of the CRS ``epsg``."""
        xy = np.concatenate([edges[0].xy[:1], *[e.xy[1:] for e in edges]])
        chainage = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
        ends = np.concatenate([[0.0], np.cumsum([e.length_m for e in edges])])
        lon, lat = to_lonlat(xy[:, 0], xy[:, 1], epsg)
        spans = tuple((float(a), float(b), _speed(e)) for e, a, b in zip(edges, ends, ends[1:], strict=False))
        route = tuple(
            {
                "seq": seq,
                "way_id": e.way_id,
                "from_node": e.from_node,
                "to_node": e.to_node,
                "from_m": float(a),
                "to_m": float(b),
            }
            for seq, (e, a, b) in enumerate(zip(edges, ends, ends[1:], strict=False))
        )
        return cls(chainage_m=chainage, lon=lon, lat=lat, spans=spans, route=route)

    def lonlat(self, chainage_m: Array) -> tuple[Array, Array]:
        """Degrees at chainages, shapes of the input; held beyond the ends."""
        return np.interp(chainage_m, self.chainage_m, self.lon), np.interp(
            chainage_m, self.chainage_m, self.lat
        )

    def turning(self, chainage_m: Array) -> Array:
        """Curvature [1/m] at chainages, left positive: change of heading over 20 m."""
        lon, lat = (self.lonlat(chainage_m + d) for d in (-10.0, 0.0, 10.0)), None
        points = [_metres(*p) for p in lon]
        del lat
        first, second = points[1] - points[0], points[2] - points[1]
        cross = first[0] * second[1] - first[1] * second[0]
        dot = np.sum(first * second, axis=0)
        return np.asarray(np.arctan2(cross, dot) / 10.0)


def _metres(lon: Array, lat: Array) -> Array:
    """Local metres (2, n), good for differences over tens of metres."""
    degree = np.pi / 180 * 6_371_000
    return np.stack([lon * degree * np.cos(np.radians(lat)), lat * degree])


def _speed(edge: Edge) -> float:
    if edge.junction == "roundabout":
        return 25.0
    return SPEED_KMH.get(edge.highway.removesuffix("_link"), _OTHER_KMH)


@lru_cache(maxsize=8)
def _transformer(epsg: int) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(4326, epsg, always_xy=True)


def to_measure(lon: Array, lat: Array, epsg: int) -> tuple[Array, Array]:
    """Degrees -> metres of a CRS."""
    x, y = _transformer(epsg).transform(lon, lat)
    return np.asarray(x), np.asarray(y)


def to_lonlat(x: Array, y: Array, epsg: int) -> tuple[Array, Array]:
    """Metres of a CRS -> degrees."""
    lon, lat = _transformer(epsg).transform(x, y, direction="INVERSE")
    return np.asarray(lon), np.asarray(lat)


def snap(xy: Array, epsg: int) -> Array:
    """Coordinates moved to the nearest written degrees, so that a reader of the file finds the same lengths."""
    lon, lat = to_lonlat(xy[:, 0], xy[:, 1], epsg)
    return np.column_stack(to_measure(np.round(lon, _DIGITS), np.round(lat, _DIGITS), epsg))


def geojson(edges: Sequence[Edge], epsg: int) -> dict[str, Any]:
    """Street graph as GeoJSON: one line an edge with its nodes, way, class, one-way and name."""
    return {
        "type": "FeatureCollection",
        "label": "simulated",
        "features": [_feature(edge, epsg) for edge in edges],
    }


def _feature(edge: Edge, epsg: int) -> dict[str, Any]:
    lon, lat = to_lonlat(edge.xy[:, 0], edge.xy[:, 1], epsg)
    points = [[round(float(a), _DIGITS), round(float(b), _DIGITS)] for a, b in zip(lon, lat, strict=True)]
    return {
        "type": "Feature",
        "properties": {
            "from_node": edge.from_node,
            "to_node": edge.to_node,
            "way_id": edge.way_id,
            "highway": edge.highway,
            "oneway": "yes" if edge.oneway else "no",
            "name": edge.name,
            "junction": edge.junction,
            "bridge": "yes" if edge.bridge else None,
        },
        "geometry": {"type": "LineString", "coordinates": points},
    }
