"""appraisal.promethee: net flows of many alternatives, by sorting, beside pymcdm and numpy over all pairs; TOPSIS."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

import numpy as np
import peers

from contado.kernel.appraisal import mcda

CRITERIA, WIDE = 5, 8
REPEATS = 5
LARGER = 250
"""TOPSIS is linear: it gets this many times the alternatives, a million for 4,000."""
SMAA_DRAWS = 1000
SMAA_LARGER = 25
THRESHOLDS = {"q": 0.1, "p": 0.8, "s": 0.5}


def run(n=4000):
    """Return task, n, ours, peers, skipped; figures of the other preference functions, TOPSIS and SMAA."""
    n = n or 4000
    rng = np.random.default_rng(0)
    matrix, weights = rng.random((n, CRITERIA)), np.array([0.3, 0.25, 0.2, 0.15, 0.1])
    large, even = rng.random((LARGER * n, WIDE)), np.full(WIDE, 1 / WIDE)
    ours, cpu_s = peers.best(lambda: mcda.promethee(matrix, ["max"] * CRITERIA, weights).phi, REPEATS)
    near, topsis_s = peers.best(lambda: mcda.topsis(large, ["max"] * WIDE, even), 2)
    given = {
        "matrix": matrix,
        "weights": weights,
        "types": np.ones(CRITERIA),
        "large": large,
        "large_weights": even,
        "large_types": np.ones(WIDE),
    }
    answer = []

    def pymcdm():
        answer.append(peers.ask("pymcdm", Path(__file__).with_name("peer_pymcdm.py"), **given))
        return side(ours, answer[0].arrays["flows"], answer[0].version, answer[0].cpu_s)

    def pymcdm_topsis():
        if not answer:
            raise peers.Absent("see pymcdm")
        found, seconds = answer[0].arrays, float(answer[0].arrays["topsis_s"])
        return side(near.similarity, found["near"], answer[0].version, seconds) | {"ours_s": topsis_s}

    def numpy_pairs():
        theirs, seconds = peers.best(lambda: all_pairs(matrix, weights), 1)
        return side(ours, theirs, np.__version__, seconds)

    sides = {"pymcdm": pymcdm, "pymcdm TOPSIS": pymcdm_topsis, "all pairs (numpy)": numpy_pairs}
    found, skipped = peers.beside(cpu_s, sides)
    return {
        "task": "appraisal.promethee",
        "n": n,
        "ours": {"cpu_s": cpu_s},
        "peers": found,
        "skipped": skipped,
        "figures": {"topsis_alternatives": len(large), "topsis_s": topsis_s}
        | figures(matrix, weights, large),
    }


def side(ours, theirs, version, cpu_s):
    same = bool(np.abs(np.array(ours) - theirs).max() <= 1e-12)
    return {"version": version, "cpu_s": cpu_s, "identical": same}


def figures(matrix, weights, large):
    """CPU seconds of the other preference functions on the same matrix, and of SMAA."""
    found, sense = {}, ["max"] * CRITERIA
    for function in ("u_shape", "v_shape", "level", "linear", "gaussian"):
        _, found[f"{function}_s"] = peers.best(
            lambda f=function: mcda.promethee(matrix, sense, weights, preference=f, **THRESHOLDS), 1
        )
    many = large[: SMAA_LARGER * len(matrix)]
    _, found["smaa_s"] = peers.best(lambda: mcda.smaa(many, ["max"] * WIDE, draws=SMAA_DRAWS, depth=10), 1)
    return found | {"smaa_alternatives": len(many), "smaa_draws": SMAA_DRAWS}


def all_pairs(matrix, weights):
    flows = np.zeros(len(matrix))
    for weight, column in zip(weights, matrix.T, strict=True):
        flows += weight * np.sign(column[:, None] - column[None, :]).sum(axis=1)
    return flows / (len(matrix) - 1)


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 4000), indent=1))
