"""Worksites of the programme: interventions that start together at one place, and the pairs that do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.kernel.portfolio.joint import joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contado.kernel.portfolio.details import SitePair
    from contado.web.data.programme import Candidate, Programme

__all__ = ["Apart", "Worksite", "apart", "worksites"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worksite:
    """Chosen interventions of one site and year, what they cost and what starting together saves [EUR]."""

    id: str
    year: int
    members: tuple[Candidate, ...]
    saving: float

    @property
    def head(self) -> Candidate:
        """The dearest intervention, which names the site."""
        return self.members[0]

    @property
    def code(self) -> str | None:
        """ISTAT code of the municipality."""
        return self.head.code

    @property
    def sources(self) -> tuple[str, ...]:
        """Who pays, by name."""
        return tuple(sorted({s for c in self.members for s in c.sources}))

    @property
    def paid(self) -> float:
        """Payments of all its interventions [EUR]."""
        return sum(c.spent for c in self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Two interventions that could share a worksite and do not; ``off``: switched off by hand."""

    a: Candidate
    b: Candidate
    saving: float | None
    off: bool


def worksites(programme: Programme) -> list[Worksite]:
    """Return the worksites by year, the dearest first."""
    pairs = [p for p in programme.pairs if not p.off]
    by_id = {c.id: c for c in programme.chosen}
    starts, sites = {c.id: c.year or 0 for c in by_id.values()}, {c.id: c.site for c in by_id.values()}
    found = [_worksite([by_id[k] for k in ids], pairs) for ids in joined(starts, sites, pairs)]
    return sorted(found, key=lambda w: (w.year, -w.paid, w.id))


def _worksite(members: Sequence[Candidate], pairs: Sequence[SitePair]) -> Worksite:
    ids = {c.id for c in members}
    ordered = tuple(sorted(members, key=lambda c: (-c.cost, c.id)))
    return Worksite(
        id=next((p.site_id for p in pairs if p.a in ids and p.b in ids and p.site_id), None)
        or ordered[0].site
        or ordered[0].id,
        year=ordered[0].year or 0,
        members=ordered,
        saving=sum(p.saving_eur or 0.0 for p in pairs if p.a in ids and p.b in ids),
    )


def apart(programme: Programme) -> list[Apart]:
    """Return the pairs switched off, then those of which both are chosen but start in other years."""
    known = {c.id: c for c in programme.candidates}
    out = [
        Apart(a=known[p.a], b=known[p.b], saving=p.saving_eur, off=p.off)
        for p in programme.pairs
        if p.a in known and p.b in known and (p.off or _split(known[p.a], known[p.b]))
    ]
    return sorted(out, key=lambda p: (not p.off, p.a.name.it, p.b.name.it))


def _split(a: Candidate, b: Candidate) -> bool:
    return a.chosen and b.chosen and a.year != b.year
