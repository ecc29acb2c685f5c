"""Charts as SVG without script, for pages and reports.

Each function returns one ``<svg>`` element. Shapes carry classes (``ct-...``) so that a page may recolour
them, and plain colours so that they stand alone. The table of the same values belongs beside each chart.
"""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "Bar",
    "Part",
    "Step",
    "cut_line",
    "item_bars",
    "meter",
    "position",
    "robust_key",
    "robustness",
    "round_step",
    "stacked_bar",
    "svg",
    "value_curve",
    "whisker",
]

CHOSEN, REJECTED, LINE, INK, GREY = "#124C63", "#5A4A78", "#B3005E", "#17212B", "#84909A"


class Bar(NamedTuple):
    """A bar of the cut line: cost (width), value per euro (height), decision, exception."""

    cost: float
    height: float
    chosen: bool
    mark: Literal["floor", "excluded"] | None = None


class Step(NamedTuple):
    """A step of the value curve: all budgets, value of the plan, proven upper bound [EUR]; ``now``: today's."""

    budget: float
    value: float
    bound: float
    now: bool = False


class Part(NamedTuple):
    """A part of a stacked bar: class of the style, letter inside, share of one."""

    id: str
    letter: str
    share: float
    colour: str


def _n(value: float) -> str:
    """Return a coordinate with at most one decimal, without a trailing zero."""
    return (
        f"{value:.1f}".removesuffix(".0").replace("-0", "0", 1)
        if abs(value) < 0.05
        else f"{value:.1f}".removesuffix(".0")
    )


def svg(width: float, height: float, body: str, *, name: str, label: str | None = None) -> str:
    """Wrap a drawing; without a label it is decoration, because its numbers stand beside it."""
    role = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    size = f'width="{_n(width)}" height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}"'
    return f'<svg class="ct-chart ct-{name}" {size} {role} focusable="false">{body}</svg>'


def whisker(
    value: float, low: float | None, high: float | None, start: float, end: float, *, width: float = 76
) -> str:
    """Draw a value with its interval on a common scale from ``start`` to ``end``, 14 px high.

    Examples
    --------
    >>> whisker(5.0, None, None, 0.0, 10.0).count("circle")
    1
    """
    inner = width - 8

    def x(v: float) -> float:
        return 4 + inner * min(1.0, max(0.0, (v - start) / ((end - start) or 1.0)))

    body = f'<path class="ct-axis" d="M4 7H{_n(width - 4)}" stroke="#D5DADD" stroke-width="2"/>'
    if low is not None and high is not None:
        caps = f"M{_n(x(low))} 7H{_n(x(high))}M{_n(x(low))} 3.5v7M{_n(x(high))} 3.5v7"
        body += f'<path class="ct-ink" d="{caps}" stroke="{INK}" stroke-width="2.5" fill="none"/>'
    body += f'<circle class="ct-dot" cx="{_n(x(value))}" cy="7" r="4" fill="{INK}"/>'
    return svg(width, 14, body, name="whisker")


def position(
    everywhere: Sequence[float], value: float | None, low: float | None = None, high: float | None = None
) -> str:
    """Draw a tick for each municipality, the median, and the own value as a house with its interval.

    The scale runs from the least to the greatest value; 226 x 22 px.
    """
    if not everywhere:
        return ""
    ordered = sorted(everywhere)
    lowest, span = ordered[0], (ordered[-1] - ordered[0]) or 1.0

    def x(v: float) -> float:
        return 6 + 214 * min(1.0, max(0.0, (v - lowest) / span))

    ticks = "".join(f"M{_n(at)} 9v8" for at in dict.fromkeys(round(x(v), 1) for v in ordered))
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    body = '<path class="ct-axis" d="M2 13H224" stroke="#D5DADD"/>'
    body += f'<path class="ct-ticks" d="{ticks}" stroke="{GREY}" stroke-opacity=".7"/>'
    body += f'<path class="ct-ink" d="M{_n(x(median))} 4v14" stroke="{INK}" stroke-width="2"/>'
    if value is not None:
        if low is not None and high is not None:
            interval = f"M{_n(x(low))} 18H{_n(x(high))}"
            body += f'<path class="ct-own" d="{interval}" stroke="#0058B3" stroke-width="4"/>'
        house = f"M{_n(x(value) - 6)} 18v-8l6-6 6 6v8z"
        body += f'<path class="ct-own-fill" d="{house}" fill="#0058B3" stroke="#FFF"/>'
    return svg(226, 22, body, name="position")


def stacked_bar(parts: Sequence[Part], label: str, *, width: float = 1000, height: float = 28) -> str:
    """Draw shares of one as parts of a bar with their letters, 2 px apart; the last may be hatched."""
    kept = [p for p in parts if p.share > 0]
    room = width - 2 * max(0, len(kept) - 1)
    hatch = f"ct-hatch-none-{_n(width)}"  # two widths may stand on one page
    at, body = 0.0, _hatch(hatch, GREY)
    for part in kept:
        size = room * part.share
        hatched = part.id == "none"
        fill = f"url(#{hatch})" if hatched else part.colour
        edge = f' stroke="{GREY}"' if hatched else ""
        body += f'<rect class="ct-part-{part.id}" x="{_n(at)}" width="{_n(size)}" height="{_n(height)}" rx="2" fill="{fill}"{edge}/>'
        if size > 24:
            colour = INK if hatched else "#FFF"
            text = f'<text x="{_n(at + 9)}" y="{_n(height / 2 + 5)}" font-size="14" font-weight="700" fill="{colour}">'
            body += f"{text}{escape(part.letter)}</text>"
        at += size + 2
    return svg(width, height, body, name="stacked", label=label).replace(
        "<svg ", '<svg preserveAspectRatio="none" ', 1
    )


def _hatch(name: str, colour: str) -> str:
    lines = f'<path d="M0 6L6 0M-1 1L1-1M5 7L7 5" stroke="{colour}" stroke-width="1.2"/>'
    ground = '<rect width="6" height="6" fill="#FFF"/>'
    return f'<defs><pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse">{ground}{lines}</pattern></defs>'


def robustness(core: int, borderline: int, exterior: int, label: str, *, width: float = 386) -> str:
    """Draw how many interventions are chosen almost always, sometimes, hardly ever: full, hatched, hollow."""
    total = core + borderline + exterior
    if not total:
        return ""
    room, at, body = width - 4, 0.0, _hatch("ct-hatch-robust", CHOSEN)
    fills = (CHOSEN, "url(#ct-hatch-robust)", "#FFF")
    for count, fill in zip((core, borderline, exterior), fills, strict=True):
        size = room * count / total
        body += f'<rect x="{_n(at + 0.5)}" y=".5" width="{_n(max(0.0, size - 1))}" height="15" fill="{fill}" stroke="{CHOSEN}"/>'
        at += size + 2
    return svg(width, 16, body, name="robust", label=label)


def robust_key(kind: Literal["core", "borderline", "exterior"]) -> str:
    """Draw the sign of one part of `robustness` for its legend: full, hatched or hollow."""
    fill = {"core": CHOSEN, "borderline": "url(#ct-hatch-robust)", "exterior": "#FFF"}[kind]
    body = f'<rect x=".5" y=".5" width="13" height="13" fill="{fill}" stroke="{CHOSEN}"/>'
    return svg(14, 14, body, name="key-robust")


def meter(share: float, *, width: float = 148) -> str:
    """Draw a bar of 8 px filled to ``share`` of one; its numbers stand beside it."""
    full = width * min(1.0, max(0.0, share))
    body = f'<rect class="ct-rail" width="{_n(width)}" height="8" rx="2" fill="#E3E7E9"/>'
    body += f'<rect class="ct-full" width="{_n(full)}" height="8" rx="2" fill="{CHOSEN}"/>'
    return svg(width, 8, body, name="meter")


def item_bars(
    items: Sequence[tuple[str, float]], *, label: str, text: Callable[[float], str], width: float = 640
) -> str:
    """Draw signed amounts as bars from zero, each with its name and value: gains full, losses hatched.

    Parameters
    ----------
    items
        Name and amount, in the order of the table beside the chart.
    label
        The sentence for those who do not see the drawing.
    text
        Writes an amount.
    width
        Width in px; each bar takes 26 px of height.
    """
    names, numbers = 210.0, 110.0
    lowest, highest = (end(0.0, *(v for _, v in items)) for end in (min, max))
    room = width - names - 2 * numbers
    zero = names + numbers + room * -lowest / ((highest - lowest) or 1.0)
    hatch = f"ct-hatch-items-{_n(width)}"  # two widths may stand on one page
    body = _hatch(hatch, REJECTED)
    for place, (name, value) in enumerate(items):
        body += _item(
            name, text(value), place * 26.0, (zero, room * value / ((highest - lowest) or 1.0), hatch)
        )
    height = 26.0 * len(items)
    body += f'<path class="ct-ink" d="M{_n(zero)} 0V{_n(height)}" stroke="{INK}" stroke-width="1"/>'
    return svg(width, height, body, name="items", label=label)


def _item(name: str, amount: str, top: float, bar: tuple[float, float, str]) -> str:
    zero, size, hatch = bar
    fill, edge = (CHOSEN, CHOSEN) if size >= 0 else (f"url(#{hatch})", REJECTED)
    side, anchor = (6, "start") if size >= 0 else (-6, "end")
    out = f'<text class="ct-text" x="0" y="{_n(top + 17)}">{escape(name)}</text>'
    out += f'<rect x="{_n(min(zero, zero + size))}" y="{_n(top + 4)}" width="{_n(abs(size))}" height="17" fill="{fill}" stroke="{edge}"/>'
    return f'{out}<text class="ct-text" x="{_n(zero + size + side)}" y="{_n(top + 17)}" text-anchor="{anchor}">{escape(amount)}</text>'


def cut_line(
    bars: Sequence[Bar],
    *,
    label: str,
    words: tuple[str, str, str, str],
    axis: Callable[[float], str],
    width: float = 740,
    height: float = 300,
) -> str:
    """Draw the cut line: bars as wide as they cost and as high as they yield, the line at one.

    Parameters
    ----------
    bars
        In the order of the yield, the best first.
    label
        The sentence for those who do not see the drawing.
    words
        "cumulated cost", "cut line = 1", "in the programme", "out".
    axis
        Writes a cumulated cost for the axis.
    width, height
        Size in px; two drawings (wide, narrow) are better than one that shrinks.
    """
    left, right, top, bottom = 34.0, 8.0, 40.0, 42.0
    total = sum(b.cost for b in bars) or 1.0
    peak = max(1.5, min(max((b.height for b in bars), default=1.0), 6.0))

    def x(cost: float) -> float:
        return left + (width - left - right) * cost / total

    def y(value: float) -> float:
        return height - bottom - (height - top - bottom) * min(value, peak) / peak

    hatch = f"ct-hatch-out-{_n(width)}"  # two widths may stand on one page
    clipped = any(b.height > peak for b in bars)
    body = _hatch(hatch, REJECTED) + _grid(peak, left, width - right, y, more="+" if clipped else "")
    body += _bars(bars, x, y, hatch)
    end = max((at + b.cost for at, b in _cumulated(bars) if b.chosen and not b.mark), default=0.0)
    body += f'<path class="ct-ink" d="M{_n(x(end))} {_n(top - 30)}V{_n(y(0))}" stroke="{INK}" stroke-width="1.5" stroke-dasharray="2 3"/>'
    anchor = "end" if x(end) > width / 2 else "start"
    inside = f'<text class="ct-text" x="{_n(x(end) - 6)}" y="{_n(top - 20)}" text-anchor="end">{escape(words[2])}</text>'
    outside = f'<text class="ct-text" x="{_n(x(end) + 6)}" y="{_n(top - 20)}">{escape(words[3])}</text>'
    body += (inside if anchor == "end" or x(end) > 200 else "") + outside
    body += f'<path class="ct-cut" d="M{_n(left)} {_n(y(1))}H{_n(width - right)}" stroke="{LINE}" stroke-width="2" stroke-dasharray="7 4"/>'
    body += f'<text class="ct-cut-text" x="{_n(width - right)}" y="{_n(y(1) - 7)}" text-anchor="end" fill="{LINE}" font-weight="700">{escape(words[1])}</text>'
    body += _cost_axis(total, x, y(0), axis, words[0], (left + width - right) / 2)
    return svg(width, height, body, name="cut", label=label)


def _cumulated(bars: Sequence[Bar]) -> list[tuple[float, Bar]]:
    at, out = 0.0, []
    for bar in bars:
        out.append((at, bar))
        at += bar.cost
    return out


def _bars(bars: Sequence[Bar], x: Callable[[float], float], y: Callable[[float], float], hatch: str) -> str:
    """One path for the chosen bars and one for the others: thousands of bars stay small."""
    full, hatched, marks, last = "", "", "", -99.0
    for at, bar in _cumulated(bars):
        shape = f"M{_n(x(at))} {_n(y(0))}V{_n(y(bar.height))}H{_n(x(at + bar.cost))}V{_n(y(0))}z"
        if bar.chosen:
            full += shape
        else:
            hatched += shape
        if bar.mark:
            middle, tip = x(at + bar.cost / 2), y(bar.height) - 4
            if middle - last >= 9 or bar.mark == "floor":
                marks, last = marks + _mark(bar.mark, middle, tip), middle
    chosen = f'<path class="ct-chosen" d="{full}" fill="{CHOSEN}" stroke="#FFF" stroke-width=".4"/>'
    out = f'<path class="ct-rejected" d="{hatched}" fill="url(#{hatch})" stroke="{REJECTED}" stroke-width=".6"/>'
    return chosen + out + marks


def _mark(kind: str, x: float, y: float) -> str:
    if kind == "floor":
        return f'<path class="ct-mark" d="M{_n(x - 5)} {_n(y)}l5-9 5 9z" fill="{INK}"/>'
    return (
        f'<path class="ct-ink" d="M{_n(x - 3)} {_n(y - 7)}l6 6m0-6l-6 6" stroke="{INK}" stroke-width="1.8"/>'
    )


def _grid(peak: float, left: float, right: float, y: Callable[[float], float], *, more: str = "") -> str:
    """Draw the lines of the heights; ``more`` marks a top line at which higher bars are cut."""
    step = 1 if peak > 2 else 0.5
    out, at = "", 0.0
    while at <= peak + 1e-9:
        out += f'<path class="ct-axis" d="M{_n(left)} {_n(y(at))}H{_n(right)}" stroke="#D5DADD"/>'
        out += f'<text class="ct-text" x="{_n(left - 8)}" y="{_n(y(at) + 4)}" text-anchor="end">{at:g}{more if at + step > peak + 1e-9 else ""}</text>'
        at += step
    return out


def _cost_axis(
    total: float,
    x: Callable[[float], float],
    base: float,
    axis: Callable[[float], str],
    title: str,
    middle: float,
) -> str:
    step = round_step(total / 4)
    out, at = "", 0.0
    while at <= total:
        out += f'<text class="ct-text" x="{_n(x(at))}" y="{_n(base + 17)}" text-anchor="middle">{escape(axis(at))}</text>'
        at += step
    return f'{out}<text class="ct-text" x="{_n(middle)}" y="{_n(base + 35)}" text-anchor="middle">{escape(title)}</text>'


def round_step(least: float) -> float:
    """Return the first of 1, 2, 2.5, 5 times a power of ten that is not below ``least``."""
    power: float = 10.0 ** math.floor(math.log10(least))
    return next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= least)


def value_curve(
    steps: Sequence[Step],
    *,
    label: str,
    words: tuple[str, str, str],
    axis: Callable[[float], str],
    width: float = 740,
    height: float = 300,
) -> str:
    """Draw what more or less money buys: value against all budgets, the band up to the proven bound above it.

    Parameters
    ----------
    steps
        At least two, by rising budget.
    label
        The sentence for those who do not see the drawing.
    words
        "budgets, million EUR", "value, million EUR", "today".
    axis
        Writes an amount of either axis.
    width, height
        Size in px. The value starts at zero; the budgets start at the first step.
    """
    left, right, top, bottom = 46.0, 22.0, 32.0, 44.0
    first, span = steps[0].budget, (steps[-1].budget - steps[0].budget) or 1.0
    grid = round_step(max(s.bound for s in steps) / 5)
    peak = grid * math.ceil(max(s.bound for s in steps) / grid - 1e-9)

    def x(v: float) -> float:
        return left + (width - left - right) * (v - first) / span

    def y(v: float) -> float:
        return height - bottom - (height - top - bottom) * v / peak

    body = ""
    for k in range(round(peak / grid) + 1):
        body += (
            f'<path class="ct-axis" d="M{_n(left)} {_n(y(k * grid))}H{_n(width - right)}" stroke="#D5DADD"/>'
        )
        body += f'<text class="ct-text" x="{_n(left - 8)}" y="{_n(y(k * grid) + 4)}" text-anchor="end">{escape(axis(k * grid))}</text>'
    line = "L".join(f"{_n(x(s.budget))} {_n(y(s.value))}" for s in steps)
    above = "L".join(f"{_n(x(s.budget))} {_n(y(s.bound))}" for s in reversed(steps))
    body += f'<path class="ct-full" d="M{line}L{above}z" fill="{CHOSEN}" fill-opacity=".3"/>'
    body += f'<path class="ct-curve" d="M{line}" fill="none" stroke="{CHOSEN}" stroke-width="2.5"/>'
    body += "".join(_step(s, x, y, height - bottom, words[2]) for s in steps)
    ticks = (
        f'<text class="ct-text" x="{_n(x(s.budget))}" y="{_n(height - bottom + 18)}" text-anchor="middle">{escape(axis(s.budget))}</text>'
        for s in steps
    )
    body += "".join(ticks)
    body += f'<text class="ct-text" x="{_n((left + width - right) / 2)}" y="{_n(height - 6)}" text-anchor="middle">{escape(words[0])}</text>'
    body += f'<text class="ct-text" x="4" y="14">{escape(words[1])}</text>'
    return svg(width, height, body, name="value", label=label)


def _step(
    step: Step, x: Callable[[float], float], y: Callable[[float], float], base: float, today: str
) -> str:
    """A dot; today's budgets get a larger one, a dotted line and the word."""
    at, height = x(step.budget), y(step.value)
    dot = f'<circle class="ct-full" cx="{_n(at)}" cy="{_n(height)}" r="{6 if step.now else 4}" fill="{CHOSEN}"/>'
    if not step.now:
        return dot
    rule = f'<path class="ct-ink" d="M{_n(at)} {_n(height)}V{_n(base)}" stroke="{INK}" stroke-width="1.5" stroke-dasharray="2 3"/>'
    return f'{rule}{dot}<text class="ct-text" x="{_n(at + 8)}" y="{_n(base - 8)}">{escape(today)}</text>'
