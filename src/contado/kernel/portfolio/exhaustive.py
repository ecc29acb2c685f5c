"""Proof of a tiny optimum: every set of starts worth more than the plan, none of which can be paid.

The value of every set of starts is reckoned; those above the plan's are set aside when a relation forbids them or when
what is due in a year exceeds all money of that year. For each one left, every mix of sources is tried and the payments
are sought by flow, in whole cents. Nothing rests on a solver or on its model.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

from contado.kernel.errors import CertificateFailed
from contado.kernel.portfolio.components import Sites
from contado.kernel.portfolio.mixes import mixes_of
from contado.kernel.portfolio.payments import pay

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from contado.kernel.portfolio.mixes import Mix
    from contado.kernel.portfolio.problem import Problem

__all__ = ["proves_optimal"]

_SETS = 20_000
"""Sets of starts up to which they are listed."""
_TRIALS = 2_000
"""Ways to pay that are tried before the proof is given up, a fraction of a second."""
_CENT = 0.005


def proves_optimal(problem: Problem, value_eur: float) -> bool:
    """Whether it is shown that no plan is worth more than ``value_eur`` (by half a cent at least).

    False also where there are too many sets of starts, or costs spread over years, to show it.
    """
    plain = all(len(profile) == 1 for profile in problem.profiles)
    years = [[None, *problem.starts(i)] for i in range(len(problem.ids))]
    if not plain or math.prod(len(mine) for mine in years) > _SETS:
        return False
    trials = 0
    for starts in _better(problem, years, value_eur + _CENT):
        for mixes in product(*(list(mixes_of(problem, i, problem.caps_cents(i))) for i in starts)):
            trials += 1
            if trials > _TRIALS:
                return False
            if _payable(problem, starts, dict(zip(starts, mixes, strict=True))):
                return False
    return True


def _better(problem: Problem, years: list[list[int | None]], above: float) -> Iterator[dict[int, int]]:
    """Yield the sets of starts worth more than ``above`` that keep the relations and cost no more than there is."""
    sites = Sites(problem)
    money = {y: sum(c for (_, when), c in problem.budget_cents.items() if when == y) for y in problem.years}
    for row in product(*years):
        starts = {i: year for i, year in enumerate(row) if year is not None}
        if problem.plan_value_eur(starts) <= above:
            continue
        due = sites.due(starts) if sites.keeps(tuple(range(len(row))), starts) else None
        if due is None:
            continue
        spent = dict.fromkeys(problem.years, 0)
        for i, cents in due.items():
            spent[starts[i]] += cents
        if all(spent[y] <= money[y] for y in problem.years) and _meets_floors(problem, due):
            yield starts


def _meets_floors(problem: Problem, due: Mapping[int, int]) -> bool:
    """Whether what is due meets the floors of places and domains; those of sources are not looked at."""
    where = {"municipality": problem.municipalities, "domain": problem.domains}
    return all(
        sum(amount for i, amount in due.items() if where[kind][i] == key) >= cents
        for (kind, key), cents in problem.floors_cents.items()
        if kind in where
    )


def _payable(problem: Problem, starts: Mapping[int, int], mixes: Mapping[int, Mix]) -> bool:
    """Whether payments by these mixes exist; least own money is settled before the flow, so budgets are looked at."""
    try:
        payments = pay(problem, starts, mixes)
    except CertificateFailed:
        return False
    spent: dict[tuple[str, int], int] = {}
    for i, amounts in payments.items():
        for source, cents in amounts.items():
            spent[source, starts[i]] = spent.get((source, starts[i]), 0) + cents
    return all(cents <= problem.budget_cents.get(cell, 0) for cell, cents in spent.items())
