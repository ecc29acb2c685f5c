"""The auditor: recomputes a programme from the plain rows, in whole cents.

It imports nothing of the optimiser and no solver. Rules checked: known intervention, started once, window,
choice group, requires, excludes, domains, rates, caps, cumulability, exact sums, budgets, floors, value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Start", "Verdict", "Violation", "verify"]

_OWN = "own"


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a plan: intervention, start year, payments in cents by source."""

    intervention_id: str
    start_year: int
    payments_cents: dict[str, int]


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """One broken rule: which, where, the limit and what was found, in EUR where it is money."""

    rule: str
    key: str
    message: str
    limit_eur: float | None = None
    found_eur: float | None = None
    excess_eur: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the auditor says: value in EUR of the base year, and every violation."""

    value_eur: float
    violations: tuple[Violation, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is broken."""
        return not self.violations


@dataclass(frozen=True, slots=True)
class _Books:
    """The plain rows, indexed."""

    interventions: Mapping[str, Mapping[str, Any]]
    rules: Mapping[str, Mapping[str, Any]]
    budgets: Mapping[tuple[str, int], int]
    relations: Sequence[Mapping[str, Any]]
    floors: Mapping[tuple[str, str], int]
    plan: Mapping[str, Start]


def verify(
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    plan: Sequence[Start],
    *,
    discount_rate_share: float = 0.03,
) -> Verdict:
    """Check ``plan`` against the rows of a programme folder.

    Parameters
    ----------
    rows
        ``interventions, budgets, funding_rules`` and optional ``relations, equity_floors``.
    plan
        One `Start` an intervention that is chosen.
    """
    books = _Books(
        interventions={str(r["id"]): r for r in rows["interventions"]},
        rules={str(r["source"]): r for r in rows["funding_rules"]},
        budgets={(str(b["source"]), int(b["year"])): _cents(b["budget_eur"]) for b in rows["budgets"]},
        relations=rows.get("relations", ()),
        floors=dict(_floor(f) for f in rows.get("equity_floors", ())),
        plan={s.intervention_id: s for s in plan},
    )
    violations = [*_twice(plan), *_unknown(books, plan)]
    if not violations:
        checks = (_windows, _groups, _relations, _payments, _sums, _budgets, _floors)
        violations = [v for check in checks for v in check(books)]
    return Verdict(value_eur=_value(books, discount_rate_share), violations=tuple(violations))


def _cents(amount: Any) -> int:
    return round(float(amount) * 100)


def _over(rule: str, key: str, limit: int, found: int, text: str) -> Violation:
    return Violation(
        rule=rule,
        key=key,
        message=f"{text}: {found / 100:.2f} EUR where {limit / 100:.2f} EUR is the limit",
        limit_eur=limit / 100,
        found_eur=found / 100,
        excess_eur=(found - limit) / 100,
    )


def _twice(plan: Sequence[Start]) -> Iterator[Violation]:
    seen: set[str] = set()
    for start in plan:
        if start.intervention_id in seen:
            yield Violation(rule="started_once", key=start.intervention_id, message="it is started twice")
        seen.add(start.intervention_id)


def _unknown(books: _Books, plan: Sequence[Start]) -> Iterator[Violation]:
    for start in plan:
        if start.intervention_id not in books.interventions:
            yield Violation(
                rule="unknown_intervention", key=start.intervention_id, message="there is no such id"
            )


def _windows(books: _Books) -> Iterator[Violation]:
    years = {year for _, year in books.budgets}
    for key, start in books.plan.items():
        row = books.interventions[key]
        if not int(row["earliest_year"]) <= start.start_year <= int(row["latest_year"]):
            window = f"{row['earliest_year']}-{row['latest_year']}"
            yield Violation(rule="window", key=key, message=f"{start.start_year} is outside {window}")
        if start.start_year not in years:
            yield Violation(rule="window", key=key, message=f"{start.start_year} has no budget")


def _groups(books: _Books) -> Iterator[Violation]:
    first: dict[str, str] = {}
    for key in books.plan:
        group = books.interventions[key].get("choice_group")
        if group and first.setdefault(str(group), key) != key:
            yield Violation(
                rule="choice_group", key=key, message=f"{first[str(group)]} of {group} is chosen too"
            )


def _relations(books: _Books) -> Iterator[Violation]:
    for relation in books.relations:
        kind, a, b = relation["kind"], books.plan.get(str(relation["a"])), books.plan.get(str(relation["b"]))
        if a is None:
            continue
        if kind == "requires" and (b is None or b.start_year > a.start_year):
            yield Violation(
                rule="requires", key=a.intervention_id, message=f"it needs {relation['b']} before"
            )
        if kind == "excludes" and b is not None:
            yield Violation(rule="excludes", key=a.intervention_id, message=f"it excludes {relation['b']}")


def _limit(row: Mapping[str, Any], rule: Mapping[str, Any]) -> int:
    """Most that a source may pay for an intervention, in cents; 0 outside its domains."""
    domains = rule["domains"]
    words = {w.strip() for w in (domains if isinstance(domains, list) else str(domains).split(";"))}
    if "*" not in words and str(row["domain"]) not in words:
        return 0
    base = row.get("eligible_cost_eur")
    eligible = _cents(row["cost_eur"] if base is None or base == "" else base)
    limit = math.floor(round(float(rule["max_rate"]) * eligible, 6))
    cap = rule.get("max_eur_per_intervention")
    return limit if cap is None or cap == "" else min(limit, _cents(cap))


def _payments(books: _Books) -> Iterator[Violation]:
    for key, start in books.plan.items():
        used = {f: c for f, c in start.payments_cents.items() if c}
        for source, cents in used.items():
            if source not in books.rules:
                yield Violation(
                    rule="unknown_source", key=f"{key} {source}", message="no rule for this source"
                )
                continue
            limit = _limit(books.interventions[key], books.rules[source])
            if cents > limit or cents < 0:
                yield _over("rate_or_cap", f"{key} {source}", limit, cents, "payment out of range")
        alone = [f for f in used if f in books.rules and not _true(books.rules[f]["cumulable"])]
        others = [f for f in used if f != _OWN]
        if alone and len(others) > 1:
            yield Violation(
                rule="cumulability", key=key, message=f"{alone[0]} is paid together with {others}"
            )


def _true(cell: Any) -> bool:
    return str(cell).strip().casefold() in {"true", "1", "yes"}


def _net_cost(books: _Books, key: str) -> int:
    cost = _cents(books.interventions[key]["cost_eur"])
    for relation in books.relations:
        if relation["kind"] == "joint_worksite" and str(relation["a"]) == key:
            other = books.plan.get(str(relation["b"]))
            if other is not None and other.start_year == books.plan[key].start_year:
                cost -= _cents(relation["saving_eur"])
    return cost


def _sums(books: _Books) -> Iterator[Violation]:
    for key, start in books.plan.items():
        due, paid = _net_cost(books, key), sum(start.payments_cents.values())
        if due != paid:
            yield _over("exact_sum", key, due, paid, "payments differ from cost less savings")


def _budgets(books: _Books) -> Iterator[Violation]:
    spent: dict[tuple[str, int], int] = {}
    for start in books.plan.values():
        for source, cents in start.payments_cents.items():
            cell = source, start.start_year
            spent[cell] = spent.get(cell, 0) + cents
    for (source, year), cents in sorted(spent.items()):
        limit = books.budgets.get((source, year), 0)
        if cents > limit:
            yield _over("budget", f"{source} {year}", limit, cents, "budget exceeded")


def _floor(row: Mapping[str, Any]) -> tuple[tuple[str, str], int]:
    place = row.get("municipality")
    where = ("municipality", str(place)) if place is not None else (str(row["kind"]), str(row["key"]))
    return where, _cents(row["min_spend_eur"])


def _floors(books: _Books) -> Iterator[Violation]:
    for (kind, key), floor in sorted(books.floors.items()):
        spent = 0
        for start in books.plan.values():
            row = books.interventions[start.intervention_id]
            for source, cents in start.payments_cents.items():
                owner = source if kind == "source" else str(row[kind])
                spent += cents if owner == key else 0
        if spent < floor:
            yield _over("floor", f"{kind} {key}", floor, spent, "less than the floor is spent")


def _value(books: _Books, rate: float) -> float:
    base = min(year for _, year in books.budgets)
    known = {k: s for k, s in books.plan.items() if k in books.interventions}

    def worth(key: str, year: int, factor: float = 1.0) -> float:
        return factor * float(books.interventions[key]["benefit_eur"]) * (1 + rate) ** -(year - base)

    total = [worth(k, s.start_year) for k, s in known.items()]
    for relation in books.relations:
        a, b = known.get(str(relation["a"])), known.get(str(relation["b"]))
        if relation["kind"] == "enhances" and a is not None and b is not None:
            later = max(a.start_year, b.start_year)
            total.append(worth(a.intervention_id, later, float(relation["effect_factor"])))
    return math.fsum(total)
