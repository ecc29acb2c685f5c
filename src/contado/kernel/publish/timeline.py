"""Values over time with their intervals, as SVG: the history of one thing, or a before and an after."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from contado.kernel.publish.charts import svg

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from contado.kernel.publish.strip import Band

__all__ = ["Event", "Point", "Run", "Words", "timeline"]

_LEFT, _TOP, _BOTTOM, _TICK_GAP = 34.0, 26.0, 30.0, 74.0
_COLOUR = "#0E5A62"


class Point(NamedTuple):
    """A value on a day with its interval; ``full`` where it was measured on that very day."""

    at: date
    value: float
    low: float | None = None
    high: float | None = None
    full: bool = True


class Run(NamedTuple):
    """Points in order that a line joins; what broke the line, such as works, begins another run."""

    points: Sequence[Point]
    name: str = ""
    colour: str = _COLOUR
    dashed: bool = False


class Event(NamedTuple):
    """A day that cuts the picture, and its word."""

    at: date
    words: str


class Words(NamedTuple):
    """Sentence for who does not see the drawing, unit of the axis; how numbers and days are written."""

    label: str
    unit: str
    number: Callable[[float], str]
    day: Callable[[date], str]


class _Frame(NamedTuple):
    first: int
    last: int
    top: float
    right: float
    base: float

    def x(self, day: date) -> float:
        span = self.last - self.first
        share = (day.toordinal() - self.first) / span if span else 0.5
        return _LEFT + 12 + (self.right - _LEFT - 24) * share

    def y(self, value: float) -> float:
        return self.base - (self.base - _TOP) * min(1.0, max(0.0, value / self.top))


def timeline(
    runs: Sequence[Run],
    events: Sequence[Event] = (),
    bands: Sequence[Band] = (),
    *,
    words: Words,
    width: float = 720,
    height: float = 220,
    margin: float = 96,
) -> str:
    """Draw runs of values over time; the axis starts at zero.

    Parameters
    ----------
    bands
        Classes on the axis of the values, from the lowest up.
    words
        Texts, and how numbers and days are written.
    width, height, margin
        Size, and the room at the right for names [px].

    Examples
    --------
    >>> from datetime import date
    >>> points = [Point(date(2026, 8, 3), 2.0, 1.8, 2.2), Point(date(2026, 10, 2), 2.4, 2.2, 2.6)]
    >>> words = Words("Roughness", "m/km", str, str)
    >>> drawn = timeline([Run(points)], [Event(date(2026, 9, 1), "works")], words=words)
    >>> drawn.count("<circle"), "works" in drawn
    (2, True)
    """
    frame = _frame(runs, events, width - margin, height - _BOTTOM)
    body = "".join(_band(bands, i, frame) for i in range(len(bands))) + _axis(frame, words)
    body += "".join(_event(event, frame) for event in events)
    body += "".join(_run(run, frame) for run in runs) + _days(runs, frame, words, height)
    return svg(width, height, body, name="timeline" if bands else "timeline ct-onpaper", label=words.label)


def _frame(runs: Sequence[Run], events: Sequence[Event], right: float, base: float) -> _Frame:
    points = [p for run in runs for p in run.points]
    days = [p.at.toordinal() for p in points] + [e.at.toordinal() for e in events]
    peak = max((p.high or p.value for p in points), default=1.0)
    step = _step(peak)
    return _Frame(min(days), max(days), step * math.ceil(peak / step + 1e-9), right, base)


def _step(peak: float) -> float:
    """Return a round step that divides the axis into two to five parts."""
    power = 10.0 ** math.floor(math.log10(max(peak, 1e-6) / 2))
    return next(m * power for m in (1, 2, 5, 10) if m * power * 5 >= peak)


def _band(bands: Sequence[Band], i: int, frame: _Frame) -> str:
    band = bands[i]
    if band.from_iri >= frame.top:
        return ""
    upper = bands[i + 1].from_iri if i + 1 < len(bands) else frame.top
    top, bottom = frame.y(upper), frame.y(band.from_iri)
    out = f'<path d="M{_LEFT:.0f} {top:.1f}H{frame.right:.0f}V{bottom:.1f}H{_LEFT:.0f}z" fill="{band.tint}"/>'
    if bottom - top < 12:
        return out
    middle = (top + bottom) / 2 + 4
    return f'{out}<text x="{frame.right + 8:.0f}" y="{middle:.0f}" class="ct-text">{escape(band.name)}</text>'


def _axis(frame: _Frame, words: Words) -> str:
    step = _step(frame.top)
    out = f'<text x="0" y="13" class="ct-text">{escape(words.unit)}</text>'
    for k in range(round(frame.top / step) + 1):
        y = frame.y(k * step)
        out += f'<path class="ct-axis" d="M{_LEFT:.0f} {y:.1f}H{frame.right:.0f}" stroke="#D5DADD"/>'
        out += f'<text class="ct-text" x="{_LEFT - 6:.0f}" y="{y + 4:.0f}" text-anchor="end">{escape(words.number(k * step))}</text>'
    return out


def _event(event: Event, frame: _Frame) -> str:
    x = frame.x(event.at)
    anchor = "end" if x > (frame.right + _LEFT) / 2 else "start"
    at = x - 5 if anchor == "end" else x + 5
    rule = f'<path class="ct-ink" d="M{x:.1f} {_TOP - 12:.0f}V{frame.base:.0f}" stroke="#17212B" stroke-width="1.5" stroke-dasharray="4 3"/>'
    return f'{rule}<text class="ct-text" x="{at:.1f}" y="{_TOP - 5:.0f}" text-anchor="{anchor}">{escape(event.words)}</text>'


def _run(run: Run, frame: _Frame) -> str:
    at = [(frame.x(p.at), frame.y(p.value)) for p in run.points]
    out = ""
    if len(at) > 1:
        out += _spread(run, frame)
        dash = ' stroke-dasharray="6 4"' if run.dashed else ""
        line = "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
        out += f'<path class="ct-run" d="M{line}" fill="none" stroke="{run.colour}" stroke-width="2"{dash}/>'
    for point, (x, y) in zip(run.points, at, strict=True):
        out += _whisker(point, x, frame, run.colour)
        fill = run.colour if point.full else "#FFF"
        out += f'<circle class="ct-run{"" if point.full else " ct-hollow"}" cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" stroke="{run.colour}" stroke-width="2"/>'
    if run.name and at:
        out += f'<text class="ct-text" x="{at[-1][0] + 10:.0f}" y="{at[-1][1] + 4:.0f}">{escape(run.name)}</text>'
    return out


def _spread(run: Run, frame: _Frame) -> str:
    known = [(frame.x(p.at), p.low, p.high) for p in run.points if p.low is not None and p.high is not None]
    upper = [f"{x:.1f} {frame.y(high):.1f}" for x, _, high in known]
    lower = [f"{x:.1f} {frame.y(low):.1f}" for x, low, _ in reversed(known)]
    return (
        f'<path d="M{"L".join([*upper, *lower])}z" class="ct-spread" fill="{run.colour}" fill-opacity=".16"/>'
        if known
        else ""
    )


def _whisker(point: Point, x: float, frame: _Frame, colour: str) -> str:
    if point.low is None or point.high is None:
        return ""
    low, high = frame.y(point.low), frame.y(point.high)
    return f'<path d="M{x:.1f} {low:.1f}V{high:.1f}M{x - 4:.1f} {low:.1f}h8M{x - 4:.1f} {high:.1f}h8" class="ct-run" stroke="{colour}" stroke-width="1.5"/>'


def _days(runs: Sequence[Run], frame: _Frame, words: Words, height: float) -> str:
    """Write the days of the points, the last one first; those that would touch another stay out."""
    out, taken = "", math.inf
    for day in sorted({p.at for run in runs for p in run.points}, reverse=True):
        x = frame.x(day)
        if taken - x >= _TICK_GAP:
            out += f'<text class="ct-text" x="{x:.0f}" y="{height - 10:.0f}" text-anchor="middle">{escape(words.day(day))}</text>'
            taken = x
    return out
