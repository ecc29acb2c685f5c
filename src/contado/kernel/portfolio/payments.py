"""Canonical payments: with the choice fixed, who pays what, to the cent.

Least ``own`` money first, then sources in the order of the rules. Each year is a flow from interventions
(what they cost) to sources (what they have) through arcs capped by the funding rules: whole numbers in,
whole numbers out. Augmenting one source after the other gives each as much as the earlier ones leave
possible, and never takes from an earlier one.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.kernel.errors import CertificateFailed
from contado.kernel.portfolio.offers import OWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.kernel.portfolio.problem import Problem

__all__ = ["Mix", "Payments", "arcs_of", "net_cost_cents", "pay", "pay_over_years", "split_cents"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Sources that may pay for an intervention together, and how much of it they may pay without own money."""

    sources: frozenset[str]
    public_share: float = 1.0

    def own_cents(self, due_cents: int) -> int:
        """Own money that must be in it."""
        return due_cents - math.floor(round(self.public_share * due_cents, 6))


def pay(problem: Problem, starts: Mapping[int, int], mixes: Mapping[int, Mix]) -> Payments:
    """Return the canonical payments of a choice.

    Raises
    ------
    CertificateFailed
        The choice cannot be paid within caps and budgets to the cent.
    """
    cost = net_cost_cents(problem, starts)
    if any(len(problem.profile(i)) > 1 for i in starts):
        return pay_over_years(problem, starts, cost, mixes)
    payments: Payments = {i: {} for i in starts}
    for year in problem.years:
        mine = [i for i in sorted(starts) if starts[i] == year]
        _pay_year(problem, year, {i: cost[i] for i in mine}, mixes, payments)
    return payments


def _pay_year(
    problem: Problem, year: int, due: dict[int, int], mixes: Mapping[int, Mix], payments: Payments
) -> None:
    held = {i: mixes[i].own_cents(cents) for i, cents in due.items()}
    arcs = {i: arcs_of(problem, i, year, mixes[i], held[i]) for i in due}
    flow: Payments = {i: dict.fromkeys(arcs[i], 0) for i in due}
    left = {i: cents - held[i] for i, cents in due.items()}
    order = [s.name for s in problem.sources if s.name != OWN] + [OWN]
    for source in order:
        budget = problem.budget_cents.get((source, year), 0)
        _fill(source, budget - (sum(held.values()) if source == OWN else 0), arcs, flow, left)
    if short := {problem.ids[i]: cents for i, cents in left.items() if cents}:
        raise CertificateFailed(
            f"The plan of {year} cannot be paid to the cent: {short} cents are missing.",
            hint="report the programme folder",
        )
    for i in due:
        if held[i]:
            flow[i][OWN] = flow[i].get(OWN, 0) + held[i]
        payments[i] = {f: flow[i][f] for f in order if flow[i].get(f)}


def arcs_of(problem: Problem, i: int, year: int, mix: Mix, held_own_cents: int = 0) -> dict[str, int]:
    """Return what each source of a mix may pay, beside own money that is held back already."""
    caps = {
        f: c for f, c in problem.caps_cents(i).items() if f in mix.sources and problem.charges(i, year, f)
    }
    if held_own_cents and OWN in caps:
        caps[OWN] -= held_own_cents
    return caps


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


def split_cents(amount: int, shares: Sequence[float]) -> list[int]:
    """Split cents by shares: running totals are rounded down, so the parts sum exactly.

    Examples
    --------
    >>> split_cents(100, (0.333, 0.667))
    [33, 67]
    """
    running = [math.floor(round(math.fsum(shares[: k + 1]) * amount, 6)) for k in range(len(shares))]
    running[-1] = amount
    return [after - before for before, after in zip([0, *running[:-1]], running, strict=True)]


def pay_over_years(
    problem: Problem, starts: Mapping[int, int], cost: Mapping[int, int], mixes: Mapping[int, Mix]
) -> Payments:
    """Pay a choice whose payments are spread over years: no flow any more, so one LP after the other.

    Each source in turn is given as much as the earlier ones leave possible; then whole cents.

    Raises
    ------
    CertificateFailed
        The choice cannot be paid to the cent.
    """
    from contado.kernel.portfolio.edit import Extension
    from contado.kernel.solver import RowBuilder, solve

    rows, where, charged = RowBuilder(), {}, {}
    for i, year in sorted(starts.items()):
        held = mixes[i].own_cents(cost[i])
        caps = arcs_of(problem, i, year, mixes[i])
        for f in caps:
            where[i, f] = len(where)
            for paid, share in problem.charges(i, year, f):
                charged.setdefault((f, paid), []).append((where[i, f], share))
        mine = [where[i, f] for f in caps]
        rows.add(mine, [1.0] * len(mine), lower=cost[i] / 1e5, upper=cost[i] / 1e5)
        if held:
            rows.add([where[i, OWN]] if OWN in caps else [], [1.0] if OWN in caps else [], lower=held / 1e5)
    for cell, entries in charged.items():
        columns, shares = [c for c, _ in entries], [share for _, share in entries]
        rows.add(columns, shares, upper=problem.budget_cents[cell] / 1e5)
    upper = [min(problem.caps_cents(i)[f], cost[i]) / 1e5 for i, f in where]
    model = rows.finish(cost=[0.0] * len(where), upper=upper, integer=[False] * len(where))
    changed, x = Extension(model), None
    for source in [s.name for s in problem.sources if s.name != OWN] + [OWN]:
        mine = [c for (_, f), c in where.items() if f == source]
        changed.objective((c, 1.0) for c in mine)
        claim = solve(changed.finish())
        x = claim.x
        if x is None or claim.value is None:
            raise _unpayable("within budgets")
        changed.row(mine, [1.0] * len(mine), lower=claim.value - 1e-9)
    assert x is not None or not where
    return _whole_cents(
        problem, starts, cost, {k: float(x[c]) * 1e5 for k, c in where.items()} if where else {}
    )


def _unpayable(what: str) -> CertificateFailed:
    return CertificateFailed(f"The plan cannot be paid {what}.", hint="report the programme folder")


def _whole_cents(
    problem: Problem,
    starts: Mapping[int, int],
    cost: Mapping[int, int],
    amounts: Mapping[tuple[int, str], float],
) -> Payments:
    """Round payments down to cents and give what is missing to sources that have room for it."""
    payments: Payments = {i: {} for i in starts}
    for (i, f), cents in amounts.items():
        if (whole := math.floor(cents + 1e-2)) > 0:
            payments[i][f] = whole
    for i in starts:
        missing = cost[i] - sum(payments[i].values())
        for f in sorted(payments[i], key=lambda f: f == OWN):
            room = problem.caps_cents(i)[f] - payments[i][f]
            add = max(-payments[i][f], min(missing, room))
            payments[i][f] += add
            missing -= add
        if missing:
            raise _unpayable("to the cent")
    return payments
