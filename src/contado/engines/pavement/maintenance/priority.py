"""Priority of a segment: a weighted sum of documented terms, each scaled 0-1, and why.

Weights and breakpoints are dated data (`data/priority.csv`). A term whose value is unknown is left out
and the weights of the others are raised to the same sum: unknown is neither good nor bad. The
contributions of a segment sum to its priority.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from contado.engines.pavement import data
from contado.kernel.errors import DataError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Ranking", "Term", "rank", "terms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term: the column it reads, its weight, and the points (x, y) between which it is linear."""

    name: str
    column: str
    weight: float
    x: tuple[float, ...]
    y: tuple[float, ...]
    name_it: str
    name_en: str

    def scaled(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return the term 0-1; NaN where the value is unknown."""
        result: NDArray[np.float64] = np.interp(np.asarray(values, float), self.x, self.y)
        return np.where(np.isnan(np.asarray(values, float)), np.nan, result)

    def value_at(self, scaled: float) -> float | None:
        """Return the value at which the term reaches ``scaled``, or None beyond its points."""
        low, high = min(self.y), max(self.y)
        if not low <= scaled <= high:
            return None
        order = np.argsort(self.y)
        return float(np.interp(scaled, np.array(self.y)[order], np.array(self.x)[order]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Priorities of n segments.

    Attributes
    ----------
    priority
        0-1, shape (n,); NaN where every term is unknown.
    rank
        1 = first; equal priorities in the order of the rows; unknown ones last.
    contribution
        Part of each term, shape (n, terms); NaN where the term is unknown; each row sums to the priority.
    overtakes_at
        Condition index at which the segment would reach the one ranked above it, all else equal; NaN for
        the first and where no index is low enough.
    """

    terms: tuple[Term, ...]
    priority: NDArray[np.float64]
    rank: NDArray[np.int64]
    contribution: NDArray[np.float64]
    overtakes_at: NDArray[np.float64]


def terms(on: date, weights: Mapping[str, float] | None = None) -> tuple[Term, ...]:
    """Return the terms of the day ``on``, with other ``weights`` where given (0 = left out).

    Raises
    ------
    UsageError
        A weight names no term (`unknown_choice`).
    DataError
        A weight is negative or none is above 0.
    """
    held = [_term(row) for row in data.valid_on("priority", on)]
    if weights is None:
        return tuple(held)
    names = [t.name for t in held]
    for name, weight in weights.items():
        if name not in names:
            raise UsageError(
                f"There is no priority term {name!r}; valid: {', '.join(names)}.",
                rule="unknown_choice",
                hint=did_you_mean(name, names),
                field="term",
            )
        if not weight >= 0:
            raise DataError(
                f"The weight of {name} is {weight:g}.",
                rule="negative_weight",
                hint="weights are 0 or more; they are brought to the sum 1",
                field="weight",
            )
    if not any(weights.values()):
        raise DataError(
            "Every weight is 0.", rule="all_weights_zero", hint="give one weight above 0", field="weight"
        )
    return tuple(replace(t, weight=weights.get(t.name, 0.0)) for t in held)


def _term(row: dict[str, str]) -> Term:
    points = [tuple(map(float, p.split(":"))) for p in row["breakpoints"].split(";")]
    return Term(
        name=row["term"],
        column=row["column"],
        weight=float(row["weight"]),
        x=tuple(p[0] for p in points),
        y=tuple(p[1] for p in points),
        name_it=row["name_it"],
        name_en=row["name_en"],
    )


def rank(values: Mapping[str, ArrayLike], chosen: tuple[Term, ...]) -> Ranking:
    """Rank segments by the terms ``chosen``.

    Parameters
    ----------
    values
        Column of each term -> values, shape (n,), NaN = unknown; an absent column is unknown.
    chosen
        Terms, from `terms`.
    """
    count = len(np.atleast_1d(next(iter(values.values())))) if values else 0
    unknown = np.full(count, np.nan)
    scaled = np.column_stack([t.scaled(values.get(t.column, unknown)) for t in chosen])
    weight = np.array([t.weight for t in chosen])
    known = np.where(np.isnan(scaled), 0.0, weight)
    total = known.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = known / total
    contribution = np.where(np.isnan(scaled) | (total == 0), np.nan, share * np.nan_to_num(scaled))
    priority = np.where(total[:, 0] > 0, np.nansum(contribution, axis=1), np.nan)
    order = np.lexsort((np.arange(count), -np.nan_to_num(priority, nan=-1.0)))
    place = np.empty(count, np.int64)
    place[order] = np.arange(1, count + 1)
    return Ranking(
        terms=chosen,
        priority=priority,
        rank=place,
        contribution=contribution,
        overtakes_at=_overtakes_at(chosen, scaled, share, priority, order),
    )


def _overtakes_at(
    chosen: tuple[Term, ...],
    scaled: NDArray[np.float64],
    share: NDArray[np.float64],
    priority: NDArray[np.float64],
    order: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the condition index at which each segment reaches the one ranked before it."""
    result = np.full(order.size, np.nan)
    place = next((k for k, t in enumerate(chosen) if t.name == "condition" and t.weight > 0), None)
    if place is None:
        return result
    for ahead, this in pairwise(order):
        gap = priority[ahead] - priority[this]
        needed = scaled[this, place] + gap / share[this, place] if share[this, place] > 0 else np.nan
        value = None if np.isnan(needed) else chosen[place].value_at(float(needed))
        result[this] = np.nan if value is None else value
    return result
