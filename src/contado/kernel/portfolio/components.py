"""Worksites of a programme: interventions that hang together, and the best way to do some of them at prices.

A site is a connected component of interventions under relations and choice groups. An option of a site says
which of its interventions start when and who pays. At given prices of money the sites are independent, and
the best option of one is found exactly by enumeration with a bound: starts are decided one intervention after
the other, the payments of a start are those of least priced cost (whole amounts and own money first, then the
cheapest source within its cap, for each set of sources that may pay together).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations, product
from typing import TYPE_CHECKING

from contado.kernel.portfolio.mixes import Mix, fill, mixes_of
from contado.kernel.portfolio.payments import net_cost_cents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from contado.kernel.portfolio.problem import Problem, Relation

__all__ = ["Only", "Paying", "Prices", "SiteOption", "Sites", "components"]

Payment = tuple[tuple[str, int], ...]
"""(source, cents) pairs."""
Prices = dict[tuple[str, str | int], float]
"""Price of each budget (source, year), and of each floor (kind, key)."""
Only = Mapping[int, frozenset[int | None]]
"""Start years that some interventions may have; None = it does not start."""


def components(problem: Problem) -> list[tuple[int, ...]]:
    """Return the sites: sets of interventions (positions, ascending) joined by relations or a choice group."""
    parent = list(range(len(problem.ids)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    pairs = [(r.a, r.b) for r in problem.relations]
    pairs += [(first.setdefault(g, i), i) for i, g in enumerate(problem.groups) if g is not None]
    for a, b in pairs:
        parent[max(root(a), root(b))] = min(root(a), root(b))
    members: dict[int, list[int]] = {}
    for i in range(len(parent)):
        members.setdefault(root(i), []).append(i)
    return [tuple(m) for m in members.values()]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOption:
    """Starts and payments of some interventions of a site, and what they are worth [EUR of the base year]."""

    starts: tuple[tuple[int, int], ...]
    payments: tuple[Payment, ...]
    value_eur: float

    def paid(self) -> dict[int, dict[str, int]]:
        """Return the payments by intervention."""
        return {i: dict(p) for (i, _), p in zip(self.starts, self.payments, strict=True)}


class Sites:
    """The sites of a problem, each to be priced or enumerated."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.members = components(problem)
        self._relations: dict[int, list[Relation]] = {}
        for relation in problem.relations:
            for i in {relation.a, relation.b}:
                self._relations.setdefault(i, []).append(relation)
        self._ways: dict[tuple[int, int], list[tuple[Mix, dict[str, int]]]] = {}
        self._saving = [self._savings(i) for i in range(len(problem.ids))]

    def _savings(self, i: int) -> int:
        """All that joint worksites could take off the cost of ``i``."""
        mine = self._relations.get(i, ())
        return sum(r.saving_cents for r in mine if r.kind == "joint_worksite" and r.a == i)

    def ways(self, i: int, year: int) -> list[tuple[Mix, dict[str, int]]]:
        """Return the mixes that may pay a start and what each source may pay: its cap, a budget's money."""
        if (i, year) not in self._ways:
            problem, caps = self.problem, self.problem.caps_cents(i)
            charges = {f: problem.charges(i, year, f) for f in caps}
            room = {
                f: math.floor(min([caps[f], *(problem.budget_cents[f, y] / share for y, share in cells)]))
                for f, cells in charges.items()
                if cells
            }
            self._ways[i, year] = [(mix, room) for mix in mixes_of(problem, i, caps)]
        return self._ways[i, year]

    def due(self, starts: Mapping[int, int]) -> dict[int, int] | None:
        """Return what is due for each start of a site; None where a saving exceeds a cost."""
        cost = net_cost_cents(self.problem, starts, self.relations(starts))
        return None if any(cents < 0 for cents in cost.values()) else cost

    def relations(self, members: Iterable[int]) -> list[Relation]:
        """Return the relations of some interventions, each once."""
        return list({id(r): r for i in members for r in self._relations.get(i, ())}.values())

    def value_eur(self, starts: Mapping[int, int]) -> float:
        """Return the value of the starts of one site, synergies included."""
        worth = self.problem.value_eur
        both = [r for r in self.relations(starts) if r.kind == "enhances" and {r.a, r.b} <= starts.keys()]
        gains = [r.effect_factor * worth(r.a, max(starts[r.a], starts[r.b])) for r in both]
        return math.fsum([*(worth(i, year) for i, year in starts.items()), *gains])

    def allowed(self, starts: Mapping[int, int], i: int, year: int | None, decided: set[int]) -> bool:
        """Whether deciding on ``i`` (None = it does not start) breaks nothing among those decided."""
        group = self.problem.groups[i] if year is not None else None
        if group is not None and any(self.problem.groups[k] == group for k in starts):
            return False
        for r in self._relations.get(i, ()):
            other = r.b if r.a == i else r.a
            if r.kind == "excludes" and year is not None and other in starts:
                return False
            if r.kind == "requires" and other in decided:
                a, b = (year, starts.get(r.b)) if r.a == i else (starts.get(r.a), year)
                if a is not None and (b is None or b > a):
                    return False
        return True

    # ------------------------------------------------------------ the best option at prices
    def best(self, members: tuple[int, ...], prices: Prices) -> tuple[float, SiteOption | None]:
        """Return the largest margin [EUR] of a site's options at the prices, and that option (None: nothing)."""
        paying = Paying(self, prices)
        margin, starts = self.best_starts(members, paying, {})
        return margin, (self._option(starts, paying) if starts else None)

    def best_starts(
        self, members: tuple[int, ...], paying: Paying, only: Only
    ) -> tuple[float, dict[int, int]]:
        """Return the largest margin [EUR] of a site's starts, and these, where some decisions are limited.

        -inf where no starts keep within ``only``.
        """
        search = _Search(self, members, paying, only)
        search.decide(0, 0.0)
        return search.margin, search.best

    def hopes(self, i: int, paying: Paying) -> list[tuple[int, float]]:
        """Return the hope of each start of ``i``, reckoned once for these prices."""
        if i not in paying.hopes:
            paying.hopes[i] = [(y, self._hope(i, y, paying)) for y in self.problem.starts(i)]
        return paying.hopes[i]

    def _hope(self, i: int, year: int, paying: Paying) -> float:
        """Return a margin of a start that no set of starts gives it more than: all savings, all synergies."""
        cost = int(self.problem.cost_cents[i])
        least = paying.least(i, year, max(0, cost - self._saving[i]), cost)
        if least is None:
            return -math.inf
        mine = [r for r in self._relations.get(i, ()) if r.kind == "enhances" and r.a == i]
        alone = self.problem.value_eur(i, year)
        later = [self.problem.value_eur(i, y) for y in self.problem.years if y >= year]
        gain = sum(max(0.0, *(r.effect_factor * v for v in later)) for r in mine)
        return alone + gain - least

    def margin(self, i: int, year: int, prices: Prices) -> float | None:
        """Return value less priced cost [EUR] of a start on its own; None where it cannot be paid."""
        return Paying(self, prices).margin({i: year})

    def _option(self, starts: Mapping[int, int], paying: Paying) -> SiteOption:
        """Return the starts with their payments of least priced cost."""
        due, ordered = self.due(starts), sorted(starts.items())
        assert due is not None
        paid = [paying.cheapest(i, year, due[i]) for i, year in ordered]
        return SiteOption(
            starts=tuple(ordered),
            payments=tuple(p[1] for p in paid if p is not None),
            value_eur=self.value_eur(starts),
        )

    def losses(self, prices: Prices) -> dict[tuple[int, int | None], float]:
        """Return by how much [EUR] a decision lowers the best margin of its site: (intervention, year or None).

        No plan that decides so is worth more than the bound at these prices less the loss; inf = no option
        of the site decides so.
        """
        paying, found = Paying(self, prices), dict[tuple[int, int | None], float]()
        for members in self.members:
            best, _ = self.best_starts(members, paying, {})
            for i in members:
                for year in [None, *self.problem.starts(i)]:
                    margin, _ = self.best_starts(members, paying, {i: frozenset({year})})
                    found[i, year] = best - margin
        return found

    # ------------------------------------------------------------ every option of a small site
    def count(self, members: tuple[int, ...]) -> int:
        """Return at most how many sets of starts a site has."""
        return math.prod(1 + len(self.problem.starts(i)) for i in members)

    def every(self, members: tuple[int, ...]) -> Iterator[SiteOption]:
        """Yield every option of a site: all starts that keep the relations, all extreme payments."""
        for years in product(*([None, *self.problem.starts(i)] for i in members)):
            starts = {i: y for i, y in zip(members, years, strict=True) if y is not None}
            if starts and self.keeps(members, starts) and (due := self.due(starts)) is not None:
                ways = [self._payments(i, year, due[i]) for i, year in sorted(starts.items())]
                value = self.value_eur(starts)
                for paid in product(*ways):
                    yield SiteOption(starts=tuple(sorted(starts.items())), payments=paid, value_eur=value)

    def keeps(self, members: tuple[int, ...], starts: Mapping[int, int]) -> bool:
        """Whether starts of some members keep relations and choice groups."""
        done: dict[int, int] = {}
        decided: set[int] = set()
        for i in members:
            if not self.allowed(done, i, starts.get(i), decided):
                return False
            decided.add(i)
            if i in starts:
                done[i] = starts[i]
        return True

    def _payments(self, i: int, year: int, due: int) -> list[Payment]:
        """Return the extreme ways to pay a start: sources filled one after the other, in every order."""
        found: dict[Payment, None] = {}
        for mix, room in self.ways(i, year):
            for order in permutations(sorted(mix.sources & room.keys())):
                paid = fill(mix, room, due, order)
                if paid is not None:
                    found[tuple(sorted(paid.items()))] = None
        return list(found)


class _Search:
    """Enumeration of a site's starts at some prices, with a bound."""

    def __init__(self, sites: Sites, members: tuple[int, ...], paying: Paying, only: Only) -> None:
        self.sites, self.paying = sites, paying
        self.margin, self.best = -math.inf, dict[int, int]()
        self._starts: dict[int, int] = {}
        self._choices = {i: _ranked(sites.hopes(i, paying), only.get(i)) for i in members}
        most = {i: max((m for _, m in self._choices[i]), default=-math.inf) for i in members}
        self._order = sorted(members, key=lambda i: (-most[i], i))
        self._rest = [math.fsum(most[i] for i in self._order[k:]) for k in range(len(members) + 1)]

    def decide(self, k: int, hoped: float) -> None:
        """Decide on the k-th intervention; branches that cannot beat what was found are not entered."""
        if hoped + self._rest[k] <= self.margin:
            return
        if k == len(self._order):
            margin = self.paying.margin(self._starts)
            if margin is not None and margin > self.margin:
                self.margin, self.best = margin, dict(self._starts)
            return
        i, decided = self._order[k], set(self._order[:k])
        for year, hope in self._choices[i]:
            if self.sites.allowed(self._starts, i, year, decided):
                if year is not None:
                    self._starts[i] = year
                self.decide(k + 1, hoped + hope)
                self._starts.pop(i, None)


def _ranked(
    hopes: Iterable[tuple[int, float]], only: frozenset[int | None] | None
) -> list[tuple[int | None, float]]:
    """Return the start years and "not at all" (None), the most hopeful first; those that cannot be paid are out."""
    choices: list[tuple[int | None, float]] = [(y, m) for y, m in hopes if m > -math.inf]
    every = [c for c in [*choices, (None, 0.0)] if only is None or c[0] in only]
    return sorted(every, key=lambda c: (-c[1], c[0] is not None, c[0] or 0))


class Paying:
    """Least priced payments at some prices, each reckoned once."""

    def __init__(self, sites: Sites, prices: Prices) -> None:
        self.sites, self.problem, self.prices = sites, sites.problem, prices
        self.hopes: dict[int, list[tuple[int, float]]] = {}
        self._known: dict[tuple[int, int, int], tuple[float, Payment] | None] = {}

    def cheapest(self, i: int, year: int, due: int) -> tuple[float, Payment] | None:
        """Return the least priced cost [EUR] of paying ``due`` cents for a start, and the payments; None: it cannot."""
        key = i, year, due
        if key not in self._known:
            self._known[key] = self._reckoned(i, year, due)
        return self._known[key]

    def _reckoned(self, i: int, year: int, due: int) -> tuple[float, Payment] | None:
        best: tuple[float, Payment] | None = None
        price: dict[str, float] = {}
        for mix, room in self.sites.ways(i, year):
            price = price or {f: self._price(i, year, f) for f in room}
            paid = fill(mix, room, due, sorted(room, key=lambda f: (price[f], f)))
            if paid is None:
                continue
            cost = math.fsum(cents * price[f] for f, cents in paid.items()) / 100
            if best is None or cost < best[0]:
                best = cost, tuple(sorted(paid.items()))
        return best

    def _price(self, i: int, year: int, source: str) -> float:
        """Price of one euro of a source for a start: its budgets', less what floors give for it."""
        problem, get = self.problem, self.prices.get
        money = sum(share * get((source, y), 0.0) for y, share in problem.charges(i, year, source))
        floors = (
            ("municipality", problem.municipalities[i]),
            ("domain", problem.domains[i]),
            ("source", source),
        )
        return money - sum(get(key, 0.0) for key in floors)

    def least(self, i: int, year: int, low: int, high: int) -> float | None:
        """Return a lower bound of the priced cost of a start whose amount due lies from low to high; None: unpayable."""
        ways = self.sites.ways(i, year)
        if low == high or not (self.problem.floors_cents or any(mix.whole_cents for mix, _ in ways)):
            found = self.cheapest(
                i, year, low
            )  # without floors and whole amounts the cost grows with what is due
            return None if found is None else found[0]
        if max((sum(room.values()) for _, room in ways), default=0) < low:
            return None
        prices = [self._price(i, year, f) for _, room in ways for f in room]
        return min([0.0, *prices]) * high / 100

    def margin(self, starts: Mapping[int, int]) -> float | None:
        """Return value less priced cost [EUR] of the starts of a site; None where they cannot be paid."""
        due = self.sites.due(starts)
        if due is None:
            return None
        costs = [self.cheapest(i, year, due[i]) for i, year in starts.items()]
        if any(c is None for c in costs):
            return None
        return self.sites.value_eur(starts) - math.fsum(c[0] for c in costs if c is not None)
