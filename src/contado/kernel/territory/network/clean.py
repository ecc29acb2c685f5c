"""From ways to a graph: split at shared nodes, drop empty loops, lay out the directed edges.

A way is split at every node that is used by more than one way, or twice by one, and at its ends. A
piece that may be driven both ways gives two directed edges, the one along the way first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.territory import crs
from contado.kernel.territory.network.model import Network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.kernel.territory.network.profiles import Profile
    from contado.kernel.territory.osm import Ways

__all__ = ["Pieces", "assemble", "directions", "kept", "leading_numbers", "number", "select", "split"]

FORWARD, BACKWARD = 1, -1
BOTH = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """Undirected pieces of ways between two nodes of the graph; geometry flat, in degrees."""

    way_id: NDArray[np.int64]
    seq: NDArray[np.int32]
    """Number of the piece along its way, from 0."""
    node_from: NDArray[np.int64]
    node_to: NDArray[np.int64]
    direction: NDArray[np.int8]
    """1 usable along the way only, -1 against it only, 0 both."""
    offsets: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    highway: NDArray[np.object_]
    name: NDArray[np.object_]
    maxspeed_kmh: NDArray[np.float64]
    lanes: NDArray[np.float64]


def kept(ways: Ways, profile: Profile) -> Ways:
    """Return the ways that ``profile`` accepts."""
    keep = np.isin(ways.tags["highway"].astype(str), list(profile.highways))
    for tag in profile.closed_by:
        if tag in ways.tags:
            keep &= ways.tags[tag] != "no"
    return ways.where(keep)


def directions(ways: Ways, profile: Profile) -> NDArray[np.int8]:
    """Return 1, -1 or 0 (both) for each way.

    One-way are ``oneway`` yes, 1 or true, motorways and roundabouts; ``oneway=-1`` is reversed.
    """
    result = np.full(len(ways.way_id), BOTH, dtype=np.int8)
    if not profile.one_way:
        return result
    oneway = ways.tags.get("oneway", np.full(len(result), None, dtype=object))
    junction = ways.tags.get("junction", np.full(len(result), None, dtype=object))
    result[(ways.tags["highway"] == "motorway") | (junction == "roundabout")] = FORWARD
    result[np.isin(oneway.astype(str), ["yes", "1", "true"])] = FORWARD
    result[oneway == "-1"] = BACKWARD
    return result


def split(ways: Ways, direction: NDArray[np.int8]) -> Pieces:
    """Split ``ways`` at shared nodes and at their ends.

    A piece whose two ends are one node is kept only if it has an inner point.
    """
    counts = np.diff(ways.offsets)
    row = np.repeat(np.arange(len(counts)), counts)
    _, inverse, uses = np.unique(ways.node, return_inverse=True, return_counts=True)
    cut = uses[inverse] > 1
    cut[ways.offsets[:-1]] = True
    cut[ways.offsets[1:] - 1] = True
    places = np.flatnonzero(cut)
    first, last = places[:-1], places[1:]
    inside = row[first] == row[last]
    empty_loop = (ways.node[first] == ways.node[last]) & (last - first == 1)
    first, last = first[inside & ~empty_loop], last[inside & ~empty_loop]
    of = row[first]
    index, offsets = _ranges(first, last + 1)
    return Pieces(
        way_id=ways.way_id[of],
        seq=number(ways.way_id[of]),
        node_from=ways.node[first],
        node_to=ways.node[last],
        direction=direction[of],
        offsets=offsets,
        lon=ways.lon[index],
        lat=ways.lat[index],
        highway=ways.tags["highway"][of],
        name=_tag(ways, "name")[of],
        maxspeed_kmh=leading_numbers(_tag(ways, "maxspeed"))[of],
        lanes=leading_numbers(_tag(ways, "lanes"))[of],
    )


def _tag(ways: Ways, key: str) -> NDArray[np.object_]:
    return ways.tags.get(key, np.full(len(ways.way_id), None, dtype=object))


def _ranges(start: NDArray[np.int64], stop: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the concatenation of the ranges ``start:stop`` and the offset of each."""
    offsets = np.concatenate(([0], np.cumsum(stop - start)))
    steps = np.arange(offsets[-1]) - np.repeat(offsets[:-1], stop - start)
    return np.repeat(start, stop - start) + steps, offsets


def number(keys: NDArray[np.int64]) -> NDArray[np.int32]:
    """Number the occurrences of each key from 0, in order.

    >>> number(np.array([7, 7, 5, 7])).tolist()
    [0, 1, 0, 2]
    """
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    starts = (
        np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1]))) if len(keys) else np.empty(0, int)
    )
    sizes = np.diff(np.concatenate((starts, [len(keys)])))
    result = np.empty(len(keys), dtype=np.int32)
    result[order] = np.arange(len(keys)) - np.repeat(starts, sizes)
    return result


def leading_numbers(texts: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the leading number of each text, NaN where there is none ("50", "30 mph", "IT:urban")."""
    known = {text: _speed(text) for text in set(texts.tolist())}
    return np.array([known[text] for text in texts.tolist()], dtype=np.float64)


def _speed(text: object) -> float:
    words = str(text).split() if text is not None else []
    try:
        value = float(words[0]) if words else float("nan")
    except ValueError:
        return float("nan")
    return value * 1.609344 if words[1:] == ["mph"] else value


def select(pieces: Pieces, keep: NDArray[np.bool_]) -> Pieces:
    """Return the pieces for which ``keep`` is true."""
    chosen = np.flatnonzero(keep)
    index, offsets = _ranges(pieces.offsets[chosen], pieces.offsets[chosen + 1])
    return Pieces(
        way_id=pieces.way_id[keep],
        seq=pieces.seq[keep],
        node_from=pieces.node_from[keep],
        node_to=pieces.node_to[keep],
        direction=pieces.direction[keep],
        offsets=offsets,
        lon=pieces.lon[index],
        lat=pieces.lat[index],
        highway=pieces.highway[keep],
        name=pieces.name[keep],
        maxspeed_kmh=pieces.maxspeed_kmh[keep],
        lanes=pieces.lanes[keep],
    )


def assemble(pieces: Pieces, epsg: int | None = None, profile: str = "") -> Network:
    """Lay out the directed edges of ``pieces`` and measure them.

    Parameters
    ----------
    pieces
        Undirected pieces in degrees; at least one.
    epsg
        Measure CRS; by default the UTM zone of the extent's centre.
    profile
        Name of the profile that the network was read with.
    """
    code = crs.utm_epsg(_centre(pieces.lon), _centre(pieces.lat)) if epsg is None else epsg
    x, y = crs.to_measure(pieces.lon, pieces.lat, code)
    piece, forward = _edges(pieces.direction)
    index, offsets = _ranges(pieces.offsets[piece], pieces.offsets[piece + 1])
    backward = np.repeat(~forward, np.diff(offsets))
    mirrored = np.repeat(pieces.offsets[piece] + pieces.offsets[piece + 1] - 1, np.diff(offsets)) - index
    index = np.where(backward, mirrored, index)
    start = np.where(forward, pieces.node_from[piece], pieces.node_to[piece])
    end = np.where(forward, pieces.node_to[piece], pieces.node_from[piece])
    node_id, first = np.unique(np.concatenate((start, end)), return_index=True)
    ends = np.concatenate((index[offsets[:-1]], index[offsets[1:] - 1]))[first]
    return Network(
        epsg=code,
        profile=profile,
        node_id=node_id,
        node_x=x[ends],
        node_y=y[ends],
        edge_from=np.searchsorted(node_id, start).astype(np.int32),
        edge_to=np.searchsorted(node_id, end).astype(np.int32),
        edge_way=pieces.way_id[piece],
        edge_seq=pieces.seq[piece],
        edge_forward=forward,
        geometry_offsets=offsets,
        geometry_x=x[index],
        geometry_y=y[index],
        edge_class=pieces.highway[piece],
        edge_name=pieces.name[piece],
        edge_maxspeed=pieces.maxspeed_kmh[piece],
        edge_lanes=pieces.lanes[piece],
    )


def _centre(degrees: NDArray[np.float64]) -> float:
    return float(degrees.min() + degrees.max()) / 2.0


def _edges(direction: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the piece of each directed edge and whether it runs along its way."""
    usable = np.column_stack((direction != BACKWARD, direction != FORWARD))
    piece, side = np.nonzero(usable)
    return piece, side == 0
