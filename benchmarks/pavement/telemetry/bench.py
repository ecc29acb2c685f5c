"""pavement.telemetry: one compiled pass over a long drive, beside the same steps vectorised."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import scipy
from scipy.signal import sosfilt

from contado.engines.pavement.telemetry import pass_

FS_HZ = 200.0
CELL_M = 20.0
REPEATS = 3
COLUMNS = ("t_s", "ax", "ay", "az")


def drive(n):
    """Return samples and fixes of an invented drive: a shaking road, a speed that varies, holes on the way."""
    rng = np.random.default_rng(0)
    t = np.arange(n) / FS_HZ
    fix_t = np.arange(0.0, t[-1] + 1.0)
    speed = 14 + 5 * np.sin(fix_t / 40) + 3 * np.sin(fix_t / 11)
    shake = rng.normal(0.0, 0.6, n)
    shake[rng.integers(0, n, n // 20_000)] += 40.0
    axis = np.array([0.12, -0.2, 0.97]) / np.linalg.norm([0.12, -0.2, 0.97])
    # the loggers' files hold single precision: the same numbers in memory and in the file
    axes = [(a * (9.81 + shake) + rng.normal(0, 0.04, n)).astype(np.float32).astype(float) for a in axis]
    return t, axes, fix_t, speed


def vectorised(t, axes, fix_t, speed):
    """The same steps as a scientist writes them: numpy, scipy.signal and pandas, no loop over samples."""
    block = int(FS_HZ)
    blocks = [axis[: len(axis) // block * block].reshape(-1, block).mean(axis=1) for axis in axes]
    gravity = np.array([np.median(means) for means in blocks])
    length = np.linalg.norm(gravity)
    vertical = sum(g / length * axis for g, axis in zip(gravity, axes, strict=True)) - length
    banded = sosfilt(pass_.band_pass(FS_HZ), vertical)
    v = np.interp(t, fix_t, speed)
    distance = np.cumsum(np.where(np.arange(len(t)) > 0, v / FS_HZ, 0.0))
    moving = v >= pass_.MIN_SPEED_M_S
    cell = (distance / CELL_M).astype(np.int64)[moving]
    count = np.bincount(cell)
    rms = np.sqrt(np.bincount(cell, banded[moving] ** 2) / count)
    forget = -np.expm1(-1 / (pass_.MEMORY_S * FS_HZ))
    size = np.abs(banded)
    mean = pd.Series(np.append(0.0, size)).ewm(alpha=forget, adjust=False).mean().to_numpy()[1:]
    settled = forget * np.arange(1, len(t) + 1) >= 1.0
    above = np.flatnonzero(settled & moving & (size > pass_.TIMES * mean))
    events, until = [], -np.inf
    for at in t[above]:
        if at >= until:
            events.append(at)
            until = at + pass_.REST_S
    return count, rms, np.array(events)


def run(n=12_000_000):
    """Return task, n, ours, peers, skipped, figures."""
    data = drive(n)
    call = lambda d: pass_.screen(*d, cell_m=CELL_M, file="drive")  # noqa: E731
    call(drive(5_000))  # compiles
    ours, found = _timed(lambda: call(data))
    theirs, (count, rms, events) = _timed(lambda: vectorised(*data))
    same = (
        np.array_equal(found.count, count)
        and np.allclose(found.rms_m_s2, rms, rtol=1e-9)
        and np.array_equal(found.event_t_s, events)
    )
    with tempfile.TemporaryDirectory() as folder:
        from_file, stored = _timed(lambda: call(read(folder, data)))
        same &= np.array_equal(stored.count, found.count)
    peer = {"name": "scipy + pandas, vectorised", "version": f"{scipy.__version__}, {pd.__version__}"}
    return {
        "task": "pavement.telemetry",
        "n": n,
        "ours": {"cpu_s": ours},
        "peers": [{**peer, "cpu_s": theirs, "ratio": theirs / ours, "identical": bool(same)}],
        "skipped": [],
        "figures": {
            "samples_per_s": n / ours,
            "vectorised_samples_per_s": n / theirs,
            "parquet_rows_per_s": n / from_file,
            "cells": len(found.count),
            "events": len(found.event_t_s),
        },
    }


def read(folder, data):
    """Read the drive's samples from Parquet, which is written on the first call."""
    path = Path(folder) / "drive_acc.parquet"
    t, axes, fix_t, speed = data
    if not path.exists():
        single = [axis.astype(np.float32) for axis in axes]
        pq.write_table(pa.table(dict(zip(COLUMNS, (t, *single), strict=True))), path)
    with pq.ParquetFile(path, memory_map=True) as file:
        table = file.read(columns=list(COLUMNS), use_threads=False)
    t, *axes = (table[name].combine_chunks().to_numpy() for name in COLUMNS)
    return t, axes, fix_t, speed


def _timed(work):
    """Return the least processor seconds of a few calls, and the answer."""
    least = np.inf
    for _ in range(REPEATS):
        start = time.process_time()
        answer = work()
        least = min(least, time.process_time() - start)
    return least, answer


if __name__ == "__main__":
    print(json.dumps(run(*(int(word) for word in sys.argv[1:])), indent=1))
