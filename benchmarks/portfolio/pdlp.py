"""PDLP made a planner: its duals give a bound that we recompute, its primal is repaired into a plan that counts."""

import time
from pathlib import Path

import numpy as np
import peers
from portfolio.ours import timed

from contado.kernel.portfolio.options_model import options_model
from contado.kernel.portfolio.price_dual import Dual
from contado.kernel.portfolio.price_loops import loops, path_of
from contado.kernel.portfolio.price_round import _mended, _prepare, _value, round_plan

TOLERANCES = (1e-4, 1e-5, 1e-6)
ARRAYS = ("cost", "lower", "upper", "row_lower", "row_upper", "start", "index", "value")


def side(options, goal, ours_s, limit_s):
    """PDLP at falling tolerances until a plan is within ``goal`` of its own bound, or the time has ended.

    The CPU seconds are those of the tolerance that counts, rounding included. Where the goal is not reached, we
    are timed again at the gap that PDLP came to.
    """
    model = options_model(options).relaxed()
    given = {name: getattr(model, name) for name in ARRAYS}
    best, tried, started = None, [], time.monotonic()
    for eps in TOLERANCES:
        left = limit_s - (time.monotonic() - started)
        try:
            script = Path(__file__).with_name("peer_pdlp.py")
            found = peers.ask("ortools", script, timeout_s=max(left, 1.0), eps=eps, limit_s=left, **given)
        except peers.Absent:
            if best is None:
                raise
            break
        gap, rounding_s = rounded(options, found.arrays, goal)
        tried.append(f"eps {eps:g}: gap {gap:.1e} in {found.cpu_s + rounding_s:.1f} s")
        if best is None or gap < best["gap"]:
            best = {"gap": gap, "version": found.version, "cpu_s": found.cpu_s + rounding_s}
        if gap <= goal:
            break
    gap = best.pop("gap")
    if not np.isfinite(gap):
        raise peers.Absent(f"no plan: {'; '.join(tried)}")
    best["ours_s"] = ours_s if gap <= goal else timed(options, gap)[1]
    return best | {"note": f"equal gap {max(gap, goal):.1e}; {'; '.join(tried)}"}


def rounded(options, found, goal):
    """Return the certified gap of the best plan from a primal and a dual solution, and the CPU seconds it took.

    Each site's option of largest share is repaired and filled; where that misses the goal our whole rounding
    runs at the peer's prices.
    """
    start = time.process_time()
    prices = np.maximum(-found["dual"][: options.n_rows], 0.0)
    dual = Dual(prices=prices, bound=options.bound(prices), passes=0, at_ceiling=False)
    field, state = _prepare(options, dual, loops(path_of()))
    state.choice[:] = largest_shares(options, found["primal"])
    state.slack[:-1] = options.limit - options.use(state.choice[state.choice >= 0])
    mended, _ = _mended(field, state, options.n_budgets, options.n_rows)
    value = -np.inf if mended is None else _value(options, mended.choice)
    if dual.bound - value > goal * dual.bound:
        plan = round_plan(options, dual, gap_share=goal)
        value = value if plan is None else max(value, plan.value)
    return (dual.bound - value) / dual.bound, time.process_time() - start


def largest_shares(options, share):
    """Return each site's option of largest share, -1 where "nothing" has more."""
    site, none = options.site, 1.0 - np.add.reduceat(share, options.ptr[:-1])
    order = np.lexsort([share, site])
    best = order[options.ptr[1:] - 1]
    return np.where(share[best] > none, best, -1)
