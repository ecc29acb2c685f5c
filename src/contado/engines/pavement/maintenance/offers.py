"""Strategies as a person or `pavement strategies` wrote them: checked, as arrays, and weighed at prices.

One row is one strategy of one segment: year, cost and benefit; the year `DO_NOTHING_YEAR` leaves the segment
as it is, which is always possible. Two further columns are optional: ``area_m2`` that crews lay, and
``condition_end``, the condition of the segment at the end of the programme under the strategy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement import columns
from contado.engines.pavement.maintenance.strategy import DO_NOTHING_YEAR
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Vector = NDArray[np.float64]

__all__ = ["COLUMNS", "MOST", "Offers", "offers_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Strategies (k) of segments (n), in the order of the file.

    ``site`` counts segments; ``condition_end`` is NaN where unknown; ``nothing`` is the row that does nothing
    at each segment, or -1 where the file has none (then it costs nothing and brings nothing).
    """

    segment: tuple[str, ...]
    site: Numbers
    strategy: Numbers
    year: Numbers
    cost_eur: Vector
    benefit: Vector
    area_m2: Vector
    condition_end: Vector
    nothing: Numbers
    codes: pa.ChunkedArray | None = None
    """What each strategy (k) does, as the file calls it; None where it has no such column."""

    def __len__(self) -> int:
        return int(self.site.size)

    @property
    def nothing_benefit(self) -> Vector:
        """Benefit of doing nothing at each segment (n)."""
        return np.where(self.nothing >= 0, self.benefit[self.nothing], 0.0) if len(self) else np.zeros(0)

    @property
    def works(self) -> NDArray[np.bool_]:
        """Which strategies (k) do something."""
        found: NDArray[np.bool_] = self.year != DO_NOTHING_YEAR
        return found

    def treatment(self, row: int) -> str | None:
        """Return what strategy ``row`` does, where the file says it."""
        code = None if self.codes is None else self.codes[row].as_py()
        return None if code is None or not str(code).strip() else str(code)

    def short(self, min_condition: float) -> Vector:
        """Return by how many points of the index each strategy (k) ends below the least condition."""
        return np.nan_to_num(np.maximum(0.0, min_condition - self.condition_end))

    def nothing_short(self, min_condition: float) -> Vector:
        """Return by how many points doing nothing ends below the least condition, by segment (n)."""
        return np.where(self.nothing >= 0, self.short(min_condition)[self.nothing], 0.0)


_NEEDED: Final = ("segment", "strategy", "year", "cost_eur", "benefit")
_NUMBERS: Final = (*_NEEDED[1:], "area_m2", "condition_end")
_AMOUNTS: Final = ("cost_eur", "benefit", "area_m2")
MOST: Final = 1e15
"""No cost, benefit, area or budget is beyond this: more has cents that no number holds."""
COLUMNS: Final = ("segment", *_NUMBERS, "treatment", "worksite_cost_eur", "label")
"""Columns of a table of strategies; the last three say where they come from."""


def offers_of(
    table: pa.Table, *, name: str = "strategies", lines: Sequence[int] | None = None
) -> tuple[Offers, list[Finding]]:
    """Return the strategies of a table (segment, strategy, year, cost_eur, benefit).

    Raises
    ------
    DataError
        A column is missing, a cell is no number, a segment has no name, a cost is negative or missing, a strategy
        stands twice, doing nothing has a cost or stands twice: each with its lines.
    """
    columns.require(table, _NEEDED, name)
    number = {c: columns.numbers(table, c, name, lines=lines) for c in _NUMBERS}
    _refuse(table, name, number, lines)
    names = np.array(columns.names(table, "segment", name, lines=lines, unique=False), object)
    segment, first, site = np.unique(names.astype(str), return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(order.size, np.int64)
    rank[order] = np.arange(order.size)
    site = rank[site]
    year, strategy = number["year"].astype(np.int64), number["strategy"].astype(np.int64)
    _refuse_twice(table, name, site, strategy, lines)
    nothing = np.full(segment.size, -1, np.int64)
    idle = np.flatnonzero(year == DO_NOTHING_YEAR)
    nothing[site[idle[::-1]]] = idle[::-1]
    again = idle[nothing[site[idle]] != idle]
    columns.refuse(again, table, "year", name, "duplicate_id", "do nothing once a segment", lines)
    offers = Offers(
        segment=tuple(segment[order].tolist()),
        site=site,
        strategy=strategy,
        year=year,
        cost_eur=number["cost_eur"],
        benefit=number["benefit"],
        area_m2=np.nan_to_num(number["area_m2"]),
        condition_end=number["condition_end"],
        nothing=nothing,
        codes=table["treatment"] if "treatment" in table.column_names else None,
    )
    return offers, _without_effect(offers, name)


def _refuse(table: pa.Table, name: str, number: dict[str, Vector], lines: Sequence[int] | None) -> None:
    """Refuse the first column that holds what no strategy can have.

    Raises
    ------
    DataError
        With rule, lines and value.
    """
    cost, year, strategy = number["cost_eur"], number["year"], number["strategy"]
    checks = (
        ("cost_eur", cost < 0, "negative_cost", "a cost is 0 or more"),
        ("cost_eur", np.isnan(cost), "missing_cost", "give the cost in EUR"),
        ("benefit", np.isnan(number["benefit"]), "missing_benefit", "give the benefit of every strategy"),
        ("year", ~_is_year(year), "bad_number", "a year, or -1 for doing nothing"),
        ("strategy", strategy != np.rint(strategy), "bad_number", "number the strategies of a segment"),
        ("area_m2", number["area_m2"] < 0, "negative_value", "an area is 0 or more"),
        *((c, np.abs(number[c]) > MOST, "out_of_range", f"give {MOST:g} at most") for c in _AMOUNTS),
        (
            "cost_eur",
            (year == DO_NOTHING_YEAR) & (cost > 0),
            "cost_of_nothing",
            "doing nothing (year -1) costs 0",
        ),
    )
    for column, bad, rule, hint in checks:
        if column in table.column_names:
            columns.refuse(np.flatnonzero(bad), table, column, name, rule, hint, lines)


def _is_year(year: Vector) -> NDArray[np.bool_]:
    """Tell years, from 0 on and as whole numbers, and the year of doing nothing from other numbers."""
    found: NDArray[np.bool_] = (year == DO_NOTHING_YEAR) | ((year >= 0) & (year == np.rint(year)))
    return found


def _refuse_twice(
    table: pa.Table, name: str, site: Numbers, strategy: Numbers, lines: Sequence[int] | None
) -> None:
    order = np.lexsort([strategy, site])
    same = (np.diff(site[order]) == 0) & (np.diff(strategy[order]) == 0)
    twice = np.sort(order[1:][same])
    columns.refuse(twice, table, "strategy", name, "duplicate_id", "one row a strategy of a segment", lines)


def _without_effect(offers: Offers, name: str) -> list[Finding]:
    """Say how many strategies gain nothing over doing nothing."""
    idle = offers.works & (offers.benefit <= offers.nothing_benefit[offers.site])
    if not idle.any():
        return []
    first = int(np.flatnonzero(idle)[0])
    return [
        Finding(
            severity="warning",
            rule="no_effect",
            table=name,
            row=f"{offers.segment[offers.site[first]]} {offers.strategy[first]}",
            message=f"{int(idle.sum())} strategies gain nothing over doing nothing.",
            hint="see what their treatments change, or leave them out",
        )
    ]
