"""Linear referencing: chainages along a route, and official kilometre posts along a section.

A *route* is an ordered list of directed edges. Its *chainage* runs from the start of the first edge; a
route file gives the chainage of each edge's ends, which its length is stretched to (they agree to the
rounding of the file unless the file follows a survey). It may begin and end within an edge: where the chainages of its
first edge are too short for it, the route has only the edge's last part, of its last edge only the first one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.errors import DataError
from contado.kernel.territory import columns, crs, route_checks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from contado.kernel.errors import Finding
    from contado.kernel.territory.network.grid import SegmentIndex
    from contado.kernel.territory.network.model import Network

__all__ = ["Calibration", "Route", "cells"]

_ROUNDING_M = 1e-6
"""A chainage this far off the ends is still on the route: sums of floats are not exact."""

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
    begin_m: float = 0.0
    """Where on its first edge the route begins [m]."""
    end_offset_m: float | None = None
    """Where on its last edge the route ends [m]; None at the end of the edge."""
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
            ``chainage_stretched`` (an edge more than twice as long by its chainages as on the map, or one between
            the first and the last less than half as long), with the lines.
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
        edges = route_checks.find_edges(network, keys, to_m - from_m, lines, file)
        route_checks.check_connected(network, edges, lines, file)
        route_checks.check_increasing(from_m, to_m, lines, file)
        mapped_m = network.edge_length_m[edges]
        begin_m, end_m = route_checks.parts(mapped_m, from_m, to_m)
        on_map = mapped_m.copy()
        on_map[-1] = end_m
        on_map[0] -= begin_m
        return cls(
            network=network,
            edges=edges,
            from_m=from_m,
            to_m=to_m,
            begin_m=begin_m,
            end_offset_m=end_m,
            findings=(
                *route_checks.stretched(on_map, to_m - from_m, lines, file),
                *route_checks.within(mapped_m, begin_m, end_m, lines, file),
            ),
        )

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
        route_checks.check_connected(network, chosen, list(range(1, len(chosen) + 1)), "route")
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
    def _part_m(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where on each edge the route begins and ends [m]."""
        start, end = np.zeros(len(self.edges)), self.network.edge_length_m[self.edges]
        start[0] = self.begin_m
        end[-1] = end[-1] if self.end_offset_m is None else self.end_offset_m
        return start, end

    @cached_property
    def _stretch(self) -> NDArray[np.float64]:
        """Chainage per metre of geometry on each edge."""
        start, end = self._part_m
        length = end - start
        return np.divide(self.to_m - self.from_m, length, out=np.ones_like(length), where=length > 0)

    @cached_property
    def lines(self) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], ...]:
        """x, y [m] and chainage [m] of the vertices of each edge's part that is of the route."""
        return tuple(self._line(k) for k in range(len(self.edges)))

    def _line(self, k: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        edge, (start, end) = self.edges[k], (self._part_m[0][k], self._part_m[1][k])
        part = slice(self.network.geometry_offsets[edge], self.network.geometry_offsets[edge + 1])
        x, y = self.network.geometry_x[part], self.network.geometry_y[part]
        along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        if start > 0 or end < self.network.edge_length_m[edge]:
            kept = np.concatenate([[start], along[(along > start) & (along < end)], [end]])
            x, y, along = np.interp(kept, along, x), np.interp(kept, along, y), kept - start
        share = (self.to_m[k] - self.from_m[k]) / max(float(along[-1]), 1e-9)
        return x, y, self.from_m[k] + along * share

    @cached_property
    def _index(self) -> SegmentIndex:
        from contado.kernel.territory.network import grid

        part = np.repeat(np.arange(len(self.edges)), [len(x) - 1 for x, _, _ in self.lines])
        ax, ay, start = (np.concatenate([line[i][:-1] for line in self.lines]) for i in range(3))
        bx, by = (np.concatenate([line[i][1:] for line in self.lines]) for i in range(2))
        return grid.build(ax, ay, bx, by, part, start)

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
        along = share * np.hypot(dx, dy) * self._stretch[part]
        chainage = np.minimum(index.start_m[segment] + along, self.to_m[part])
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
        start, end = (ends[part] for ends in self._part_m)
        offset = np.where(on, start + (chainage - self.from_m[part]) / self._stretch[part], 0.0)
        offset = np.clip(offset, start, end)
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
