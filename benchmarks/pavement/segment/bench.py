"""Homogeneous segments of a long road: ours beside ruptures, and beside sorting as a yardstick."""

import importlib.metadata
import json
import time

import numpy as np

from contado.engines.pavement.segments import noise_sd, segment

CELL_M = 10.0
MOST_FOR_RUPTURES = 2_000
SORTED_PER_CELL = 5
"""The yardstick: a merge sort of five numbers a cell."""


def road(n, seed=0):
    """Return cells of 10 m whose log IRI has a level for every 50 cells and noise of 0.16."""
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.normal(1.0, 0.4, -(-n // 50)), 50)[:n]
    return np.exp(level + rng.normal(0.0, 0.16, n))


def ours(iri):
    start = np.arange(iri.size) * CELL_M
    return np.cumsum(segment(start, start + CELL_M, iri).cells)


def with_ruptures(iri):
    """Return the ends that ruptures' PELT finds with the same penalty and least length."""
    import ruptures

    y = np.log(iri)
    penalty = 2.0 * np.log(y.size) * noise_sd(y) ** 2
    return np.array(ruptures.Pelt(model="l2", min_size=10, jump=1).fit(y).predict(pen=penalty))


def run(n: int = 1_000_000) -> dict:
    """Time ours on ``n`` cells; ruptures gets at most its first 2,000."""
    iri = road(n)
    ours(iri[:100])  # compiles
    seconds, _ = min((_timed(lambda: ours(iri)) for _ in range(3)), key=lambda r: r[0])
    numbers = np.random.default_rng(1).random(SORTED_PER_CELL * n)
    sorting, _ = _timed(lambda: np.sort(numbers, kind="stable"))
    yard = {"name": "merge sort of 5 n numbers", "version": np.__version__, "cpu_s": sorting}
    peers, skipped = [{**yard, "ratio": sorting / seconds, "identical": None}], []
    fewer = iri[:MOST_FOR_RUPTURES]
    try:
        peer, theirs = _timed(lambda: with_ruptures(fewer))
    except ImportError:
        skipped.append({"name": "ruptures", "reason": "not installed: pip install ruptures==1.1.10"})
    else:
        mine, found = _timed(lambda: ours(fewer))
        version = importlib.metadata.version("ruptures")
        same = bool(np.array_equal(found, theirs))
        peers.append(
            {
                "name": "ruptures Pelt",
                "version": version,
                "cpu_s": peer,
                "ratio": peer / mine,
                "identical": same,
            }
        )
    return {
        "task": "pavement.segment",
        "n": n,
        "ours": {"cpu_s": seconds},
        "peers": peers,
        "skipped": skipped,
    }


def _timed(work):
    start = time.process_time()
    answer = work()
    return time.process_time() - start, answer


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
