"""Scheda A: the resources of the works of D, by type of resource and year."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.errors import Finding, did_you_mean
from contado.kernel.programme.schede.columns import amounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from contado.kernel.programme.registry import Work

__all__ = ["OTHER", "RESOURCE_TYPES", "cents_by_type", "resource_types", "rows"]

OTHER: Final = "altra tipologia"
RESOURCE_TYPES: Final = (
    "entrate aventi destinazione vincolata per legge",
    "contrazione di mutuo",
    "apporti di capitali privati",
    "stanziamenti di bilancio",
    "finanziamenti ex art. 3 D.L. 310/1990",
    "trasferimento di immobili",
    OTHER,
)
"""Types of resource, in the order of the sheet (to be confirmed against the text of the norm)."""


def resource_types(
    works: Sequence[Work], sources: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, str], list[Finding]]:
    """Return source -> type of resource for all sources that pay, and a warning for each without a type."""
    stated = {str(s["source"]): str(s.get("resource_type") or "").strip() for s in sources}
    known = {name.casefold(): name for name in RESOURCE_TYPES}
    types, findings = {}, []
    for source in sorted({s for work in works for s, _ in work.cents}):
        word = stated.get(source, "")
        types[source] = known.get(word.casefold(), OTHER)
        if word.casefold() not in known:
            findings.append(_without_type(source, word))
    return types, findings


def _without_type(source: str, word: str) -> Finding:
    said = f"resource_type {word!r} is none of the sheet" if word else "no resource_type is given"
    return Finding(
        severity="warning",
        table="funding_source",
        row=source,
        rule="no_resource_type",
        message=f"{source}: {said}; its payments stand under {OTHER!r}.",
        hint=did_you_mean(word, RESOURCE_TYPES) or "give it in funding_sources.csv",
    )


def cents_by_type(works: Sequence[Work], types: Mapping[str, str]) -> dict[str, dict[int, int]]:
    """Return type of resource -> year -> cents, in the order of the sheet; types that pay nothing are left out."""
    sums: dict[str, Counter[int]] = defaultdict(Counter)
    for work in works:
        for (source, year), cents in work.cents.items():
            sums[types[source]][year] += cents
    return {name: dict(sums[name]) for name in RESOURCE_TYPES if name in sums}


def rows(by_type: Mapping[str, Mapping[int, int]], first_year: int) -> list[dict[str, Any]]:
    """Return the rows of the sheet, its total last."""
    found = [{"resource_type": name, **amounts(money, first_year)} for name, money in by_type.items()]
    total: Counter[int] = Counter()
    for money in by_type.values():
        total.update(money)
    return [*found, {"resource_type": "Totale", **amounts(total, first_year)}]
