"""scale.engines: a million points located on threads, on Dask and on Spark, start included."""

from __future__ import annotations

import json
import os
import sys
import time

import numpy as np
import pyarrow as pa

from contado.kernel import scale
from contado.kernel.territory import boundaries, locate


def run(n=1_000_000):
    """Return task, n, ours (local threads), peers (the other engines), skipped, figures."""
    n = n or 1_000_000
    units = boundaries.shipped()
    rng = np.random.default_rng(0)
    west, south, east, north = units.gdf.total_bounds
    points = pa.table({"lon": rng.uniform(west, east, n), "lat": rng.uniform(south, north, n)})
    locator = locate.Locator(units)
    found, figures, peers, skipped = {}, {}, [], []
    for engine in ("local", "dask", "spark"):
        start, cpu = time.perf_counter(), sum(os.times()[:4])
        try:
            found[engine] = scale.run(locate.batch, points, locator, engine=engine)
        except Exception as error:  # noqa: BLE001 - an engine that is absent or fails is named
            skipped.append({"name": engine, "reason": f"{type(error).__name__}: {error}"[:300]})
            continue
        figures[f"{engine}_wall_s"] = time.perf_counter() - start
        figures[f"{engine}_cpu_s"] = sum(os.times()[:4]) - cpu
    for engine in ("dask", "spark"):
        if engine in found:
            cpu_s = figures[f"{engine}_cpu_s"]
            peers.append(
                {
                    "name": engine,
                    "version": __import__({"dask": "distributed", "spark": "pyspark"}[engine]).__version__,
                    "cpu_s": cpu_s,
                    "ratio": cpu_s / figures["local_cpu_s"],
                    "identical": found[engine].equals(found["local"]),
                }
            )
    ours = {"cpu_s": figures["local_cpu_s"]}
    return {
        "task": "scale.engines",
        "n": n,
        "ours": ours,
        "peers": peers,
        "skipped": skipped,
        "figures": figures,
    }


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else None), indent=1))
