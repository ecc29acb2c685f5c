"""fastmm: bounded table of shortest paths, one trip after another; its Network must stay referenced."""

import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import peers


@contextlib.contextmanager
def silence():
    """Keep what compiled code prints off standard output."""
    sys.stdout.flush()
    kept = os.dup(1)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        try:
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def run(given):
    import fastmm

    graph, shapes = fastmm.Network(), np.stack([given["shape_x"], given["shape_y"]], axis=1)
    offsets = given["shape_offsets"]
    for edge, (start, end) in enumerate(zip(given["edge_from"], given["edge_to"], strict=True)):
        line = [tuple(p) for p in shapes[offsets[edge] : offsets[edge + 1]].tolist()]
        graph.add_edge(edge, int(start), int(end), line)
    with silence(), tempfile.TemporaryDirectory() as cache:
        graph.finalize()
        matcher = fastmm.FastMapMatch(
            graph, fastmm.TransitionMode.SHORTEST, max_distance_between_candidates=600.0, cache_dir=cache
        )
        times = []
        for _ in range(int(given["repeats"])):
            found, spent = match(fastmm, matcher, given)
            times.append(spent)
    return {**found, "cpu_s": min(times)}


def match(fastmm, matcher, given):
    points = np.stack([given["x"], given["y"]], axis=1)
    edge = np.full(len(points), -1)
    routes, spent = [], 0.0
    for trip, first in enumerate(given["trips"][:-1]):
        line = [tuple(p) for p in points[first : given["trips"][trip + 1]].tolist()]
        trajectory = fastmm.Trajectory.from_xy_tuples(line)
        start = time.process_time()
        result = matcher.match(
            trajectory,
            max_candidates=8,
            candidate_search_radius=50.0,
            gps_error=float(given["sigma"]),
            reverse_tolerance=20.0,
        )
        spent += time.process_time() - start
        for part in result.subtrajectories:
            take(part, int(first), trip, edge, routes)
    return {"edge": edge, "routes": np.array(routes, dtype=np.int64).reshape(-1, 2)}, spent


def take(part, first, trip, edge, routes):
    """Take the edges of one matched stretch."""
    before = -1
    for i, segment in enumerate(part.segments):
        ids = [e.edge_id for e in segment.edges]
        edge[first + part.start_index + i] = ids[0]
        edge[first + part.start_index + i + 1] = ids[-1]
        for one in ids:
            if one != before:
                routes.append((trip, one))
            before = one


peers.serve(run)
