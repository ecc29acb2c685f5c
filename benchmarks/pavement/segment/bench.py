"""Homogeneous segments of a long road: ours beside two packages, and beside sorting as a yardstick."""

import json
import sys
import time
from pathlib import Path

import numpy as np

from contado.engines.pavement.segmentation.segments import noise_sd, segment
from contado.kernel import tables

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import peers

HERE = Path(__file__).resolve().parent
CELL_M = 10.0
FEW, MORE = 2_000, 10_000
"""Cells that the slow peers and the quick ones get."""
WITHIN_M = 20.0
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


def penalty(iri):
    y = np.log(iri)
    return 2.0 * np.log(y.size) * noise_sd(y) ** 2


def f1(ends_m, true_m):
    """Return the F1 score of boundaries within 20 m, each true one found once."""
    left, hits = list(true_m), 0
    for end in ends_m:
        near = min(left, key=lambda t: abs(t - end), default=None)
        if near is not None and abs(near - end) <= WITHIN_M:
            left.remove(near)
            hits += 1
    return 2 * hits / (len(ends_m) + len(true_m))


def run(n: int = 1_000_000) -> dict:
    """Time ours on ``n`` cells and the peers on fewer; score the boundaries on the open file."""
    iri = road(n)
    ours(iri[:100])  # compiles
    seconds, _ = min((_timed(lambda: ours(iri)) for _ in range(3)), key=lambda r: r[0])
    numbers = np.random.default_rng(1).random(SORTED_PER_CELL * n)
    sorting, _ = _timed(lambda: np.sort(numbers, kind="stable"))
    figures = {"cells_per_s": n / seconds, "sort_s": sorting}
    open_file = _open_file(figures)
    sides = {
        "merge sort of 5 n numbers": lambda: {"version": np.__version__, "cpu_s": sorting, "ours_s": seconds},
        "ruptures Pelt": lambda: _ruptures(iri, compiled=0),
        "ruptures KernelCPD": lambda: _ruptures(iri, compiled=1),
        "homogeneous-segmentation SHS": lambda: _homogeneous(iri, "SHS", open_file, figures),
        "homogeneous-segmentation MCV": lambda: _homogeneous(iri, "MCV", open_file, figures),
    }
    beside, skipped = peers.beside(seconds, sides)
    return {
        "task": "pavement.segment",
        "n": n,
        "ours": {"cpu_s": seconds},
        "peers": beside,
        "skipped": skipped,
        "figures": figures,
    }


def _open_file(figures):
    """Return IRI and true boundaries [m] of the open file; score ours on it."""
    try:
        table = tables.read(peers.shared("roads/segmentation/iri_10m.csv")).table
    except peers.Absent:
        return None
    iri, true = (table[name].to_numpy() for name in ("iri_m_km", "true_segment"))
    bounds = CELL_M * (np.flatnonzero(np.diff(true)) + 1)
    figures["f1_ours"] = f1(CELL_M * ours(iri)[:-1], bounds)
    return iri, bounds


def _ruptures(iri, compiled):
    few, more = iri[:FEW], iri[:MORE]
    answer = peers.ask(
        "ruptures",
        HERE / "peer_ruptures.py",
        few=np.log(few),
        more=np.log(more),
        few_penalty=penalty(few),
        more_penalty=penalty(more),
        compiled=compiled,
    )
    mine, found = min((_timed(lambda: ours(more if compiled else few)) for _ in range(5)), key=lambda r: r[0])
    same = bool(np.array_equal(found, answer.arrays["ends"]))
    return {"version": answer.version, "cpu_s": answer.cpu_s, "ours_s": mine, "identical": same}


def _homogeneous(iri, method, open_file, figures):
    def ask(values):
        start = np.arange(values.size) * CELL_M
        return peers.ask(
            "homogeneous-segmentation", HERE / "peer_homogeneous.py", start_m=start, iri=values, method=method
        )

    if open_file is not None:
        figures[f"f1_{method}"] = f1(CELL_M * ask(open_file[0]).arrays["ends"][:-1], open_file[1])
    answer = ask(iri[:MORE])
    mine, _ = min((_timed(lambda: ours(iri[:MORE])) for _ in range(5)), key=lambda r: r[0])
    return {"version": answer.version, "cpu_s": answer.cpu_s, "ours_s": mine}


def _timed(work):
    start = time.process_time()
    answer = work()
    return time.process_time() - start, answer


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
