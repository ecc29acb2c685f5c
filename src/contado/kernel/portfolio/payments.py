"""Canonical payments: with the choice fixed, who pays what, to the cent.

Least ``own`` money first, then sources in the order of the rules. Each year is a flow from interventions
(what they cost) to sources (what they have) through arcs capped by the funding rules: whole numbers in,
whole numbers out. Augmenting one source after the other gives each as much as the earlier ones leave
possible, and never takes from an earlier one.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from contado.kernel.errors import CertificateFailed
from contado.kernel.portfolio.problem import OWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.kernel.portfolio.problem import Problem

__all__ = ["Payments", "net_cost_cents", "pay"]

Payments = dict[int, dict[str, int]]
"""Intervention -> source -> cents."""


def net_cost_cents(problem: Problem, starts: Mapping[int, int]) -> dict[int, int]:
    """Cost of each chosen intervention less the savings of its joint worksites."""
    cost = {i: int(problem.cost_cents[i]) for i in starts}
    for relation in problem.relations:
        joint = relation.kind == "joint_worksite" and relation.a in starts
        if joint and starts.get(relation.b) == starts[relation.a]:
            cost[relation.a] -= relation.saving_cents
    return cost


def pay(problem: Problem, starts: Mapping[int, int], exclusive: Mapping[int, str | None]) -> Payments:
    """Return the canonical payments of a choice.

    ``exclusive`` names the non-cumulable source that a chosen intervention uses (None: cumulable ones).

    Raises
    ------
    CertificateFailed
        The choice cannot be paid within caps and budgets to the cent.
    """
    cost = net_cost_cents(problem, starts)
    payments: Payments = {i: {} for i in starts}
    for year in problem.years:
        mine = [i for i in sorted(starts) if starts[i] == year]
        _pay_year(problem, year, mine, {i: cost[i] for i in mine}, exclusive, payments)
    return payments


def _pay_year(
    problem: Problem,
    year: int,
    mine: list[int],
    due: dict[int, int],
    exclusive: Mapping[int, str | None],
    payments: Payments,
) -> None:
    arcs = {i: _allowed(problem, i, exclusive.get(i)) for i in mine}
    flow: Payments = {i: dict.fromkeys(arcs[i], 0) for i in mine}
    left = dict(due)
    order = [s.name for s in problem.sources if s.name != OWN] + [OWN]
    for source in dict.fromkeys(order):
        _fill(source, problem.budget_cents.get((source, year), 0), arcs, flow, left)
    if short := {problem.ids[i]: cents for i, cents in left.items() if cents}:
        raise CertificateFailed(
            f"The plan of {year} cannot be paid to the cent: {short} cents are missing.",
            hint="report the programme folder",
        )
    for i in mine:
        payments[i] = {f: cents for f, cents in flow[i].items() if cents}


def _allowed(problem: Problem, i: int, exclusive: str | None) -> dict[str, int]:
    caps = problem.caps_cents(i)
    if exclusive is not None:
        return {f: c for f, c in caps.items() if f in (exclusive, OWN)}
    alone = {s.name for s in problem.sources if not s.cumulable}
    return {f: c for f, c in caps.items() if f not in alone}


def _fill(source: str, budget: int, arcs: Payments, flow: Payments, left: dict[int, int]) -> None:
    """Push as much as possible into ``source`` by augmenting paths (breadth first, whole cents)."""
    while budget > 0:
        path = _path(source, arcs, flow, left)
        if path is None:
            return
        first = path[0][0]
        amount = min(budget, left[first])
        for k, (i, f) in enumerate(path):
            amount = min(amount, arcs[i][f] - flow[i][f] if k % 2 == 0 else flow[i][f])
        for k, (i, f) in enumerate(path):
            flow[i][f] += amount if k % 2 == 0 else -amount
        left[first] -= amount
        budget -= amount


def _path(source: str, arcs: Payments, flow: Payments, left: dict[int, int]) -> list[tuple[int, str]] | None:
    """Find a path from an unpaid intervention to ``source``: arcs are used forward and back in turn."""
    paths: dict[int, list[tuple[int, str]]] = {i: [] for i, cents in left.items() if cents > 0}
    queue = deque(paths)
    reached: set[str] = set()
    while queue:
        i = queue.popleft()
        for f, cap in arcs[i].items():
            if flow[i][f] >= cap or f in reached:
                continue
            here = [*paths[i], (i, f)]
            if f == source:
                return here
            reached.add(f)
            for k, amounts in flow.items():
                if amounts.get(f, 0) > 0 and k not in paths:
                    paths[k] = [*here, (k, f)]
                    queue.append(k)
    return None
