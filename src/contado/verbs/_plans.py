"""A programme in an answer: what starts when, worth how much, paid by whom, and on which joint worksite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contado.kernel.portfolio import Choice, Problem
    from contado.kernel.portfolio.conflict import Conflict

__all__ = ["Chosen", "JointWorksite", "Payment", "Relax", "chosen", "joint_worksites", "relaxations"]


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """What one source pays."""

    source: str
    amount_eur: float


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """One intervention of a programme."""

    intervention_id: str
    start_year: int
    value_eur: float
    payments: list[Payment]


class JointWorksite(msgspec.Struct, frozen=True, kw_only=True):
    """Two interventions on one worksite."""

    a: str
    b: str
    year: int
    saving_eur: float


class Relax(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that cannot be kept beside the others, and by how much it alone would have to give way."""

    rule: str
    key: str
    relax_eur: float | None


def chosen(problem: Problem, choice: Choice) -> list[Chosen]:
    """Return the interventions of a choice, by id."""
    return [
        Chosen(
            intervention_id=problem.ids[i],
            start_year=year,
            value_eur=problem.value_eur(i, year),
            payments=[Payment(source=f, amount_eur=c / 100) for f, c in choice.payments[i].items()],
        )
        for i, year in sorted(choice.starts.items())
    ]


def joint_worksites(problem: Problem, choice: Choice) -> list[JointWorksite]:
    """Return the joint worksites of a choice."""
    return [
        JointWorksite(a=a, b=b, year=year, saving_eur=cents / 100)
        for a, b, year, cents in problem.joint_worksites(choice.starts)
    ]


def relaxations(found: Iterable[Conflict]) -> list[Relax]:
    """Return a minimal conflict as rows of an answer."""
    return [Relax(rule=c.rule, key=c.key, relax_eur=c.relax_eur) for c in found]
