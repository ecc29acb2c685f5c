"""OR-Tools PDLP, one thread, on a linear programme given as arrays (rows by rows)."""

import time

import numpy as np
from ortools.pdlp import solvers_pb2
from ortools.pdlp.python import pdlp
from peers import serve
from scipy import sparse


def solve(given):
    """Return the primal (n) and dual (m) solution of max cost.x at a relative tolerance."""
    programme = pdlp.QuadraticProgram()
    programme.objective_vector = -given["cost"]
    programme.variable_lower_bounds, programme.variable_upper_bounds = given["lower"], given["upper"]
    programme.constraint_lower_bounds = given["row_lower"]
    programme.constraint_upper_bounds = given["row_upper"]
    shape = (len(given["row_lower"]), len(given["cost"]))
    rows = sparse.csr_matrix((given["value"], given["index"], given["start"]), shape=shape)
    programme.constraint_matrix = rows.tocsc()
    settings = solvers_pb2.PrimalDualHybridGradientParams()
    settings.num_threads = 1
    settings.termination_criteria.simple_optimality_criteria.eps_optimal_relative = float(given["eps"])
    settings.termination_criteria.simple_optimality_criteria.eps_optimal_absolute = float(given["eps"])
    settings.termination_criteria.time_sec_limit = float(given["limit_s"])
    start = time.process_time()
    found = pdlp.primal_dual_hybrid_gradient(programme, settings)
    return {
        "primal": np.asarray(found.primal_solution),
        "dual": np.asarray(found.dual_solution),
        "cpu_s": time.process_time() - start,
    }


if __name__ == "__main__":
    serve(solve)
