"""Traffic where no count is known: a dated table by class of road, illustrative until replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from contado.engines.pavement import data

if TYPE_CHECKING:
    from datetime import date

__all__ = ["Assumed", "assumed"]


class Assumed(NamedTuple):
    """Vehicles a day: low, likely, high."""

    low: float
    likely: float
    high: float


def assumed(highway: str | None, on: date) -> Assumed | None:
    """Return the traffic to assume on a road of class ``highway`` (a link counts as its class), or None.

    Parameters
    ----------
    highway
        Value of ``highway``; None where the class is unknown.
    on
        Day whose table counts.
    """
    rows = {row["highway"]: row for row in data.valid_on("traffic", on)}
    row = rows.get((highway or "").removesuffix("_link"))
    return None if row is None else Assumed(*(float(row[c]) for c in ("aadt_low", "aadt", "aadt_high")))
