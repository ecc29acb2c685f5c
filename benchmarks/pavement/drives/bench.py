"""pavement.drives: an archive of drives of one hour at 100 Hz from Parquet to cells, on threads and on Dask."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contado.engines.pavement.measuring.screening import screen_drives
from contado.engines.pavement.telemetry.read import survey

FS_HZ = 100.0
HOUR_S = 3600
DIFFERENT = 10
"""Drives with numbers of their own; the others are further names of their files."""


def archive(folder, drives):
    """Write an archive: NAME_acc.parquet and NAME_gnss.csv of each drive."""
    for k in range(min(drives, DIFFERENT)):
        _drive(folder, f"car{k}_pass1", k)
    for k in range(DIFFERENT, drives):
        for part in ("acc.parquet", "gnss.csv"):
            os.link(folder / f"car{k % DIFFERENT}_pass1_{part}", folder / f"car{k}_pass1_{part}")


def _drive(folder, name, seed):
    rng = np.random.default_rng(seed)
    n = int(HOUR_S * FS_HZ)
    shake = rng.normal(0.0, 0.6, n)
    shake[rng.integers(0, n, 50)] += 30.0
    axis = np.array([0.12, -0.2, 0.97]) / np.linalg.norm([0.12, -0.2, 0.97])
    axes = {f"a{a}": (u * (9.81 + shake)).astype(np.float32) for a, u in zip("xyz", axis, strict=True)}
    pq.write_table(pa.table({"t_s": np.arange(n) / FS_HZ, **axes}), folder / f"{name}_acc.parquet")
    t = np.arange(HOUR_S + 1)
    speed = 14 + 5 * np.sin(t / 40) + 3 * np.sin(t / 11)
    lon = 9.19 + np.cumsum(speed) / 78_000 * np.cos(t / 600)
    lines = [f"{a},{b:.7f},{45.46:.7f},{c:.3f},1.0" for a, b, c in zip(t, lon, speed, strict=True)]
    (folder / f"{name}_gnss.csv").write_text("\n".join(["t_s,lon,lat,speed_m_s,hdop", *lines]) + "\n")


def run(n=1000):
    """Return task, n (drives), ours (threads), peers (Dask), skipped, figures."""
    peers, skipped, figures = [], [], {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive(folder, n)
        screen_drives(survey(folder / "car0_pass1"))  # compiles
        here, cpu_s, wall_s = _timed(folder, "local")
        samples = sum(d.samples for d in here.drives)
        figures |= {
            "samples": samples,
            "wall_s": wall_s,
            "rows_per_cpu_s": samples / cpu_s,
            "cells": len(here.cells),
        }
        try:
            there, dask_s, figures["dask_wall_s"] = _timed(folder, "dask")
        except Exception as error:  # noqa: BLE001 - an engine that is absent or fails is named
            skipped.append({"name": "dask", "reason": f"{type(error).__name__}: {error}"[:300]})
        else:
            same = there.cells.equals(here.cells) and there.events.equals(here.events)
            version = __import__("distributed").__version__
            peers.append(
                {
                    "name": "dask",
                    "version": version,
                    "cpu_s": dask_s,
                    "ratio": dask_s / cpu_s,
                    "identical": same,
                }
            )
    return {
        "task": "pavement.drives",
        "n": n,
        "ours": {"cpu_s": cpu_s},
        "peers": peers,
        "skipped": skipped,
        "figures": figures,
    }


def _timed(folder, engine):
    """Return the answer, processor seconds with children, and seconds of the clock."""
    start, clock = sum(os.times()[:4]), time.perf_counter()
    found = screen_drives(survey(folder), engine=engine)
    return found, sum(os.times()[:4]) - start, time.perf_counter() - clock


if __name__ == "__main__":
    print(json.dumps(run(*(int(word) for word in sys.argv[1:])), indent=1))
