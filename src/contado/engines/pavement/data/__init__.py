"""Dated data of the pavement engine: coefficients, weights and catalogues that a person can correct."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import TYPE_CHECKING

from contado.kernel.dates import dated
from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from datetime import date

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
    held = dated.holding(rows(name), on)
    if not held:
        raise DataError(
            f"{name}: no row is valid on {on.isoformat()}.",
            rule="no_dated_row",
            hint=f"the first row of {name} holds from {min(r['valid_from'] for r in rows(name))}",
            field="valid_from",
        )
    return held
