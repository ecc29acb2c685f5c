"""Who tells of anomalies and how far they are believed: data of ``sources.csv``.

A source has a probability to notice what is there (pd) and to report what is not (pf), as data that the
body replaces by its own figures; a camera has them by class of defect.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CLASSES", "DEFECTS", "KINDS", "NAMES", "SENSOR", "Sensor", "is_open", "sense_of", "sensor_of"]

KINDS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "pothole": -1,
        "depression": -1,
        "manhole": -1,
        "speed_bump": 1,
        "raised": 1,
        "longitudinal_crack": 0,
        "transverse_crack": 0,
        "alligator_crack": 0,
    }
)
"""Kind -> below (-1), above (1) or level with (0) the road around it."""

DEFECTS: Final = frozenset(KINDS) - {"speed_bump"}
"""Kinds that count against a road, cracks too; a speed bump was put there on purpose."""
_OPEN: Final = frozenset({"new", "confirmed", "worse"})
_LIKELY: Final = 0.5

CLASSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "D00": "longitudinal_crack",
        "D10": "transverse_crack",
        "D20": "alligator_crack",
        "D40": "pothole",
    }
)
"""Class of road images -> kind (RDD2022: Arya et al., arXiv:2209.08538, table 1)."""


def is_open(anomaly: Mapping[str, Any]) -> bool:
    """Whether a row of ``pavement_anomaly`` is on the road now: neither repaired nor closed, and likely there."""
    return anomaly["state"] in _OPEN and anomaly["p_exists"] >= _LIKELY


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """How reliable a source is: probability to notice what is there (pd) and what is not (pf)."""

    pd: float
    pf: float
    reach_m: float = 8.0
    """A sighting this near to a known anomaly of its sense is that anomaly [m]."""
    decides: bool = False
    """Whether the state follows what this source says, whatever others said before."""


@cache
def _table() -> Mapping[tuple[str, str], Sensor]:
    text = files("contado.engines.pavement.anomalies").joinpath("sources.csv").read_text(encoding="utf-8")
    return {
        (row["source"], row["kind"]): Sensor(
            pd=float(row["pd"]),
            pf=float(row["pf"]),
            reach_m=float(row["reach_m"]),
            decides=row["decides"] == "true",
        )
        for row in csv.DictReader(text.splitlines())
    }


def sensor_of(source: str, kind: str = "") -> Sensor:
    """Return the rates of a source for a kind of anomaly (`KeyError` for an unknown source).

    Examples
    --------
    >>> sensor_of("camera", "alligator_crack").pd, sensor_of("inspector", "pothole").decides
    (0.7, True)
    """
    known = _table()
    return known.get((source, kind)) or known[source, ""]


NAMES: Final = tuple(dict.fromkeys(source for source, _ in _table()))
"""The sources, in the order of the file."""

SENSOR: Final = sensor_of("car")
"""A car with an accelerometer that passes once."""


def sense_of(kind: str, height_mm: float | None) -> int:
    """Return whether something is below (-1), above (1) or level with (0) the road around it."""
    if height_mm is None or kind not in {"pothole", "depression", "manhole", "speed_bump", "raised"}:
        return KINDS.get(kind, 0)
    return 1 if height_mm > 0 else -1
