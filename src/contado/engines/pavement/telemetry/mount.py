"""How the sensor sits: the gravity axis with its error, and the times at which somebody moved it.

What road and engine shake averages out within a second; what braking and turning tilt is known from the
fixes. So the one-second means are regressed, robustly, on the change of speed and on speed times turning
rate, and the axis is the direction of what is left when both are zero. Re-mounts are changes of the mean direction found by seeded binary segmentation (Kovács, Li,
Bühlmann and Munk, Biometrika 110, 2023, doi 10.1093/biomet/asac052), so that a sensor that is moved and
put back is found too.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.blocks import Blocks

    Floats = NDArray[np.float64]

__all__ = [
    "REMOUNT_DEG",
    "angle_deg",
    "mounts",
    "robust_axis",
    "split_times",
    "wander_deg",
]

REMOUNT_DEG: Final = 2.0
_LEAST_BLOCKS: Final = 10  # an axis must have moved for more than 10 s
_SIGNIFICANT: Final = 5.0  # change over its standard error; largest of some hundred places and scales
_WANDER_S: Final = 20
_LEAST_WANDER_DEG: Final = 0.3
_NEAR_S: Final = 45  # a hand moves a sensor at once, a road tilts it slowly
_EXCURSION_S: Final = 60
_ROAD_DEG: Final = 10.0  # a curve of 1.7 m/s2, a grade of 17 %
_MAXWELL_MEDIAN: Final = 1.5382  # of the length of a normal vector in three dimensions
_HUBER: Final = 1.345
_CORRELATION_S: Final = 4.0  # seconds of driving that say the same about the axis
_LEAST_FITTED: Final = 40


def robust_axis(direction: Floats) -> tuple[Floats, float]:
    """Return the Huber mean of unit vectors f8[k, 3] and its standard error [deg]."""
    axis = np.median(direction, axis=0)
    axis /= np.linalg.norm(axis)
    spread = 0.0
    for _ in range(30):
        distance = np.linalg.norm(direction - axis, axis=1)
        spread = max(float(np.median(distance)) / 1.1774, 1e-9)  # median of a Rayleigh variable
        weight = np.minimum(1.0, _HUBER * spread / np.maximum(distance, 1e-12))
        turned = weight @ direction
        turned /= np.linalg.norm(turned)
        still = float(np.linalg.norm(turned - axis)) < 1e-9
        axis = turned
        if still:
            break
    return axis, _standard_error_deg(direction, spread)


def _standard_error_deg(direction: Floats, spread: float) -> float:
    """Return the standard error [deg] by means over 20 s, which see the correlation of seconds."""
    batches = len(direction) // _WANDER_S
    if batches < 4:
        return float(np.degrees(spread) * np.sqrt(2 * _CORRELATION_S / len(direction)))
    means = np.median(direction[: batches * _WANDER_S].reshape(batches, _WANDER_S, 3), axis=1)
    return float(np.degrees(np.linalg.norm(means.std(axis=0, ddof=1))) / np.sqrt(batches))


def angle_deg(a: Floats, b: Floats) -> float:
    """Return the angle between two unit vectors [deg]."""
    return float(np.degrees(2 * np.arcsin(min(1.0, float(np.linalg.norm(a - b)) / 2))))


def mounts(blocks: Blocks) -> tuple[list[float], list[tuple[Floats, float]]]:
    """Return the times of re-mounts [s], and of each piece between them the gravity axis and its error [deg]."""
    cuts = split_times(blocks)
    while True:
        axes = _axes(blocks, cuts)
        angles = [angle_deg(a, b) for (a, _), (b, _) in pairwise(axes)]
        if not angles or min(angles) > REMOUNT_DEG:
            return cuts, axes
        del cuts[int(np.argmin(angles))]


def wander_deg(blocks: Blocks) -> float:
    """Return how far the axis wanders from one 20 s to the next while the car drives evenly [deg]."""
    return float(np.degrees(_wander(_winsorised(blocks.direction[blocks.steady]))))


def _axes(blocks: Blocks, cuts: list[float]) -> list[tuple[Floats, float]]:
    """Return gravity axis and error of each piece."""
    place = np.searchsorted(np.array(cuts), blocks.t_s, side="right")
    return [_axis(blocks, np.flatnonzero(place == k)) for k in range(len(cuts) + 1)]


def _axis(blocks: Blocks, here: NDArray[np.int64]) -> tuple[Floats, float]:
    """Return gravity axis and error of one piece; a short one tells it by its even seconds only."""
    if len(here) >= _LEAST_FITTED:
        return _fitted_axis(blocks.reading[here], blocks.manoeuvre[here])
    even = here[blocks.even[here]]
    return robust_axis(blocks.direction[even if len(even) else here])


def _fitted_axis(reading: Floats, manoeuvre: Floats) -> tuple[Floats, float]:
    """Huber regression of readings f8[k, 3] on manoeuvres f8[k, 2]; return the direction at rest and its error."""
    design = np.column_stack([np.ones(len(reading)), manoeuvre])
    weight, effect = np.ones(len(reading)), np.zeros((3, 3))
    for _ in range(30):
        root = np.sqrt(weight)[:, None]
        before, effect = effect, np.linalg.lstsq(design * root, reading * root, rcond=None)[0]
        distance = np.linalg.norm(reading - design @ effect, axis=1)
        spread = max(float(np.median(distance)) / _MAXWELL_MEDIAN, 1e-9)
        weight = np.minimum(1.0, _HUBER * spread / np.maximum(distance, 1e-12))
        if float(np.abs(effect - before).max()) < 1e-9:
            break
    norm = float(np.linalg.norm(effect[0]))
    direction = (reading - manoeuvre @ effect[1:]) / norm
    return effect[0] / norm, _standard_error_deg(direction, spread / norm)


def split_times(blocks: Blocks) -> list[float]:
    """Return the times [s] at which the axis moved by more than 2 degrees for more than 10 s.

    Grade, camber and what is left of curves move the apparent axis too: a change counts where it stands
    out from the drive's own wander of 20 s, and an excursion of a minute that ends where it began is
    the road's unless it is larger than any road gives.
    """
    calm = np.flatnonzero(blocks.steady)
    if len(calm) < 2 * _LEAST_BLOCKS:
        return []
    direction = blocks.direction[calm]
    cuts = _merged(direction, _segmented(_winsorised(direction)))
    return [_refined(blocks, calm, [0, *cuts, len(calm)], k) for k in range(1, len(cuts) + 1)]


def _running_median(direction: Floats, width: int) -> Floats:
    half = min(width // 2, (len(direction) - 1) // 2)
    padded = np.pad(direction, ((half, half), (0, 0)), mode="edge")
    middle: Floats = np.median(
        np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=0), axis=-1
    )
    return middle


def _winsorised(direction: Floats) -> Floats:
    """Pull outliers (the manoeuvres that are left) to three spreads of the running median."""
    local = _running_median(direction, 2 * _LEAST_BLOCKS + 1)
    steps = np.abs(np.diff(direction, axis=0))
    reach = np.maximum(3 * 1.4826 * np.median(steps, axis=0) / np.sqrt(2), 1e-6)
    clipped: Floats = np.clip(direction, local - reach, local + reach)
    return clipped


def _wander(x: Floats) -> float:
    """Return the spread of means over 20 s [rad], blind to a few changes."""
    means = x[: len(x) // _WANDER_S * _WANDER_S].reshape(-1, _WANDER_S, 3).mean(axis=1)
    floor = np.radians(_LEAST_WANDER_DEG)
    if len(means) < 4:
        return float(floor)
    steps = np.linalg.norm(np.diff(means, axis=0), axis=1)
    return float(max(floor, np.median(steps) / 1.1774))


def _segmented(x: Floats) -> list[int]:
    """Seeded binary segmentation: indices at which the mean of ``x`` f8[k, 3] changes, in order."""
    total = np.concatenate([np.zeros((1, x.shape[1])), np.cumsum(x, axis=0)])
    wander = _wander(x)
    found = []
    for first, last in _seeds(len(x)):
        cut, change, score = _best_cut(total, first, last, wander)
        if change > np.radians(REMOUNT_DEG) and score > _SIGNIFICANT:
            found.append((last - first, -score, first, cut, last))
    cuts: list[int] = []
    for _, _, first, cut, last in sorted(found):  # the narrowest interval places a change best
        if not any(first < c < last for c in cuts):
            cuts.append(cut)
    return sorted(cuts)


def _seeds(count: int) -> list[tuple[int, int]]:
    """Intervals of lengths that halve in two steps, each shifted by a quarter of its length."""
    seeds = []
    length = count
    while length >= 2 * _LEAST_BLOCKS:
        shift = max(1, length // 4)
        starts = [*range(0, count - length, shift), count - length]
        seeds += [(start, start + length) for start in starts]
        length = int(length / np.sqrt(2))
    return seeds


def _best_cut(total: Floats, first: int, last: int, wander: float) -> tuple[int, float, float]:
    """Return the cut of an interval with the most significant change, the change [rad] and its score."""
    cut = np.arange(first + _LEAST_BLOCKS, last - _LEAST_BLOCKS + 1)
    left = (total[cut] - total[first]) / (cut - first)[:, None]
    right = (total[last] - total[cut]) / (last - cut)[:, None]
    change = np.linalg.norm(right - left, axis=1)
    error = wander * np.sqrt(
        np.minimum(1, _WANDER_S / (cut - first)) + np.minimum(1, _WANDER_S / (last - cut))
    )
    best = int(np.argmax(change / error))
    return int(cut[best]), float(change[best]), float(change[best] / error[best])


def _merged(direction: Floats, cuts: list[int]) -> list[int]:
    """Leave out cuts whose sides, each taken whole, differ by 2 degrees or less, and the road's excursions."""
    kept = list(cuts)
    while kept:
        edges = [0, *kept, len(direction)]
        axes = [robust_axis(direction[a:b])[0] for a, b in pairwise(edges)]
        near = [
            angle_deg(
                robust_axis(direction[max(a, b - _NEAR_S) : b])[0],
                robust_axis(direction[b : min(c, b + _NEAR_S)])[0],
            )
            for a, b, c in zip(edges, edges[1:], edges[2:], strict=False)
        ]
        angles = [min(angle_deg(a, b), close) for (a, b), close in zip(pairwise(axes), near, strict=True)]
        if (road := _excursion(edges, axes, angles)) is not None:
            del kept[max(0, road - 1) : road + 1]
        elif min(angles) <= REMOUNT_DEG:
            del kept[int(np.argmin(angles))]
        else:
            break
    return kept


def _excursion(edges: list[int], axes: list[Floats], angles: list[float]) -> int | None:
    """Return the first short piece that the road may have tilted: what follows is as what went before.

    At either end of a drive, where one side is unknown, half the time must do.
    """
    last = len(axes) - 1
    for k in range(last + 1):
        inner = 0 < k < last
        short = edges[k + 1] - edges[k] <= (_EXCURSION_S if inner else _EXCURSION_S // 2)
        small = max(angles[max(0, k - 1) : k + 1]) < _ROAD_DEG
        if short and small and (not inner or angle_deg(axes[k - 1], axes[k + 1]) < REMOUNT_DEG):
            return k
    return None


def _refined(blocks: Blocks, calm: NDArray[np.int64], edges: list[int], k: int) -> float:
    """Place a change between two pieces to the second, with all blocks around it."""
    before, after = (
        robust_axis(blocks.direction[calm[a:b]])[0]
        for a, b in ((edges[k - 1], edges[k]), (edges[k], edges[k + 1]))
    )
    low = calm[max(edges[k - 1], edges[k] - _LEAST_BLOCKS)]
    high = calm[min(edges[k + 1] - 1, edges[k] + _LEAST_BLOCKS)] + 1
    near = blocks.direction[low:high]
    lean = np.linalg.norm(near - before, axis=1) - np.linalg.norm(near - after, axis=1)
    cost = np.concatenate([[0.0], np.cumsum(lean)])  # positive: the block belongs after
    at = low + int(np.argmin(cost))
    return float(blocks.t_s[min(at, len(blocks.t_s) - 1)] - 0.5)
