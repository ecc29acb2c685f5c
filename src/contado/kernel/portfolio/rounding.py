"""A plan from the shares of a linear relaxation: the largest shares first, each paid if money is left.

Every plan it gives keeps windows, groups, relations, caps and budgets; floors are not looked at.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from contado.kernel.portfolio.mixes import fill, mixes_of
from contado.kernel.portfolio.offers import OWN
from contado.kernel.portfolio.payments import Payments, split_cents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.kernel.portfolio.problem import Problem

__all__ = ["Ledger", "round_shares"]


def round_shares(
    problem: Problem, shares: Mapping[tuple[int, int], float], *, among: Mapping[int, int] | None = None
) -> dict[int, int]:
    """Return start years by position.

    Parameters
    ----------
    shares
        Value of x[i, year] in the linear relaxation.
    among
        Only these interventions, in these years (a plan of which some part must be given up).
    """
    total: dict[int, float] = {}
    for (i, _), share in shares.items():
        total[i] = total.get(i, 0.0) + share
    order = sorted(total, key=lambda i: (-round(total[i], 9), -_density(problem, i), i))
    ledger = Ledger(problem)
    while True:
        before = len(ledger.starts)
        for i in order:
            if i in ledger.starts or (among is not None and i not in among):
                continue
            years = problem.starts(i) if among is None else [among[i]]
            for year in sorted(years, key=lambda y: (-round(shares.get((i, y), 0.0), 9), y)):
                if ledger.start(i, year):
                    break
        if len(ledger.starts) == before:
            return ledger.starts


def _density(problem: Problem, i: int) -> float:
    return float(problem.benefit_eur[i]) / max(1.0, float(problem.cost_cents[i]))


class Ledger:
    """Money left and starts made; a start is entered only when everything about it holds."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.starts: dict[int, int] = {}
        self.payments: Payments = {}
        self._left = dict(problem.budget_cents)
        self._groups: set[str] = set()
        self._relations: dict[int, list[int]] = {}
        for r, relation in enumerate(problem.relations):
            for k in (relation.a, relation.b):
                self._relations.setdefault(k, []).append(r)

    def start(self, i: int, year: int) -> bool:
        """Enter a start if its relations hold and it can be paid; say whether it was entered."""
        group = self.problem.groups[i]
        if (group is not None and group in self._groups) or not self._related(i, year):
            return False
        payments = self._pay(i, year, int(self.problem.cost_cents[i]) - self._saving(i, year))
        if payments is None:
            return False
        self.book(i, year, payments)
        return True

    def book(self, i: int, year: int, payments: dict[str, int]) -> None:
        """Enter a start and its payments as they are."""
        for source, cents in payments.items():
            charges = self.problem.charges(i, year, source)
            parts = split_cents(cents, [share for _, share in charges])
            for (paid, _), part in zip(charges, parts, strict=True):
                self._left[source, paid] -= part
        self.starts[i], self.payments[i] = year, payments
        if (group := self.problem.groups[i]) is not None:
            self._groups.add(group)

    def lowers_another(self, i: int, year: int) -> bool:
        """Whether a start would lower what is due for one that is entered already."""
        relations = [self.problem.relations[r] for r in self._relations.get(i, ())]
        return any(
            r.kind == "joint_worksite" and r.b == i and self.starts.get(r.a) == year for r in relations
        )

    def _related(self, i: int, year: int) -> bool:
        for r in self._relations.get(i, ()):
            relation = self.problem.relations[r]
            other = relation.b if relation.a == i else relation.a
            if relation.kind == "excludes" and other in self.starts:
                return False
            if relation.kind == "requires" and relation.a == i and self.starts.get(other, year + 1) > year:
                return False
        return True

    def _saving(self, i: int, year: int) -> int:
        """Saving of the joint worksites in which ``i`` is the one whose cost falls."""
        return sum(
            relation.saving_cents
            for r in self._relations.get(i, ())
            if (relation := self.problem.relations[r]).kind == "joint_worksite"
            and relation.a == i
            and self.starts.get(relation.b) == year
        )

    def _pay(self, i: int, year: int, due: int) -> dict[str, int] | None:
        """Pay with the mix that takes least own money; None where no mix suffices."""
        caps = self.problem.caps_cents(i)
        room = {f: self._room(i, year, f, cap) for f, cap in caps.items()}
        paid = [
            p for mix in mixes_of(self.problem, i, caps) if (p := fill(mix, room, due, [*room])) is not None
        ]
        return min(paid, key=lambda p: p.get(OWN, 0), default=None)

    def _room(self, i: int, year: int, source: str, cap: int) -> int:
        """What a source can still pay for a start: its cap and what is left in each year it pays in."""
        charges = self.problem.charges(i, year, source)
        left = [math.floor(self._left[source, paid] / share) for paid, share in charges]
        return min([cap, *left]) if charges else 0
