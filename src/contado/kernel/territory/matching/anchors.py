"""Anchors: the points of a trace that are decoded; the others are placed on the decoded route."""

from __future__ import annotations

from typing import Any

from contado.kernel.jit import leaf

__all__ = ["select"]


@leaf()
def select(x: Any, y: Any, first: int, last: int, spacing: float, point: Any) -> int:
    """Write the anchors of the points ``first:last`` to ``point``; return their number.

    An anchor is at least ``spacing`` from the one before.
    """
    count = 0
    limit = spacing * spacing
    ax, ay = 0.0, 0.0
    for i in range(first, last):
        dx, dy = x[i] - ax, y[i] - ay
        if count == 0 or dx * dx + dy * dy >= limit:
            point[count] = i
            count += 1
            ax, ay = x[i], y[i]
    return count
