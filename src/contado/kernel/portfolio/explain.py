"""Why an intervention is in the programme or not: a code, a sentence, and its margin at the budgets' prices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from contado.kernel.portfolio.mixes import fill, mixes_of
from contado.kernel.publish.words import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.kernel.portfolio.problem import Problem
    from contado.kernel.portfolio.result import Choice

__all__ = ["Reason", "explain_all", "why_not"]


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """A reason: stable code, sentences, value and price of the best start, what it names."""

    code: str
    it: str
    en: str
    value_eur: float | None
    priced_cost_eur: float | None
    """Cost of the best start at the budgets' prices, in EUR of value given up elsewhere."""
    names: str | None = None

    @property
    def margin_eur(self) -> float | None:
        """Value less priced cost, or None when it cannot be paid."""
        if self.value_eur is None or self.priced_cost_eur is None:
            return None
        return self.value_eur - self.priced_cost_eur

    @property
    def yield_ratio(self) -> float | None:
        """Value for each euro at the budgets' prices; None where the money costs nothing."""
        if self.value_eur is None or not self.priced_cost_eur:
            return None
        return self.value_eur / self.priced_cost_eur


def explain_all(
    problem: Problem, choice: Choice, prices: Mapping[tuple[str, int], float]
) -> dict[int, Reason]:
    """Return the reason of every intervention, chosen or not."""
    return {
        i: _chosen(problem, choice, prices, i)
        if i in choice.starts
        else _rejected(problem, choice, prices, i)
        for i in range(len(problem.ids))
    }


def _chosen(problem: Problem, choice: Choice, prices: Mapping[tuple[str, int], float], i: int) -> Reason:
    year = choice.starts[i]
    cost = (
        sum(
            c * share * prices.get((f, y), 0.0)
            for f, c in choice.payments[i].items()
            for y, share in problem.charges(i, year, f)
        )
        / 100
    )
    sources = ", ".join(choice.payments[i]) or "-"
    return Reason(
        code="chosen",
        it=f"In programma nel {year}, pagato da {sources}.",
        en=f"In the programme in {year}, paid by {sources}.",
        value_eur=problem.value_eur(i, year),
        priced_cost_eur=cost,
    )


def _rejected(problem: Problem, choice: Choice, prices: Mapping[tuple[str, int], float], i: int) -> Reason:
    best = _best_start(problem, prices, i)
    value, cost = best if best is not None else (None, None)
    code, it, en, names = why_not(problem, choice, i, payable=best is not None)
    return Reason(code=code, it=it, en=en, value_eur=value, priced_cost_eur=cost, names=names)


def why_not(problem: Problem, choice: Choice, i: int, *, payable: bool) -> tuple[str, str, str, str | None]:
    """Return code, sentence in Italian and in English, and what they name, of an intervention left out."""
    if not problem.starts(i):
        return (
            "window",
            "Nessun anno di bilancio è nella sua finestra.",
            "No budget year lies in its window.",
            None,
        )
    if not payable:
        return "not_fundable", *_not_fundable(problem, i), None
    if (other := _excluded_by(problem, choice, i)) is not None:
        name = problem.ids[other]
        return "excluded_by", f"Escluso: è stato scelto {name}.", f"Excluded: {name} was chosen.", name
    if (needed := _unfunded_requirement(problem, choice, i)) is not None:
        name = problem.ids[needed]
        return (
            "requires_unfunded",
            f"Richiede {name}, che resta fuori.",
            f"It requires {name}, which stays out.",
            name,
        )
    return (
        "outranked",
        "I bilanci sono finiti: altri interventi rendono di più.",
        "The budgets are used up: other interventions yield more.",
        None,
    )


def _not_fundable(problem: Problem, i: int) -> tuple[str, str]:
    """Say in Italian and in English why nothing can pay for it, with its cost and the most there is for it."""
    cost = math.ceil(int(problem.cost_cents[i]) / 100)
    most = max((_most_cents(problem, i, year) for year in problem.starts(i)), default=0) // 100
    if most == 0:
        return (
            "Nessuna fonte con un bilancio può pagarlo nei suoi anni.",
            "No source that has a budget may pay it in its years.",
        )
    if most >= cost:
        return (
            "Le fonti ammesse non possono pagarlo per intero in nessun anno, per le loro regole o per una quota minima.",
            "The sources that may pay it cannot pay it whole in any year, by their rules or for a floor.",
        )
    it, en = ([number(euros, lang, 0) for euros in (cost, most)] for lang in ("it", "en"))
    return (
        f"Costa {it[0]} €: le fonti ammesse arrivano al massimo a {it[1]} €, qualunque sia l’anno in cui comincia.",
        f"It costs {en[0]} €: the sources that may pay it reach {en[1]} € at most, whatever the year it starts in.",
    )


def _most_cents(problem: Problem, i: int, year: int) -> int:
    """Return the most that the sources have together for a start of ``i`` in ``year``."""
    room = _room(problem, i, year)
    mixes = mixes_of(problem, i, problem.caps_cents(i))
    return max((sum(room.get(f, 0) for f in mix.sources) for mix in mixes), default=0)


def _excluded_by(problem: Problem, choice: Choice, i: int) -> int | None:
    group = problem.groups[i]
    for j in choice.starts:
        if group is not None and problem.groups[j] == group:
            return j
    for relation in problem.relations:
        if relation.kind == "excludes" and i in (relation.a, relation.b):
            other = relation.b if relation.a == i else relation.a
            if other in choice.starts:
                return other
    return None


def _unfunded_requirement(problem: Problem, choice: Choice, i: int) -> int | None:
    for relation in problem.relations:
        if relation.kind == "requires" and relation.a == i and relation.b not in choice.starts:
            return relation.b
    return None


def _best_start(
    problem: Problem, prices: Mapping[tuple[str, int], float], i: int
) -> tuple[float, float] | None:
    """Value and priced cost of the start with the best margin, paid by the cheapest sources."""
    starts = []
    for year in problem.starts(i):
        cost = _cheapest(problem, prices, i, year)
        if cost is not None:
            starts.append((problem.value_eur(i, year), cost))
    return max(starts, key=lambda s: s[0] - s[1], default=None)


def _cheapest(problem: Problem, prices: Mapping[tuple[str, int], float], i: int, year: int) -> float | None:
    """Least priced cost [EUR] of a start, over the mixes of sources that may pay it together."""
    room = _room(problem, i, year)
    price = {
        f: sum(share * prices.get((f, y), 0.0) for y, share in problem.charges(i, year, f)) for f in room
    }
    order = sorted(room, key=lambda f: (price[f], f))
    paid = [
        fill(mix, room, int(problem.cost_cents[i]), order)
        for mix in mixes_of(problem, i, problem.caps_cents(i))
    ]
    costs = [sum(cents * price[f] for f, cents in p.items()) / 100 for p in paid if p is not None]
    return min(costs, default=None)


def _room(problem: Problem, i: int, year: int) -> dict[str, int]:
    """Return what each source may pay for a start of ``i`` in ``year`` [cents]: its cap, and all its budgets."""
    out = {}
    for f, cap in problem.caps_cents(i).items():
        if cells := problem.charges(i, year, f):
            out[f] = math.floor(min([cap, *(problem.budget_cents[f, y] / share for y, share in cells)]))
    return out
