"""leuvenmapmatching: its distance matcher with states that no point belongs to.

Its edges are straight, so each vertex of a street is a node of its graph and each piece between two an edge.
"""

import logging
import time
from itertools import pairwise

import numpy as np
import peers

SETTINGS = {
    "max_dist": 100,
    "max_dist_init": 100,
    "non_emitting_states": True,
    "max_lattice_width": 5,
    "only_edges": True,
}


def run(given):
    from leuvenmapmatching.map.inmem import InMemMap
    from leuvenmapmatching.matcher.distance import DistanceMatcher

    logging.disable(logging.WARNING)
    shapes, offsets = np.stack([given["shape_x"], given["shape_y"]], axis=1), given["shape_offsets"]
    places, node = np.unique(np.round(shapes, 3), axis=0, return_inverse=True)
    node, owner = node.ravel(), {}
    graph = InMemMap("streets", use_latlon=False, use_rtree=True, index_edges=True)
    for number, place in enumerate(places.tolist()):
        graph.add_node(number, (place[1], place[0]))
    for edge in range(len(offsets) - 1):
        line = node[offsets[edge] : offsets[edge + 1]].tolist()
        for a, b in pairwise(line):
            if a != b and (a, b) not in owner:
                owner[a, b] = edge
                graph.add_edge(a, b)
    edge, routes, spent = np.full(len(given["x"]), -1), [], 0.0
    for trip, begin in enumerate(given["trips"][:-1]):
        first = begin
        while first < given["trips"][trip + 1]:
            part = slice(first, given["trips"][trip + 1])
            path = list(zip(given["y"][part].tolist(), given["x"][part].tolist(), strict=True))
            matcher = DistanceMatcher(graph, **SETTINGS, obs_noise=float(given["sigma"]))
            start = time.process_time()
            _, last = matcher.match(path)
            spent += time.process_time() - start
            take(matcher, owner, first, trip, edge, routes)
            first += last + 1  # it stops where nothing connects; what is left is a stretch of its own
    return {"edge": edge, "routes": np.array(routes, dtype=np.int64).reshape(-1, 2), "cpu_s": spent}


def take(matcher, owner, first, trip, edge, routes):
    """Take the edges of one matched stretch."""
    before = -1
    for state in matcher.lattice_best or []:
        one = owner.get((state.edge_m.l1, state.edge_m.l2), -1)
        if state.obs_ne == 0:
            edge[first + state.obs] = one
        if one not in (-1, before):
            routes.append((trip, one))
            before = one


peers.serve(run)
