"""Detections of all passes -> the anomalies of a route, with what is needed to judge them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.engines.pavement.anomalies.kind import (
    Criticality,
    Kind,
    criticality,
    fit_shape,
    kind_of,
    severity,
)
from contado.engines.pavement.anomalies.track import SENSOR, existence
from contado.engines.pavement.measure import GRID_M

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.anomalies.detect import Detection
    from contado.engines.pavement.measure import Pass
    from contado.engines.pavement.onroute import RouteFrame

    Floats = NDArray[np.float64]

__all__ = ["Place", "PlaceSettings", "places"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceSettings:
    """What is reported."""

    min_passes: int = 2
    """Passes that must have felt it, where so many went there."""
    min_p_exists: float = 0.5
    min_height_mm: float = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An anomaly of the road."""

    chainage_m: float
    lon: float
    lat: float
    kind: Kind
    height_mm: float
    length_m: float
    severity: float
    criticality: Criticality
    passes: int
    passes_possible: int
    p_exists: float
    position_sd_m: float
    hits: tuple[bool, ...]
    """Whether each pass felt it, in the order of the passes."""
    clipped: bool
    """Whether a sensor stood at the end of its range there: the severity is a lower bound."""


def places(
    found: Sequence[Detection],
    stacked_m: Floats,
    passes: Sequence[Pass],
    frame: RouteFrame,
    settings: PlaceSettings | None = None,
) -> list[Place]:
    """Return the anomalies that enough passes felt, in order of chainage."""
    settings = settings or PlaceSettings()
    out = []
    for detection in found:
        went = sum(detection.possible)
        felt = tuple(h and p for h, p in zip(detection.hits, detection.possible, strict=True))
        p_exists = existence(felt, detection.possible, SENSOR)
        if sum(felt) < max(1, min(settings.min_passes, went)) or p_exists < settings.min_p_exists:
            continue
        place = _place(detection, felt, p_exists, stacked_m, passes, frame)
        if abs(place.height_mm) >= settings.min_height_mm:
            out.append(place)
    return out


def _place(
    detection: Detection,
    felt: tuple[bool, ...],
    p_exists: float,
    stacked_m: Floats,
    passes: Sequence[Pass],
    frame: RouteFrame,
) -> Place:
    k = detection.index
    speeds = np.array([p.speed_m_s[k] for p, hit in zip(passes, felt, strict=True) if hit])
    speed = float(np.median(speeds[np.isfinite(speeds)])) if np.isfinite(speeds).any() else 10.0
    shape = fit_shape(stacked_m, k, speed)
    along = float(np.clip(k * GRID_M + shape.offset_m, 0.0, frame.length_m))
    lon, lat = frame.route.lonlat([along + frame.start_m])
    grade = severity(shape.height_mm, shape.length_m, speed)
    near = slice(max(0, k - 10), k + 11)
    return Place(
        chainage_m=along + frame.start_m,
        lon=float(lon[0]),
        lat=float(lat[0]),
        kind=kind_of(shape),
        height_mm=shape.height_mm,
        length_m=shape.length_m,
        severity=grade,
        criticality=criticality(grade),
        passes=sum(felt),
        passes_possible=sum(detection.possible),
        p_exists=p_exists,
        position_sd_m=_position_sd([p.position_sd_m[k] for p, hit in zip(passes, felt, strict=True) if hit]),
        hits=felt,
        clipped=any(np.nan_to_num(p.clipped[near]).max(initial=0.0) > 0 for p in passes),
    )


def _position_sd(sds: Sequence[float]) -> float:
    """Return the sd of the mean of the passes' positions; half a grid's window at least."""
    known = np.array([s for s in sds if np.isfinite(s)])
    if not len(known):
        return 5.0
    return float(max(0.3, np.sqrt((known**2).sum()) / len(known)))
