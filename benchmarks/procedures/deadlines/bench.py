"""procedures.deadlines: the terms of a million files at once, beside a loop over the package `holidays`."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from importlib import metadata

import numpy as np

from contado.kernel.dates import bulk

DAY = dt.timedelta(days=1)
LENGTHS = (30, 45, 60, 90)
WORKING = 5
REPEATS = 3


def run(n=1_000_000):
    """Return task, n, ours, peers, skipped."""
    rng = np.random.default_rng(0)
    events = np.datetime64("2001-01-01") + rng.integers(0, 10_000, n)
    lengths = rng.choice(LENGTHS, n)
    stops = np.where(rng.random(n) < 0.3, rng.integers(1, 31, n), 0)
    found, cpu_s = best(lambda: ours(events, lengths, stops))
    start = time.process_time()
    theirs = loop(events.tolist(), lengths.tolist(), stops.tolist())
    peer_s = time.process_time() - start
    peer = {
        "name": "holidays",
        "version": metadata.version("holidays"),
        "cpu_s": peer_s,
        "ratio": peer_s / cpu_s,
        "identical": found.tolist() == theirs,
    }
    return {"task": "procedures.deadlines", "n": n, "ours": {"cpu_s": cpu_s}, "peers": [peer], "skipped": []}


def ours(events, lengths, stops):
    """Opinions' term and conclusion of each file."""
    opinions = bulk.due(events, lengths, "calendar", suspension_days=stops)
    return np.concatenate([opinions, bulk.due(opinions, WORKING, "working")])


def loop(events, lengths, stops):
    """Return the same days, file by file."""
    import holidays

    days = holidays.Italy(subdiv="MI", years=range(2000, 2032))
    opinions, conclusions = [], []
    for event, length, stop in zip(events, lengths, stops, strict=True):
        day = event + (length + stop) * DAY
        while day.weekday() == 6 or day in days:
            day += DAY
        opinions.append(day)
        left = WORKING
        while left:
            day += DAY
            left -= day.weekday() < 5 and day not in days
        conclusions.append(day)
    return opinions + conclusions


def best(function):
    """Return the result and the least CPU seconds of a few calls."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        result = function()
        times.append(time.process_time() - start)
    return result, min(times)


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000), indent=1))
