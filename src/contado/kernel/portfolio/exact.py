"""Solve a programme exactly: search, pay to the cent, price the budgets, verify.

Where payments matter by their existence only, the search runs on the projected model, else on the one with a
column a payment. The prices and the bound that they prove come from the linear relaxation of the latter.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypedDict

from contado.kernel.errors import CertificateFailed, InfeasibleProgramme, SolverStopped
from contado.kernel.portfolio.certificate import weak_duality_bound
from contado.kernel.portfolio.exhaustive import proves_optimal
from contado.kernel.portfolio.milp import Columns, build, choice_of, claim_of
from contado.kernel.portfolio.projected import can_project, project
from contado.kernel.portfolio.result import Choice, Result, assemble
from contado.kernel.solver import Model, Solution
from contado.kernel.solver import solve as solve_here

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from contado.kernel.portfolio.problem import Problem
    from contado.kernel.progress import Cancel, Progress

__all__ = ["solve"]

_SMALL = 300
"""Binaries up to which the search aims at a tenth of the gap asked for: it costs a moment, and the plan is better."""


def solve(
    problem: Problem,
    *,
    gap_share: float,
    time_limit_s: float,
    seed: int,
    improvements: int | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Result:
    """Solve exactly, pay to the cent, price the budgets, verify; the claim never outranks the verifier.

    Raises
    ------
    InfeasibleProgramme
        No programme meets the floors under the budgets.
    SolverStopped
        The time ended before any plan was found.
    """
    if not any(_may_start(problem, i) for i in range(len(problem.ids))):
        return _nothing(problem)
    search: _Search = {
        "gap_share": gap_share,
        "time_limit_s": time_limit_s,
        "seed": seed,
        "improvements": improvements,
        "progress": progress,
        "cancel": cancel,
    }
    if can_project(problem):
        try:
            return _by_projection(problem, search)
        except CertificateFailed:
            pass  # a solution within the solver's tolerance that whole cents do not keep
    return _with_payments(problem, search)


class _Search(TypedDict):
    """How to search."""

    gap_share: float
    time_limit_s: float
    seed: int
    improvements: int | None
    progress: Progress | None
    cancel: Cancel | None


def _by_projection(problem: Problem, search: _Search) -> Result:
    model, projected = project(problem)
    gap_share = search["gap_share"]
    if int(model.integer.sum()) <= _SMALL:
        search = {**search, "gap_share": gap_share / 10}
    claim = _claimed(model, search, projected.groups())
    assert claim.x is not None
    return _finish(problem, projected.choice(claim.x), claim, gap_share)


def _with_payments(problem: Problem, search: _Search) -> Result:
    model, columns = build(problem)
    claim = _claimed(model, search)
    assert claim.x is not None
    try:
        return _finish(problem, choice_of(problem, columns, claim.x), claim, search["gap_share"])
    except CertificateFailed:
        if all(len(profile) == 1 for profile in problem.profiles):
            raise
    spared, columns = build(problem, spare_cents=True)
    again = dataclasses.replace(_claimed(spared, search), bound=claim.bound)
    assert again.x is not None
    return _finish(problem, choice_of(problem, columns, again.x), again, search["gap_share"])


def _claimed(model: Model, search: _Search, groups: Sequence[Sequence[int]] = ()) -> Solution:
    """Return a claim with a plan.

    Raises
    ------
    InfeasibleProgramme
        There is none.
    SolverStopped
        None was found in time.
    """
    claim = claim_of(model, groups=groups, **search)
    if claim.status == "infeasible":
        raise InfeasibleProgramme(
            "No programme keeps all rules: the floors cannot be met under the budgets.",
            hint="lower a floor, raise a budget, or plan without floors",
        )
    if claim.x is None:
        raise SolverStopped(
            f"The solver found no plan in {search['time_limit_s']:g} s.",
            hint="give more time with --time-limit-s",
        )
    return claim


def _may_start(problem: Problem, i: int) -> bool:
    """Whether ``i`` has a year in which it costs nothing or some source pays a part of it."""
    sources = problem.caps_cents(i)
    return any(
        problem.cost_cents[i] == 0 or any(problem.charges(i, year, f) for f in sources)
        for year in problem.starts(i)
    )


def _nothing(problem: Problem) -> Result:
    """Return the empty programme of a list in which nothing can start: proven, for nothing can be worth more."""
    if problem.floors_cents:
        raise InfeasibleProgramme(
            "No programme keeps all rules: nothing can start, yet there are floors.",
            hint="plan without floors",
        )
    claim = Solution(
        status="optimal", x=None, value=0.0, bound=0.0, row_dual=None, seconds=0.0, nodes=0, solver="none"
    )
    nothing = Choice(starts={}, payments={})
    return assemble(problem, nothing, claim, dict.fromkeys(problem.budget_cents, 0.0), price_bound_eur=0.0)


def _finish(problem: Problem, choice: Choice, claim: Solution, gap_share: float) -> Result:
    """Price the budgets by the linear relaxation and let the auditor judge; a tiny optimum is proven."""
    model, columns = build(problem)
    relaxation = solve_here(model.relaxed())
    bound = weak_duality_bound(model, relaxation.row_dual)
    result = assemble(
        problem,
        choice,
        claim,
        _prices(problem, columns, relaxation.row_dual),
        floor_prices=_floor_prices(columns, relaxation.row_dual),
        price_bound_eur=None if bound is None else bound * 1000,
        gap_share=gap_share,
    )
    if result.status == "claimed" and proves_optimal(problem, result.value_eur):
        return dataclasses.replace(result, status="optimal", proof="enumeration", bound_eur=result.value_eur)
    return result


def _prices(
    problem: Problem, columns: Columns, dual: NDArray[np.float64] | None
) -> dict[tuple[str, int], float]:
    """Value of one more euro in each budget: the duals of the linear relaxation."""
    prices = dict.fromkeys(sorted(problem.budget_cents), 0.0)
    if dual is not None:
        prices |= {key: abs(float(dual[row])) for key, row in columns.budget_rows.items()}
    return prices


def _floor_prices(columns: Columns, dual: NDArray[np.float64] | None) -> dict[tuple[str, str], float]:
    """Benefit given up for each euro that a floor reserves: the duals of the linear relaxation."""
    if dual is None:
        return {}
    return {key: abs(float(dual[row])) for key, row in columns.floor_rows.items()}
