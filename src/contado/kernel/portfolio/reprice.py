"""A quick word on other budgets, from stored prices alone: no solver, no minutes.

Prices y of a plan prove ``value <= bound(y)`` for its budgets B. The same prices prove ``value <= bound(y) +
sum y (B' - B)`` for budgets B' (weak duality: only the right-hand sides change), so the line of today's
prices never lies below the best value. The plan itself stays payable while no budget falls under what it
spends there, and then its value is a floor. Between the two lies the best plan for B'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Estimate", "reprice"]

Cell = tuple[str, int]


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """Where the best value lies at other budgets [EUR]; ``short``: budgets that no longer pay today's plan."""

    at_least_eur: float | None
    """Value of today's plan; None where it is no longer payable."""
    at_most_eur: float
    short: list[Cell]


def reprice(
    *,
    value_eur: float,
    bound_eur: float,
    proof: str,
    budgets: Mapping[Cell, float],
    spent: Mapping[Cell, float],
    prices: Mapping[Cell, float],
    edited: Mapping[Cell, float],
) -> Estimate:
    """Return what today's prices say of edited budgets.

    Parameters
    ----------
    value_eur, bound_eur, proof
        Of the recorded run.
    budgets, spent, prices
        By source and year: budget and spend [EUR], value of one more euro.
    edited
        New budgets [EUR] of some of the cells.

    Raises
    ------
    DataError
        Rule ``no_price_bound``: the run's bound is not proven by its prices, so they prove nothing here.
        Rule ``unknown_budget``: an edited cell is no budget of the run: it would open new ways to pay.
    """
    if proof != "prices":
        raise DataError(
            "The run's bound does not rest on its prices.",
            rule="no_price_bound",
            hint="plan again with the new budgets",
        )
    unknown = sorted(set(edited) - set(budgets))
    if unknown or any(budgets[c] <= 0 < v for c, v in edited.items()):
        first = unknown or sorted(c for c, v in edited.items() if budgets[c] <= 0 < v)
        raise DataError(
            f"There was no money in {first[0][0]} {first[0][1]} when the prices were made.",
            rule="unknown_budget",
            hint="plan again with the new budgets",
        )
    more = sum(prices.get(cell, 0.0) * (new - budgets[cell]) for cell, new in edited.items())
    short = sorted(cell for cell, new in edited.items() if new < round(spent.get(cell, 0.0), 2))
    return Estimate(
        at_least_eur=None if short else value_eur, at_most_eur=max(0.0, bound_eur + more), short=short
    )
