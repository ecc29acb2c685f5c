"""Which sources may pay for one intervention together.

A source needs to be decided on, used or not, where using it limits what may be paid beside it: it is
non-cumulable (beside it only ``own`` money), is declared incompatible with another, asks for a share of own
money, or pays its whole amount or nothing. The sources left pay what they are asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from contado.kernel.portfolio.offers import OWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from contado.kernel.portfolio.problem import Problem

__all__ = ["Mix", "fill", "mix_of", "mixes_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Sources that may pay for an intervention together, and how much of it they may pay without own money."""

    sources: frozenset[str]
    public_share: float = 1.0
    whole_cents: Mapping[str, int] = field(default_factory=dict)
    """What sources that pay all or nothing pay in this mix."""

    def held_cents(self, due_cents: int) -> dict[str, int]:
        """Return what is settled of an amount due before it is shared out: whole amounts, least own money.

        The sum may exceed what is due: then the mix cannot pay it.
        """
        own = due_cents - math.floor(round(self.public_share * due_cents, 6))
        held = dict(self.whole_cents)
        if own and OWN not in held:
            held[OWN] = own
        return held

    def keeps_share(self, due_cents: int) -> bool:
        """Whether the whole amounts leave room for the share of own money."""
        most = math.floor(round(self.public_share * due_cents, 6))
        public = sum(cents for f, cents in self.whole_cents.items() if f != OWN)
        return public <= most and self.whole_cents.get(OWN, due_cents) >= due_cents - most


def mix_of(problem: Problem, i: int, caps: Mapping[str, int], used: AbstractSet[str]) -> Mix:
    """Return the mix in which of the sources to be decided on exactly ``used`` pay for intervention ``i``.

    Parameters
    ----------
    caps
        What each source may pay for it [cents].
    """
    offers = problem.offers[i]
    decided = problem.flagged(i, caps)
    allowed = [f for f in caps if f not in decided or f in used]
    alone = next((f for f in allowed if f in used and not offers[f].cumulable), None)
    if alone is not None:
        allowed = [f for f in allowed if f in (alone, OWN)]
    return Mix(
        sources=frozenset(allowed),
        public_share=min((offers[f].public_share for f in allowed if f in used), default=1.0),
        whole_cents={f: caps[f] for f in allowed if offers[f].all_or_nothing},
    )


def mixes_of(problem: Problem, i: int, caps: Mapping[str, int]) -> Iterator[Mix]:
    """Yield every mix that may pay for intervention ``i``, the smaller and earlier ones first."""
    decided = problem.flagged(i, caps)
    for size in range(len(decided) + 1):
        for used in combinations(decided, size):
            if all(problem.together(i, f, g) for f, g in combinations(used, 2)):
                yield mix_of(problem, i, caps, frozenset(used))


def fill(mix: Mix, room: Mapping[str, int], due: int, order: Iterable[str]) -> dict[str, int] | None:
    """Pay ``due`` cents from the sources of a mix in ``order``, each up to its room; None where they do not suffice.

    Whole amounts and the least own money come first; public money stops at the mix's share.
    """
    held = mix.held_cents(due)
    if not mix.keeps_share(due) or any(cents > room.get(f, 0) for f, cents in held.items()):
        return None
    left = due - sum(held.values())
    if left < 0:
        return None
    paid = dict(held)
    for source in order:
        if source in mix.sources and source not in mix.whole_cents and left:
            cents = min(left, room.get(source, 0) - paid.get(source, 0))
            if cents > 0:
                paid[source] = paid.get(source, 0) + cents
                left -= cents
    return paid if left == 0 else None
