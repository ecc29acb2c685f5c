"""portfolio.front: all nondominated points of a multi-objective knapsack, beside pyaugmecon; solves of AUGMECON-R."""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))
sys.path.append(str(Path(__file__).resolve().parent))

import augmecon
import numpy as np
import peers

from contado.kernel.portfolio.front import front, read_knapsack

FOLDERS = {40: "3kp40", 50: "2kp50", 100: "2kp100"}
LIMIT_S = 1200.0
PEER_LIMIT_S = 570.0


def run(n=50):
    """Return task, n, ours, peers, skipped, figures; 40, 50 and 100 items are published folders, others made."""
    n = n or 50
    with tempfile.TemporaryDirectory() as made:
        folder, absent = folder_of(n, Path(made))
        objectives = read_knapsack(folder)
        front(read_knapsack(invented(12, Path(made) / "warm")))  # compiles the loops
        start = peers.cpu_s()
        ours = front(objectives, time_limit_s=LIMIT_S)
        cpu_s = peers.cpu_s() - start
        found, skipped = peers.beside(cpu_s, {"pyaugmecon": lambda: pyaugmecon(folder, ours)})
    points = np.array(ours.points)
    replayed, infeasible, _ = augmecon.solves(points, points.min(axis=0)[1:])
    return {
        "task": "portfolio.front",
        "n": n,
        "ours": {"cpu_s": cpu_s},
        "peers": found,
        "skipped": [*absent, *skipped],
        "figures": {
            "points": len(ours.points),
            "complete": float(ours.complete),
            "solves": ours.solves,
            "augmecon_r_solves": replayed,
            "augmecon_r_infeasible": infeasible,
            "augmecon_r_ratio": replayed / ours.solves,
        },
    }


def folder_of(n, made):
    """The published folder of n items, or an invented one, and what is absent."""
    if n not in FOLDERS:
        return invented(n, made / "made"), []
    try:
        return peers.shared(f"planning/momkp/{FOLDERS[n]}"), []
    except peers.Absent as error:
        return invented(n, made / "made"), [{"name": FOLDERS[n], "reason": str(error)}]


def invented(n, folder):
    """Write a knapsack of n items, two rows, two objectives, in the manner of the published ones."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    weights, values = (rng.integers(10, 101, (2, n)) for _ in range(2))
    for name, matrix in (("a", weights), ("b", weights.sum(axis=1, keepdims=True) // 2), ("c", values)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["", *range(1, matrix.shape[1] + 1)])
            rows.writerows([k + 1, *row] for k, row in enumerate(matrix.tolist()))
    return folder


def pyaugmecon(folder, ours):
    """The peer on the same folder, one worker, HiGHS, its own settings otherwise."""
    given = {
        name: np.loadtxt(folder / f"{name}.csv", delimiter=",", skiprows=1, ndmin=2)[:, 1:] for name in "abc"
    }
    script = Path(__file__).with_name("peer_pyaugmecon.py")
    found = peers.ask("pyaugmecon", script, timeout_s=PEER_LIMIT_S, **given)
    theirs = {tuple(float(v) for v in p) for p in found.arrays["points"]}
    return {
        "version": found.version,
        "cpu_s": found.cpu_s,
        "identical": theirs == set(ours.points),
        "note": f"{len(theirs)} points in {int(found.arrays['solves'])} solves, ours {ours.solves}",
    }


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 50), indent=1))
