"""A programme in an answer: what starts when, worth how much, paid by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from contado.kernel.portfolio import Choice, Problem

__all__ = ["Line", "Paid", "lines"]


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """What one source pays."""

    source: str
    amount_eur: float


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One intervention of a programme."""

    intervention_id: str
    start_year: int
    value_eur: float
    payments: list[Paid]


def lines(problem: Problem, choice: Choice) -> list[Line]:
    """Return the lines of a choice, by id."""
    return [
        Line(
            intervention_id=problem.ids[i],
            start_year=year,
            value_eur=problem.value_eur(i, year),
            payments=[Paid(source=f, amount_eur=c / 100) for f, c in choice.payments[i].items()],
        )
        for i, year in sorted(choice.starts.items())
    ]
