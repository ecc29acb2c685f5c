"""Two ways of measuring one thing against each other, as SVG: points with intervals about the line of equality."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from contado.kernel.publish.charts import CHOSEN, GREY, INK, round_step, svg

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["MOST_DRAWN", "Agreement", "agreement"]

MOST_DRAWN = 400
"""Points that a drawing shows; of more, every second, third ... is drawn, so that it stays small."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 14.0, 30.0, 44.0


class Agreement(NamedTuple):
    """A value by the reference and by the method on trial, with the latter's interval."""

    reference: float
    value: float
    low: float | None = None
    high: float | None = None


def agreement(
    points: Sequence[Agreement],
    *,
    label: str,
    words: tuple[str, str, str],
    number: Callable[[float], str],
    limits: tuple[float, float] | None = None,
    width: float = 560,
    height: float = 440,
) -> str:
    """Draw the method on trial against the reference, both from zero on one scale.

    Parameters
    ----------
    points
        At least one, values above zero; beyond `MOST_DRAWN` every k-th is drawn.
    label
        The sentence for those who do not see the drawing.
    words
        Name of the reference's axis, of the method's, of the line of equality.
    number
        Writes a value of the axes.
    limits
        Limits of agreement as shares of the reference (-0.05, 0.08), drawn as dashed lines.
    width, height
        Size in px.

    Examples
    --------
    >>> drawn = agreement([Agreement(2, 2.1, 1.9, 2.3)], label="one", words=("a", "b", "equal"), number=str)
    >>> drawn.count('class="ct-ink"'), drawn.count('class="ct-points"')
    (2, 1)
    """
    drawn = points[:: -(-len(points) // MOST_DRAWN)]
    top = max(v for p in drawn for v in (p.reference, p.value, p.high or 0.0))
    step = round_step(top / 5)
    peak = step * math.ceil(top / step - 1e-9)

    def x(v: float) -> float:
        return _LEFT + (width - _LEFT - _RIGHT) * v / peak

    def y(v: float) -> float:
        return height - _BOTTOM - (height - _TOP - _BOTTOM) * v / peak

    body = _grid(round(peak / step), step, x, y, number) + _equality(peak, limits, x, y, words[2])
    bars = "".join(f"M{x(p.reference):.1f} {y(p.low):.1f}V{y(p.high):.1f}" for p in drawn if p.low and p.high)
    dots = "".join(f"M{x(p.reference):.1f} {y(p.value):.1f}h0" for p in drawn)
    body += f'<path class="ct-ink" d="{bars}" stroke="{INK}" stroke-width="1.2" stroke-opacity=".55" fill="none"/>'
    body += f'<path class="ct-points" d="{dots}" stroke="{CHOSEN}" stroke-width="6" stroke-linecap="round" fill="none"/>'
    body += f'<text class="ct-text" x="{(_LEFT + width - _RIGHT) / 2:.1f}" y="{height - 6:.1f}" text-anchor="middle">{escape(words[0])}</text>'
    body += f'<text class="ct-text" x="4" y="14">{escape(words[1])}</text>'
    return svg(width, height, body, name="agreement", label=label)


def _grid(
    steps: int,
    step: float,
    x: Callable[[float], float],
    y: Callable[[float], float],
    number: Callable[[float], str],
) -> str:
    out, last = "", steps * step
    for k in range(steps + 1):
        at = k * step
        out += f'<path class="ct-axis" d="M{x(0):.1f} {y(at):.1f}H{x(last):.1f}" stroke="#D5DADD"/>'
        out += f'<text class="ct-text" x="{x(0) - 8:.1f}" y="{y(at) + 4:.1f}" text-anchor="end">{escape(number(at))}</text>'
        out += f'<text class="ct-text" x="{x(at):.1f}" y="{y(0) + 18:.1f}" text-anchor="middle">{escape(number(at))}</text>'
    return out


def _equality(
    peak: float,
    limits: tuple[float, float] | None,
    x: Callable[[float], float],
    y: Callable[[float], float],
    word: str,
) -> str:
    """Draw the line of equality, and the limits as lines through zero that end at the frame."""
    out = f'<path class="ct-ink" d="M{x(0):.1f} {y(0):.1f}L{x(peak):.1f} {y(peak):.1f}" stroke="{INK}" stroke-width="1.2"/>'
    for share in limits or ():
        end = peak / max(1.0, 1 + share)
        line = f"M{x(0):.1f} {y(0):.1f}L{x(end):.1f} {y(end * (1 + share)):.1f}"
        out += (
            f'<path class="ct-limit" d="{line}" stroke="{GREY}" stroke-width="1.5" stroke-dasharray="6 4"/>'
        )
    return f'{out}<text class="ct-text" x="{x(peak) - 6:.1f}" y="{y(peak) - 8:.1f}" text-anchor="end">{escape(word)}</text>'
