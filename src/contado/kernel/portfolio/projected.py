"""The exact MILP without payments: for each year, a budget row for each set of sources.

Who pays whom in one year is a flow from starts (what they cost) to sources (what they have) through arcs
capped by the funding rules. Such a flow exists just when, for every set S of sources, what only S can pay
fits into what S has (Gale [1]_):

    sum_starts max(0, cost - what the sources outside S may pay) <= budgets of S.

So payments need no columns: they are projected out, and made canonical once the choice is known. The linear
relaxation is as tight as that of `milp.build` with a third of its columns, and its rows are knapsacks in
which a solver finds covers. Columns: x[i,t] start of i in year t; w[i,t,k] the k-th set of sources pays for
it instead of the first (binary); n[i] whether i starts at all (binary); z joint worksite of a start and a set of sources; d what is due where
several savings meet (continuous).

Not where payments matter beyond their existence: costs spread over years, floors of sources, shares of own
money, whole amounts, more than `_SOURCES` sources in a year.

References
----------
.. [1] D. Gale (1957), A theorem on flows in networks, Pacific Journal of Mathematics 7, 1073-1082.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from contado.kernel.portfolio.milp import UNIT_CENTS, Columns, once_each, start_columns, ties
from contado.kernel.portfolio.mixes import Mix, mixes_of
from contado.kernel.portfolio.payments import pay
from contado.kernel.portfolio.result import Choice
from contado.kernel.solver import Model, RowBuilder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.kernel.portfolio.problem import Problem

__all__ = ["Projected", "can_project", "project"]

_SOURCES = 7
"""Sources with money in one year up to which the sets of them are listed (2^7)."""


class Way(NamedTuple):
    """A set of sources that may pay for a start: its column (None: the start's, less the others), mix and caps."""

    column: int | None
    mix: Mix
    caps: dict[str, int]


@dataclass(slots=True)
class Projected:
    """The columns of a projected model and how each start may be paid; ``choice`` reads a solution."""

    problem: Problem
    columns: Columns = field(default_factory=Columns)
    rows: RowBuilder = field(default_factory=RowBuilder)
    ways: dict[tuple[int, int], list[Way]] = field(default_factory=dict)
    savings: dict[tuple[int, int, int], list[tuple[int, int]]] = field(default_factory=dict)
    """(i, year, way) -> (column, cents) of each saving."""

    def choice(self, x: NDArray[np.float64]) -> Choice:
        """Return the starts of a solution with their canonical payments.

        Raises
        ------
        CertificateFailed
            The starts cannot be paid to the cent: the solution kept the rows only within its tolerance.
        """
        starts = {i: year for (i, year), c in self.columns.x.items() if x[c] > 0.5}
        mixes = {i: self._paying(x, i, year).mix for i, year in starts.items()}
        return Choice(starts=starts, payments=pay(self.problem, starts, mixes))

    def _paying(self, x: NDArray[np.float64], i: int, year: int) -> Way:
        first, *others = self.ways[i, year]
        return next((w for w in others if w.column is not None and x[w.column] > 0.5), first)

    def groups(self) -> list[list[int]]:
        """Return the binary columns of each intervention."""
        found: dict[int, list[int]] = {}
        for (i, year), x in self.columns.x.items():
            mine = [w.column for w in self.ways[i, year] if w.column is not None]
            found.setdefault(i, []).extend([x, *mine])
        return list(found.values())

    def share(self, i: int, year: int, k: int) -> dict[int, float]:
        """Return the expression (column -> factor) that is 1 where the k-th way pays for a start."""
        ways = self.ways[i, year]
        column = ways[k].column
        if column is not None:
            return {column: 1.0}
        return {self.columns.x[i, year]: 1.0, **{w.column: -1.0 for w in ways[1:] if w.column is not None}}


def can_project(problem: Problem) -> bool:
    """Whether payments matter by their existence only, so that they can be projected out."""
    plain = all(len(profile) == 1 for profile in problem.profiles)
    plain = plain and not any(kind == "source" for kind, _ in problem.floors_cents)
    offers = [o for mine in problem.offers for o in mine.values()]
    plain = plain and not any(o.all_or_nothing or o.public_share < 1 for o in offers)
    plain = plain and all(len(_live(problem, year)) <= _SOURCES for year in problem.years)
    saved: dict[int, int] = {}
    for r in problem.relations:
        if r.kind == "joint_worksite":
            saved[r.a] = saved.get(r.a, 0) + r.saving_cents
    return plain and all(cents <= int(problem.cost_cents[i]) for i, cents in saved.items())


def _live(problem: Problem, year: int) -> list[str]:
    return [s.name for s in problem.sources if problem.budget_cents.get((s.name, year), 0) > 0]


def project(problem: Problem) -> tuple[Model, Projected]:
    """Compile a problem for which `can_project` holds."""
    made = Projected(problem)
    start_columns(problem, made.columns)
    for i, year in made.columns.x:
        _pay_ways(made, i, year)
    _whether(made)
    _worksites(made)
    once_each(problem, made.columns, made.rows)
    ties(problem, made.columns, made.rows)
    for year in problem.years:
        _budgets_of(made, year)
    _floors(made)
    columns = made.columns
    return made.rows.finish(cost=columns.cost, upper=columns.upper, integer=columns.integer), made


def _pay_ways(made: Projected, i: int, year: int) -> None:
    """Add a column for each set of sources beyond the first that may pay for a start and holds no other."""
    problem, columns = made.problem, made.columns
    caps = {f: c for f, c in problem.caps_cents(i).items() if problem.charges(i, year, f)}
    found = {frozenset(mix.sources & caps.keys()): mix for mix in mixes_of(problem, i, problem.caps_cents(i))}
    largest = [s for s in found if not any(s < other for other in found)]
    x, others = columns.x[i, year], []
    for k, sources in enumerate(largest):
        column = columns.add(0.0, 1.0, integer=True) if k else None
        others += [] if column is None else [column]
        mine = {f: caps[f] for f in caps if f in sources}
        made.ways.setdefault((i, year), []).append(Way(column, found[sources], mine))
    if others:
        made.rows.add([*others, x], [*[1.0] * len(others), -1.0], upper=0.0)


def _whether(made: Projected) -> None:
    """Add n = sum of the starts of one intervention, for the solver to branch on.

    Years are nearly alike: with one of them ruled out the others stand in for it and the bound stays.
    """
    for i in range(len(made.problem.ids)):
        mine = [c for (k, _), c in made.columns.x.items() if k == i]
        if len(mine) > 1:
            n = made.columns.add(0.0, 1.0, integer=True)
            made.rows.add([n, *mine], [1.0, *[-1.0] * len(mine)], lower=0.0, upper=0.0)


def _worksites(made: Projected) -> None:
    """Add z for each way of a start: at most that way's share; all together at most the other start."""
    problem, xs = made.problem, made.columns.x
    for relation in problem.relations:
        for year in problem.years if relation.kind == "joint_worksite" else ():
            pair = [xs[i, year] for i in (relation.a, relation.b) if (i, year) in xs]
            if len(pair) < 2:
                continue
            zs = []
            for k in range(len(made.ways[relation.a, year])):
                z = made.columns.add(0.0, 1.0, integer=False)
                zs.append(z)
                share = made.share(relation.a, year, k)
                made.rows.add([z, *share], [1.0, *(-v for v in share.values())], upper=0.0)
                made.savings.setdefault((relation.a, year, k), []).append((z, relation.saving_cents))
            made.rows.add([*zs, pair[1]], [*[1.0] * len(zs), -1.0], upper=0.0)
            if problem.floors_cents:  # the saving lowers what a place gets, so it may not be declined
                made.rows.add([*zs, *pair], [*[1.0] * len(zs), -1.0, -1.0], lower=-1.0)


def _budgets_of(made: Projected, year: int) -> None:
    """Add the rows of one year, those left out that two others imply."""
    live = _live(made.problem, year)
    entries: dict[int, NDArray[np.float64]] = {}
    for i, start in made.ways:
        if start == year:
            for k in range(len(made.ways[i, year])):
                _claims(made, (i, year, k), live, entries)
    columns = list(entries)
    matrix = np.array([entries[c] for c in columns]).reshape(len(columns), 2 ** len(live)).T
    money = _subset_sums([made.problem.budget_cents[f, year] for f in live])
    for subset in range(len(matrix)):
        if matrix[subset].any() and not _implied(matrix, subset):
            used = np.flatnonzero(matrix[subset])
            made.rows.add(
                [columns[c] for c in used],
                [float(v) / UNIT_CENTS for v in matrix[subset, used]],
                upper=float(money[subset]) / UNIT_CENTS,
            )


def _claims(
    made: Projected, way: tuple[int, int, int], live: list[str], entries: dict[int, NDArray[np.float64]]
) -> None:
    """Add to each column's entries what a start paid in one way asks of every set of sources alone."""
    i, year, k = way
    caps = _subset_sums([made.ways[i, year][k].caps.get(f, 0) for f in live])
    beyond = int(made.problem.cost_cents[i]) - (caps[-1] - caps)
    savings = made.savings.get(way, [])
    if len(savings) > 1:
        _claims_less_savings(made, way, beyond, entries)
        return
    asked = np.maximum(beyond, 0.0)
    for column, factor in made.share(*way).items():
        entries[column] = entries.get(column, np.zeros(len(asked))) + factor * asked
    for z, cents in savings:
        entries[z] = np.maximum(beyond - cents, 0.0) - asked


def _claims_less_savings(
    made: Projected,
    way: tuple[int, int, int],
    beyond: NDArray[np.float64],
    entries: dict[int, NDArray[np.float64]],
) -> None:
    """Add d >= what is due beyond other sources less all savings, for each set of sources: savings do not add up."""
    for subset in np.flatnonzero(beyond > 0):
        due = float(beyond[subset]) / UNIT_CENTS
        d = made.columns.add(0.0, due, integer=False)
        share = {c: -due * factor for c, factor in made.share(*way).items()}
        less = {z: cents / UNIT_CENTS for z, cents in made.savings[way]}
        made.rows.add([d, *share, *less], [1.0, *share.values(), *less.values()], lower=0.0)
        entries[d] = np.zeros(len(beyond))
        entries[d][subset] = UNIT_CENTS


def _subset_sums(values: list[int]) -> NDArray[np.float64]:
    """Return the sum of every subset of ``values``: bit b of the position says whether value b is in it."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums, sums + value])
    return sums


def _implied(matrix: NDArray[np.float64], subset: int) -> bool:
    """Whether a row is the sum of the rows of two sets that make it up."""
    part = (subset - 1) & subset
    while part:
        if np.array_equal(matrix[part] + matrix[subset ^ part], matrix[subset]):
            return True
        part = (part - 1) & subset
    return False


def _floors(made: Projected) -> None:
    problem = made.problem
    for (kind, key), cents in sorted(problem.floors_cents.items()):
        where = problem.municipalities if kind == "municipality" else problem.domains
        paid = {c: float(problem.cost_cents[i]) for (i, _), c in made.columns.x.items() if where[i] == key}
        paid |= {z: -float(s) for (i, *_), mine in made.savings.items() if where[i] == key for z, s in mine}
        made.rows.add(list(paid), [v / UNIT_CENTS for v in paid.values()], lower=cents / UNIT_CENTS)
