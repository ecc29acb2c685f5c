"""Cells whose roughness a thing on purpose explains: what a speed bump adds to the IRI is no wear of the surface.

A known fixture that cars feel, or a speed bump that passes or people confirmed, shakes the car over itself and just
behind it. The IRI of these cells stays what was measured, but it says nothing about the pavement: it is left out where
the road is graded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from contado.engines.pavement.anomalies.fixtures import reach_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    Row = Mapping[str, Any]

__all__ = ["explaining", "on_purpose"]

_CONFIRMED = frozenset({"confirmed", "worse"})
_LIKELY = 0.5


def on_purpose(anomaly: Row) -> bool:
    """Whether an anomaly of table ``pavement_anomaly`` was put there on purpose and is there.

    Examples
    --------
    >>> bump = {"kind": "speed_bump", "state": "confirmed", "p_exists": 0.99}
    >>> on_purpose(bump), on_purpose(bump | {"state": "new"}), on_purpose(bump | {"kind": "raised"})
    (True, False, False)
    >>> on_purpose({"kind": "raised", "state": "fixture", "p_exists": 0.99})
    True
    """
    if anomaly["state"] == "fixture":
        return True
    sure = anomaly["state"] in _CONFIRMED and (anomaly["p_exists"] or 0.0) >= _LIKELY
    return bool(anomaly["kind"] == "speed_bump" and sure)


def explaining(
    start: NDArray[np.float64], end: NDArray[np.float64], anomalies: Iterable[Row]
) -> list[Row | None]:
    """Return, for each cell, the thing on purpose that explains its roughness; None where there is none.

    Parameters
    ----------
    start, end
        Ends of the cells [m], shape (n,).
    anomalies
        Rows of table ``pavement_anomaly`` of the section.

    Examples
    --------
    >>> bump = {"kind": "speed_bump", "state": "fixture", "p_exists": 0.99, "chainage_m": 416.0}
    >>> edges = np.arange(380.0, 461.0, 20.0)
    >>> [found is not None for found in explaining(edges[:-1], edges[1:], [bump])]
    [False, True, True, False]
    """
    found: list[Row | None] = [None] * start.size
    reach_m = reach_of("declared_bump")
    for anomaly in sorted(filter(on_purpose, anomalies), key=lambda a: a["chainage_m"]):
        place = anomaly["chainage_m"]
        for k in np.flatnonzero((end > place - reach_m) & (start < place + reach_m)).tolist():
            found[k] = found[k] or anomaly
    return found
