"""pavement.match: simulated 1 Hz drives to the streets of Liechtenstein, beside other matchers."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from contado.kernel.territory import Network

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import matchers
import peers

REPEATS = 5
EXTRACT = "network/liechtenstein.osm.pbf"
SIGMAS = (5, 10)
DRIVES = {"fastmm": None, "valhalla": None, "mappymatch": 10, "leuvenmapmatching": 3}
"""Drives that each peer gets: all, or so many that it ends within a minute."""


def run(n=None):
    """Return task, n, ours, peers, skipped, figures."""
    roads = peers.shared("roads")
    network = Network.from_osm(roads / EXTRACT)
    truths = {sigma: Truth(network, roads, sigma, n) for sigma in SIGMAS}
    figures, ours_s = {}, []
    for sigma, truth in truths.items():
        found, spent = ours(truth)
        figures |= {f"sigma{sigma}_{key}": value for key, value in truth.score(*found).items()}
        ours_s.append(spent)
    figures["points_per_s"] = len(truths[5].edge) / ours_s[0]
    figures["peak_mb"] = peers.peak_mb()
    sides = {name: side(name, truths, figures) for name in matchers.SCRIPTS}
    beside, skipped = peers.beside(ours_s[0], sides)
    return {
        "task": "pavement.match",
        "n": len(truths[5].edge),
        "ours": {"cpu_s": ours_s[0]},
        "peers": beside,
        "skipped": skipped,
        "figures": figures,
    }


def ours(truth):
    """Return edges, routes and the least processor seconds of a few runs."""
    results = [truth.network.match(truth.fixes, sigma_m=truth.sigma) for _ in range(REPEATS)]
    found = results[0]
    routes = np.stack([found.chain_trip[found.route_chain], found.route_edge], axis=1)
    return (found.edge, routes), min(result.compute_s for result in results)


def side(name, truths, figures):
    """Return the function that runs a peer on the drives that it gets, and ours on the same."""

    def call():
        answers = {}
        for sigma, truth in truths.items():
            part = truth.first(DRIVES[name])
            answer = peers.ask(
                name,
                matchers.SCRIPTS[name],
                repeats=REPEATS,
                **matchers.given(part.network, part.fixes, part.sigma),
                **part.as_written(),
            )
            score = part.score_of(answer.arrays)
            figures.update({f"{name}_sigma{sigma}_{key}": value for key, value in score.items()})
            mine, spent = ours(part)
            if part is not truth:
                figures.update(
                    {f"{name}_sigma{sigma}_ours_{k}": value for k, value in part.score(*mine).items()}
                )
            answers[sigma] = answer, spent, len(part.edge)
        answer, spent, points = answers[5]
        figures[f"{name}_points_per_s"] = points / answer.cpu_s
        figures[f"{name}_peak_mb"] = answer.peak_mb
        if "lean_s" in answer.arrays:
            figures[f"{name}_lean_points_per_s"] = points / float(answer.arrays["lean_s"])
        return {"version": answer.version, "cpu_s": answer.cpu_s, "ours_s": spent}

    return call


class Truth:
    """A file of drives: what a matcher sees (`fixes`), and what it is scored by."""

    def __init__(self, network, roads, sigma, n):
        base = roads / f"trips_synth/liechtenstein_sigma{sigma}"
        points = pq.read_table(f"{base}_points.parquet").to_pandas()[:n]
        routes = pq.read_table(f"{base}_routes.parquet").to_pandas()
        self.network, self.roads, self.sigma = network, roads, float(sigma)
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
        self.metres = self._metres(self.routes)

    def first(self, drives):
        """Return the first drives of the file, or all."""
        if drives is None or drives >= len(self.trips):
            return self
        points = int(self.fixes["trip"].isin(self.trips[:drives]).sum())
        return Truth(self.network, self.roads, int(self.sigma), points)

    def as_written(self):
        """Return what a peer is given that reads the extract itself, and positions in degrees."""
        columns = {name: self.fixes[name].to_numpy() for name in ("lon", "lat", "t_s")}
        return {**columns, "osm": str(self.roads / EXTRACT)}

    def score_of(self, found):
        """Score a peer that answers by edge, or by way alone."""
        if "edge" in found:
            return self.score(found["edge"], found["routes"])
        metres = Counter()
        for (trip, way), length in zip(found["driven"].tolist(), found["metres"].tolist(), strict=True):
            metres[trip, way] += length
        return self._by_way(found["way"], metres)

    def score(self, edge, routes):
        """Return shares of points on the true edge and way, and the length wrong over the true length."""
        network = self.network
        known = np.where(edge >= 0, self.same[edge], -1)
        found = Counter((trip, int(self.same[e])) for trip, e in routes.tolist())
        wrong = self._metres((found - self.routes) + (self.routes - found))
        way = np.where(edge >= 0, network.edge_way[edge], -1)
        return {
            "edge": float((known == self.edge).mean()),
            "rmf": sum(wrong.values()) / sum(self.metres.values()),
            **self._by_way(way, self._metres(found)),
        }

    def _by_way(self, way, metres):
        wrong = sum(abs(metres[key] - self.metres[key]) for key in metres.keys() | self.metres.keys())
        return {
            "way": float((way == self.network.edge_way[self.edge]).mean()),
            "way_rmf": wrong / sum(self.metres.values()),
        }

    def _metres(self, routes):
        """Return metres by trip and way."""
        metres = Counter()
        for (trip, edge), count in routes.items():
            metres[trip, int(self.network.edge_way[edge])] += self.network.edge_length_m[edge] * count
        return metres


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else None), indent=1))
