"""Compiled: one pass over the samples of a drive, from readings to cells and events."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from contado.kernel.jit import leaf

__all__ = ["Cells", "Events", "Rules", "block_means", "one_pass"]


class Rules(NamedTuple):
    """What the pass needs to know, all floats."""

    axis_x: float
    axis_y: float
    axis_z: float
    """Gravity axis times the factor to m/s2."""
    level: float
    """Gravity along the axis [m/s2]."""
    longest_step_s: float
    """Samples farther apart are a hole: the filter starts anew and no distance is added."""
    longest_gap_s: float
    """Between fixes farther apart no speed is known."""
    least_m_s: float
    """Slower samples are in no cell."""
    cell_m: float
    forget: float
    """Share by which the running mean of |vertical| moves at a sample."""
    times: float
    """An event is so many running means high."""
    rest_s: float
    """Time after an event that belongs to it."""


class Cells(NamedTuple):
    """Sums by cell of the distance driven."""

    count: Any
    power: Any
    """Sum of the squares of the band-passed vertical acceleration [m2/s4]."""
    speed: Any
    """Sum of the speed [m/s]."""
    first_s: Any
    """Time of the first sample of the cell."""


class Events(NamedTuple):
    """Where the vertical acceleration stood out."""

    t_s: Any
    distance_m: Any
    peak_m_s2: Any


@leaf(nogil=True)
def block_means(values: Any, block: int, means: Any) -> None:
    """Write the mean of each block of samples to ``means``."""
    for k in range(len(means)):
        total = 0.0
        for i in range(k * block, (k + 1) * block):
            total += values[i]
        means[k] = total / block


@leaf(inline="always")
def _section(x: float, c: Any, k: int, first: float, second: float) -> Any:
    """Advance a second-order section (transposed direct form II); return output and state."""
    y = c[k, 0] * x + first
    return y, c[k, 1] * x - c[k, 4] * y + second, c[k, 2] * x - c[k, 5] * y


@leaf(nogil=True)
def one_pass(  # noqa: C901, PLR0913, PLR0917 - one loop, unrolled; a kernel takes its arrays one by one
    t: Any, x: Any, y: Any, z: Any, fix_t: Any, fix_v: Any, c: Any, rules: Any, cells: Any, events: Any
) -> Any:
    """Align, band-pass, integrate the distance, and sum the cells and list the events.

    Parameters
    ----------
    t, x, y, z
        Times [s], strictly increasing, and the reading of the three axes.
    fix_t, fix_v
        Times [s] and speeds [m/s] of the fixes.
    c
        Four second-order sections (``scipy.signal`` order of columns), f8[4, 6].

    Returns
    -------
    distance, number of events, first bad sample
        The last is -1, or the first sample whose time does not increase or that is no number.
    """
    a1 = a2 = b1 = b2 = c1 = c2 = d1 = d2 = 0.0
    distance, mean, found = 0.0, 0.0, 0
    until, k, last = -math.inf, 0, len(fix_t) - 1
    settled = 0.0
    for i in range(len(t)):
        now = t[i]
        step = now - t[i - 1] if i > 0 else math.inf
        raw = rules.axis_x * x[i] + rules.axis_y * y[i] + rules.axis_z * z[i] - rules.level
        if not (step > 0.0 and math.isfinite(raw)):
            return distance, found, i
        while k < last and fix_t[k + 1] < now:
            k += 1
        speed = math.nan
        if k < last and now >= fix_t[k]:
            width = fix_t[k + 1] - fix_t[k]
            if width <= rules.longest_gap_s:
                speed = fix_v[k] + (now - fix_t[k]) / width * (fix_v[k + 1] - fix_v[k])
        if step > rules.longest_step_s:
            a1 = a2 = b1 = b2 = c1 = c2 = d1 = d2 = 0.0
            mean, settled = 0.0, 0.0
        elif speed > 0.0:
            distance += speed * step
        w, a1, a2 = _section(raw, c, 0, a1, a2)
        w, b1, b2 = _section(w, c, 1, b1, b2)
        w, c1, c2 = _section(w, c, 2, c1, c2)
        w, d1, d2 = _section(w, c, 3, d1, d2)
        size = abs(w)
        mean += rules.forget * (size - mean)
        settled += rules.forget
        if not speed >= rules.least_m_s:
            continue
        cell = int(distance / rules.cell_m)
        if cells.count[cell] == 0:
            cells.first_s[cell] = now
        cells.count[cell] += 1
        cells.power[cell] += w * w
        cells.speed[cell] += speed
        if now < until:
            events.peak_m_s2[found - 1] = max(events.peak_m_s2[found - 1], size)
        elif settled >= 1.0 and size > rules.times * mean and found < len(events.t_s):
            events.t_s[found], events.distance_m[found], events.peak_m_s2[found] = now, distance, size
            found += 1
            until = now + rules.rest_s
    return distance, found, -1
