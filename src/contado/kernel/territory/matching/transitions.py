"""Transitions: bounded shortest routes from the end of one edge to the starts of others.

A u-turn (an edge followed by its reverse) is allowed at dead ends only.
"""

from __future__ import annotations

from typing import Any

from contado.kernel.jit import leaf

__all__ = ["allowed", "search"]


@leaf(inline="always")
def allowed(streets: Any, before: int, after: int, node: int) -> Any:
    """Tell whether edge ``after`` may follow edge ``before`` at ``node``."""
    return streets.reverse[before] != after or streets.dead_end[node]


@leaf()
def search(source: int, reach: float, targets: int, streets: Any, memory: Any) -> None:
    """Settle nodes from the end of edge ``source`` until all ``targets`` or ``reach`` [m] are met.

    The caller has raised ``counter`` and set ``target`` of the nodes it wants to it. Leaves ``distance``
    and ``parent`` (edge by which a node was reached) of the nodes with the run's stamp.
    """
    run = memory.counter[0]
    start = streets.edge_to[source]
    memory.stamp[start] = run
    memory.distance[start] = 0.0
    memory.parent[start] = source
    size = _push(memory.heap_key, memory.heap_node, 0, 0.0, start)
    while size > 0:
        key, node = memory.heap_key[0], memory.heap_node[0]
        size = _pop(memory.heap_key, memory.heap_node, size)
        if key > memory.distance[node]:
            continue
        if memory.target[node] == run:
            targets -= 1
            if targets == 0:
                return
        before = memory.parent[node]
        for k in range(streets.out_offsets[node], streets.out_offsets[node + 1]):
            edge = streets.out_edges[k]
            far = key + streets.length[edge]
            if far > reach or not allowed(streets, before, edge, node):
                continue
            end = streets.edge_to[edge]
            if memory.stamp[end] != run or far < memory.distance[end]:
                memory.stamp[end] = run
                memory.distance[end] = far
                memory.parent[end] = edge
                size = _push(memory.heap_key, memory.heap_node, size, far, end)


@leaf(inline="always")
def _push(keys: Any, nodes: Any, size: int, key: float, node: int) -> int:
    place = size
    while place > 0:
        above = (place - 1) >> 1
        if keys[above] <= key:
            break
        keys[place], nodes[place] = keys[above], nodes[above]
        place = above
    keys[place], nodes[place] = key, node
    return size + 1


@leaf(inline="always")
def _pop(keys: Any, nodes: Any, size: int) -> int:
    size -= 1
    key, node = keys[size], nodes[size]
    place = 0
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        if below + 1 < size and keys[below + 1] < keys[below]:
            below += 1
        if keys[below] >= key:
            break
        keys[place], nodes[place] = keys[below], nodes[below]
        place = below
    keys[place], nodes[place] = key, node
    return size
