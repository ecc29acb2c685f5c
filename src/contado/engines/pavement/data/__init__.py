"""Dated data of the pavement engine: coefficients, weights and catalogues that a person can correct."""

from __future__ import annotations

import csv
from datetime import date
from importlib.resources import files

from contado.kernel.errors import DataError

__all__ = ["rows", "valid_on"]


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of ``name``.csv as text."""
    text = files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def valid_on(name: str, on: date) -> list[dict[str, str]]:
    """Return the rows of ``name``.csv that hold on the day ``on``.

    Raises
    ------
    DataError
        No row holds on that day.
    """
    held = [row for row in rows(name) if _holds(row, on)]
    if not held:
        raise DataError(
            f"{name}: no row is valid on {on.isoformat()}.",
            rule="no_dated_row",
            hint=f"the first row of {name} holds from {min(r['valid_from'] for r in rows(name))}",
            field="valid_from",
        )
    return held


def _holds(row: dict[str, str], on: date) -> bool:
    start, end = row["valid_from"], row["valid_to"]
    return date.fromisoformat(start) <= on and (not end or on <= date.fromisoformat(end))
