"""Charts of a comparison with controls: two lines with the band of chance, and the histogram of placebos."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from contado.kernel.publish.charts import CHOSEN, GREY, INK, REJECTED, round_step, svg

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Line", "Point", "before_after", "histogram"]

TREATED = "#0E5A62"
_LEFT, _TOP, _BOTTOM = 52.0, 32.0, 44.0


class Point(NamedTuple):
    """A value at a time, with the band that chance alone may reach."""

    at: float
    value: float
    low: float | None = None
    high: float | None = None


class Line(NamedTuple):
    """A line with the name that stands at its end."""

    name: str
    points: Sequence[Point]


class _Frame(NamedTuple):
    """Where times and values lie on the drawing."""

    left: float
    right: float
    top: float
    bottom: float
    first: float
    last: float
    low: float
    high: float

    def x(self, at: float) -> float:
        return self.left + (self.right - self.left) * (at - self.first) / ((self.last - self.first) or 1.0)

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * (value - self.low) / ((self.high - self.low) or 1.0)


def before_after(
    treated: Line,
    control: Line,
    *,
    label: str,
    words: tuple[str, str, str],
    number: Callable[[float], str],
    works_at: float = 0.0,
    width: float = 740,
    height: float = 300,
) -> str:
    """Draw treated against control over time: solid and dashed, the band of chance, a line where the works were.

    Parameters
    ----------
    treated, control
        At least one point each, by rising time; the band is that of ``control``.
    label
        The sentence for those who do not see the drawing.
    words
        Name of the time axis, of the values, of the works.
    number
        Writes a value or a time of the axes.
    works_at
        Time of the works, where it lies inside the drawing.
    width, height
        Size in px; the values do not start at zero, so the axis says where they start.

    Examples
    --------
    >>> a, b = (Line(n, [Point(0, 100, 98, 102), Point(1, v, v - 4, v + 4)]) for n, v in (("new", 103), ("old", 108)))
    >>> drawn = before_after(a, b, label="new against old", words=("years", "IRI", "works"), number=str)
    >>> drawn.count('class="ct-treated"'), drawn.count('class="ct-band"')
    (1, 1)
    """
    frame, step = _frame([*treated.points, *control.points], width, height)
    body = _values(frame, step, number) + _times(frame, treated.points, number)
    body += _band(control.points, frame)
    if frame.first <= works_at <= frame.last:
        x = frame.x(works_at)
        body += f'<path class="ct-ink" d="M{x:.1f} {frame.top:.1f}V{frame.bottom:.1f}" stroke="{INK}" stroke-width="1.5" stroke-dasharray="2 3"/>'
        body += f'<text class="ct-text" x="{x + 5:.1f}" y="{frame.top + 10:.1f}">{escape(words[2])}</text>'
    body += _line(control, frame, "ct-control", f'stroke="{REJECTED}" stroke-dasharray="6 4"')
    body += _line(treated, frame, "ct-treated", f'stroke="{TREATED}"')
    body += _names(treated, control, frame)
    body += f'<text class="ct-text" x="{(frame.left + frame.right) / 2:.1f}" y="{height - 6:.1f}" text-anchor="middle">{escape(words[0])}</text>'
    body += f'<text class="ct-text" x="4" y="14">{escape(words[1])}</text>'
    return svg(width, height, body, name="compare", label=label)


def _frame(points: Sequence[Point], width: float, height: float) -> tuple[_Frame, float]:
    """Return the frame and the step of its grid, with room at the right for the names of the lines."""
    values = [v for p in points for v in (p.value, p.low, p.high) if v is not None]
    step = round_step((max(values) - min(values)) / 4 or 1.0)
    low, high = step * math.floor(min(values) / step), step * math.ceil(max(values) / step)
    room = 0.26 * width if width > 500 else 0.3 * width
    first, last = (end(p.at for p in points) for end in (min, max))
    frame = _Frame(
        _LEFT, width - room, _TOP, height - _BOTTOM, first, last, low, high if high > low else low + step
    )
    return frame, step


def _values(frame: _Frame, step: float, number: Callable[[float], str]) -> str:
    out = ""
    for k in range(round((frame.high - frame.low) / step) + 1):
        value = frame.low + k * step
        y = frame.y(value)
        out += f'<path class="ct-axis" d="M{frame.left:.1f} {y:.1f}H{frame.right:.1f}" stroke="#D5DADD"/>'
        out += f'<text class="ct-text" x="{frame.left - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{escape(number(value))}</text>'
    return out


def _times(frame: _Frame, points: Sequence[Point], number: Callable[[float], str]) -> str:
    """Write the times of the points that have room."""
    out, free = "", -math.inf
    for point in points:
        x = frame.x(point.at)
        if x - free < 44:
            continue
        free = x
        out += f'<path class="ct-axis" d="M{x:.1f} {frame.bottom:.1f}v5" stroke="{GREY}"/>'
        out += f'<text class="ct-text" x="{x:.1f}" y="{frame.bottom + 18:.1f}" text-anchor="middle">{escape(number(point.at))}</text>'
    return out


def _band(points: Sequence[Point], frame: _Frame) -> str:
    known = [p for p in points if p.low is not None and p.high is not None]
    if len(known) < 2:
        return ""
    upper = [f"{frame.x(p.at):.1f} {frame.y(p.high or 0.0):.1f}" for p in known]
    lower = [f"{frame.x(p.at):.1f} {frame.y(p.low or 0.0):.1f}" for p in reversed(known)]
    return f'<path class="ct-band" d="M{"L".join([*upper, *lower])}z" fill="{REJECTED}" fill-opacity=".16"/>'


def _line(line: Line, frame: _Frame, name: str, pen: str) -> str:
    places = [(frame.x(p.at), frame.y(p.value)) for p in line.points]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    return f'<path class="{name}" d="M{path}" fill="none" {pen} stroke-width="2.5"/>'


def _names(treated: Line, control: Line, frame: _Frame) -> str:
    """Write the names at the ends of the lines, at least a line of text apart."""
    ends = sorted((frame.y(line.points[-1].value), line.name) for line in (treated, control))
    (first, above), (second, below) = ends
    if second - first < 16:
        middle = (first + second) / 2
        first, second = middle - 8, middle + 8
    x = frame.right + 6
    return "".join(
        f'<text class="ct-text" x="{x:.1f}" y="{y + 4:.1f}">{escape(name)}</text>'
        for y, name in ((first, above), (second, below))
    )


def histogram(
    edges: Sequence[float],
    counts: Sequence[int],
    value: float,
    *,
    label: str,
    words: tuple[str, str, str],
    number: Callable[[float], str],
    width: float = 740,
    height: float = 220,
) -> str:
    """Draw how often each size came by chance, and where the value itself lies.

    Parameters
    ----------
    edges, counts
        (n + 1,) rising ends and (n,) heights of the bars; bars that end at or before ``value`` are full.
    value
        The value that is compared; inside the edges.
    label
        The sentence for those who do not see the drawing.
    words
        Name of the axis of sizes, of the counts, of the value.
    number
        Writes a size.
    width, height
        Size in px.

    Examples
    --------
    >>> drawn = histogram([0, 1, 2], [3, 5], 1.0, label="chance", words=("size", "tuples", "here"), number=str)
    >>> drawn.count("<rect")
    2
    """
    frame = _Frame(_LEFT, width - 12.0, _TOP, height - _BOTTOM, edges[0], edges[-1], 0.0, max(*counts, 1))
    body = (
        f'<path class="ct-axis" d="M{frame.left:.1f} {frame.bottom:.1f}H{frame.right:.1f}" stroke="{GREY}"/>'
    )
    for k, count in enumerate(counts):
        x, end, top = frame.x(edges[k]), frame.x(edges[k + 1]), frame.y(count)
        full = edges[k + 1] <= value + 1e-12
        look = (
            f'class="ct-full" fill="{CHOSEN}"'
            if full
            else f'class="ct-rest" fill="{GREY}" fill-opacity=".55"'
        )
        body += f'<rect {look} x="{x:.1f}" y="{top:.1f}" width="{max(end - x - 1, 0.5):.1f}" height="{frame.bottom - top:.1f}"/>'
    body += _value_mark(frame, value, words[2])
    for at in (edges[0], 0.0, edges[-1]):
        if frame.first <= at <= frame.last:
            anchor = {edges[0]: "start", edges[-1]: "end"}.get(at, "middle")
            body += f'<text class="ct-text" x="{frame.x(at):.1f}" y="{frame.bottom + 18:.1f}" text-anchor="{anchor}">{escape(number(at))}</text>'
    body += f'<text class="ct-text" x="{frame.left - 8:.1f}" y="{frame.top + 4:.1f}" text-anchor="end">{max(counts, default=0)}</text>'
    body += f'<text class="ct-text" x="{(frame.left + frame.right) / 2:.1f}" y="{height - 6:.1f}" text-anchor="middle">{escape(words[0])}</text>'
    body += f'<text class="ct-text" x="4" y="14">{escape(words[1])}</text>'
    return svg(width, height, body, name="histogram", label=label)


def _value_mark(frame: _Frame, value: float, name: str) -> str:
    x = frame.x(value)
    outside = x - frame.left if x < (frame.left + frame.right) / 2 else frame.right - x
    leftwards = (x < (frame.left + frame.right) / 2) == (outside >= 6 + 7.0 * len(name))  # off the tall bars
    anchor, side = ("end", -6) if leftwards else ("start", 6)
    rule = f'<path class="ct-ink" d="M{x:.1f} {frame.top - 8:.1f}V{frame.bottom:.1f}" stroke="{INK}" stroke-width="2"/>'
    return f'{rule}<text class="ct-text" x="{x + side:.1f}" y="{frame.top + 2:.1f}" text-anchor="{anchor}">{escape(name)}</text>'
