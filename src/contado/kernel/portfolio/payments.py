"""Canonical payments: with the choice fixed, who pays what, to the cent.

Least ``own`` money first, then the source whose ``spend_by`` is nearest, then the order of the rules. Each year is a flow from interventions
(what they cost) to sources (what they have) through arcs capped by the funding rules: whole numbers in,
whole numbers out. Augmenting one source after the other gives each as much as the earlier ones leave
possible, and never takes from an earlier one. Where a cost is spread over years the payments of several years
hang together: then one LP a source does the same.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

from contado.kernel.errors import CertificateFailed
from contado.kernel.portfolio.edit import Extension
from contado.kernel.solver import RowBuilder, solve

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from contado.kernel.portfolio.mixes import Mix
    from contado.kernel.portfolio.problem import Problem, Relation
    from contado.kernel.solver import Model

__all__ = ["Payments", "arcs_of", "net_cost_cents", "pay", "pay_over_years", "split_cents"]

_UNIT = 100_000.0
"""Cents in the unit of the LP, 1,000 EUR."""

_FLOW_MAX = 400
"""Starts up to which payments are made by augmenting paths; the LP is quicker beyond."""

Payments = dict[int, dict[str, int]]
"""Intervention -> source -> cents."""


def net_cost_cents(
    problem: Problem, starts: Mapping[int, int], relations: Iterable[Relation] | None = None
) -> dict[int, int]:
    """Cost of each chosen intervention less the savings of its joint worksites (of ``relations``; None = all)."""
    cost = {i: int(problem.cost_cents[i]) for i in starts}
    for relation in problem.relations if relations is None else relations:
        joint = relation.kind == "joint_worksite" and relation.a in starts
        if joint and starts.get(relation.b) == starts[relation.a]:
            cost[relation.a] -= relation.saving_cents
    return cost


def pay(problem: Problem, starts: Mapping[int, int], mixes: Mapping[int, Mix]) -> Payments:
    """Return the canonical payments of a choice.

    Raises
    ------
    CertificateFailed
        The choice cannot be paid within caps and budgets to the cent.
    """
    cost = net_cost_cents(problem, starts)
    if len(starts) > _FLOW_MAX or any(len(problem.profile(i)) > 1 for i in starts):
        return pay_over_years(problem, starts, cost, mixes)
    payments: Payments = {i: {} for i in starts}
    for year in problem.years:
        mine = [i for i in sorted(starts) if starts[i] == year]
        _pay_year(problem, year, {i: cost[i] for i in mine}, mixes, payments)
    return payments


def _pay_year(
    problem: Problem, year: int, due: dict[int, int], mixes: Mapping[int, Mix], payments: Payments
) -> None:
    held = {i: mixes[i].held_cents(cents) for i, cents in due.items()}
    arcs = {i: _room(arcs_of(problem, i, year, mixes[i]), held[i]) for i in due}
    flow: Payments = {i: dict.fromkeys(arcs[i], 0) for i in due}
    left = {i: cents - sum(held[i].values()) for i, cents in due.items()}
    order = problem.paying_order()
    for source in order:
        budget = problem.budget_cents.get((source, year), 0)
        _fill(source, budget - sum(h.get(source, 0) for h in held.values()), arcs, flow, left)
    short = {problem.ids[i]: cents for i, cents in left.items() if cents}
    if short or any(not mixes[i].keeps_share(cents) for i, cents in due.items()):
        raise CertificateFailed(
            f"The plan of {year} cannot be paid to the cent: {short} cents are missing.",
            hint="report the programme folder",
        )
    for i in due:
        for source, cents in held[i].items():
            flow[i][source] = flow[i].get(source, 0) + cents
        payments[i] = {f: flow[i][f] for f in order if flow[i].get(f)}


def arcs_of(problem: Problem, i: int, year: int, mix: Mix) -> dict[str, int]:
    """Return what each source of a mix may pay."""
    return {
        f: c for f, c in problem.caps_cents(i).items() if f in mix.sources and problem.charges(i, year, f)
    }


def _room(caps: Mapping[str, int], held: Mapping[str, int]) -> dict[str, int]:
    """Return what is left of what each source may pay beside what is settled already; 0 where too much is."""
    return {f: max(0, c - held.get(f, 0)) for f, c in caps.items()}


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
    where = {
        cell: c
        for c, cell in enumerate(
            (i, f) for i, year in sorted(starts.items()) for f in arcs_of(problem, i, year, mixes[i])
        )
    }
    if not where:
        return _whole_cents(problem, starts, cost, mixes, {})
    for spare in (True, False):
        amounts = _in_turn(problem, _over_years(problem, starts, cost, mixes, where, spare=spare), where)
        payments = None if amounts is None else _whole_cents(problem, starts, cost, mixes, amounts)
        if payments is not None and _within_budgets(problem, starts, payments):
            return payments
    raise _unpayable("to the cent within budgets")


def _in_turn(
    problem: Problem, model: Model, where: Mapping[tuple[int, str], int]
) -> dict[tuple[int, str], float] | None:
    """Give each source in turn as much as the earlier ones leave possible; None where nothing fits."""
    changed, x = Extension(model), None
    for source in problem.paying_order():
        mine = [c for (_, f), c in where.items() if f == source]
        changed.objective((c, 1.0) for c in mine)
        claim = solve(changed.finish())
        if claim.x is None or claim.value is None:
            return None
        x = claim.x
        changed.row(mine, [1.0] * len(mine), lower=claim.value - 1e-9)
    assert x is not None
    return {cell: float(x[c]) * _UNIT for cell, c in where.items()}


def _over_years(
    problem: Problem,
    starts: Mapping[int, int],
    cost: Mapping[int, int],
    mixes: Mapping[int, Mix],
    where: Mapping[tuple[int, str], int],
    *,
    spare: bool,
) -> Model:
    """State the payments of fixed starts as an LP: sums, own money, budgets of all years.

    With ``spare`` a cent a payment is left in each budget, for the rounding of its parts.
    """
    rows = RowBuilder()
    charged: dict[tuple[str, int], list[tuple[int, float]]] = {}
    cells: dict[int, list[tuple[str, int]]] = {i: [] for i in starts}
    for (i, f), c in where.items():
        cells[i].append((f, c))
    for i, year in sorted(starts.items()):
        mine = [c for _, c in cells[i]]
        rows.add(mine, [1.0] * len(mine), lower=cost[i] / _UNIT, upper=cost[i] / _UNIT)
        for f, cents in mixes[i].held_cents(cost[i]).items():
            held, whole = [where[i, f]] if (i, f) in where else [], f in mixes[i].whole_cents
            rows.add(held, [1.0] * len(held), lower=cents / _UNIT, upper=cents / _UNIT if whole else math.inf)
        for f, c in cells[i]:
            for paid, share in problem.charges(i, year, f):
                charged.setdefault((f, paid), []).append((c, share))
    for cell, entries in charged.items():
        columns, shares = [c for c, _ in entries], [share for _, share in entries]
        left = sum(share < 1 for share in shares) if spare else 0
        rows.add(columns, shares, upper=(problem.budget_cents[cell] - left) / _UNIT)
    upper = [min(problem.caps_cents(i)[f], cost[i]) / _UNIT for i, f in where]
    return rows.finish(cost=[0.0] * len(where), upper=upper, integer=[False] * len(where))


def _unpayable(what: str) -> CertificateFailed:
    return CertificateFailed(f"The plan cannot be paid {what}.", hint="report the programme folder")


def _within_budgets(problem: Problem, starts: Mapping[int, int], payments: Payments) -> bool:
    spent: dict[tuple[str, int], int] = {}
    for i, amounts in payments.items():
        for source, cents in amounts.items():
            for k, part in enumerate(split_cents(cents, problem.profile(i))):
                cell = source, starts[i] + k
                spent[cell] = spent.get(cell, 0) + part
    return all(cents <= problem.budget_cents.get(cell, 0) for cell, cents in spent.items())


def _whole_cents(
    problem: Problem,
    starts: Mapping[int, int],
    cost: Mapping[int, int],
    mixes: Mapping[int, Mix],
    amounts: Mapping[tuple[int, str], float],
) -> Payments:
    """Round payments down to cents and give what is missing to sources that have room for it.

    Whole amounts stay as they are.
    """
    payments: Payments = {i: {} for i in starts}
    for (i, f), cents in amounts.items():
        whole = mixes[i].whole_cents.get(f, math.floor(cents + 1e-2))
        if whole > 0:
            payments[i][f] = whole
    for i in starts:
        missing = cost[i] - sum(payments[i].values())
        for f in sorted(payments[i].keys() - mixes[i].whole_cents.keys(), key=problem.paying_order().index):
            room = problem.caps_cents(i)[f] - payments[i][f]
            add = max(-payments[i][f], min(missing, room))
            payments[i][f] += add
            missing -= add
        if missing:
            raise _unpayable("to the cent")
    return payments
