"""Funding rules: who may pay what, on which day, at which rate, with which caps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contado.kernel.dates import dated
from contado.kernel.errors import DataError
from contado.kernel.funding.predicate import Predicate, is_unknown, parse

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

__all__ = ["OWN", "Amount", "Rule", "read_rules"]

OWN = "own"
"""The body's own money: the one source that may be added to a non-cumulable one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """What a source pays at most for one intervention: cents, and how they were reckoned."""

    cents: int
    article: str
    formula: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One dated row of table ``funding_rule``; rates are shares, money is cents."""

    source: str
    rule_id: str
    article: str
    domains: frozenset[str] | None
    max_rate: float
    cumulable: bool
    when: Predicate | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    cap_cents: int | None = None
    cap_beneficiary_cents: int | None = None
    per_unit_eur: float | None = None
    unit_column: str | None = None
    min_cents: int = 0
    own_share_min: float = 0.0
    total_public_max: float = 1.0
    incompatible_with: frozenset[str] = frozenset()
    all_or_nothing: bool = False
    commit_by: dt.date | None = None

    def counts_on(self, day: dt.date) -> bool:
        """Whether the rule counts on a day: both ends included, an empty end is open."""
        return dated.holds(self, day) and (self.commit_by is None or day <= self.commit_by)

    def eligible(self, row: Mapping[str, Any]) -> bool | None:
        """Whether an intervention may ask for it: domain and condition; None = unknown."""
        if self.domains is not None and str(row.get("domain")) not in self.domains:
            return False
        return True if self.when is None else self.when.holds(row)

    def missing(self, row: Mapping[str, Any]) -> set[str]:
        """Return the empty columns on which the answer depends."""
        wanted = set(self.when.columns()) if self.when is not None and self.when.holds(row) is None else set()
        if self.unit_column is not None and self.per_unit_eur is not None:
            wanted.add(self.unit_column)
        return {c for c in wanted if is_unknown(row.get(c))}

    def amount(self, row: Mapping[str, Any], eligible_cents: int) -> Amount:
        """Return the most it pays: min of rate, unit cap and cap, 0 below the least amount."""
        parts = [
            (
                math.floor(round(self.max_rate * eligible_cents, 6)),
                f"{self.max_rate:g} * {_eur(eligible_cents)}",
            )
        ]
        if self.per_unit_eur is not None and self.unit_column is not None:
            quantity = float(row[self.unit_column])
            cents = math.floor(round(self.per_unit_eur * quantity * 100, 6))
            parts.append((cents, f"{self.per_unit_eur:g} * {quantity:.15g}"))
        caps = (self.cap_cents, self.cap_beneficiary_cents)
        parts += [(cap, _eur(cap)) for cap in caps if cap is not None]
        cents = min(c for c, _ in parts)
        formula = parts[0][1] if len(parts) == 1 else f"min({', '.join(text for _, text in parts)})"
        if cents < self.min_cents:
            return Amount(
                cents=0, article=self.article, formula=f"0 since {formula} < {_eur(self.min_cents)}"
            )
        return Amount(cents=cents, article=self.article, formula=f"{formula} = {_eur(cents)}")


def _eur(cents: int) -> str:
    """Write cents as EUR without losing one: 150000, 33.3."""
    return f"{cents / 100:.2f}".rstrip("0").rstrip(".")


def read_rules(rows: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> list[Rule]:
    """Read rows of ``funding_rule``; conditions may name any of the interventions' ``columns``.

    Raises
    ------
    DataError
        Rules ``rate_out_of_range``, ``bad_predicate``, ``bad_number``: the row and the value are quoted.
    """
    known = {*columns, "domain"}
    return [_rule(row, number, known) for number, row in enumerate(rows, start=1)]


def _rule(row: Mapping[str, Any], number: int, columns: set[str]) -> Rule:
    name = f"funding_rule {row.get('rule_id') or row['source']}"
    rate = _share(row, "max_rate", number, name)
    assert rate is not None
    when = row.get("when")
    return Rule(
        source=str(row["source"]),
        rule_id=str(row.get("rule_id") or f"{row['source']}-{number}"),
        article=str(row.get("article") or ""),
        domains=_words(row["domains"]),
        max_rate=rate,
        cumulable=_true(row["cumulable"]),
        when=None if is_unknown(when) else parse(str(when), columns),
        valid_from=_day(row.get("valid_from"), name),
        valid_to=_day(row.get("valid_to"), name),
        cap_cents=_cents(row.get("max_eur_per_intervention"), name),
        cap_beneficiary_cents=_cents(row.get("max_eur_per_beneficiary"), name),
        per_unit_eur=_plain(row.get("max_eur_per_unit"), name),
        unit_column=None if is_unknown(row.get("unit_column")) else str(row["unit_column"]),
        min_cents=_cents(row.get("min_eur"), name) or 0,
        own_share_min=_share(row, "own_share_min", number, name) or 0.0,
        total_public_max=_or_one(_share(row, "total_public_max", number, name)),
        incompatible_with=_words(row.get("incompatible_with") or ()) or frozenset(),
        all_or_nothing=_true(row.get("all_or_nothing")),
        commit_by=_day(row.get("commit_by"), name),
    )


def _words(cell: Any) -> frozenset[str] | None:
    """Read a list cell; ``*`` stands for every word."""
    words = cell if isinstance(cell, (list, tuple)) else str(cell).split(";")
    cleaned = frozenset(str(w).strip() for w in words if str(w).strip())
    return None if "*" in cleaned else cleaned


def _true(cell: Any) -> bool:
    return str(cell).strip().casefold() in {"true", "1", "yes"}


def _plain(cell: Any, name: str) -> float | None:
    if is_unknown(cell):
        return None
    try:
        return float(cell)
    except (TypeError, ValueError):
        raise DataError(
            f"{name}: {cell!r} is not a number.", rule="bad_number", hint="use a decimal point"
        ) from None


def _cents(cell: Any, name: str) -> int | None:
    value = _plain(cell, name)
    return None if value is None else round(value * 100)


def _share(row: Mapping[str, Any], column: str, number: int, name: str) -> float | None:
    value = _plain(row.get(column), name)
    if value is not None and not 0 <= value <= 1:
        raise DataError(
            f"{name}: {column} is {value:g}.",
            rule="rate_out_of_range",
            hint="a share lies between 0 and 1",
            rows=[number],
            field=column,
        )
    return value


def _or_one(value: float | None) -> float:
    return 1.0 if value is None else value


def _day(cell: Any, name: str) -> dt.date | None:
    return None if is_unknown(cell) else dated.day(cell, name)
