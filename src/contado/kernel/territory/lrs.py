"""Linear referencing: chainages along a route, and official kilometre posts along a section.

A *route* is an ordered list of directed edges. Its *chainage* runs from the start of the first edge; a
route file gives the chainage of each edge's ends, which its length is stretched to (they agree to the
rounding of the file unless the file follows a survey).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.kernel.errors import DataError, Finding
from contado.kernel.territory import columns, crs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from contado.kernel.territory.network.grid import SegmentIndex
    from contado.kernel.territory.network.model import Network

__all__ = ["Calibration", "Route", "cells"]

_ROUNDING_M = 1e-6
"""A chainage this far off the ends is still on the route: sums of floats are not exact."""

_LIKE: Final = (0.9, 1.1)
"""Chainage per metre of an edge that calls for no word: official lengths differ from those of a map."""
_POSSIBLE: Final = (0.5, 2.0)
"""Beyond these no survey is that far from the map: the chainages are those of another road, or in another unit."""
_SLACK_M: Final = 1.0
"""Difference of lengths that is never told: short edges of files in whole metres."""

COLUMNS = ("seq", "way_id", "from_node", "to_node", "from_m", "to_m")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Route:
    """An ordered list of directed edges of a network with chainages [m]."""

    network: Network
    edges: NDArray[np.int64]
    from_m: NDArray[np.float64]
    """Chainage of each edge's start."""
    to_m: NDArray[np.float64]
    """Chainage of each edge's end."""
    findings: tuple[Finding, ...] = ()
    """Edges of a route file that are not as long as its chainages say."""

    def __repr__(self) -> str:
        return f"Route({len(self.edges)} edges, {self.start_m:.2f} to {self.end_m:.2f} m)"

    @classmethod
    def read(cls, path: str | Path, network: Network) -> Route:
        """Read a route file: ``seq, way_id, from_node, to_node, from_m, to_m``.

        Raises
        ------
        ColumnNotFound
            A column is missing.
        DataError
            Rules ``table_not_found``, ``not_a_number``, ``empty_file``, ``route_off_network`` (an edge
            the network does not have), ``route_not_connected``, ``chainage_not_increasing`` and
            ``chainage_stretched`` (an edge more than twice or less than half as long by its chainages as on
            the map), with the lines.
        """
        from contado.kernel import tables

        file = Path(path).name
        table, _, at = tables.read(path)
        columns.need(table, COLUMNS, file)
        if not table.num_rows:
            raise DataError(
                f"{file}: the route has no edge.",
                rule="empty_file",
                hint="give at least one edge",
                field="route",
            )
        order = np.argsort(columns.numbers(table, "seq", file, at), kind="stable")
        way, start, end = (columns.integers(table, name, file, at)[order] for name in COLUMNS[1:4])
        from_m, to_m = (columns.numbers(table, name, file, at)[order] for name in COLUMNS[4:])
        lines = [columns.line_of(int(i), at) for i in order]
        keys = list(zip(way.tolist(), start.tolist(), end.tolist(), strict=True))
        edges = _find_edges(network, keys, to_m - from_m, lines, file)
        _check_connected(network, edges, lines, file)
        _check_increasing(from_m, to_m, lines, file)
        stretched = _stretched(network.edge_length_m[edges], to_m - from_m, lines, file)
        return cls(network=network, edges=edges, from_m=from_m, to_m=to_m, findings=tuple(stretched))

    @classmethod
    def from_edges(cls, network: Network, edges: Sequence[int] | NDArray[np.int64]) -> Route:
        """Build the route along ``edges``, chainage 0 at its start.

        Raises
        ------
        DataError
            Rules ``empty_file`` and ``route_not_connected``; ``rows`` are 1-based places in ``edges``.
        """
        chosen = np.asarray(edges, dtype=np.int64)
        if not len(chosen):
            raise DataError("The route has no edge.", rule="empty_file", hint="give at least one edge")
        _check_connected(network, chosen, list(range(1, len(chosen) + 1)), "route")
        ends = np.cumsum(network.edge_length_m[chosen])
        return cls(network=network, edges=chosen, from_m=np.concatenate(([0.0], ends[:-1])), to_m=ends)

    @property
    def start_m(self) -> float:
        """Chainage of the start [m]."""
        return float(self.from_m[0])

    @property
    def end_m(self) -> float:
        """Chainage of the end [m]."""
        return float(self.to_m[-1])

    @property
    def length_m(self) -> float:
        """Length by chainage [m]."""
        return self.end_m - self.start_m

    @cached_property
    def _stretch(self) -> NDArray[np.float64]:
        """Chainage per metre of geometry on each edge."""
        length = self.network.edge_length_m[self.edges]
        return np.divide(self.to_m - self.from_m, length, out=np.ones_like(length), where=length > 0)

    @cached_property
    def _index(self) -> SegmentIndex:
        from contado.kernel.territory.network import grid

        offsets = self.network.geometry_offsets
        counts = offsets[self.edges + 1] - offsets[self.edges] - 1
        part = np.repeat(np.arange(len(self.edges)), counts)
        left = np.repeat(offsets[self.edges] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        x, y = self.network.geometry_x, self.network.geometry_y
        start = self.network.vertex_chainage_m[left]
        return grid.build(x[left], y[left], x[left + 1], y[left + 1], part, start)

    def chainage(
        self, x: ArrayLike, y: ArrayLike, radius_m: float = 1e7
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int8]]:
        """Return chainage [m], distance [m] and side of the place of the route nearest to each point.

        Parameters
        ----------
        x, y
            Points in the measure CRS of the network [m].
        radius_m
            Points farther away get NaN, NaN, 0.

        Returns
        -------
        chainage_m, distance_m, side
            ``side`` is 1 left, -1 right of the direction of travel, 0 on the line.
        """
        xs, ys = np.atleast_1d(np.asarray(x, np.float64)), np.atleast_1d(np.asarray(y, np.float64))
        index = self._index
        segment, share, distance = index.locate(xs, ys, radius_m)
        found = segment >= 0
        dx, dy = (index.bx - index.ax)[segment], (index.by - index.ay)[segment]
        cross = dx * (ys - index.ay[segment]) - dy * (xs - index.ax[segment])
        side = np.where(found & (distance > 0), np.sign(cross), 0).astype(np.int8)
        part = index.owner[segment]
        along = index.start_m[segment] + share * np.hypot(dx, dy)
        chainage = np.minimum(self.from_m[part] + along * self._stretch[part], self.to_m[part])
        return np.where(found, chainage, np.nan), distance, side

    def point(
        self, chainage_m: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
        """Return x, y [m], edge and offset along it [m] of each chainage.

        Chainages off the route give NaN, NaN, -1, NaN.
        """
        chainage = np.atleast_1d(np.asarray(chainage_m, dtype=np.float64))
        on = (chainage >= self.start_m - _ROUNDING_M) & (chainage <= self.end_m + _ROUNDING_M)
        part = np.searchsorted(self.from_m, np.where(on, chainage, self.start_m), side="right") - 1
        part = np.maximum(part, 0)
        edge = self.edges[part]
        offset = np.where(on, (chainage - self.from_m[part]) / self._stretch[part], 0.0)
        offset = np.clip(offset, 0.0, self.network.edge_length_m[edge])
        x, y = self.network.point(edge, offset)
        nan = np.nan
        return np.where(on, x, nan), np.where(on, y, nan), np.where(on, edge, -1), np.where(on, offset, nan)

    def lonlat(self, chainage_m: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return longitude and latitude [deg] of each chainage; NaN off the route."""
        x, y, _, _ = self.point(chainage_m)
        lon, lat = crs.to_lonlat(x, y, self.network.epsg)
        off = np.isnan(x)
        return np.where(off, np.nan, lon), np.where(off, np.nan, lat)

    def link_at(self, chainage_m: ArrayLike) -> NDArray[np.str_]:
        """Return the ``link_id`` at each chainage, '' off the route."""
        edge = self.point(chainage_m)[2]
        return np.where(edge >= 0, self.network.link_id[edge], "")

    def cells(self, cell_m: float = 100.0) -> NDArray[np.int64]:
        """Return the numbers of the complete cells of the route; see `cells`."""
        return cells(self.start_m, self.end_m, cell_m)


def cells(from_m: float, to_m: float, cell_m: float = 100.0) -> NDArray[np.int64]:
    """Return the numbers k of the complete cells [k c, (k + 1) c) within a stretch.

    Examples
    --------
    >>> cells(0.0, 5479.95, 100.0)[[0, -1]].tolist(), cells(120.0, 480.0, 100.0).tolist()
    ([0, 53], [2, 3])
    """
    tolerance = 1e-9 * max(1.0, abs(to_m))
    return np.arange(
        np.ceil((from_m - tolerance) / cell_m), np.floor((to_m + tolerance) / cell_m), dtype=np.int64
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """Official chainage of a road from its kilometre posts: a piecewise-linear map.

    Official chainages differ from geometric length (old surveys, re-alignments). Between two posts the
    map is linear; beyond the last it goes on with the slope of the nearest stretch.

    Examples
    --------
    >>> posts = Calibration.from_posts([0.0, 990.0, 2010.0], [0.0, 1000.0, 2000.0])
    >>> posts.official_m([495.0, 1500.0]).round(6).tolist(), posts.geometric_m([500.0, 1500.0]).tolist()
    ([500.0, 1500.0], [495.0, 1500.0])
    >>> posts.residual_m.round(2).tolist()
    [0.0, 10.0, -10.0]
    """

    measured_m: NDArray[np.float64]
    """Geometric chainage of each post, increasing."""
    posts_m: NDArray[np.float64]
    """Official chainage of each post, increasing."""

    @classmethod
    def from_posts(cls, measured_m: ArrayLike, posts_m: ArrayLike) -> Calibration:
        """Build the map from posts in any order.

        Raises
        ------
        DataError
            Rule ``posts_not_increasing``: fewer than two posts, or their order along the road differs
            from the order of their numbers; ``rows`` are 1-based.
        """
        measured, posts = np.asarray(measured_m, np.float64), np.asarray(posts_m, np.float64)
        order = np.argsort(measured, kind="stable")
        measured, posts = measured[order], posts[order]
        bad = np.flatnonzero((np.diff(posts) <= 0) | (np.diff(measured) <= 0))
        if len(posts) < 2 or len(bad):
            raise DataError(
                "The kilometre posts do not increase along the road.",
                rule="posts_not_increasing",
                hint="give at least two posts, each with a place and a number above the one before",
                rows=[int(order[i + 1]) + 1 for i in bad],
            )
        return cls(measured_m=measured, posts_m=posts)

    @property
    def residual_m(self) -> NDArray[np.float64]:
        """Official minus geometric distance from the first post to each post [m]."""
        official = self.posts_m - self.posts_m[0]
        residual: NDArray[np.float64] = official - (self.measured_m - self.measured_m[0])
        return residual

    def official_m(self, geometric_m: ArrayLike) -> NDArray[np.float64]:
        """Return official chainages [m] of geometric ones."""
        return _piecewise(geometric_m, self.measured_m, self.posts_m)

    def geometric_m(self, official_m: ArrayLike) -> NDArray[np.float64]:
        """Return geometric chainages [m] of official ones."""
        return _piecewise(official_m, self.posts_m, self.measured_m)

    def post(self, geometric_m: float) -> str:
        """Return the kilometre and metres as written on the road ("3+200")."""
        official = round(float(self.official_m([geometric_m])[0]))
        return f"{official // 1000}+{official % 1000:03d}"


def _piecewise(
    value: ArrayLike, known: NDArray[np.float64], result: NDArray[np.float64]
) -> NDArray[np.float64]:
    values = np.atleast_1d(np.asarray(value, dtype=np.float64))
    stretch = np.clip(np.searchsorted(known, values, side="right") - 1, 0, len(known) - 2)
    slope = (result[stretch + 1] - result[stretch]) / (known[stretch + 1] - known[stretch])
    mapped: NDArray[np.float64] = result[stretch] + (values - known[stretch]) * slope
    return mapped


def _find_edges(
    network: Network,
    keys: list[tuple[int, int, int]],
    length_m: NDArray[np.float64],
    lines: list[int],
    name: str,
) -> NDArray[np.int64]:
    """Return the edge of each key; where several have it, the one whose length fits."""
    ends = zip(
        network.edge_way.tolist(),
        network.node_id[network.edge_from].tolist(),
        network.node_id[network.edge_to].tolist(),
        strict=True,
    )
    wanted = set(keys)
    by_key: dict[tuple[int, int, int], list[int]] = {}
    for edge, key in enumerate(ends):
        if key in wanted:
            by_key.setdefault(key, []).append(edge)
    if absent := [line for key, line in zip(keys, lines, strict=True) if key not in by_key]:
        raise DataError(
            f"{name}, line {absent[0]}: the network has no edge {keys[lines.index(absent[0])]}.",
            rule="route_off_network",
            hint="route and network must come from the same map and profile",
            rows=absent,
        )

    def misfit(edge: int, length: float) -> float:
        return abs(float(network.edge_length_m[edge]) - length)

    found = [
        min(by_key[key], key=lambda e: misfit(e, length)) for key, length in zip(keys, length_m, strict=True)
    ]
    return np.array(found, dtype=np.int64)


def _check_connected(network: Network, edges: NDArray[np.int64], lines: list[int], name: str) -> None:
    broken = np.flatnonzero(network.edge_to[edges[:-1]] != network.edge_from[edges[1:]])
    if len(broken):
        rows = [lines[i + 1] for i in broken]
        raise DataError(
            f"{name}, line {rows[0]}: the edge does not begin where the one before ends.",
            rule="route_not_connected",
            hint="give the edges in driving order, without gaps",
            rows=rows,
        )


def _check_increasing(
    from_m: NDArray[np.float64], to_m: NDArray[np.float64], lines: list[int], name: str
) -> None:
    wrong = to_m < from_m
    wrong[1:] |= np.abs(from_m[1:] - to_m[:-1]) > 0.02
    if wrong.any():
        rows = [lines[i] for i in np.flatnonzero(wrong)]
        raise DataError(
            f"{name}, line {rows[0]}: from_m and to_m do not follow on from the line before.",
            rule="chainage_not_increasing",
            hint="each line's from_m is the to_m of the line before",
            rows=rows,
            field="from_m",
        )


def _stretched(
    mapped_m: NDArray[np.float64], given_m: NDArray[np.float64], lines: list[int], name: str
) -> list[Finding]:
    """Name the edges whose chainages are not their length, and refuse those that cannot be of this road.

    A route may begin and end within an edge: its first and last one are told, but not refused, where they are short.
    """
    ratio = given_m / np.maximum(mapped_m, _ROUNDING_M)
    unlike = (np.abs(given_m - mapped_m) > _SLACK_M) & ((ratio < _LIKE[0]) | (ratio > _LIKE[1]))
    inner = np.arange(len(ratio)) % max(len(ratio) - 1, 1) > 0
    refused = unlike & ((ratio > _POSSIBLE[1]) | (inner & (ratio < _POSSIBLE[0])))
    told = [
        f"{name}, line {line}: {given:g} m by its chainages, {mapped:g} m on the map ({share:.3g} times)."
        for line, given, mapped, share in zip(lines, given_m, mapped_m.round(2), ratio, strict=True)
    ]
    if refused.any():
        rows = [lines[i] for i in np.flatnonzero(refused)]
        raise DataError(
            told[int(np.flatnonzero(refused)[0])],
            rule="chainage_stretched",
            hint="from_m and to_m are metres along the route; an edge is about to_m - from_m long",
            rows=rows,
            field="to_m",
        )
    return [
        Finding(
            severity="warning",
            rule="chainage_stretched",
            message=told[i],
            table=name,
            row=lines[i],
            hint="its chainages are spread over the whole edge; check from_m and to_m",
            action="kept",
        )
        for i in np.flatnonzero(unlike).tolist()
    ]
