"""portfolio.price: large programmes by the price method, beside PDLP and HiGHS on the linear relaxation."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from importlib import metadata

import numpy as np

from contado.kernel.portfolio.options import Options

GAP = 1e-5
BUDGETS, SOURCES, YEARS = 20, 4, 5
SHARES = np.array([0.4, 0.6, 0.8, 1.0])
SCALES = np.array([0.5, 1.0, 1.6])
PEER_LIMIT_S = 60.0


def family(n, seed=0, floors=0, pro_rata=0.5):
    """Return a programme of ``n`` sites: 2-8 options each, 5 years x 4 sources; optional floors.

    A floor asks ``pro_rata`` of all budgets, shared by the cost of a municipality's sites.
    """
    rng = np.random.default_rng(seed)
    cost = rng.lognormal(10.6, 1.0, n)
    sizes = rng.integers(2, 9, n)
    site = np.repeat(np.arange(n), sizes)
    o = len(site)
    year, first = rng.integers(0, YEARS, o), rng.integers(0, SOURCES, o)
    second = (first + rng.integers(1, SOURCES, o)) % SOURCES
    share, scale = rng.choice(SHARES, o), rng.choice(SCALES, o)
    benefit = cost[site] * np.repeat(rng.lognormal(0, 0.6, n), sizes) * scale**0.85 * 0.97**year
    paid = np.rint(cost[site] * scale)
    part = np.rint(paid * share)
    budget = np.column_stack([year * SOURCES + first, year * SOURCES + second])
    total = 0.15 * cost.sum() / BUDGETS * rng.uniform(0.6, 1.4, BUDGETS)
    place = rng.integers(0, floors, n) if floors else None
    floor = None
    if floors:
        floor = pro_rata * total.sum() * np.bincount(place, cost, minlength=floors) / cost.sum()
    return Options.from_arrays(
        site=site,
        benefit_eur=np.rint(benefit),
        budget=budget,
        cost_eur=np.column_stack([part, paid - part]),
        budget_eur=np.rint(total),
        municipality=place[site] if floors else None,
        floor_eur=np.floor(floor) if floors else None,
    )


def run(n=10_000):
    """Return task, n, ours, peers, skipped, figures."""
    n = n or 10_000
    options = family(n)
    ours(options, 0.1)  # compiles the kernels
    result, cpu_s = ours(options, GAP)
    figures = {"gap": result.gap_share, "bound_eur": result.bound_eur, "passes": result.passes}
    floored, floored_s = ours(family(n, floors=133), 1e-4)
    figures |= {"floors_gap": floored.gap_share, "floors_cpu_s": floored_s}
    peers, skipped = [], []
    for name, package, peer in (("OR-Tools PDLP", "ortools", "pdlp"), ("HiGHS LP", "highspy", "highs")):
        try:
            version = metadata.version(package)
            bound, peer_s = in_child(peer, n)
        except Exception as error:  # noqa: BLE001 - a peer that is absent or fails is named, the others run
            skipped.append({"name": name, "reason": f"{type(error).__name__}: {error}"[:200]})
            continue
        note = f"linear relaxation {bound:.1f} EUR, our bound {bound_distance(result, bound):.1e} above"
        peers.append(
            {"name": name, "version": version, "cpu_s": peer_s, "ratio": peer_s / cpu_s, "note": note}
        )
    return {
        "task": "portfolio.price",
        "n": n,
        "ours": {"cpu_s": cpu_s},
        "peers": peers,
        "skipped": skipped,
        "figures": figures,
    }


def bound_distance(result, relaxation):
    return (result.bound_eur - relaxation) / relaxation


def ours(options, gap):
    from contado.kernel.portfolio.price import solve_options

    start = time.process_time()
    result = solve_options(options, gap_share=gap, method="price")
    return result, time.process_time() - start


def in_child(peer, n):
    """Run a peer in a process of its own: OR-Tools and highspy cannot be imported in one."""
    done = subprocess.run(
        [sys.executable, __file__, str(n), peer],
        capture_output=True,
        text=True,
        timeout=PEER_LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])


def alone(peer, n):
    """Print the linear relaxation [EUR] and the CPU seconds of one peer."""
    options = family(n)
    start = time.process_time()
    bound = {"pdlp": pdlp, "highs": highs}[peer](options)
    print(json.dumps([bound, time.process_time() - start]))


def highs(options):
    """Value of the linear relaxation [EUR] by HiGHS, simplex."""
    from contado.kernel.portfolio.options_model import options_model
    from contado.kernel.solver import solve

    claim = solve(options_model(options).relaxed(), time_limit_s=PEER_LIMIT_S)
    if claim.status != "optimal":
        raise TimeoutError(f"unfinished: {claim.status}")
    return claim.value * 1000


def pdlp(options):
    """Value of the linear relaxation [EUR] by PDLP at 1e-4, one thread."""
    from ortools.linear_solver.python import model_builder_helper
    from scipy import sparse

    from contado.kernel.portfolio.options_model import options_model

    model = options_model(options).relaxed()
    helper = model_builder_helper.ModelBuilderHelper()
    matrix = sparse.csr_matrix((model.value, model.index, model.start), shape=(model.n_rows, model.n_columns))
    helper.fill_model_from_sparse_data(
        model.lower, model.upper, -model.cost, model.row_lower, model.row_upper, matrix
    )
    solver = model_builder_helper.ModelSolverHelper("pdlp")
    solver.set_solver_specific_parameters(
        "termination_criteria { simple_optimality_criteria { eps_optimal_relative: 1e-4 } } num_threads: 1"
    )
    solver.solve(helper)
    if not solver.has_solution():
        raise RuntimeError("no solution")
    return -solver.objective_value() * 1000


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    if len(sys.argv) > 2:
        alone(sys.argv[2], size)
    else:
        print(json.dumps(run(size), indent=1))
