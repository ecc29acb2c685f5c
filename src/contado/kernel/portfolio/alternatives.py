"""Near-best plans that differ as much as they can: what could be decided otherwise at little loss.

Each next plan maximises the least difference from the plans so far, its value at least (1 - within) of the
best (E. D. Brill, The use of optimization models in public-sector planning, Management Science 25, 1979).
The difference of two plans is the money of the starts that only one of them makes, as a share of the money
of both.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from contado.kernel.portfolio.edit import Extension
from contado.kernel.portfolio.milp import UNIT_CENTS, build, choice_of
from contado.kernel.portfolio.search import Clock, Found, best_plan, found, solve_exactly

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.kernel.portfolio.milp import Columns
    from contado.kernel.portfolio.problem import Problem
    from contado.kernel.solver import Model

__all__ = ["alternatives", "difference_share", "least_difference_share"]

_SLACK = 1e-7


def alternatives(
    problem: Problem,
    *,
    within_share: float = 0.01,
    count: int = 5,
    time_limit_s: float = 60.0,
    gap_share: float = 0.0,
) -> list[Found]:
    """Return the best plan and then up to ``count`` plans within ``within_share`` of its value; [] if none.

    Fewer come back when no further plan differs.

    Raises
    ------
    SolverStopped
        The time ended before the first alternative was known to differ most.
    """
    clock = Clock(limit_s=time_limit_s)
    best = best_plan(problem, clock, gap_share=gap_share)
    if best is None:
        return []
    plans = [best]
    model, columns = build(problem)
    least_value = (1 - within_share) * best.value_eur / 1000 - _SLACK
    while len(plans) <= count:
        claim = solve_exactly(_furthest(problem, model, columns, plans, least_value), clock, gap_share=1e-3)
        if claim is None or claim.x is None:
            break
        plan = found(problem, choice_of(problem, columns, claim.x), claim)
        if any(dict(plan.starts) == dict(p.starts) for p in plans):
            break
        plans.append(plan)
    return plans


def _furthest(
    problem: Problem, model: Model, columns: Columns, plans: Sequence[Found], least_value: float
) -> Model:
    """Maximise the least money that is moved from each of ``plans``."""
    changed = Extension(model)
    worth = [(c, float(v)) for c, v in enumerate(model.cost) if v]
    changed.row([c for c, _ in worth], [v for _, v in worth], lower=least_value)
    furthest = changed.column()
    for plan in plans:
        money = {start: float(problem.cost_cents[start[0]]) / UNIT_CENTS for start in columns.x}
        mine = {(i, year) for i, year in plan.starts.items()}
        xs = [columns.x[start] for start in money]
        signs = [-cents if start not in mine else cents for start, cents in money.items()]
        held = sum(money[start] for start in mine)
        changed.row([furthest, *xs], [1.0, *signs], upper=held)
    changed.objective([(furthest, 1.0)])
    return changed.finish()


def difference_share(problem: Problem, a: Mapping[int, int], b: Mapping[int, int]) -> float:
    """Return the money of the starts that only one of two plans makes, as a share of the money of both."""

    def money(starts: set[tuple[int, int]]) -> int:
        return sum(int(problem.cost_cents[i]) for i, _ in starts)

    one, two = set(a.items()), set(b.items())
    both = money(one) + money(two)
    return money(one ^ two) / both if both else 0.0


def least_difference_share(problem: Problem, plans: Sequence[Found]) -> float | None:
    """Return the least difference between any two plans; None for fewer than two."""
    shares = [difference_share(problem, a.starts, b.starts) for a, b in combinations(plans, 2)]
    return min(shares, default=None)
