"""What the matching kernels share: streets, grid, search memory and lattice, as tuples of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from contado.kernel.territory.matching.settings import MatchSettings
    from contado.kernel.territory.network.model import Network

__all__ = ["MATCHED", "PLACED", "UNMATCHED", "Grid", "Lattice", "Rules", "Search", "Streets"]

UNMATCHED, MATCHED, PLACED = 0, 1, 2


class Streets(NamedTuple):
    """A network as the kernels read it."""

    out_offsets: Any
    out_edges: Any
    edge_from: Any
    edge_to: Any
    length: Any
    reverse: Any
    dead_end: Any
    """Whether a node has one way out only: there a u-turn is allowed."""
    vertices: Any
    x: Any
    y: Any
    chainage: Any

    @classmethod
    def of(cls, network: Network) -> Streets:
        """Lay out ``network``."""
        offsets, edges = network.outgoing
        return cls(
            out_offsets=offsets,
            out_edges=edges,
            edge_from=network.edge_from,
            edge_to=network.edge_to,
            length=network.edge_length_m,
            reverse=network.edge_reverse,
            dead_end=np.diff(offsets) == 1,
            vertices=network.geometry_offsets,
            x=np.ascontiguousarray(network.geometry_x),
            y=np.ascontiguousarray(network.geometry_y),
            chainage=network.vertex_chainage_m,
        )


class Grid(NamedTuple):
    """A segment index as the kernels read it: the segments of a cell lie side by side in memory."""

    min_x: float
    min_y: float
    cell: float
    columns: int
    rows: int
    offsets: Any
    shape: Any
    """Per entry of a cell: ax, ay, dx, dy, 1 / length^2 (0 for a point), start along the edge, length."""
    owner: Any

    @classmethod
    def of(cls, network: Network) -> Grid:
        """Lay out the segment index of ``network``."""
        index = network.index
        dx, dy = index.bx - index.ax, index.by - index.ay
        squared = dx * dx + dy * dy
        inverse = np.divide(1.0, squared, out=np.zeros_like(squared), where=squared > 0)
        shape = np.column_stack((index.ax, index.ay, dx, dy, inverse, index.start_m, np.sqrt(squared)))
        return cls(
            min_x=index.min_x,
            min_y=index.min_y,
            cell=index.cell_m,
            columns=index.columns,
            rows=index.rows,
            offsets=index.offsets,
            shape=np.ascontiguousarray(shape[index.segments]),
            owner=np.ascontiguousarray(index.owner[index.segments]),
        )


class Rules(NamedTuple):
    """Settings as the kernels read them, in metres."""

    sigma: float
    spacing: float
    radius: float
    candidates: int
    creep: float
    stub: float
    limit_factor: float
    far: float
    far_factor: float
    limit_fixed: float
    bridge: float
    bridge_anchors: int
    beam: float

    @classmethod
    def of(cls, settings: MatchSettings) -> Rules:
        """Lay out ``settings``."""
        return cls(
            sigma=float(settings.sigma_m),
            spacing=float(settings.spacing_m),
            radius=float(settings.radius_m),
            candidates=int(settings.max_candidates),
            creep=float(settings.creep_sigma * settings.sigma_m),
            stub=float(settings.stub_sigma * settings.sigma_m),
            limit_factor=float(settings.limit_factor),
            far=float(settings.far_m),
            far_factor=float(settings.far_factor),
            limit_fixed=float(settings.limit_sigma * settings.sigma_m + settings.limit_slack_m),
            bridge=float(settings.bridge_m),
            bridge_anchors=int(settings.bridge_anchors),
            beam=float(settings.beam),
        )


class Search(NamedTuple):
    """Memory of the bounded Dijkstra search, reused: a node counts as visited when its stamp is current."""

    counter: Any
    stamp: Any
    target: Any
    distance: Any
    parent: Any
    heap_key: Any
    heap_node: Any

    @classmethod
    def of(cls, network: Network) -> Search:
        """Allocate for ``network``."""
        nodes = network.nodes
        return cls(
            counter=np.zeros(1, dtype=np.int64),
            stamp=np.zeros(nodes, dtype=np.int64),
            target=np.zeros(nodes, dtype=np.int64),
            distance=np.zeros(nodes, dtype=np.float64),
            parent=np.zeros(nodes, dtype=np.int32),
            heap_key=np.zeros(network.edges + 2, dtype=np.float64),
            heap_node=np.zeros(network.edges + 2, dtype=np.int32),
        )


class Lattice(NamedTuple):
    """Anchors x candidates of one trip."""

    point: Any
    """Index of each anchor's point."""
    count: Any
    edge: Any
    offset: Any
    distance: Any
    score: Any
    back: Any
    move: Any
    """Log probability of each transition from the previous anchor of the chain."""
    previous: Any
    """Anchor before each anchor in its chain, -1 at the chain's start, -2 where it was skipped."""
    chosen: Any
    probability: Any

    @classmethod
    def of(cls, anchors: int, candidates: int) -> Lattice:
        """Allocate for at most ``anchors`` anchors."""
        shape = (anchors, candidates)
        return cls(
            point=np.zeros(anchors, dtype=np.int64),
            count=np.zeros(anchors, dtype=np.int64),
            edge=np.zeros(shape, dtype=np.int32),
            offset=np.zeros(shape, dtype=np.float64),
            distance=np.zeros(shape, dtype=np.float64),
            score=np.zeros(shape, dtype=np.float64),
            back=np.zeros(shape, dtype=np.int8),
            move=np.zeros((anchors, candidates, candidates), dtype=np.float32),
            previous=np.zeros(anchors, dtype=np.int64),
            chosen=np.zeros(anchors, dtype=np.int64),
            probability=np.zeros(anchors, dtype=np.float64),
        )
