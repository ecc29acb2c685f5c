"""What a rough road costs those who drive on it: a dated table, illustrative until replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contado.engines.pavement import data

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

__all__ = ["HEAVY_SHARE", "eur_per_km_and_year", "status"]

HEAVY_SHARE = 0.05
"""Share of heavy vehicles where it is unknown."""


def eur_per_km_and_year(
    aadt: NDArray[np.float64], heavy_share: NDArray[np.float64], on: date
) -> NDArray[np.float64]:
    """Return what 1 m/km of IRI costs the users of 1 km of road in a year [EUR]; NaN without traffic.

    Parameters
    ----------
    aadt
        Vehicles a day, shape (n,).
    heavy_share
        Share of heavy vehicles, NaN = `HEAVY_SHARE`.
    on
        Day whose table counts.
    """
    cost = {row["vehicle"]: float(row["cost_eur_veh_km"]) for row in data.valid_on("user_cost", on)}
    heavy = np.where(np.isnan(heavy_share), HEAVY_SHARE, heavy_share)
    result: NDArray[np.float64] = 365.0 * aadt * (cost["light"] * (1 - heavy) + cost["heavy"] * heavy)
    return result


def status(on: date) -> str:
    """Return how far the table can be relied on: confirmed, to_confirm or illustrative."""
    words = {row["status"] for row in data.valid_on("user_cost", on)}
    order = ("illustrative", "to_confirm", "confirmed")
    return next(word for word in order if word in words)
