"""Levels of priority of D (1 maximum, 2 medium, 3 minimum) from the classes of D.Lgs. 36/2023 all. I.5 art. 3.

Calamities and unfinished works come first; maintenance, recovery of what exists, approved designs, works
co-financed by the EU or mostly by private capital next (levels to be confirmed against the norm).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from contado.kernel.programme.registry import Work

__all__ = ["LEVELS", "level", "passed_over"]

LEVELS: Final[Mapping[str, int]] = {
    "1": 1,
    "calamity": 1,
    "unfinished": 1,
    "2": 2,
    "maintenance": 2,
    "recovery": 2,
    "approved_design": 2,
    "eu_cofinanced": 2,
    "private_capital": 2,
    "3": 3,
    "other": 3,
}
"""Class as an office writes it -> level."""


def level(priority_class: object) -> int | None:
    """Return the level of a class; None where it is unknown.

    Examples
    --------
    >>> level("Calamity"), level(2), level(None)
    (1, 2, None)
    """
    word = str(priority_class or "").strip().casefold().replace(" ", "_").replace("-", "_").removesuffix(".0")
    return LEVELS.get(word)


def passed_over(works: Sequence[Work], candidates: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Return a finding for each candidate left out although a work of a lower level is in the programme."""
    started = {work.id for work in works}
    inside = [(found, work.id) for work in works if (found := level(work.facts.get("priority_class")))]
    if not inside:
        return []
    lowest, example = max(inside, key=lambda pair: (pair[0], pair[1]))
    groups = {work.facts.get("choice_group") for work in works} - {None, ""}
    return [
        _finding(str(row["id"]), mine, lowest, example)
        for row in sorted(candidates, key=lambda r: str(r["id"]))
        if str(row["id"]) not in started
        and row.get("choice_group") not in groups
        and (mine := level(row.get("priority_class"))) is not None
        and mine < lowest
    ]


def _finding(key: str, mine: int, lowest: int, example: str) -> Finding:
    return Finding(
        severity="warning",
        table="intervention",
        row=key,
        rule="priority_passed_over",
        message=f"{key}: priority {mine} is left out while {example}, priority {lowest}, is in.",
        hint="state the reason in the act that adopts the programme",
    )
