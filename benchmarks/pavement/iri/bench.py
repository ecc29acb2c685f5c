"""IRI of a long profile: ours beside the loop that the norm prints."""

import json
import platform
import time

import numpy as np

from contado.engines.pavement import iri, transition
from contado.engines.pavement.simulate.road import random_road

DX_M = 0.25
SEGMENT_M = 100.0
MOST_FOR_THE_LOOP = 200_000


def plain_loop(y, dx):
    """The printed program of World Bank Technical Paper 46 in plain Python: loops over J and JJ, lists Z, Z1.

    Returns the IRI [m/km] of each 100 m.
    """
    st, pr = (m.tolist() for m in transition(dx))
    start = (y[round(11 / dx)] - y[0]) / 11
    z, z1 = [start, 0.0, start, 0.0], [0.0] * 4
    segment = round(SEGMENT_M / dx)
    values, total = [], 0.0
    for i in range(len(y) - 1):
        slope = (y[i + 1] - y[i]) / dx
        for j in range(4):
            z1[j] = pr[j] * slope
            for jj in range(4):
                z1[j] = z1[j] + st[j][jj] * z[jj]
        for j in range(4):
            z[j] = z1[j]
        total += abs(z[0] - z[2])
        if (i + 1) % segment == 0:
            values.append(1000 * total / segment)
            total = 0.0
    return values


def run(n: int = 2_000_000) -> dict:
    """Time both on one profile; the loop gets at most its first 200,000 points."""
    road = random_road((n - 1) * DX_M, np.random.default_rng(0), iso_class="B", dx_m=DX_M)
    x, y = road.x_m, road.base_m
    iri(x[:100], y[:100])  # compiles
    ours, result = min((_timed(lambda: iri(x, y, segment_m=SEGMENT_M)) for _ in range(5)), key=lambda r: r[0])
    fewer = min(len(y), MOST_FOR_THE_LOOP)
    listed = y[:fewer].tolist()
    loop, values = _timed(lambda: plain_loop(listed, DX_M))
    loop *= len(y) / fewer
    same = np.allclose(values, result.iri_m_km[: len(values)], rtol=0, atol=1e-6)
    peer = {
        "name": "plain E1926 loop (Python)",
        "version": platform.python_version(),
        "cpu_s": loop,
        "ratio": loop / ours,
        "identical": bool(same),
    }
    return {"task": "pavement.iri", "n": len(y), "ours": {"cpu_s": ours}, "peers": [peer], "skipped": []}


def _timed(work):
    start = time.process_time()
    answer = work()
    return time.process_time() - start, answer


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
