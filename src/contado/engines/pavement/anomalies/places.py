"""Detections of all passes -> the anomalies of a route, with what is needed to judge them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import repeat
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.anomalies.axles import second_axle
from contado.engines.pavement.anomalies.kind import (
    Criticality,
    Kind,
    Shape,
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

UNKNOWN_SPEED_M_S: Final = 10.0
PROFILE_RATE_SHARE: Final = 0.4
"""Highest frequency that the inversion uses, over the sampling rate."""


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
    second_axle: bool | None
    """Whether most passes were shaken a second time, a wheelbase later; None where the axles are not known."""
    clipped: bool
    """Whether a sensor stood at the end of its range there: the severity is a lower bound."""


def places(
    found: Sequence[Detection],
    stacked_m: Floats,
    profiles: Sequence[Floats],
    passes: Sequence[Pass],
    frame: RouteFrame,
    settings: PlaceSettings | None = None,
    *,
    wheelbases_m: Sequence[float | None] | None = None,
) -> list[Place]:
    """Return the anomalies that enough passes felt, in order of chainage.

    Parameters
    ----------
    found, stacked_m
        What `detect` returned.
    profiles
        Scaled profile of each pass in register [m], as they were handed to `detect`.
    passes
        The passes, in the same order.
    wheelbases_m
        Wheelbase of the car of each pass [m], where it is known.
    """
    wheelbases = wheelbases_m or [None] * len(passes)
    settings = settings or PlaceSettings()
    out = []
    for detection in found:
        went = sum(detection.possible)
        felt = tuple(h and p for h, p in zip(detection.hits, detection.possible, strict=True))
        p_exists = existence(felt, detection.possible, SENSOR)
        if sum(felt) < max(1, min(settings.min_passes, went)) or p_exists < settings.min_p_exists:
            continue
        mine = [p for p, hit in zip(profiles, felt, strict=True) if hit]
        place = _place(detection, felt, p_exists, stacked_m, mine, passes, frame)
        shaken = [(p, w) for p, w, hit in zip(passes, wheelbases, felt, strict=True) if hit]
        twice = second_axle([p for p, _ in shaken], detection.index, [w for _, w in shaken])
        place = replace(place, second_axle=twice)
        if abs(place.height_mm) >= settings.min_height_mm:
            out.append(place)
    return out


def _place(
    detection: Detection,
    felt: tuple[bool, ...],
    p_exists: float,
    stacked_m: Floats,
    profiles: Sequence[Floats],
    passes: Sequence[Pass],
    frame: RouteFrame,
) -> Place:
    k = detection.index
    felt_by = [p for p, hit in zip(passes, felt, strict=True) if hit]
    speeds = [s if np.isfinite(s := float(p.speed_m_s[k])) else UNKNOWN_SPEED_M_S for p in felt_by]
    speed = float(np.median(speeds))
    rates = [PROFILE_RATE_SHARE * p.fs_hz for p in felt_by]
    stacked = fit_shape(stacked_m, k, speed, min(rates))
    shape = _agreed(
        stacked, [fit_shape(*args) for args in zip(profiles, repeat(k), speeds, rates, strict=False)]
    )
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
        second_axle=None,
        clipped=any(np.nan_to_num(p.clipped[near]).max(initial=0.0) > 0 for p in passes),
    )


def _agreed(stacked: Shape, fits: Sequence[Shape]) -> Shape:
    """Return the shape with the passes' median height and length: a stack is blurred, each pass is not."""
    alike = [f for f in fits if (f.height_mm > 0) == (stacked.height_mm > 0)]
    if not alike:
        return stacked
    return Shape(
        length_m=float(np.median([f.length_m for f in alike])),
        height_mm=float(np.median([f.height_mm for f in alike])),
        offset_m=stacked.offset_m,
    )


def _position_sd(sds: Sequence[float]) -> float:
    """Return the sd of the mean of the passes' positions; half a grid's window at least."""
    known = np.array([s for s in sds if np.isfinite(s)])
    if not len(known):
        return 5.0
    return float(max(0.3, np.sqrt((known**2).sum()) / len(known)))
