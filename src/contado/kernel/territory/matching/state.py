"""What the matching kernels share: streets, grid, settings, search memory and lattice, as tuples of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from contado.kernel.territory.matching.settings import MatchSettings
    from contado.kernel.territory.network.grid import Layout
    from contado.kernel.territory.network.model import Network

__all__ = ["MATCHED", "PLACED", "UNMATCHED", "Lattice", "Rules", "Scene", "Search", "Streets"]

UNMATCHED, MATCHED, PLACED = 0, 1, 2


class Streets(NamedTuple):
    """A network as the kernels read it."""

    node_x: Any
    node_y: Any
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
            node_x=network.node_x,
            node_y=network.node_y,
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


class Rules(NamedTuple):
    """Settings as the kernels read them, in metres."""

    sigma: float
    spacing: float
    radius: float
    creep: float
    stub: float
    limit_factor: float
    far: float
    far_factor: float
    limit_fixed: float
    sparse: float
    detour: float
    jolt: float
    bridge: float
    bridge_anchors: int
    broken: float
    beam: float

    @classmethod
    def of(cls, settings: MatchSettings) -> Rules:
        """Lay out ``settings``."""
        return cls(
            sigma=float(settings.sigma_m),
            spacing=float(settings.spacing_m),
            radius=float(settings.radius_m),
            creep=float(settings.creep_sigma * settings.sigma_m),
            stub=float(settings.stub_sigma * settings.sigma_m),
            limit_factor=float(settings.limit_factor),
            far=float(settings.far_m),
            far_factor=float(settings.far_factor),
            limit_fixed=float(settings.limit_sigma * settings.sigma_m + settings.limit_slack_m),
            sparse=float(settings.sparse_m),
            detour=float(settings.detour_share),
            jolt=float(settings.jolt_m2_s3),
            bridge=float(settings.bridge_m),
            bridge_anchors=int(settings.bridge_anchors),
            broken=float(settings.break_nats),
            beam=float(settings.beam),
        )


class Search(NamedTuple):
    """Memory of searches, reused: a node counts as visited when its stamp is the current run."""

    counter: Any
    stamp: Any
    target: Any
    distance: Any
    parent: Any
    heap_key: Any
    heap_node: Any
    near_edge: Any
    """Pieces near an anchor: edge, segment, share and squared distance."""
    near_entry: Any
    near_share: Any
    near_squared: Any

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
            near_edge=np.zeros(64, dtype=np.int32),
            near_entry=np.zeros(64, dtype=np.int32),
            near_share=np.zeros(64, dtype=np.float64),
            near_squared=np.zeros(64, dtype=np.float64),
        )


class Scene(NamedTuple):
    """Everything a kernel needs beside the trace."""

    grid: Layout
    streets: Streets
    rules: Rules
    memory: Search

    @classmethod
    def of(cls, network: Network, settings: MatchSettings) -> Scene:
        """Lay out ``network`` and ``settings``; the memory is new."""
        return cls(network.index.layout, Streets.of(network), Rules.of(settings), Search.of(network))


class Lattice(NamedTuple):
    """Anchors x candidates of one trip."""

    point: Any
    """Index of each anchor's point."""
    count: Any
    edge: Any
    offset: Any
    distance: Any
    emission: Any
    """Log probability of the distance."""
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
            emission=np.zeros(shape, dtype=np.float64),
            score=np.zeros(shape, dtype=np.float64),
            back=np.zeros(shape, dtype=np.int8),
            move=np.zeros((anchors, candidates, candidates), dtype=np.float64),
            previous=np.zeros(anchors, dtype=np.int64),
            chosen=np.zeros(anchors, dtype=np.int64),
            probability=np.zeros(anchors, dtype=np.float64),
        )
