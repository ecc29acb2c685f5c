"""Detections of all passes -> the anomalies of a route, with what is needed to judge them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import repeat
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from contado.engines.pavement.anomalies import axles
from contado.engines.pavement.anomalies.kind import (
    Criticality,
    Kind,
    Shape,
    criticality,
    fit_shape,
    kind_of,
    severity,
)
from contado.engines.pavement.anomalies.side import ONE_TRACK, Side, agreed, side_of
from contado.engines.pavement.anomalies.track import SENSOR, existence
from contado.engines.pavement.measuring.measure import GRID_M

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.anomalies.detect import Detection
    from contado.engines.pavement.measuring.measure import Pass
    from contado.engines.pavement.measuring.onroute import RouteFrame

    Floats = NDArray[np.float64]

_T = TypeVar("_T")

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
    echoes: tuple[bool | None, ...]
    """The same of each pass, in the order of the passes."""
    side: Side | None
    """Wheel track it lies in, as one drives; None without a gyroscope or where the passes do not agree."""
    sides: tuple[Side | None, ...]
    """What each pass told of the side, in the order of the passes."""
    clipped: bool
    """Whether a sensor stood at the end of its range there: the severity is a lower bound."""

    @property
    def least_mm(self) -> float:
        """How far the middle of the road is off there [mm]: of a hole in one track half of its depth."""
        return abs(self.height_mm) / (2 if self.side in ONE_TRACK else 1)


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
        felt = tuple(h and p for h, p in zip(detection.hits, detection.possible, strict=True))
        if sum(felt) < max(1, min(settings.min_passes, sum(detection.possible))):
            continue
        place = _place(_Felt(detection, felt, passes, wheelbases), stacked_m, profiles, frame)
        if place.p_exists >= settings.min_p_exists and place.least_mm >= settings.min_height_mm:
            out.append(place)
    return out


@dataclass(frozen=True, slots=True)
class _Felt:
    """A place, and the passes that felt it."""

    at: Detection
    felt: tuple[bool, ...]
    passes: Sequence[Pass]
    wheelbases_m: Sequence[float | None]

    def of(self, values: Sequence[_T]) -> list[_T]:
        """Return the values of the passes that felt it."""
        return [value for value, hit in zip(values, self.felt, strict=True) if hit]

    def each(self, told: Iterable[_T]) -> tuple[_T | None, ...]:
        """Return what the passes that felt it told, None of the others, in the order of all passes."""
        rest = iter(told)
        return tuple(next(rest) if hit else None for hit in self.felt)

    def echoes(self, length_m: float) -> tuple[bool | None, ...]:
        """Return whether the second axle of each pass was shaken too."""
        if length_m > axles.LONGEST_M:
            return (None,) * len(self.felt)
        mine = self.of(self.passes)
        return self.each(axles.echoes(mine, self.at.index, self.of(self.wheelbases_m)))


def _place(felt: _Felt, stacked_m: Floats, profiles: Sequence[Floats], frame: RouteFrame) -> Place:
    k, mine = felt.at.index, felt.of(felt.passes)
    shape, speed = _shape(felt, stacked_m, profiles)
    sides = felt.each(side_of(p, k) for p in mine)
    twice = felt.echoes(shape.length_m)
    side = agreed(sides)
    # the middle of the body sinks by half of what one wheel goes through
    height = shape.height_mm * (2 if side in ONE_TRACK else 1)
    along = float(np.clip(k * GRID_M + shape.offset_m, 0.0, frame.length_m))
    lon, lat = frame.route.lonlat([along + frame.start_m])
    grade = severity(height, shape.length_m, speed)
    near = slice(max(0, k - 10), k + 11)
    return Place(
        chainage_m=along + frame.start_m,
        lon=float(lon[0]),
        lat=float(lat[0]),
        kind=kind_of(replace(shape, height_mm=height)),
        height_mm=height,
        length_m=shape.length_m,
        severity=grade,
        criticality=criticality(grade),
        passes=len(mine),
        passes_possible=sum(felt.at.possible),
        p_exists=existence(felt.felt, felt.at.possible, SENSOR, twice),
        position_sd_m=_position_sd([p.position_sd_m[k] for p in mine]),
        hits=felt.felt,
        second_axle=axles.agreed(twice),
        echoes=twice,
        side=side,
        sides=sides,
        clipped=any(np.nan_to_num(p.clipped[near]).max(initial=0.0) > 0 for p in felt.passes),
    )


def _shape(felt: _Felt, stacked_m: Floats, profiles: Sequence[Floats]) -> tuple[Shape, float]:
    """Return the shape that the passes agree on, and the speed [m/s] they were driven at."""
    k, mine = felt.at.index, felt.of(felt.passes)
    speeds = [s if np.isfinite(s := float(p.speed_m_s[k])) else UNKNOWN_SPEED_M_S for p in mine]
    rates = [PROFILE_RATE_SHARE * p.fs_hz for p in mine]
    speed = float(np.median(speeds))
    stacked = fit_shape(stacked_m, k, speed, min(rates))
    fits = [fit_shape(*args) for args in zip(felt.of(profiles), repeat(k), speeds, rates, strict=False)]
    return _agreed(stacked, fits), speed


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
