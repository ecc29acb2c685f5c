"""Our price method: its CPU seconds here, and its peak memory in a process of its own."""

import dataclasses
import time
from pathlib import Path

import numpy as np
import peers

from contado.kernel.portfolio.options import Options
from contado.kernel.portfolio.price import solve_options


def timed(options, gap):
    """Return the result and its CPU seconds."""
    start = time.process_time()
    result = solve_options(options, gap_share=gap, method="price", time_limit_s=300)
    return result, time.process_time() - start


def peak_mb(options, gap):
    """Peak memory [MB] of a process that is handed the programme and solves it."""
    given = {f.name: getattr(options, f.name) for f in dataclasses.fields(options)}
    return peers.ask_ourselves(Path(__file__), gap=gap, **given).peak_mb


def alone(given):
    """Solve what was handed over; the process does nothing else."""
    gap = float(given.pop("gap"))
    names = {k: tuple(given.pop(k).tolist()) for k in ("budgets", "municipalities")}
    options = Options(n_budgets=int(given.pop("n_budgets")), **names, **given)
    return {"gap": np.array(timed(options, gap)[0].gap_share)}


if __name__ == "__main__":
    peers.serve(alone)
