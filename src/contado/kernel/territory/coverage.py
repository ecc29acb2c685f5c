"""Coverage of people by places: the weight of points within a distance or time of the nearest place.

One function for service points, stops, shelters and parks, whatever measures the way to them: `geodesic`,
`along_streets`, or `by_table` with travel times that another engine computed. A point counts as covered when
its nearest place is at the limit or nearer; one within `NEAR_LIMIT_M` of the limit is flagged, because
centroids, addresses and borders are not exact to a few metres.

>>> found = covered(geodesic([9.19, 9.30], [45.464, 45.464], [9.1905], [45.464]), [10, 30], limit=500.0)
>>> found.covered, found.total, found.share
(10.0, 40.0, 0.25)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from contado.kernel.errors import DataError, UsageError
from contado.kernel.territory import crs
from contado.kernel.territory.distance import NEAR_LIMIT_M, geodesic_m

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from contado.kernel.territory.network.model import Network

__all__ = ["SNAP_M", "Coverage", "Nearest", "along_streets", "by_table", "covered", "geodesic"]

_CANDIDATES: Final = 8
"""Places nearest on the sphere that are measured on the ellipsoid; the two orders differ by 0.6 % at most."""
_FLATTENING: Final = 0.006
_EARTH_M: Final = 6_371_000.0
SNAP_M: Final = 500.0
"""A point or place farther than this from every node is not on the network."""


class Nearest(NamedTuple):
    """Way from each point to its nearest place and that place's position; infinite and -1 where none."""

    way: NDArray[np.float64]
    place: NDArray[np.int64]
    unit: str


class Coverage(NamedTuple):
    """Weight within the limit, of all points, and of points so near the limit that a person should look.

    Attributes
    ----------
    share
        ``covered / total``, None where nothing weighs anything.
    within, near_limit
        One flag a point.
    near_limit_weight
        Weight of the points whose way lies within the margin of the limit, on either side.
    """

    covered: float
    total: float
    share: float | None
    near_limit_weight: float
    within: NDArray[np.bool_]
    near_limit: NDArray[np.bool_]


def covered(nearest: Nearest, weight: ArrayLike, *, limit: float, near: float | None = None) -> Coverage:
    """Return which points, and how much weight, lie within ``limit`` of their nearest place.

    Parameters
    ----------
    nearest
        Ways, in metres or minutes.
    weight
        Weight of each point (residents); not negative, NaN is refused.
    limit
        In the unit of the ways; a way equal to it is within.
    near
        Margin of the flag ``near_limit``; default `NEAR_LIMIT_M` for metres, none for minutes.

    Raises
    ------
    DataError
        A weight is unknown or negative (rule ``bad_weight``).
    UsageError
        The limit is not positive (rule ``bad_limit``).
    """
    weights = np.asarray(weight, dtype=np.float64)
    if bad := np.flatnonzero(~(weights >= 0)).tolist():
        raise DataError(
            f"{len(bad)} weights are unknown or negative.",
            rule="bad_weight",
            hint="leave such points out, or give them a weight",
            rows=[i + 1 for i in bad[:10]],
        )
    if not limit > 0:
        raise UsageError(
            f"{limit:g} is no limit.", rule="bad_limit", hint="give a positive number", field="limit"
        )
    margin = near if near is not None else (NEAR_LIMIT_M if nearest.unit == "m" else 0.0)
    within = nearest.way <= limit
    close = np.abs(nearest.way - limit) < margin
    total, reached = float(weights.sum()), float(weights[within].sum())
    return Coverage(
        reached, total, reached / total if total else None, float(weights[close].sum()), within, close
    )


def geodesic(lon: ArrayLike, lat: ArrayLike, place_lon: ArrayLike, place_lat: ArrayLike) -> Nearest:
    """Return the geodesic way [m] on WGS84 from each point to its nearest place.

    The places nearest on the sphere are found first, by a tree; those that the ellipsoid could still put
    first are measured on it.
    """
    from scipy.spatial import cKDTree

    lons, lats, to_lon, to_lat = (np.asarray(v, dtype=np.float64) for v in (lon, lat, place_lon, place_lat))
    if not to_lon.size or not lons.size:
        return _none(lons.size, "m")
    tree = cKDTree(_on_sphere(to_lon, to_lat))
    count = min(_CANDIDATES, to_lon.size)
    points = _on_sphere(lons, lats)
    chord, candidate = (np.reshape(a, (lons.size, count)) for a in tree.query(points, k=count))
    lengths = geodesic_m(lons[:, None], lats[:, None], to_lon[candidate], to_lat[candidate])
    best = np.argmin(lengths, axis=1)
    rows = np.arange(lons.size)
    way, place = lengths[rows, best], candidate[rows, best]
    if count < to_lon.size:
        for row in np.flatnonzero(
            chord[:, -1] * _EARTH_M * (1 - 2 * _FLATTENING) <= way
        ):  # so many at one distance
            every = geodesic_m(lons[row], lats[row], to_lon, to_lat)
            place[row] = np.argmin(every)
            way[row] = every[place[row]]
    return Nearest(way, place, "m")


def _on_sphere(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    east, north = np.radians(lon), np.radians(lat)
    return np.column_stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])


def _none(count: int, unit: str) -> Nearest:
    return Nearest(np.full(count, np.inf), np.full(count, -1, dtype=np.int64), unit)


def along_streets(
    network: Network,
    lon: ArrayLike,
    lat: ArrayLike,
    place_lon: ArrayLike,
    place_lat: ArrayLike,
    *,
    limit_m: float = np.inf,
) -> Nearest:
    """Return the shortest way [m] along a street network from each point to a place.

    A point or place stands at its nearest node; the straight way to it counts on both ends. The network's
    profile (walk, bike) says where one may go, and its one-way streets count.

    Parameters
    ----------
    network
        Streets, read with the profile of those who walk or ride.
    limit_m
        Longer ways are not looked for: they are infinite.
    """
    from scipy.sparse.csgraph import dijkstra

    start, to_start = _node(network, lon, lat)
    end, from_end = _node(network, place_lon, place_lat)
    usable = np.flatnonzero(np.isfinite(from_end))
    if not usable.size:
        return _none(start.size, "m")
    # one search backwards from a node beyond all places, joined to each by the way from the street to it
    graph = _backwards(network, end[usable], from_end[usable])
    root = np.array([network.nodes])
    (lengths,), (before,) = dijkstra(graph, indices=root, limit=limit_m, return_predecessors=True)
    way = np.where(np.isfinite(to_start), lengths[start] + to_start, np.inf)
    way[way > limit_m] = np.inf
    first = _first_steps(before, network.nodes, lengths)
    order = np.lexsort((usable, from_end[usable], end[usable]))
    node, at = np.unique(end[usable][order], return_index=True)
    place_at = np.full(network.nodes, -1, dtype=np.int64)
    place_at[node] = usable[order[at]]
    place = np.where(np.isfinite(way), place_at[first[start]], -1)
    return Nearest(way, place, "m")


def _node(network: Network, lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return each point's nearest node and the straight way to it, infinite beyond `SNAP_M`."""
    node_lon, node_lat = crs.to_lonlat(network.node_x, network.node_y, network.epsg)
    found = geodesic(lon, lat, node_lon, node_lat)
    return found.place, np.where(found.way <= SNAP_M, found.way, np.inf)


def _backwards(network: Network, end: NDArray[np.int64], way: NDArray[np.float64]) -> Any:
    from scipy.sparse import coo_array

    length = np.maximum(np.concatenate([network.edge_length_m, way]), 1e-9)  # a sparse zero is no edge
    start = np.concatenate([network.edge_to, np.full(end.size, network.nodes)])
    to = np.concatenate([network.edge_from, end])
    order = np.lexsort((length, to, start))
    start, to, length = start[order], to[order], length[order]
    first = np.ones(start.size, dtype=bool)
    first[1:] = (start[1:] != start[:-1]) | (to[1:] != to[:-1])
    side = network.nodes + 1
    return coo_array((length[first], (start[first], to[first])), shape=(side, side)).tocsr()


def _first_steps(before: NDArray[np.int32], root: int, lengths: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return for each node the node of the place that its way ends at."""
    first = np.arange(root)
    for node in np.argsort(lengths[:root], kind="stable").tolist():
        if 0 <= before[node] < root:
            first[node] = first[before[node]]
    return first


def by_table(points: ArrayLike, point_id: ArrayLike, minutes: ArrayLike) -> Nearest:
    """Return the least minutes of each point in a table of travel times (`mobility times`).

    Parameters
    ----------
    points
        Ids of the points.
    point_id, minutes
        One row a pair of point and place: the point's id and the travel time [min]; a point without a row,
        or with unknown times only, is reached from nowhere. ``place`` is then the row of the table.
    """
    ids, keys, times = np.asarray(points), np.asarray(point_id), np.asarray(minutes, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(times))
    order = known[np.lexsort((known, times[known], keys[known]))]
    unique, at = np.unique(keys[order], return_index=True)
    found = _none(ids.size, "min")
    if not unique.size:
        return found
    place = np.minimum(np.searchsorted(unique, ids), unique.size - 1)
    hit = unique[place] == ids
    found.place[hit] = order[at[place[hit]]]
    found.way[hit] = times[found.place[hit]]
    return found
