"""Roughness year by year without works or after them: growth of log IRI, or the increments of HDM-4.

HDM-4 adds to the roughness what the structure, the axles and the age of the surface ask for; that is no
constant growth of its logarithm, least of all after works, so it is added up year by year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.deterioration import hdm4

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["MOST_IRI_M_KM", "Structure", "run"]

MOST_IRI_M_KM: Final = 16.0
"""No road gets rougher: the upper end of the roughness that HDM-4 models (volume 4; to be confirmed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """What HDM-4 asks of the segments, shape (n,); NaN where the growth of log IRI holds instead."""

    snpk: Floats
    ye4: Floats
    age_y: Floats
    """Years since the last overlay or construction, today."""

    @property
    def known(self) -> NDArray[np.bool_]:
        """Where HDM-4 holds."""
        return np.isfinite(self.snpk) & np.isfinite(self.ye4) & np.isfinite(self.age_y)


def run(
    iri_m_km: Floats, growth_per_y: Floats, pace: Floats, structure: Structure, age_y: Floats, on: date
) -> Floats:
    """Return the IRI at the start and after each year [m/km], shape (n, years + 1).

    Parameters
    ----------
    iri_m_km
        IRI at the start, shape (n,).
    growth_per_y
        Growth of log IRI a year, shape (n,).
    pace
        What each year's growth or increment is multiplied by (a treatment slows it during its life), shape (years,).
    structure, age_y
        Where HDM-4 holds, and the age of the surface at the start there [y], shape (n,).
    on
        Day whose coefficients count.
    """
    most = np.maximum(iri_m_km, MOST_IRI_M_KM)
    passed = np.concatenate([[0.0], np.cumsum(pace)])
    with np.errstate(over="ignore"):
        found: Floats = iri_m_km[:, None] * np.exp(growth_per_y[:, None] * passed)
    own = np.flatnonzero(structure.known)
    for k in range(pace.size if own.size else 0):
        added = hdm4.increment(
            found[own, k],
            age_y=age_y[own] + k,
            snpk=structure.snpk[own],
            ye4=structure.ye4[own],
            on=on,
        )
        found[own, k + 1] = np.minimum(found[own, k] + pace[k] * added, most[own])
    return np.minimum(found, most[:, None])
