"""What each source offers each intervention: rate, caps, share limits, companions, last year.

Rules are read and judged by `contado.kernel.funding`; what a rule leaves unknown is not offered, and said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contado.kernel.errors import Finding
from contado.kernel.funding import OWN, Rule, read_rules

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["OWN", "Offer", "offers_of", "rules_on"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One source for one intervention; money is cents.

    ``rate`` None: an engine's amount stands for it (then it is in ``cap_cents``).
    """

    source: str
    rate: float | None
    cap_cents: int | None
    cumulable: bool
    min_cents: int = 0
    public_share: float = 1.0
    """All public money together, at most this share of the cost, once this source pays."""
    incompatible_with: frozenset[str] = frozenset()
    all_or_nothing: bool = False
    """Whether it pays its whole amount or nothing."""
    start_by: int | None = None
    """Last year in which a start can be committed."""
    spend_by: int | None = None
    """Last year in which it pays."""

    def amount_max_cents(self, eligible_cents: int) -> int:
        """Return the most that it pays on an eligible cost, rounded down to the cent; 0 below its least."""
        parts = [] if self.rate is None else [math.floor(round(self.rate * eligible_cents, 6))]
        parts += [] if self.cap_cents is None else [self.cap_cents]
        cents = min(parts)
        return cents if cents >= self.min_cents else 0

    def pays(self, start_year: int, last_year: int) -> bool:
        """Whether it pays for works that start and end in the given years."""
        begun = self.start_by is None or start_year <= self.start_by
        return begun and (self.spend_by is None or last_year <= self.spend_by)


def rules_on(
    rows: Sequence[Mapping[str, Any]], columns: Iterable[str], on: dt.date | None
) -> list[tuple[Rule, int | None]]:
    """Return the rules that count on a day (all of them without a day), with the year of ``spend_by``.

    Raises
    ------
    DataError
        A rule that cannot be read.
    """
    kept = []
    for rule, row in zip(read_rules(rows, columns), rows, strict=True):
        if on is None or rule.counts_on(on):
            cell = row.get("spend_by")
            kept.append((rule, int(str(cell)[:4]) if cell else None))
    return kept


def offers_of(
    row: Mapping[str, Any],
    eligible_cents: int,
    rules: Sequence[tuple[Rule, int | None]],
    amounts: Mapping[tuple[str, str], int],
    findings: list[Finding],
) -> dict[str, Offer]:
    """Return the offers for one intervention by source, in the order of the rules.

    Of two rules of one source that hold together the larger amount counts.
    """
    offers: dict[str, Offer] = {}
    for rule, spend_by in rules:
        missing = sorted(rule.missing(row)) if rule.eligible(row) is not False else []
        if missing:
            findings.append(_unknown(str(row["id"]), rule, missing))
        elif rule.eligible(row):
            offer = _offer(rule, row, spend_by, amounts.get((str(row["id"]), rule.source)))
            old = offers.get(rule.source)
            if old is None or old.amount_max_cents(eligible_cents) < offer.amount_max_cents(eligible_cents):
                offers[rule.source] = offer
    return offers


def _offer(rule: Rule, row: Mapping[str, Any], spend_by: int | None, engine_cents: int | None) -> Offer:
    caps = [rule.cap_cents, engine_cents]
    if engine_cents is None:
        caps.append(rule.cap_beneficiary_cents)
        if rule.per_unit_eur is not None and rule.unit_column is not None:
            caps.append(math.floor(round(rule.per_unit_eur * float(row[rule.unit_column]) * 100, 6)))
    return Offer(
        source=rule.source,
        rate=None if engine_cents is not None else rule.max_rate,
        cap_cents=min((c for c in caps if c is not None), default=None),
        cumulable=rule.cumulable,
        min_cents=0 if engine_cents is not None else rule.min_cents,
        public_share=1.0 if rule.source == OWN else min(rule.total_public_max, 1 - rule.own_share_min),
        incompatible_with=rule.incompatible_with,
        all_or_nothing=rule.all_or_nothing,
        start_by=None if rule.commit_by is None else rule.commit_by.year,
        spend_by=spend_by,
    )


def _unknown(key: str, rule: Rule, missing: Sequence[str]) -> Finding:
    return Finding(
        severity="warning",
        table="funding_rule",
        row=key,
        rule="unknown_eligibility",
        message=f"{key}: whether {rule.source} pays ({rule.rule_id}) is unknown without {', '.join(missing)}",
        hint="fill the column; until then that source is not counted on",
        action="kept",
    )
