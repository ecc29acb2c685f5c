"""International Roughness Index of a profile, at even or uneven spacing, without resampling.

Sources: ASTM E1926; World Bank Technical Papers 45 and 46 (1986); Sayers, Transportation Research Record
1501 (1995); exact transitions at uneven spacing as in Sroubek, Sorel and Zak, Int. J. Pavement Res.
Technol. (2021), doi:10.1007/s42947-021-00097-z, with the moving average taken over raw points.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.cars.golden_car import modal_form
from contado.kernel.errors import DataError, Finding, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]
    Index = NDArray[np.int64]

__all__ = ["START_LENGTH_M", "IriResult", "Spacing", "check_profile", "iri"]

START_LENGTH_M: Final = 11.0
"""The car starts at rest on the mean slope of the first 11 m (0.5 s at 80 km/h)."""

_BASE_M: Final = 0.25
"""Base length of the moving average, the footprint of a tyre."""

_AVERAGED_BELOW_M: Final = 0.167
"""Even spacing below which the moving average applies."""

_UNEVEN_AVERAGED_TO_M: Final = 0.125
"""Smallest uneven spacing up to which the average applies; also half its base length."""

_COARSE_M: Final = 0.3
"""Spacing above which a profile is class 2 of ASTM E1926 at best."""

_BLOCK: Final = 1 << 15
_TINY_M: Final = 1e-6
"""A segment end nearer than this to a sample is that sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spacing:
    """Smallest, median and largest spacing of a profile [m]."""

    min: float
    median: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IriResult:
    """IRI by segment.

    ``from_m``, ``to_m`` bounds of the complete segments [m] and ``iri_m_km`` their IRI [m/km], all (n,);
    ``averaged`` whether the 250 mm moving average was applied; ``compute_s`` seconds of the computation.
    """

    from_m: Array
    to_m: Array
    iri_m_km: Array
    samples: int
    spacing_m: Spacing
    averaged: bool
    findings: tuple[Finding, ...]
    compute_s: float

    @property
    def mean_m_km(self) -> float | None:
        """Mean IRI of the complete segments [m/km]; None when there is none."""
        return float(np.mean(self.iri_m_km)) if self.iri_m_km.size else None


def iri(x_m: ArrayLike, y_m: ArrayLike, segment_m: float = 100.0, start_m: float | None = None) -> IriResult:
    """Return the IRI of the complete segments of a profile.

    IRI = mean of |z1 - z3| over each segment, x 1000. The grade from the start to 11 m further is taken off
    first: it is the state the car starts in, so that a constant grade changes nothing at any spacing.

    Parameters
    ----------
    x_m, y_m
        Distance and elevation [m], shape (n,); x strictly increasing, spacing free.
    segment_m
        Length of a segment [m], > 0.
    start_m
        Where the first segment begins [m]; default the first point.

    Raises
    ------
    DataError
        As `check_profile`; rows are 1-based.
    UsageError
        ``segment_m`` is not positive, or ``start_m`` lies before the profile.

    Examples
    --------
    >>> x = np.arange(0, 40.25, 0.25)
    >>> y = np.interp(x, [1, 3, 5], [0, 0.002, 0])
    >>> round(float(iri(x, y, segment_m=10).iri_m_km[0]), 4)
    0.5087
    """
    x = np.ascontiguousarray(x_m, dtype=np.float64)
    y = np.ascontiguousarray(y_m, dtype=np.float64)
    spacing = check_profile(x, y)
    start = _checked_start(x, segment_m, start_m)
    from contado.engines.pavement.profile import _iri_scan

    _iri_scan.compile_all()
    clock = time.perf_counter()
    bounds = _bounds(start, segment_m, x[-1])
    even = spacing.max - spacing.min <= 1e-7 * spacing.median + 1e-9
    dx = spacing.median if even else spacing.min
    averaged = dx < _AVERAGED_BELOW_M if even else dx <= _UNEVEN_AVERAGED_TO_M
    on_samples = _on_samples(x, bounds) if even else None
    if on_samples is not None:
        values = _even(y, dx, _grade(x, y, start), on_samples, averaged=averaged)
    else:
        level = y - y[0] - _grade(x, y, start) * (x - start)
        values = _uneven(x, _averaged(x, level, dx, even=even) if averaged else level, bounds)
    return IriResult(
        from_m=bounds[:-1],
        to_m=bounds[1:],
        iri_m_km=1000 * values,
        samples=x.size,
        spacing_m=spacing,
        averaged=averaged,
        findings=_findings(spacing, bounds, segment_m),
        compute_s=time.perf_counter() - clock,
    )


def check_profile(
    x: Array,
    y: Array,
    *,
    name: str = "profile",
    lines: Index | None = None,
    columns: Sequence[str] = ("x", "y"),
) -> Spacing:
    """Return the spacing of a profile, or raise when the points are none; nothing is compiled for this.

    Parameters
    ----------
    x, y
        Distance and elevation [m], shape (n,).
    name
        File name for the message.
    lines
        Line of each point in its file; default 1-based rows.
    columns
        What x and y are called in the file.

    Raises
    ------
    DataError
        Rules ``empty_file``, ``length_mismatch``, ``not_a_number``, ``x_not_increasing``,
        ``profile_too_short``.
    """
    if x.ndim != 1 or x.shape != y.shape:
        raise DataError(
            f"{name}: x has shape {x.shape} and y {y.shape}.",
            rule="length_mismatch",
            hint="give two columns of the same length",
            field=columns[1],
        )
    if x.size == 0:
        raise DataError(
            f"{name} holds no points.", rule="empty_file", hint="give a profile with distance and elevation"
        )
    low, high = _extremes(x)
    if not (low > 0 and np.isfinite(x[0]) and np.isfinite(x[-1])):
        _refuse_non_numbers(x, columns[0], name, lines)
        _refuse_non_numbers(y, columns[1], name, lines)
        _refuse_backward(x, columns[0], name, lines)
    _refuse_non_numbers(y, columns[1], name, lines)
    if x[-1] - x[0] < START_LENGTH_M - _TINY_M:
        raise DataError(
            f"{name}: the profile is {x[-1] - x[0]:g} m long, shorter than 11 m.",
            rule="profile_too_short",
            hint="the golden car needs 11 m to start (ASTM E1926): give a longer profile",
            field=columns[0],
        )
    return _spacing(x, low, high)


def _extremes(x: Array) -> tuple[float, float]:
    """Smallest and largest spacing; NaN where a distance is none. In blocks that stay in the cache."""
    low, high = [np.inf], [-np.inf]
    with np.errstate(invalid="ignore"):
        for first in range(0, x.size - 1, _BLOCK):
            spacing = np.diff(x[first : first + _BLOCK + 1])
            low.append(spacing.min())
            high.append(spacing.max())
    return float(np.min(low)), float(np.max(high))


def _rows(bad: Index, lines: Index | None) -> list[int]:
    return [int(lines[i]) if lines is not None else int(i) + 1 for i in bad]


def _word(lines: Index | None) -> str:
    return "row" if lines is None else "line"


def _refuse_non_numbers(values: Array, column: str, name: str, lines: Index | None) -> None:
    with np.errstate(invalid="ignore", over="ignore"):
        finite = np.isfinite(values.sum())  # one fast pass; a sum that overflows is looked at again
    if finite or np.isfinite(values).all():
        return
    bad = np.flatnonzero(~np.isfinite(values))
    rows = _rows(bad, lines)
    raise DataError(
        f"{name}, {_word(lines)} {rows[0]}: {column} is {values[bad[0]]}, not a number.",
        rule="not_a_number",
        hint="remove the line or give its value; nothing is filled in",
        rows=rows,
        field=column,
    )


def _refuse_backward(x: Array, column: str, name: str, lines: Index | None) -> None:
    bad = np.flatnonzero(~(x[1:] > x[:-1])) + 1
    rows = _rows(bad, lines)
    word = "repeats" if x[bad[0]] == x[bad[0] - 1] else "goes back"
    raise DataError(
        f"{name}, {_word(lines)} {rows[0]}: {column} {word} ({x[bad[0] - 1]:.10g} then {x[bad[0]]:.10g}).",
        rule="x_not_increasing",
        hint="sort the points by distance and keep one point a distance",
        rows=rows,
        field=column,
    )


def _checked_start(x: Array, segment_m: float, start_m: float | None) -> float:
    if not segment_m > 0 or not np.isfinite(segment_m):
        raise UsageError(
            f"segment_m: {segment_m} is not a length.",
            rule="bad_value",
            hint="give metres above 0",
            field="segment_m",
        )
    start = float(x[0]) if start_m is None else float(start_m)
    if not start >= x[0] - _TINY_M:
        raise UsageError(
            f"start_m: {start_m} lies before the profile, which begins at {x[0]:g} m.",
            rule="bad_value",
            hint=f"give a distance from {x[0]:g} to {x[-1] - START_LENGTH_M:g} m",
            field="start_m",
        )
    if start + START_LENGTH_M > x[-1] + _TINY_M:
        raise DataError(
            f"The profile ends {x[-1] - start:g} m after the start, shorter than 11 m.",
            rule="profile_too_short",
            hint="the golden car needs 11 m to start (ASTM E1926): begin earlier",
            field="start_m",
        )
    return max(start, float(x[0]))


def _bounds(start: float, segment_m: float, end: float) -> Array:
    """Bounds of the complete segments, (n + 1,)."""
    count = int(np.floor((end - start + _TINY_M) / segment_m))
    bounds = start + segment_m * np.arange(count + 1)
    limited: Array = np.minimum(bounds, end)
    return limited


def _grade(x: Array, y: Array, start: float) -> float:
    """Mean slope of the first 11 m after the start [1]."""
    at_start, further = np.interp([start, start + START_LENGTH_M], x, y)
    return float((further - at_start) / START_LENGTH_M)


def _spacing(x: Array, low: float, high: float) -> Spacing:
    mean = float(x[-1] - x[0]) / (x.size - 1)
    even = high - low <= 1e-7 * mean + 1e-9
    return Spacing(min=low, median=mean if even else float(np.median(np.diff(x))), max=high)


def _on_samples(x: Array, bounds: Array) -> Index | None:
    """Sample indices of the segment bounds, or None where a bound lies between samples."""
    near = np.clip(np.searchsorted(x, bounds - _TINY_M), 0, x.size - 1)
    return near if bool(np.all(np.abs(x[near] - bounds) <= _TINY_M)) else None


def _points_of_base(dx: float) -> int:
    """Points in the base length, halves upwards (K = INT(.25/DX + .5), World Bank Technical Paper 46)."""
    return max(1, int(_BASE_M / dx + 0.5 + 1e-9))


def _even(y: Array, dx: float, grade: float, ends: Index, *, averaged: bool) -> Array:
    from contado.engines.pavement.profile._iri_scan import scan_even

    lag = _points_of_base(dx) if averaged else 1
    rate, weight = modal_form()
    multiplier = np.exp(rate * dx)
    response = (multiplier - 1) * weight
    sums: Array = scan_even(y, lag, 1 / (lag * dx), grade, multiplier, response, ends)
    return sums / np.maximum(np.diff(ends), 1)


def _averaged(x: Array, level: Array, dx: float, *, even: bool) -> Array:
    """Moving average: forward mean of k points at even spacing, raw points within +-0.125 m otherwise."""
    from contado.engines.pavement.profile._iri_scan import moving_mean

    if not even:
        mean: Array = moving_mean(x, level, _UNEVEN_AVERAGED_TO_M + 1e-9)
        return mean
    k = _points_of_base(dx)
    full = np.lib.stride_tricks.sliding_window_view(level, k).mean(axis=1)
    missing = np.arange(1, k)
    return np.concatenate([full, full[-1] + (full[-1] - full[-2]) * missing])


def _uneven(x: Array, level: Array, bounds: Array) -> Array:
    """Scan with segment ends inserted by linear interpolation."""
    from contado.engines.pavement.profile._iri_scan import scan_uneven

    near = np.clip(np.searchsorted(x, bounds - _TINY_M), 0, x.size - 1)
    inner = bounds[np.abs(x[near] - bounds) > _TINY_M]
    places = np.searchsorted(x, inner)
    all_x = np.insert(x, places, inner)
    all_y = np.insert(level, places, np.interp(inner, x, level))
    ends = np.searchsorted(all_x, bounds - _TINY_M)
    sums: Array = scan_uneven(all_x, all_y, *modal_form(), ends)
    return sums / np.maximum(np.diff(bounds), _TINY_M)


def _findings(spacing: Spacing, bounds: Array, segment_m: float) -> tuple[Finding, ...]:
    found = []
    if spacing.max > _COARSE_M + 1e-9:
        found.append(
            Finding(
                severity="warning",
                rule="iri_spacing",
                message=f"The spacing reaches {spacing.max:g} m; above 0.3 m a profile is class 2 at best.",
                hint="ASTM E1926 asks for 0.25 m or less for class 1",
            )
        )
    if bounds.size < 2:
        found.append(
            Finding(
                severity="note",
                rule="no_complete_segment",
                message=f"The profile is shorter than one segment of {segment_m:g} m.",
                hint="give a shorter --segment-m",
            )
        )
    return tuple(found)
