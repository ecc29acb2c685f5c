"""pavement.live: a drive that goes on - the online matcher beside the batch, and one message in the running pass."""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from contado.engines.pavement.ingest import roads
from contado.engines.pavement.live.chunk import parse
from contado.engines.pavement.live.running import RunningPass, Streets, rehearse
from contado.kernel.territory import Network, crs
from contado.kernel.territory.matching import MatchSettings
from contado.kernel.territory.matching.online import OnlineMatcher, match_online
from contado.kernel.workspace import Workspace

LAG_S = 10.0
ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("CONTADO_SHARED", ROOT.parent / "shared")) / "data" / "roads"
COLUMNS = ["t_s", "time_utc", "lon", "lat", "speed_m_s", "hdop"]


def run(n=None):
    """Return task, n, ours, peers, skipped, figures; ``n`` points of each file of traces."""
    network = Network.from_osm(DATA / "network/liechtenstein.osm.pbf")
    figures = {}
    ours_s, points = 0.0, 0
    for sigma in (5, 10):
        table = _traces(sigma, n)
        batch = network.match(table, sigma_m=float(sigma))
        online = match_online(network, table, lag_s=LAG_S, sigma_m=float(sigma))
        figures[f"sigma{sigma}_same_edge_share"] = float(np.mean(batch.edge == online.edge))
        figures[f"sigma{sigma}_batch_s"] = batch.compute_s
        ours_s += online.compute_s
        points += len(online.edge)
    figures |= _one_by_one(network, _traces(5, 3000 if n is None else n))
    figures |= _messages(None if n is None else max(30, n // 100))
    return {
        "task": "pavement.live",
        "n": points,
        "ours": {"cpu_s": ours_s},
        "peers": [],
        "skipped": [{"name": "fastmm, mappymatch, leuvenmapmatching", "reason": "match whole traces only"}],
        "figures": figures,
    }


def _traces(sigma, n):
    """Return the traces, truth columns left out."""
    file = DATA / f"trips_synth/liechtenstein_sigma{sigma}_points.parquet"
    table = pq.read_table(file, columns=["trip", "t_s", "lon", "lat"])
    return table if n is None else table.slice(0, n)


def _one_by_one(network, table):
    """Return what one fix takes, wall clock and processor."""
    x, y = crs.to_measure(table["lon"].to_numpy(), table["lat"].to_numpy(), network.epsg)
    trip, t_s = table["trip"].to_numpy(), table["t_s"].to_numpy()
    took, worked = [], []
    for name in np.unique(trip):
        matcher = OnlineMatcher(network, MatchSettings(), lag_s=LAG_S)
        for k in np.flatnonzero(trip == name):
            began, at = time.perf_counter(), time.thread_time()
            matcher.push(float(t_s[k]), float(x[k]), float(y[k]))
            worked.append(time.thread_time() - at)
            took.append(time.perf_counter() - began)
    p50, p95 = np.percentile(took[20:], [50, 95])
    return {
        "fix_p50_s": float(p50),
        "fix_p95_s": float(p95),
        "fix_cpu_p95_s": float(np.percentile(worked[20:], 95)),
    }


def _messages(seconds):
    """Return what one message of a second takes, from its bytes to cells and anomalies, over a drive."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "w")
        roads.load_network(workspace, DATA / "network/liechtenstein.osm.pbf")
        roads.load_sections(workspace, DATA / "telemetry_synth/truth_route.csv", None)
        streets = Streets.of(workspace)
        rehearse(streets)
        running = RunningPass(streets, "", "simulated")
        took, worked, cells = [], [], set()
        for content in _contents(seconds):
            began, at = time.perf_counter(), time.thread_time()
            update = running.advance(parse(content, "message.parquet").measured())
            worked.append(time.thread_time() - at)
            took.append(time.perf_counter() - began)
            cells |= {(c["section_id"], c["cell"]) for c in update.cells}
    p50, p95 = np.percentile(took, [50, 95])
    return {
        "message_p50_s": float(p50),
        "message_p95_s": float(p95),
        "message_cpu_p95_s": float(np.percentile(worked, 95)),
        "messages": len(took),
        "cells": len(cells),
    }


def _contents(seconds):
    """Yield the messages of the first open drive, one a second."""
    folder = DATA / "telemetry_synth"
    samples = pq.read_table(folder / "car1_pass1_acc.parquet").replace_schema_metadata(None)
    fixes = pa_csv.read_csv(folder / "car1_pass1_gnss.csv").select(COLUMNS)
    end = samples["t_s"].to_numpy()[-1]
    for start in np.arange(0.0, end if seconds is None else min(end, seconds), 1.0):
        parts = []
        for table in (samples, fixes):
            t_s = table["t_s"].to_numpy()
            parts.append(table.filter(pa.array((t_s >= start) & (t_s < start + 1.0))))
        sink = io.BytesIO()
        pq.write_table(pa.concat_tables(parts, promote_options="permissive"), sink)
        yield sink.getvalue()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else None), indent=1) + "\n")
