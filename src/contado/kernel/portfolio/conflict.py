"""Why no programme keeps all rules: minimal conflicting sets and the least relaxation of each rule.

A set of floors and budgets is a conflict when no programme keeps all of them, and minimal when dropping any
one makes a programme possible. It is found by the deletion filter (J. W. Chinneck and E. W. Dravnieks,
Locating minimal infeasible constraint sets in linear programs, ORSA Journal on Computing 3, 1991): on the
linear relaxation where that is infeasible already, else on the integer programme. Windows, relations, rates
and caps are the background against which the money does not suffice.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from contado.kernel.portfolio.edit import Extension
from contado.kernel.portfolio.milp import UNIT_CENTS, build
from contado.kernel.portfolio.search import Clock, solve_exactly

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from contado.kernel.portfolio.problem import Problem
    from contado.kernel.solver import Model

__all__ = ["Conflict", "conflicts"]

_SETS_MAX = 20
"""Conflicting sets looked for; a plan with more has other troubles."""


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of a minimal conflicting set.

    ``relax_eur``: by so much alone this rule must give way for a programme to exist (with the other sets
    out of the way where there are several); null when no amount does.
    """

    rule: str
    key: str
    relax_eur: float | None
    set: int = 0


def conflicts(problem: Problem, *, time_limit_s: float = 60.0) -> list[Conflict]:
    """Return the minimal conflicting sets of an infeasible problem, one after the other; [] when feasible.

    Raises
    ------
    SolverStopped
        The time ended before a set was known to be minimal.
    """
    return _Filter(problem, Clock(limit_s=time_limit_s)).conflicts()


_Rule = tuple[str, str, int]
"""Kind (budget, floor), key, row of the model."""


class _Filter:
    def __init__(self, problem: Problem, clock: Clock) -> None:
        self.clock = clock
        model, columns = build(problem)
        silent = Extension(model)
        silent.objective([])
        self.model = silent.finish()
        budgets = [("budget", f"{s} {y}", row) for (s, y), row in sorted(columns.budget_rows.items())]
        floors = [("floor", f"{k} {key}", row) for (k, key), row in sorted(columns.floor_rows.items())]
        self.rules: list[_Rule] = [*budgets, *floors]

    def conflicts(self) -> list[Conflict]:
        sets: list[list[_Rule]] = []
        kept = self.rules
        while len(sets) < _SETS_MAX and not self._possible(self._without(self.rules, kept)):
            found = self._minimal(kept)
            if not found:
                break
            sets.append(found)
            kept = [r for r in kept if r not in found]
        return [
            Conflict(rule=r[0], key=r[1], relax_eur=self._least(r, self._others(sets, number)), set=number)
            for number, members in enumerate(sets)
            for r in members
        ]

    @staticmethod
    def _others(sets: Sequence[Sequence[_Rule]], number: int) -> list[_Rule]:
        return [r for k, members in enumerate(sets) if k != number for r in members]

    def _minimal(self, rules: Sequence[_Rule]) -> list[_Rule]:
        """Drop one rule after the other where the rest stays impossible; budgets are dropped first."""
        linear = not self._possible(self._without(self.rules, rules).relaxed())
        kept = list(rules)
        for exact in (False, True) if linear else (True,):
            for rule in list(kept):
                fewer = [r for r in kept if r != rule]
                model = self._without(self.rules, fewer)
                if not self._possible(model if exact else model.relaxed()):
                    kept = fewer
        return kept

    def _without(self, rules: Iterable[_Rule], kept: Iterable[_Rule]) -> Model:
        """Return the model that keeps only the ``kept`` ones of ``rules``."""
        changed, stay = Extension(self.model), set(kept)
        for rule in rules:
            if rule not in stay:
                changed.side(rule[2], lower=-math.inf, upper=math.inf)
        return changed.finish()

    def _possible(self, model: Model) -> bool:
        return solve_exactly(model, self.clock) is not None

    def _least(self, rule: _Rule, aside: Sequence[_Rule]) -> float | None:
        """Return the least amount by which ``rule`` alone must give way, rounded up to the cent."""
        model = self._without(self.rules, [r for r in self.rules if r not in aside])
        changed = Extension(model)
        kind, _, row = rule
        spend = [(int(c), float(v)) for c, v in _entries(model, row)]
        lower, upper = model.row_lower[row], model.row_upper[row]
        changed.side(row, lower=-math.inf, upper=math.inf)
        slack = changed.column(cost=-1.0)
        columns, values = [c for c, _ in spend], [v for _, v in spend]
        if kind == "floor":
            changed.row([*columns, slack], [*values, 1.0], lower=float(lower))
        else:
            changed.row([*columns, slack], [*values, -1.0], upper=float(upper))
        claim = solve_exactly(changed.finish(), self.clock)
        if claim is None or claim.value is None:
            return None
        return math.ceil(round(-claim.value * UNIT_CENTS, 3)) / 100


def _entries(model: Model, row: int) -> Iterable[tuple[int, float]]:
    span = slice(model.start[row], model.start[row + 1])
    return zip(model.index[span], model.value[span], strict=True)
