"""Columns of the sheets, as data: ``columns.csv`` says field, type and heading of each."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from contado.kernel.programme.registry import Work

__all__ = ["SHEETS", "TITLES", "Column", "amounts", "as_table", "cents_by_year", "columns"]

SHEETS: Final = ("scheda_a", "scheda_d", "scheda_e", "annex")
TITLES: Final = {
    "scheda_a": "Scheda A: quadro delle risorse necessarie alla realizzazione del programma",
    "scheda_d": "Scheda D: elenco degli interventi del programma",
    "scheda_e": "Scheda E: interventi ricompresi nell'elenco annuale",
    "annex": "Allegato: interventi sotto la soglia del programma",
}
_YEARS: Final = 3
_TYPES: Final = {
    "text": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "list": pa.list_(pa.string()),
}


class Column(NamedTuple):
    """One column of a sheet: its field, type and heading."""

    field: str
    type: str
    heading_it: str


@cache
def _declared() -> tuple[Mapping[str, str], ...]:
    path = Path(__file__).with_name("columns.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def columns(sheet: str, first_year: int) -> list[Column]:
    """Return the columns of a sheet; ``{year}`` stands for each of the three years from ``first_year``.

    Examples
    --------
    >>> [c.field for c in columns("scheda_a", 2027)][1:4]
    ['amount_2027_eur', 'amount_2028_eur', 'amount_2029_eur']
    """
    found = []
    for row in _declared():
        if row["scheda"] != sheet:
            continue
        years = range(first_year, first_year + _YEARS) if "{year}" in row["field"] else (first_year,)
        found += [
            Column(
                row["field"].format(year=year, first=first_year),
                row["type"],
                row["heading_it"].format(year=year, first=first_year),
            )
            for year in years
        ]
    return found


def amounts(by_year: Mapping[int, int], first_year: int) -> dict[str, float]:
    """Return the fields of money of a row [EUR] from whole cents by year: three years, later, total.

    What is paid before the first year belongs to no column and is refused by `contado.kernel.programme.schede`.
    """
    later = sum(cents for year, cents in by_year.items() if year >= first_year + _YEARS)
    three = {
        f"amount_{year}_eur": by_year.get(year, 0) / 100 for year in range(first_year, first_year + _YEARS)
    }
    return three | {"amount_later_eur": later / 100, "total_eur": sum(by_year.values()) / 100}


def cents_by_year(work: Work) -> dict[int, int]:
    """Return what a work is paid in each year [cents]."""
    return {year: work.year_cents(year) for year in sorted({y for _, y in work.cents})}


def as_table(sheet: str, rows: Iterable[Mapping[str, Any]], first_year: int) -> pa.Table:
    """Return the rows as a table with the columns of the sheet, in their order; absent cells are null."""
    wanted: Sequence[Column] = columns(sheet, first_year)
    listed = list(rows)
    return pa.table({c.field: pa.array([row.get(c.field) for row in listed], _TYPES[c.type]) for c in wanted})
