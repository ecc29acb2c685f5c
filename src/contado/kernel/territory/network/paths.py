"""Shortest paths on a network: one path as edges, distances from many nodes to many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from contado.kernel.territory.network.model import Network

__all__ = ["distances", "shortest"]


def distances(
    network: Network, sources: ArrayLike, targets: ArrayLike, limit_m: float = np.inf
) -> NDArray[np.float64]:
    """Return the length of the shortest path from each source node to each target node [m].

    Parameters
    ----------
    sources, targets
        Indices of nodes, not ids.
    limit_m
        Longer paths are not looked for.

    Returns
    -------
    lengths
        Shape (sources, targets); infinite where no path within the limit exists.
    """
    from scipy.sparse.csgraph import dijkstra

    graph, _ = _graph(network)
    found: NDArray[np.float64] = dijkstra(graph, indices=np.asarray(sources), limit=limit_m)
    return found[:, np.asarray(targets)]


def shortest(network: Network, source: int, target: int) -> NDArray[np.int64] | None:
    """Return the edges of the shortest path between two nodes (indices), None where there is none."""
    from scipy.sparse.csgraph import dijkstra

    graph, edge = _graph(network)
    lengths, before = dijkstra(graph, indices=np.array([source]), return_predecessors=True)
    if not np.isfinite(lengths[0, target]):
        return None
    nodes = [target]
    while nodes[-1] != source:
        nodes.append(int(before[0, nodes[-1]]))
    steps = zip(nodes[:0:-1], nodes[-2::-1], strict=True)
    return np.array([edge[step] for step in steps], dtype=np.int64)


def _graph(network: Network) -> tuple[Any, dict[tuple[int, int], int]]:
    """Return the matrix of lengths and the edge of each pair of nodes: the shortest of parallel ones.

    A loop leads nowhere. An edge of no length gets a length below any rounding, since a sparse zero is
    no edge.
    """
    from scipy.sparse import csr_array

    start, end, length = network.edge_from, network.edge_to, np.maximum(network.edge_length_m, 1e-9)
    order = np.lexsort((length, end, start))
    order = order[start[order] != end[order]]
    pairs = np.column_stack((start[order], end[order]))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    kept = order[first]
    shape = (network.nodes, network.nodes)
    graph = csr_array((length[kept], (start[kept], end[kept])), shape=shape)
    pairs_kept = zip(start[kept].tolist(), end[kept].tolist(), strict=True)
    return graph, dict(zip(pairs_kept, kept.tolist(), strict=True))
