"""Families of roads that age alike: surface, traffic class and age class, by dated bounds that a body can change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.engines.pavement import data

if TYPE_CHECKING:
    from datetime import date

__all__ = ["family_of"]


def family_of(*, surface: str | None, aadt: float | None, age_y: float | None, on: date) -> str:
    """Return the family of a road; ``?`` stands for what is unknown.

    Examples
    --------
    >>> import datetime as dt
    >>> family_of(surface="asphalt", aadt=12_000, age_y=3, on=dt.date(2026, 11, 1))
    'asphalt/high/young'
    >>> family_of(surface=None, aadt=None, age_y=None, on=dt.date(2026, 11, 1))
    '?/?/?'
    """
    return f"{surface or '?'}/{_class('traffic', aadt, on)}/{_class('age', age_y, on)}"


def _class(kind: str, value: float | None, on: date) -> str:
    if value is None:
        return "?"
    rows = [row for row in data.valid_on("family", on) if row["kind"] == kind]
    held = [row for row in rows if float(row["least"]) <= value]
    return max(held, key=lambda row: float(row["least"]))["family"] if held else "?"
