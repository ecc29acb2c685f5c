"""Where the road is not as the road around it: two detectors with one score.

*Shock*: what the axle throws into the body above 4 Hz, over its own scale of the last seconds. It finds
short holes and misses long humps. *Shape*: the reconstructed profile against its running median, over the
robust scale of +-100 m. It finds humps too, and tells up from down. The joint score of a pass is the root
of the sum of squares of both over their thresholds; passes vote, and the stacked profile gives place and
height.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.engines.pavement.measuring.measure import GRID_M, running_scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["DetectSettings", "Detection", "detect", "deviation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectSettings:
    """Thresholds of both detectors, reach of a cluster and how many passes must agree."""

    shock_threshold: float = 4.0
    joint_threshold: float = 1.35
    """Joint score of the stack from which a place is looked at."""
    pass_threshold: float = 1.0
    """Joint score from which one pass counts as a hit."""
    shapes: tuple[tuple[float, float], ...] = ((2.0, 10.0), (4.0, 8.0))
    """Bases of the running medians that are scored [m], with their thresholds: short ones, so that the
    road's own waves are no background; the first for holes, the second for humps."""
    scales_m: tuple[float, float] = (200.0, 50.0)
    """Windows of the robust scale; the larger scale counts, so that no jump of roughness is an anomaly."""
    reach_m: float = 1.5
    """A pass counts within this distance of the stacked place."""
    apart_m: float = 6.0
    """Within this distance only the strongest place is kept: what surrounds it is its own echo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One place that stands out, over all passes."""

    index: int
    """Grid point of the largest deviation."""
    score: float
    hits: tuple[bool, ...]
    """Whether each pass felt it."""
    possible: tuple[bool, ...]
    """Whether each pass went there at sufficient speed."""
    shock_index: float | None
    """Median grid point of the passes' largest shocks."""


def deviation(profile_m: Floats, median_m: float) -> Floats:
    """Return the deviation of a profile from its running median [m]; unknown stays unknown."""
    from scipy.ndimage import median_filter

    known = np.isfinite(profile_m)
    calm = np.where(known, profile_m, 0.0)
    away: Floats = calm - median_filter(calm, size=2 * int(median_m / GRID_M / 2) + 1)
    return np.where(known, away, np.nan)


def _shape(profile_m: Floats, settings: DetectSettings) -> Floats:
    """Return the largest deviation over the robust scale around it, over its threshold; NaN unknown."""
    scored = []
    for base, threshold in settings.shapes:
        away = deviation(profile_m, base)
        around = np.max([running_scale(away, window / GRID_M) for window in settings.scales_m], axis=0)
        scored.append(np.abs(away) / around / threshold)
    largest: Floats = np.max(scored, axis=0)
    return largest


def detect(
    profiles: Sequence[Floats], shocks: Sequence[Floats], settings: DetectSettings | None = None
) -> tuple[list[Detection], Floats]:
    """Return the places that stand out and the stacked profile [m], shape (grid,).

    Parameters
    ----------
    profiles, shocks
        One array a pass on the common grid, in register; NaN where not measured.
    """
    settings = settings or DetectSettings()
    if not profiles:
        return [], np.empty(0)
    together = _mean(profiles)
    shape = _shape(together, settings)
    shock = _median(shocks)
    score = _joint(shock, shape, settings)
    each = [(s, _joint(s, _shape(p, settings), settings)) for p, s in zip(profiles, shocks, strict=True)]
    return [_detection(k, score, each, settings) for k in _peaks(score, settings)], together


def _joint(shock: Floats, shape: Floats, settings: DetectSettings) -> Floats:
    """Return the joint score at each grid point; a shock is heard within half a metre of its hole."""
    from scipy.ndimage import maximum_filter1d

    reach = 2 * int(settings.reach_m / GRID_M) + 1
    blow = maximum_filter1d(np.nan_to_num(shock), reach)
    joint = np.hypot(blow / settings.shock_threshold, np.nan_to_num(shape))
    out: Floats = np.where(np.isfinite(shape), joint, 0.0)
    return out


def _peaks(score: Floats, settings: DetectSettings) -> list[int]:
    """Return the grid points above the threshold that are the highest within `apart_m`, in order."""
    apart = settings.apart_m / GRID_M
    kept: list[int] = []  # in order, so that only two of them can be near
    for k in np.argsort(-score, kind="stable"):
        if score[k] < settings.joint_threshold:
            break
        at = bisect(kept, k)
        if all(abs(k - other) > apart for other in kept[max(0, at - 1) : at + 1]):
            kept.insert(at, int(k))
    return kept


def _detection(
    k: int, score: Floats, each: list[tuple[Floats, Floats]], settings: DetectSettings
) -> Detection:
    reach = round(settings.reach_m / GRID_M)
    near = slice(max(0, k - reach), k + reach + 1)
    hits = tuple(bool(joint[near].max() >= settings.pass_threshold) for _, joint in each)
    possible = tuple(bool(np.isfinite(shock[near]).mean() > 0.5) for shock, _ in each)
    blows = [
        near.start + int(np.nanargmax(shock[near]))
        for (shock, _), hit, can in zip(each, hits, possible, strict=True)
        if hit and can
    ]
    return Detection(
        index=k,
        score=float(score[k]),
        hits=hits,
        possible=possible,
        shock_index=float(np.median(blows)) if blows else None,
    )


def _mean(stack: Sequence[Floats]) -> Floats:
    """Return the mean over the passes that measured; NaN where none did."""
    values = np.array(stack)
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _median(stack: Sequence[Floats]) -> Floats:
    """Return the median over the passes that measured; NaN where none did."""
    values = np.array(stack)
    known = np.isfinite(values).any(axis=0)
    out = np.full(values.shape[1], np.nan)
    if known.any():
        out[known] = np.nanmedian(values[:, known], axis=0)
    return out
