"""Dated rows: the row that holds on a day, among rows with ``valid_from, valid_to`` (both included).

A row is an object with these attributes or a mapping with these keys; an empty end is open. A later row
supersedes the earlier one that it overlaps, so that an open row need not be edited when the law changes.

Examples
--------
>>> rows = [
...     {"name": "limit", "value": 40_000, "valid_from": dt.date(2016, 4, 19), "valid_to": None},
...     {"name": "limit", "value": 75_000, "valid_from": dt.date(2020, 7, 17), "valid_to": None},
... ]
>>> pick(rows, dt.date(2019, 1, 1), name="limit")["value"]
40000
>>> pick(rows, dt.date(2021, 1, 1), name="limit")["value"]
75000
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from contado.kernel.errors import DataError

__all__ = ["day", "holding", "holds", "newest", "pick", "shipped"]

R = TypeVar("R")
_FOLDER: Final = Path(__file__).parent / "data"


def day(cell: Any, table: str = "") -> dt.date | None:
    """Read a cell as a day; an empty one is None.

    Raises
    ------
    DataError
        ``bad_date``: it is no day; ``table`` and the text are quoted.
    """
    if cell is None or cell == "":
        return None
    if isinstance(cell, dt.date):
        return cell
    try:
        return dt.date.fromisoformat(str(cell))
    except ValueError:
        where = f"{table}: " if table else ""
        raise DataError(f"{where}{cell!r} is not a date.", rule="bad_date", hint="write 2027-12-31") from None


def holds(row: object, on: dt.date) -> bool:
    """Whether a row holds on a day: both ends included, an empty end is open."""
    start, end = day(_cell(row, "valid_from")), day(_cell(row, "valid_to"))
    return (start is None or start <= on) and (end is None or on <= end)


def holding(rows: Iterable[R], on: dt.date) -> list[R]:
    """Return the rows that hold on a day, in their order."""
    return [row for row in rows if holds(row, on)]


def newest(rows: Iterable[R]) -> list[R]:
    """Return the rows that began last: one, unless several began on the same day."""
    known = list(rows)
    last = max((_start(row) for row in known), default=dt.date.min)
    return [row for row in known if _start(row) == last]


def pick(rows: Iterable[R], on: dt.date, **keys: object) -> R:
    """Return the one row with these keys that holds on a day: of several, the one that began last.

    Raises
    ------
    DataError
        ``no_dated_row``: no row fits; the message names the day and all keys. ``several_dated_rows``: rows that
        differ began on the same day.
    """
    fitting = [r for r in rows if all(_cell(r, k) == v for k, v in keys.items())]
    best = newest(holding(fitting, on))
    named = ", ".join(f"{k} {v}" for k, v in keys.items())
    if not best:
        raise DataError(
            f"No row holds on {on}: {named}.",
            rule="no_dated_row",
            hint="add a dated row, or choose another day",
        )
    if any(row != best[0] for row in best):
        raise DataError(
            f"{len(best)} rows hold on {on} and began on {_start(best[0])}: {named}.",
            rule="several_dated_rows",
            hint="end one of them the day before, or delete it",
            field="valid_from",
        )
    return best[0]


def shipped(name: str) -> list[dict[str, Any]]:
    """Return the rows of the kernel's ``data/NAME.csv`` with their days read; other cells stay text."""
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ends = ("valid_from", "valid_to")
    return [{**row, **{end: day(row[end], name) for end in ends if end in row}} for row in rows]


def _start(row: object) -> dt.date:
    return day(_cell(row, "valid_from")) or dt.date.min


def _cell(row: object, name: str) -> Any:
    return row.get(name) if isinstance(row, Mapping) else getattr(row, name, None)
