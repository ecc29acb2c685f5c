"""portfolio.build: from Arrow tables to the arrays of a model, beside linopy, scipy and highspy."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

import numpy as np
import peers
import scipy
from portfolio.family import columns, tables
from scipy import sparse

from contado.kernel.portfolio.options import Options
from contado.kernel.portfolio.options_model import options_model
from contado.kernel.solver.direct import open_solver, pass_model

CHOICES = 4
REPEATS = 3


def run(n=100_000):
    """Return task, n, ours, peers, skipped, figures; n sites of four options each."""
    n = n or 100_000
    made = tables(n, choices=CHOICES)
    model, cpu_s = peers.best(lambda: options_model(Options.from_tables(made)), REPEATS)
    options, read_s = peers.best(lambda: Options.from_tables(made), REPEATS)
    handed, pass_s = peers.best(lambda: given_to_highs(model), REPEATS)
    size = [handed.getNumCol(), handed.getNumRow(), handed.getNumNz()]
    found, skipped = peers.beside(
        cpu_s,
        {
            "linopy": lambda: linopy(n, size, cpu_s, pass_s),
            "scipy arrays": lambda: scipy_arrays(n, size),
            "highspy arrays": lambda: highspy_arrays(n, size, cpu_s + pass_s),
        },
    )
    return {
        "task": "portfolio.build",
        "n": n,
        "ours": {"cpu_s": cpu_s},
        "peers": found,
        "skipped": skipped,
        "figures": {
            "options": options.n_options,
            "read_and_sort_s": read_s,
            "to_highs_s": pass_s,
            "nonzeros": len(model.value),
        },
    }


def given_to_highs(model):
    solver = open_solver()
    pass_model(solver, model)
    return solver


def linopy(n, size, cpu_s, pass_s):
    """The peer's model has the same size; its arrays come ready, without reading or sorting."""
    made = columns(n, choices=CHOICES)
    found = peers.ask("linopy", Path(__file__).with_name("peer_linopy.py"), **made)
    whole = found.cpu_s + float(found.arrays["to_solver_s"])
    return {
        "version": found.version,
        "cpu_s": found.cpu_s,
        "identical": found.arrays["size"].tolist() == size,
        "note": f"to the solver {whole:.2f} s, ours {cpu_s + pass_s:.2f} s, {whole / (cpu_s + pass_s):.1f} times; "
        f"peak {found.peak_mb:.0f} MB",
    }


def scipy_arrays(n, size):
    """The same matrix by hand from ready arrays: a lower limit, for nothing is read, sorted or checked."""
    made = columns(n, choices=CHOICES)
    matrix, cpu_s = peers.best(lambda: by_hand(made, n), REPEATS)
    same = [matrix.shape[1], matrix.shape[0], matrix.nnz] == size
    return {"version": scipy.__version__, "cpu_s": cpu_s, "identical": same, "note": "from ready arrays"}


def highspy_arrays(n, size, ours_s):
    """The same, handed to HiGHS."""
    import highspy

    made = columns(n, choices=CHOICES)

    def handed():
        matrix = by_hand(made, n)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = matrix.shape[1], matrix.shape[0]
        lp.col_cost_ = -made["benefit_eur"] / 1000
        lp.col_lower_, lp.col_upper_ = np.zeros(matrix.shape[1]), np.ones(matrix.shape[1])
        lp.row_lower_ = np.full(matrix.shape[0], -np.inf)
        lp.row_upper_ = np.append(made["budget_eur"] / 1000, np.ones(n))
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
        lp.a_matrix_.value_ = matrix.data
        lp.integrality_ = [highspy.HighsVarType.kInteger] * matrix.shape[1]
        solver = open_solver()
        solver.passModel(lp)
        return solver

    solver, cpu_s = peers.best(handed, REPEATS)
    same = [solver.getNumCol(), solver.getNumRow(), solver.getNumNz()] == size
    return {
        "version": solver.version(),
        "cpu_s": cpu_s,
        "ours_s": ours_s,
        "identical": same,
        "note": "from ready arrays to the solver",
    }


def by_hand(made, n):
    """Budgets and one option a site as a sparse matrix."""
    o = np.arange(len(made["site"]))
    paid = made["cost_eur"].ravel() > 0
    value = np.append(made["cost_eur"].ravel()[paid] / 1000, np.ones(len(o)))
    row = np.append(made["budget"].ravel()[paid], len(made["budget_eur"]) + made["site"])
    column = np.append(np.repeat(o, 2)[paid], o)
    shape = (len(made["budget_eur"]) + n, len(o))
    return sparse.coo_array((value, (row, column)), shape=shape).tocsr()


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000), indent=1))
