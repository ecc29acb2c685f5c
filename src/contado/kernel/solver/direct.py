"""LPs and small MIPs in this process, through highspy's arrays.

HiGHS (MIT) 1.15: single-threaded by default so that a run can be repeated; every return value is checked,
because an unknown option is otherwise ignored.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.kernel.errors import SolverStopped
from contado.kernel.progress import SolveEvent
from contado.kernel.solver.model import Model, Solution, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["claim_of", "open_solver", "pass_model", "solve"]

_NEWS_S = 0.5
"""Seconds between two words about a bound."""


def solve(
    model: Model,
    *,
    gap_share: float = 1e-4,
    time_limit_s: float = 60.0,
    seed: int = 0,
    max_nodes: int | None = None,
    start: NDArray[np.float64] | None = None,
    on_improved: Callable[[SolveEvent, NDArray[np.float64] | None], None] | None = None,
) -> Solution:
    """Maximise ``model`` and return the solver's claim.

    Parameters
    ----------
    gap_share
        Relative gap at which the search may stop.
    time_limit_s
        Asked of the solver, which may overrun it on large models: see `solve_in_child`.
    max_nodes
        Nodes of the search tree after which it stops: a limit that, unlike the clock, can be repeated.
    start
        A plan (n) to begin with.
    on_improved
        Called with the state of the search and each improving solution; with None for the solution, at most
        twice a second, when only the bound may have moved.

    Raises
    ------
    SolverStopped
        The solver refuses the model or an option.
    """
    import highspy

    started = time.perf_counter()
    nodes = {} if max_nodes is None else {"mip_max_nodes": max_nodes}
    solver = open_solver(random_seed=seed, mip_rel_gap=gap_share, time_limit=time_limit_s, **nodes)
    pass_model(solver, model)
    if start is not None:
        plan = highspy.HighsSolution()
        plan.col_value = list(start)
        _check(solver.setSolution(plan), "the plan to begin with")
    if on_improved is not None:
        _listen(solver, on_improved, started)
    status = solver.run()
    if status == highspy.HighsStatus.kError:
        raise SolverStopped(
            "HiGHS ended with an error.", hint="check the model's numbers for NaN and infinity"
        )
    return claim_of(solver, model, time.perf_counter() - started)


def open_solver(**options: float) -> Any:
    """Return a silent, single-threaded HiGHS with the given options, each of them checked.

    Raises
    ------
    SolverStopped
        HiGHS refuses an option.
    """
    import highspy

    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in {"output_flag": False, "threads": 1, **options}.items():
        _check(solver.setOptionValue(name, value), f"option {name}={value}")
    return solver


def _check(status: Any, what: str) -> None:
    import highspy

    if status == highspy.HighsStatus.kError:
        raise SolverStopped(f"HiGHS refuses {what}.", hint="report the model")


def pass_model(solver: Any, model: Model) -> None:
    """Hand a model to HiGHS.

    Raises
    ------
    SolverStopped
        The model holds a number that is not finite, or HiGHS refuses it.
    """
    import highspy

    if not (np.isfinite(model.cost).all() and np.isfinite(model.value).all()):
        raise SolverStopped("The model holds a number that is not finite.", hint="check benefits and costs")
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = model.n_columns, model.n_rows
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = model.cost, model.lower, model.upper
    lp.row_lower_, lp.row_upper_ = model.row_lower, model.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = model.start, model.index, model.value
    if model.integer.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(i)] for i in model.integer]
    _check(solver.passModel(lp), "the model")


def _listen(
    solver: Any, on_improved: Callable[[SolveEvent, NDArray[np.float64] | None], None], started: float
) -> None:
    told_s = 0.0

    def improved(event: Any) -> None:
        out = event.data_out
        state = _state(out.objective_function_value, out.mip_dual_bound, started)
        on_improved(state, np.array(out.mip_solution, dtype=np.float64))

    def polled(event: Any) -> None:
        nonlocal told_s
        state = _state(event.data_out.mip_primal_bound, event.data_out.mip_dual_bound, started)
        if state.gap is not None and state.seconds - told_s >= _NEWS_S:
            told_s = state.seconds
            on_improved(state, None)

    solver.cbMipImprovingSolution.subscribe(improved)
    solver.cbMipInterrupt.subscribe(polled)


def _state(plan: float, bound: float, started: float) -> SolveEvent:
    """Return where a search stands; what it does not know yet is None."""
    known = bound if np.isfinite(bound) else None
    found = plan if np.isfinite(plan) else None
    gap = (known - found) / abs(known) if known and found is not None else None
    return SolveEvent(seconds=time.perf_counter() - started, plan=found, bound=known, gap=gap)


def claim_of(solver: Any, model: Model, seconds: float) -> Solution:
    """Return what HiGHS says of ``model`` after its run."""
    info, status = solver.getInfo(), solver.getModelStatus()
    has_plan = info.primal_solution_status == 2  # kSolutionStatusFeasible
    mip = bool(model.integer.any())
    answer = solver.getSolution()
    value = float(info.objective_function_value) if has_plan else None
    bound = float(info.mip_dual_bound) if mip else value
    return Solution(
        status=_status(status, has_plan=has_plan),
        x=np.array(answer.col_value) if has_plan else None,
        value=value,
        bound=bound if bound is not None and np.isfinite(bound) else None,
        row_dual=None if mip or not has_plan else np.array(answer.row_dual),
        seconds=seconds,
        nodes=int(info.mip_node_count) if mip else 0,
        solver=f"HiGHS {solver.version()}",
    )


def _status(status: Any, *, has_plan: bool) -> Status:
    import highspy

    kinds = highspy.HighsModelStatus
    if status == kinds.kOptimal:
        return "optimal"
    if status == kinds.kInfeasible:
        return "infeasible"
    if status in (kinds.kUnbounded, kinds.kUnboundedOrInfeasible):
        return "unbounded"
    return "feasible" if has_plan else "stopped"
