"""Condition of a road on a scale from 0 to 100, and the four classes of criticality.

``CI = 100 exp(-a max(0, IRI - b)) exp(-c S)`` with IRI in m/km and S the sum of the severities of the
anomalies on 100 m. Coefficients and class breaks are dated data by road class (`data/condition.csv`).

References
----------
[1] B. Al-Omari, M. I. Darter, "Relationships between International Roughness Index and present
   serviceability rating", Transportation Research Record 1435, 1994 (the shape; to be confirmed).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.engines.pavement import data
from contado.kernel.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from numpy.typing import ArrayLike, NDArray

__all__ = ["CLASSES", "LETTERS", "Model", "lengths", "model"]

CLASSES = ("verde", "giallo", "arancione", "rosso")
"""The field's words, from good to critical."""
LETTERS = dict(zip(CLASSES, "ABCD", strict=True))
"""Class letters of the pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Coefficients and breaks of one road class on one day.

    ``iri_free_m_km`` costs nothing; ``iri_rate_km_m`` and ``severity_rate`` are the slopes of the
    logarithm; ``breaks`` are the lower bounds of the three better classes, the bound included.
    """

    iri_free_m_km: float
    iri_rate_km_m: float
    severity_rate: float
    breaks: tuple[float, float, float]
    status: str

    def index(self, iri_m_km: ArrayLike, severity_per_100m: ArrayLike) -> NDArray[np.float64]:
        """Return the condition index, 0-100; NaN where an input is NaN.

        Examples
        --------
        >>> from datetime import date
        >>> [round(float(x), 1) for x in model(date(2026, 1, 1)).index([0.8, 3.0, 3.0], [0, 0, 50])]
        [100.0, 59.5, 48.7]
        """
        iri, severity = np.asarray(iri_m_km, float), np.asarray(severity_per_100m, float)
        excess = np.maximum(0.0, iri - self.iri_free_m_km)
        result: NDArray[np.float64] = 100.0 * np.exp(
            -self.iri_rate_km_m * excess - self.severity_rate * severity
        )
        return result

    def criticality(self, condition_index: float | None) -> str | None:
        """Return the class of an index; None where it is unknown.

        Examples
        --------
        >>> from datetime import date
        >>> [model(date(2026, 1, 1)).criticality(x) for x in (70.0, 69.9, 30.0, 29.9, None)]
        ['verde', 'giallo', 'arancione', 'rosso', None]
        """
        if condition_index is None or np.isnan(condition_index):
            return None
        return CLASSES[sum(condition_index < bound for bound in self.breaks)]

    def letter(self, condition_index: float | None) -> str | None:
        """Return the class letter of an index, A to D; None where it is unknown."""
        word = self.criticality(condition_index)
        return None if word is None else LETTERS[word]

    def whole(self, condition_index: float | None) -> float | None:
        """Return an index as a whole number of the same class, for who reads it; None where it is unknown.

        Examples
        --------
        >>> from datetime import date
        >>> [model(date(2026, 1, 1)).whole(x) for x in (49.9, 50.0, 69.6, 70.4, 44.7, None)]
        [49, 50, 69, 70, 45, None]
        """
        if condition_index is None or np.isnan(condition_index):
            return None
        near = round(condition_index)
        return near if self.letter(near) == self.letter(condition_index) else math.floor(condition_index)


def lengths(parts: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return the length of each class, A to D and none, of parts of roads with their class and length.

    Examples
    --------
    >>> lengths([("A", 0.4), ("C", 0.1), ("A", 0.2), ("none", 1.0)])
    {'A': 0.6000000000000001, 'B': 0, 'C': 0.1, 'D': 0, 'none': 1.0}
    """
    rows = list(parts)
    return {c: sum(length for name, length in rows if name == c) for c in (*LETTERS.values(), "none")}


def model(on: date, road_class: str = "*") -> Model:
    """Return the model of ``road_class`` on the day ``on``; a class without own row has that of ``*``.

    Raises
    ------
    DataError
        No row holds on that day.
    UsageError
        Neither the class nor ``*`` has a row.
    """
    held = {row["road_class"]: row for row in data.valid_on("condition", on)}
    row = held.get(road_class) or held.get("*")
    if row is None:
        raise UsageError(
            f"No condition model for road class {road_class!r}.",
            rule="unknown_choice",
            hint=did_you_mean(road_class, held),
            field="road_class",
        )
    return Model(
        iri_free_m_km=float(row["iri_free_m_km"]),
        iri_rate_km_m=float(row["iri_rate_km_m"]),
        severity_rate=float(row["severity_rate"]),
        breaks=(float(row["break_a"]), float(row["break_b"]), float(row["break_c"])),
        status=row["status"],
    )
