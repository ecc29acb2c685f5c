"""Scheda D: the works of the programme with their essential elements, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.kernel.programme.priority import level
from contado.kernel.programme.schede.columns import amounts, cents_by_year

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.kernel.programme.registry import Work

__all__ = ["elements", "rows"]

_PRIVATE = "apporti di capitali privati"


def rows(
    works: Sequence[Work], cuis: Mapping[str, str], types: Mapping[str, str], first_year: int
) -> list[dict[str, Any]]:
    """Return a row for each work, in the order of id; what is not known stays empty."""
    return [_row(work, cuis, types, first_year) for work in works]


def _row(work: Work, cuis: Mapping[str, str], types: Mapping[str, str], first_year: int) -> dict[str, Any]:
    private = sum(cents for (source, _), cents in work.cents.items() if types[source] == _PRIVATE)
    return {
        **elements(work, cuis),
        **{name: work.text(name) for name in ("functional_lot", "complex_work", "nuts", "loan_deadline")},
        "type": work.text("type"),
        "sector": work.text("sector") or work.text("practice"),
        "private_capital_eur": private / 100,
        **amounts(cents_by_year(work), first_year),
    }


def elements(work: Work, cuis: Mapping[str, str]) -> dict[str, Any]:
    """Return the elements of a work that several sheets show."""
    return {
        "intervention_id": work.id,
        "cui": cuis.get(work.id),
        "cup": list(work.cups) or None,
        "award_year": work.start_year,
        "rup": work.text("rup"),
        "istat": work.text("municipality"),
        "description": work.text("description") or work.text("name"),
        "priority": level(work.facts.get("priority_class")),
    }
