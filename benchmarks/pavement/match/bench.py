"""pavement.match: simulated 1 Hz drives to the streets of Liechtenstein, beside fastmm."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from importlib import metadata
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from contado.kernel.territory import Network

REPEATS = 5
ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("CONTADO_SHARED", ROOT.parent / "shared")) / "data" / "roads"
ELSEWHERE = {
    "Valhalla": "needs a server with built tiles",
    "mappymatch": "needs an environment of its own",
    "leuvenmapmatching": "needs an environment of its own",
}


def run(n=None):
    """Return task, n, ours, peers, skipped, figures."""
    network = Network.from_osm(DATA / "network/liechtenstein.osm.pbf")
    truth = Truth(network, 5, n)
    wide = Truth(network, 10, n)
    peers, skipped = [], [{"name": name, "reason": reason} for name, reason in ELSEWHERE.items()]
    try:
        theirs = Fastmm(network)
    except Exception as error:  # noqa: BLE001 - a peer that is absent or fails is named, ours still runs
        skipped.append({"name": "fastmm", "reason": f"{type(error).__name__}: {error}"[:200]})
        theirs = None
    ours_s, theirs_s = [], []
    for _ in range(REPEATS):
        result = network.match(truth.fixes, sigma_m=5.0)
        ours_s.append(result.compute_s)
        if theirs is not None:
            theirs_s.append(theirs.match(truth)[2])
    figures = {"points_per_s": len(truth.edge) / min(ours_s)}
    for name, part, sigma in (("sigma5", truth, 5.0), ("sigma10", wide, 10.0)):
        found = network.match(part.fixes, sigma_m=sigma)
        routes = Counter(
            zip(found.chain_trip[found.route_chain].tolist(), found.route_edge.tolist(), strict=True)
        )
        figures |= {f"{name}_{key}": value for key, value in part.score(found.edge, routes).items()}
        if theirs is not None:
            edge, routes, _ = theirs.match(part)
            figures |= {f"fastmm_{name}_{key}": value for key, value in part.score(edge, routes).items()}
    if theirs is not None:
        ratio = min(theirs_s) / min(ours_s)
        version = metadata.version("fastmm")
        peers.append({"name": "fastmm", "version": version, "cpu_s": min(theirs_s), "ratio": ratio})
    return {
        "task": "pavement.match",
        "n": len(truth.edge),
        "ours": {"cpu_s": min(ours_s)},
        "peers": peers,
        "skipped": skipped,
        "figures": figures,
    }


class Truth:
    """A file of drives: what a matcher sees (`fixes`), and what it is scored by."""

    def __init__(self, network, sigma, n):
        base = DATA / f"trips_synth/liechtenstein_sigma{sigma}"
        points = pq.read_table(f"{base}_points.parquet").to_pandas()[:n]
        routes = pq.read_table(f"{base}_routes.parquet").to_pandas()
        self.network, self.sigma = network, float(sigma)
        self.fixes = points[["trip", "t_s", "lon", "lat"]]
        self.trips = points["trip"].unique()
        start, end = (network.node_id[ends].tolist() for ends in (network.edge_from, network.edge_to))
        keys = list(zip(network.edge_way.tolist(), start, end, strict=True))
        first = {}
        for edge, key in enumerate(keys):
            first.setdefault(key, edge)
        self.same = np.array([first[key] for key in keys])
        self.edge = np.array(
            [first[k] for k in zip(*(points[f"true_{c}"] for c in ("way", "from", "to")), strict=True)]
        )
        place = {trip: i for i, trip in enumerate(self.trips)}
        kept = routes[routes["trip"].isin(place)]
        ids = zip(kept["way_id"], kept["from_node"], kept["to_node"], strict=True)
        self.routes = Counter(zip(kept["trip"].map(place), (first[key] for key in ids), strict=True))

    def score(self, edge, routes):
        """Return edge and way accuracy and the length wrong over the true length."""
        network = self.network
        known = np.where(edge >= 0, self.same[edge], -1)
        found = Counter()
        for (trip, e), count in routes.items():
            found[trip, int(self.same[e])] += count
        wrong = (found - self.routes) + (self.routes - found)

        def length(counts):
            return sum(network.edge_length_m[e] * count for (_, e), count in counts.items())

        way = np.where(edge >= 0, network.edge_way[edge], -1) == network.edge_way[self.edge]
        return {
            "edge": float((known == self.edge).mean()),
            "way": float(way.mean()),
            "rmf": length(wrong) / length(self.routes),
        }


class Fastmm:
    """fastmm in this process; its Network must stay referenced, and it prints to standard output."""

    def __init__(self, network):
        import fastmm

        self.fastmm = fastmm
        self.network = network
        with silence(), tempfile.TemporaryDirectory() as cache:
            self.graph = fastmm.Network()
            for edge in range(network.edges):
                part = slice(network.geometry_offsets[edge], network.geometry_offsets[edge + 1])
                shape = list(
                    zip(network.geometry_x[part].tolist(), network.geometry_y[part].tolist(), strict=True)
                )
                self.graph.add_edge(edge, int(network.edge_from[edge]), int(network.edge_to[edge]), shape)
            self.graph.finalize()
            mode = fastmm.TransitionMode.SHORTEST
            self.matcher = fastmm.FastMapMatch(
                self.graph, mode, max_distance_between_candidates=600.0, cache_dir=cache
            )

    def match(self, truth):
        """Return the edge of each point, the routes and the CPU seconds."""
        from contado.kernel.territory import crs

        fixes = truth.fixes
        x, y = crs.to_measure(fixes["lon"], fixes["lat"], self.network.epsg)
        edge, routes, seconds = np.full(len(fixes), -1), Counter(), 0.0
        for trip, name in enumerate(truth.trips):
            rows = np.flatnonzero(fixes["trip"].to_numpy() == name)
            line = self.fastmm.Trajectory.from_xy_tuples(
                list(zip(x[rows].tolist(), y[rows].tolist(), strict=True))
            )
            with silence():
                start = time.process_time()
                result = self.matcher.match(
                    line,
                    max_candidates=8,
                    candidate_search_radius=50.0,
                    gps_error=truth.sigma,
                    reverse_tolerance=20.0,
                )
                seconds += time.process_time() - start
            for part in result.subtrajectories:
                self.read(part, rows, edge, routes, trip)
        return edge, routes, seconds

    def read(self, part, rows, edge, routes, trip):
        """Take the edges of one matched stretch."""
        before = -1
        for i, segment in enumerate(part.segments):
            ids = [e.edge_id for e in segment.edges]
            edge[rows[part.start_index + i]] = ids[0]
            edge[rows[part.start_index + i + 1]] = ids[-1]
            for one in ids:
                if one != before:
                    routes[trip, one] += 1
                before = one


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


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else None), indent=1))
