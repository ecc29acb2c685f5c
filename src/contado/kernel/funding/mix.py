"""The best mix of one intervention: as much public money as the rules allow together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from contado.kernel.funding.rules import OWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from contado.kernel.funding.rules import Rule

__all__ = ["Offer", "best_mix", "public_cents"]


@dataclass(frozen=True, slots=True)
class Offer:
    """A source that may pay, with its rule and the most it pays in cents."""

    rule: Rule
    cents: int


def best_mix(offers: Sequence[Offer], cost_cents: int) -> list[tuple[str, int]]:
    """Return (source, cents) with the largest public total, own money last.

    Public money is limited by each source's amount, by cumulability (beside a non-cumulable source only own
    money), by incompatible pairs, by the total public share and the own share of the sources *used*. Among
    equal totals fewer sources, then the earlier in the file. ``offers`` stand in the order of the file.
    """
    public = [o for o in offers if o.rule.source != OWN and o.cents > 0]
    best: list[tuple[str, int]] = []
    for group in _groups(public):
        payments = _fill(group, cost_cents)
        if payments is not None and _total(payments) > _total(best):
            best = payments
    own = next((o.cents for o in offers if o.rule.source == OWN), 0)
    rest = min(own, cost_cents - _total(best))
    return [*best, (OWN, rest)] if rest > 0 else best


def public_cents(mix: Sequence[tuple[str, int]]) -> int:
    """Return what public sources pay in a mix."""
    return sum(cents for source, cents in mix if source != OWN)


def _total(payments: Sequence[tuple[str, int]]) -> int:
    return sum(cents for _, cents in payments)


def _groups(public: Sequence[Offer]) -> Iterator[tuple[Offer, ...]]:
    """Yield the sets of sources that may pay together, the smaller and earlier ones first."""
    for size in range(1, len(public) + 1):
        for group in combinations(public, size):
            if size == 1 or all(_together(a, b) for a, b in combinations(group, 2)):
                yield group


def _together(a: Offer, b: Offer) -> bool:
    apart = b.rule.source in a.rule.incompatible_with or a.rule.source in b.rule.incompatible_with
    return a.rule.cumulable and b.rule.cumulable and not apart


def _fill(group: Sequence[Offer], cost_cents: int) -> list[tuple[str, int]] | None:
    """Fill the sources in the order of the file; those that pay all or nothing first get all."""
    shares = [min(o.rule.total_public_max, 1 - o.rule.own_share_min) for o in group]
    room = min(cost_cents, *(math.floor(round(s * cost_cents, 6)) for s in shares))
    fixed = sum(o.cents for o in group if o.rule.all_or_nothing)
    if fixed > room:
        return None
    room -= fixed
    payments = []
    for offer in group:
        cents = offer.cents if offer.rule.all_or_nothing else min(offer.cents, room)
        room -= 0 if offer.rule.all_or_nothing else cents
        if cents:
            payments.append((offer.rule.source, cents))
    return payments
