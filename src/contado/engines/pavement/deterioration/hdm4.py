"""Roughness progression of HDM-4, for a body that has no history of its own but knows its structures.

``dRI = Kgp (dRIs + dRIc + dRIr + dRIt) + m Kgm RIa`` a year, with
``dRIs = 134 exp(m Kgm AGE3) (1 + SNPKb)^-5 YE4``, ``dRIc = 0.0066 dACRA``, ``dRIr = 0.088 dRDS``.
The coefficients are data (`data/hdm4.csv`) that stand to be confirmed against the manual.

References
----------
[1] J. B. Odoki, H. G. R. Kerali, HDM-4 volume 4: Analytical framework and model descriptions, PIARC 2000.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contado.engines.pavement import data

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import ArrayLike, NDArray

__all__ = ["coefficients", "increment"]


def coefficients(on: date) -> dict[str, float]:
    """Return the coefficients that hold on a day, by name."""
    return {row["name"]: float(row["value"]) for row in data.valid_on("hdm4", on)}


def increment(
    iri_m_km: ArrayLike,
    *,
    age_y: ArrayLike,
    snpk: ArrayLike,
    ye4: ArrayLike,
    on: date,
    d_cracking_pct: ArrayLike = 0.0,
    d_rut_sd_mm: ArrayLike = 0.0,
    d_potholes_m_km: ArrayLike = 0.0,
) -> NDArray[np.float64]:
    """Return what a year adds to IRI [m/km], by broadcasting.

    Parameters
    ----------
    iri_m_km
        IRI at the start of the year (RIa).
    age_y
        Years since the last overlay, reconstruction or construction (AGE3).
    snpk
        Structural number of the pavement, adjusted for cracking (SNPKb).
    ye4
        Millions of equivalent 80 kN axles a year and lane (YE4).
    d_cracking_pct, d_rut_sd_mm, d_potholes_m_km
        What the year adds to the cracked area [%], to the standard deviation of rut depth [mm], and to IRI by
        potholes [m/km].

    Examples
    --------
    >>> import datetime as dt
    >>> round(float(increment(2.0, age_y=5, snpk=3.0, ye4=0.5, on=dt.date(2026, 11, 1))), 4)
    0.1241
    """
    k = coefficients(on)
    environment = k["m"] * k["kgm"]
    structural = (
        k["structural"]
        * np.exp(environment * np.asarray(age_y, float))
        * (1 + np.asarray(snpk, float)) ** k["structural_power"]
        * np.asarray(ye4, float)
    )
    surface = k["cracking"] * np.asarray(d_cracking_pct, float) + k["rutting"] * np.asarray(
        d_rut_sd_mm, float
    )
    added = k["kgp"] * (structural + surface + np.asarray(d_potholes_m_km, float))
    result: NDArray[np.float64] = added + environment * np.asarray(iri_m_km, float)
    return result
