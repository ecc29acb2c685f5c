"""What matching gives: points, routes, gaps and trips as tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.kernel.territory.matching.state import MATCHED, PLACED

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.kernel.errors import Finding
    from contado.kernel.territory.matching.batch import Points
    from contado.kernel.territory.matching.traces import Traces
    from contado.kernel.territory.network.model import Network

__all__ = ["MatchResult"]

STATES = np.array(["unmatched", "matched", "placed"])


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MatchResult:
    """Matched traces; the arrays have one entry a point, in the order of the traces."""

    network: Network
    traces: Traces
    edge: NDArray[np.int64]
    """Edge of each point, -1 where unmatched."""
    offset_m: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    """From the point to its place on the network."""
    match_prob: NDArray[np.float64]
    """Probability that the vehicle was on the decoded route there."""
    state: NDArray[np.int8]
    chain: NDArray[np.int64]
    """Stretch without a break each point belongs to, -1 where unmatched."""
    chainage_m: NDArray[np.float64]
    """Position along the chain's route, from the start of its first edge."""
    route_edge: NDArray[np.int64]
    """Whole edges of all chains in driving order."""
    route_chain: NDArray[np.int64]
    chain_trip: NDArray[np.int64]
    """Trip of each chain."""
    order: NDArray[np.int64]
    """Points by trip and time."""
    x: NDArray[np.float64]
    """Points in the measure CRS [m]."""
    y: NDArray[np.float64]
    compute_s: float
    """Processor seconds of the matching proper: no reading, no projection, no compilation."""
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(
        cls,
        network: Network,
        traces: Traces,
        points: Points,
        routes: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
        order: NDArray[np.int64],
        compute_s: float,
    ) -> MatchResult:
        """Return the result of what the kernels found; ``routes`` are edges, their chains, the chains' trips."""
        edges, chains, trips = (np.asarray(part, np.int64) for part in routes)
        return cls(
            network=network,
            traces=traces,
            edge=points.edge.astype(np.int64),
            offset_m=points.offset,
            distance_m=points.distance,
            match_prob=points.probability,
            state=points.state,
            chain=points.chain.astype(np.int64),
            chainage_m=points.chainage,
            route_edge=edges,
            route_chain=chains,
            chain_trip=trips,
            order=order,
            x=points.x,
            y=points.y,
            compute_s=compute_s,
            findings=traces.findings,
        )

    def __repr__(self) -> str:
        return f"MatchResult({len(self.traces.trips)} trips, {len(self.edge)} points, {int(self.used.sum())} matched)"

    @property
    def used(self) -> NDArray[np.bool_]:
        """Points with a place on the network."""
        return self.edge >= 0

    @cached_property
    def points(self) -> pa.Table:
        """One row a point: trip, t_s, way_id, from_node, to_node, offset_m, distance_m, match_prob, state."""
        import pyarrow as pa

        mask = ~self.used
        edge = np.maximum(self.edge, 0)
        ids = self.network.node_id

        def column(values: NDArray[Any]) -> pa.Array:
            return pa.array(values, mask=mask)

        return pa.table(
            {
                "trip": self.traces.trips.take(pa.array(self.traces.trip)),
                "t_s": pa.array(self.traces.t_s, from_pandas=True),
                "way_id": column(self.network.edge_way[edge]),
                "from_node": column(ids[self.network.edge_from[edge]]),
                "to_node": column(ids[self.network.edge_to[edge]]),
                "offset_m": column(self.offset_m),
                "distance_m": column(self.distance_m),
                "match_prob": column(self.match_prob),
                "state": pa.array(STATES[self.state].tolist()),
            }
        )

    @cached_property
    def routes(self) -> pa.Table:
        """Whole edges in driving order: trip, seq, way_id, from_node, to_node, length_m."""
        import pyarrow as pa

        trip = self.chain_trip[self.route_chain]
        first = np.searchsorted(trip, np.arange(len(self.traces.trips)))
        edge = self.route_edge
        return pa.table(
            {
                "trip": self.traces.trips.take(pa.array(trip)),
                "seq": np.arange(len(edge)) - first[trip],
                "way_id": self.network.edge_way[edge],
                "from_node": self.network.node_id[self.network.edge_from[edge]],
                "to_node": self.network.node_id[self.network.edge_to[edge]],
                "length_m": self.network.edge_length_m[edge],
            }
        )

    @cached_property
    def _gap_rows(self) -> list[tuple[int, int, int, int]]:
        """Trip, point before, point after (-1 at the ends) and unmatched points of each open span."""
        rows = []
        for trip, own in enumerate(self.traces.by_trip(self.order)):
            matched = np.flatnonzero(self.used[own])
            edges = np.concatenate(([-1], matched, [len(own)]))
            for left, right in pairwise(edges):
                inside = int(right - left - 1)
                before = int(own[left]) if left >= 0 else -1
                after = int(own[right]) if right < len(own) else -1
                broken = before >= 0 and after >= 0 and self.chain[before] != self.chain[after]
                if inside or broken:
                    rows.append((trip, before, after, inside))
        return rows

    @cached_property
    def gaps(self) -> pa.Table:
        """Unmatched spans and breaks: trip, from_t_s, to_t_s, points, straight_m; null at a trip's ends."""
        import pyarrow as pa

        rows = self._gap_rows
        before = np.array([row[1] for row in rows], dtype=np.int64)
        after = np.array([row[2] for row in rows], dtype=np.int64)
        straight = np.hypot(self.x[after] - self.x[before], self.y[after] - self.y[before])
        return pa.table(
            {
                "trip": self.traces.trips.take(pa.array([row[0] for row in rows], pa.int64())),
                "from_t_s": pa.array(self.traces.t_s[before], mask=before < 0, from_pandas=True),
                "to_t_s": pa.array(self.traces.t_s[after], mask=after < 0, from_pandas=True),
                "points": pa.array([row[3] for row in rows], pa.int64()),
                "straight_m": pa.array(straight, mask=(before < 0) | (after < 0)),
            }
        )

    @cached_property
    def trips(self) -> pa.Table:
        """One row a trip: trip, points, matched, gnss_length_m, matched_length_m, length_ratio, gaps.

        ``gnss_length_m`` is the length of the trace over the matched spans, by its points at least an
        anchor's spacing apart: the jitter of a receiver at rest is no distance driven.
        """
        import pyarrow as pa

        count = len(self.traces.trips)
        gnss, matched = self._lengths()
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(gnss > 0, matched / gnss, np.nan)
        gaps = np.bincount(np.array([row[0] for row in self._gap_rows], dtype=np.int64), minlength=count)
        return pa.table(
            {
                "trip": self.traces.trips,
                "points": np.bincount(self.traces.trip, minlength=count),
                "matched": np.bincount(self.traces.trip[self.used], minlength=count),
                "gnss_length_m": gnss,
                "matched_length_m": matched,
                "length_ratio": pa.array(ratio, from_pandas=True),
                "gaps": gaps,
            }
        )

    def _lengths(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Length of the trace and of the matched route of each trip over the same matched spans [m]."""
        count = len(self.traces.trips)
        gnss, matched = np.zeros(count), np.zeros(count)
        used = self.order[self.used[self.order]]
        if not len(used):
            return gnss, matched
        starts = np.flatnonzero(np.diff(self.chain[used], prepend=-1))
        ends = np.append(starts[1:], len(used)) - 1
        np.add.at(
            matched,
            self.traces.trip[used[starts]],
            self.chainage_m[used[ends]] - self.chainage_m[used[starts]],
        )
        corner = (self.state[used] == MATCHED) & np.isfinite(self.x[used])
        corner[starts] = corner[ends] = True
        kept = used[corner]
        same = self.chain[kept[1:]] == self.chain[kept[:-1]]
        step = np.hypot(np.diff(self.x[kept]), np.diff(self.y[kept]))
        np.add.at(gnss, self.traces.trip[kept[1:]][same], step[same])
        return gnss, matched

    def debug(self, trip: Any) -> pa.Table:
        """Return the rows of `points` of one trip with the chain and the position along it."""
        import pyarrow as pa
        import pyarrow.compute as pc

        table = self.points.append_column("chain", pa.array(self.chain, mask=~self.used))
        table = table.append_column("chainage_m", pa.array(self.chainage_m, mask=~self.used))
        return table.filter(pc.equal(table["trip"], trip))

    @property
    def placed(self) -> int:
        """Number of points that were placed on the decoded route."""
        return int((self.state == PLACED).sum())
