"""HiGHS on a linear programme given as arrays, in a process that can be stopped."""

import time

import numpy as np
from peers import serve

from contado.kernel.solver import Model, solve


def relaxation(given):
    """Return the optimum of the linear relaxation."""
    model = Model(**given, integer=np.zeros(len(given["cost"]), dtype=bool))
    start = time.process_time()
    claim = solve(model, time_limit_s=600)
    return {"value": claim.value, "cpu_s": time.process_time() - start}


if __name__ == "__main__":
    serve(relaxation)
