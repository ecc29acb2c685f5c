"""Where a simulated drive goes: a chain of street edges with coordinates, chainage and speed limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.kernel.territory import crs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.kernel.territory import Route

    Array = NDArray[np.float64]

__all__ = ["SPEED_KMH", "Edge", "Path", "geojson", "snap", "usual_kmh"]

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
_ROUNDABOUT_KMH: Final = 25.0
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
    piece: int = 0
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
        lon, lat = crs.to_lonlat(xy[:, 0], xy[:, 1], epsg)
        spans = tuple(
            (float(a), float(b), usual_kmh(e.highway, e.junction))
            for e, a, b in zip(edges, ends, ends[1:], strict=False)
        )
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

    @classmethod
    def of_route(cls, route: Route) -> Path:
        """Take a route of a street network; speeds by signed limit where known, else by class."""
        network = route.network
        chainage = np.unique(
            np.append(np.arange(route.start_m, route.end_m, 2.0), [*route.from_m, route.end_m])
        )
        lon, lat = route.lonlat(chainage)
        limit = network.edge_maxspeed[route.edges]
        usual = np.array([usual_kmh(str(c)) for c in network.edge_class[route.edges]])
        speeds = np.where(np.isfinite(limit), 0.9 * limit, usual)
        begin, end = route.from_m - route.start_m, route.to_m - route.start_m
        spans = tuple(zip(begin.tolist(), end.tolist(), speeds.tolist(), strict=True))
        rows = tuple(
            {
                "seq": seq,
                "way_id": int(network.edge_way[e]),
                "from_node": int(network.node_id[network.edge_from[e]]),
                "to_node": int(network.node_id[network.edge_to[e]]),
                "from_m": float(a),
                "to_m": float(b),
            }
            for seq, (e, a, b) in enumerate(zip(route.edges.tolist(), begin, end, strict=True))
        )
        return cls(chainage_m=chainage - route.start_m, lon=lon, lat=lat, spans=spans, route=rows)

    def lonlat(self, chainage_m: Array) -> tuple[Array, Array]:
        """Degrees at chainages, shapes of the input; held beyond the ends."""
        return np.interp(chainage_m, self.chainage_m, self.lon), np.interp(
            chainage_m, self.chainage_m, self.lat
        )

    def turning(self, chainage_m: Array) -> Array:
        """Curvature [1/m] at chainages, left positive: change of heading over 20 m."""
        behind, here, ahead = (_metres(*self.lonlat(chainage_m + d)) for d in (-10.0, 0.0, 10.0))
        first, second = here - behind, ahead - here
        cross = first[0] * second[1] - first[1] * second[0]
        dot = np.sum(first * second, axis=0)
        return np.asarray(np.arctan2(cross, dot) / 10.0)


def _metres(lon: Array, lat: Array) -> Array:
    """Local metres (2, n), good for differences over tens of metres."""
    degree = np.pi / 180 * 6_371_000
    return np.stack([lon * degree * np.cos(np.radians(lat)), lat * degree])


def usual_kmh(highway: str, junction: str | None = None) -> float:
    """Usual speed of a road class [km/h]; slow in roundabouts."""
    if junction == "roundabout":
        return _ROUNDABOUT_KMH
    return SPEED_KMH.get(highway.removesuffix("_link"), _OTHER_KMH)


def snap(xy: Array, epsg: int) -> Array:
    """Coordinates moved to the nearest written degrees, so that a reader of the file finds the same lengths."""
    lon, lat = crs.to_lonlat(xy[:, 0], xy[:, 1], epsg)
    return np.column_stack(crs.to_measure(np.round(lon, _DIGITS), np.round(lat, _DIGITS), epsg))


def geojson(edges: Sequence[Edge], epsg: int) -> dict[str, Any]:
    """Street graph as GeoJSON: one line an edge with its nodes, way, class, one-way and name."""
    return {
        "type": "FeatureCollection",
        "label": "simulated",
        "features": [_feature(edge, epsg) for edge in edges],
    }


def _feature(edge: Edge, epsg: int) -> dict[str, Any]:
    lon, lat = crs.to_lonlat(edge.xy[:, 0], edge.xy[:, 1], epsg)
    points = [[round(float(a), _DIGITS), round(float(b), _DIGITS)] for a, b in zip(lon, lat, strict=True)]
    return {
        "type": "Feature",
        "properties": {
            "from_node": edge.from_node,
            "to_node": edge.to_node,
            "way_id": edge.way_id,
            "piece": edge.piece,
            "highway": edge.highway,
            "oneway": "yes" if edge.oneway else "no",
            "name": edge.name,
            "junction": edge.junction,
            "bridge": "yes" if edge.bridge else None,
        },
        "geometry": {"type": "LineString", "coordinates": points},
    }
