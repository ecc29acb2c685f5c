"""appraisal.promethee: net flows of many alternatives, by sorting, beside pymcdm and plain numpy over all pairs."""

from __future__ import annotations

import json
import sys
import time
from importlib import metadata

import numpy as np

from contado.kernel.appraisal import mcda

CRITERIA = 5
REPEATS = 5
THRESHOLDS = {"q": 0.1, "p": 0.8, "s": 0.5}


def run(n=4000):
    """Return task, n, ours, peers, skipped; figures of the other preference functions and of TOPSIS."""
    n = n or 4000
    matrix = np.random.default_rng(0).random((n, CRITERIA))
    weights = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
    ours, cpu_s = best(lambda: mcda.promethee(matrix, ["max"] * CRITERIA, weights).phi, REPEATS)
    peers, skipped = [], []
    for name, version, peer in (
        ("pymcdm", pymcdm_version, pymcdm),
        ("all pairs (numpy)", numpy_version, all_pairs),
    ):
        try:
            stated = version()
            theirs, peer_s = best(lambda peer=peer: peer(matrix, weights), 1)
        except Exception as error:  # noqa: BLE001 - a peer that is absent or fails is named, the others run
            skipped.append({"name": name, "reason": f"{type(error).__name__}: {error}"[:200]})
            continue
        same = bool(np.abs(np.array(ours) - theirs).max() <= 1e-12)
        peers.append(
            {"name": name, "version": stated, "cpu_s": peer_s, "ratio": peer_s / cpu_s, "identical": same}
        )
    return {
        "task": "appraisal.promethee",
        "n": n,
        "ours": {"cpu_s": cpu_s},
        "peers": peers,
        "skipped": skipped,
        "figures": figures(matrix, weights),
    }


def figures(matrix, weights):
    """CPU seconds of the other preference functions on the same matrix."""
    found = {}
    for function in ("u_shape", "v_shape", "level", "linear", "gaussian"):
        _, found[f"{function}_s"] = best(
            lambda f=function: mcda.promethee(
                matrix, ["max"] * CRITERIA, weights, preference=f, **THRESHOLDS
            ),
            1,
        )
    _, found["topsis_s"] = best(lambda: mcda.topsis(matrix, ["max"] * CRITERIA, weights), REPEATS)
    return found


def best(function, repeats):
    """Return the result and the least CPU seconds of a few calls."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = function()
        times.append(time.process_time() - start)
    return result, min(times)


def pymcdm_version():
    return metadata.version("pymcdm")


def numpy_version():
    return np.__version__


def pymcdm(matrix, weights):
    from pymcdm.methods import PROMETHEE_II

    return np.asarray(PROMETHEE_II("usual")(matrix, weights, np.ones(CRITERIA)))


def all_pairs(matrix, weights):
    flows = np.zeros(len(matrix))
    for weight, column in zip(weights, matrix.T, strict=True):
        flows += weight * np.sign(column[:, None] - column[None, :]).sum(axis=1)
    return flows / (len(matrix) - 1)


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 4000), indent=1))
