"""The auditor: recomputes a programme from the plain rows, in whole cents.

It imports nothing of the optimiser and no solver; what a funding rule says is read by `contado.kernel.funding`.
Rules checked: known intervention, started once, window, choice group, requires, excludes, eligibility, rates,
caps, cumulability, incompatible sources, all or nothing, own share, last days to commit and spend, exact sums, budgets by year
(spend profiles included), earmarks, floors, value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from contado.kernel.funding import Rule, read_rules

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
    rules: Mapping[str, Sequence[tuple[Rule, int | None]]]
    """Source -> its rules, each with the year by which it must be spent."""
    amounts: Mapping[tuple[str, str], int]
    budgets: Mapping[tuple[str, int], int]
    earmarks: Mapping[tuple[str, int], str]
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
        ``interventions, budgets, funding_rules`` and optional ``funding_amounts, relations, equity_floors``.
    plan
        One `Start` an intervention that is chosen.
    """
    books = _Books(
        interventions={str(r["id"]): r for r in rows["interventions"]},
        rules=_rules(rows["funding_rules"], rows["interventions"]),
        amounts={
            (str(a["intervention_id"]), str(a["source"])): _cents(a["amount_eur"])
            for a in rows.get("funding_amounts", ())
        },
        earmarks={(str(b["source"]), int(b["year"])): str(b.get("earmark") or "") for b in rows["budgets"]},
        budgets={(str(b["source"]), int(b["year"])): _cents(b["budget_eur"]) for b in rows["budgets"]},
        relations=rows.get("relations", ()),
        floors=dict(_floor(f) for f in rows.get("equity_floors", ())),
        plan={s.intervention_id: s for s in plan},
    )
    violations = [*_twice(plan), *_unknown(books, plan)]
    if not violations:
        checks = (_windows, _groups, _relations, _payments, _mixes, _sums, _budgets, _floors)
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


def _rules(
    rows: Sequence[Mapping[str, Any]], interventions: Sequence[Mapping[str, Any]]
) -> dict[str, list[tuple[Rule, int | None]]]:
    found: dict[str, list[tuple[Rule, int | None]]] = {}
    for rule, row in zip(read_rules(rows, {c for r in interventions for c in r}), rows, strict=True):
        spend_by = row.get("spend_by")
        found.setdefault(rule.source, []).append((rule, int(str(spend_by)[:4]) if spend_by else None))
    return found


def _holding(books: _Books, key: str, source: str) -> tuple[Rule, int | None, int] | None:
    """Return the rule of a source that pays an intervention most, its last year, and that amount in cents."""
    row = books.interventions[key]
    base = row.get("eligible_cost_eur")
    eligible = _cents(row["cost_eur"] if base is None or base == "" else base)
    engine = books.amounts.get((key, source))
    best: tuple[Rule, int | None, int] | None = None
    for rule, spend_by in books.rules[source]:
        if rule.eligible(row) is not True or rule.missing(row):
            continue
        cents = rule.amount(row, eligible).cents if engine is None else engine
        if engine is not None and rule.cap_cents is not None:
            cents = min(cents, rule.cap_cents)
        if best is None or cents > best[2]:
            best = rule, spend_by, cents
    return best


def _used(start: Start) -> dict[str, int]:
    return {f: c for f, c in start.payments_cents.items() if c}


def _payments(books: _Books) -> Iterator[Violation]:
    for key, start in books.plan.items():
        last = start.start_year + len(_profile(books.interventions[key])) - 1
        for source, cents in _used(start).items():
            if source not in books.rules:
                yield Violation(
                    rule="unknown_source", key=f"{key} {source}", message="no rule for this source"
                )
                continue
            holding = _holding(books, key, source)
            limit = 0 if holding is None else holding[2]
            if cents > limit or cents < 0:
                yield _over("rate_or_cap", f"{key} {source}", limit, cents, "payment out of range")
            if holding is not None:
                yield from _too_late(key, start.start_year, last, holding)


def _too_late(key: str, first: int, last: int, holding: tuple[Rule, int | None, int]) -> Iterator[Violation]:
    rule, spend_by, _ = holding
    if rule.commit_by is not None and first > rule.commit_by.year:
        yield Violation(
            rule="commit_by", key=f"{key} {rule.source}", message=f"{first} is after {rule.commit_by}"
        )
    if spend_by is not None and last > spend_by:
        yield Violation(rule="spend_by", key=f"{key} {rule.source}", message=f"{last} is after {spend_by}")


def _mixes(books: _Books) -> Iterator[Violation]:
    for key, start in books.plan.items():
        used = {f: c for f, c in _used(start).items() if f in books.rules}
        holding = {f: h for f in used if (h := _holding(books, key, f)) is not None}
        held = {f: h[0] for f, h in holding.items()}
        alone = [f for f, rule in held.items() if not rule.cumulable]
        others = [f for f in used if f != _OWN]
        if alone and len(others) > 1:
            yield Violation(
                rule="cumulability", key=key, message=f"{alone[0]} is paid together with {others}"
            )
        for f, rule in held.items():
            if beside := sorted(rule.incompatible_with & used.keys() - {f}):
                yield Violation(rule="incompatible", key=key, message=f"{f} is paid together with {beside}")
        for f, (rule, _, most) in holding.items():
            whole = min(most, _cents(books.interventions[key]["cost_eur"]))
            if rule.all_or_nothing and used[f] != whole:
                yield _over("all_or_nothing", f"{key} {f}", whole, used[f], "it pays all or nothing")
        yield from _shares(books, key, used, held)


def _shares(
    books: _Books, key: str, used: Mapping[str, int], held: Mapping[str, Rule]
) -> Iterator[Violation]:
    due, public = _net_cost(books, key), sum(c for f, c in used.items() if f != _OWN)
    for f, rule in held.items():
        share = 1.0 if f == _OWN else min(rule.total_public_max, 1 - rule.own_share_min)
        limit = math.floor(round(share * due, 6))
        if public > limit:
            yield _over("public_share", f"{key} {f}", limit, public, "too much public money")


def _profile(row: Mapping[str, Any]) -> list[float]:
    """Shares of the cost by year from the start, without trailing zeros; [1.0] for an empty cell."""
    cell = row.get("spend_profile")
    words = cell if isinstance(cell, list) else str(cell or "").split(";")
    shares = [float(w) for w in words if str(w).strip()] or [1.0]
    while len(shares) > 1 and shares[-1] == 0:
        shares.pop()
    return shares


def _by_year(row: Mapping[str, Any], start: Start) -> Iterator[tuple[str, int, int]]:
    """Yield (source, year, cents): running totals are rounded down to the cent, the last year takes the rest."""
    shares = _profile(row)
    for source, cents in start.payments_cents.items():
        before = 0
        for k in range(len(shares)):
            whole = k == len(shares) - 1
            after = cents if whole else math.floor(round(math.fsum(shares[: k + 1]) * cents, 6))
            yield source, start.start_year + k, after - before
            before = after


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
    for key, start in books.plan.items():
        row = books.interventions[key]
        for source, year, cents in _by_year(row, start):
            cell = source, year
            spent[cell] = spent.get(cell, 0) + cents
            earmark = books.earmarks.get(cell)
            if cents and earmark and earmark not in {str(row["domain"]), str(row["municipality"])}:
                yield Violation(
                    rule="earmark", key=f"{key} {source} {year}", message=f"it is reserved to {earmark}"
                )
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
