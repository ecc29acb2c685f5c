"""Lines drawn to the right of where they run, in pixels: two directions of one road stand side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["GAP_PX", "aside_px", "at_share", "clear_share", "right_at", "shifted"]

GAP_PX: Final = 1.0
"""Between the edge of a line and the middle of the road."""
_SHARES: Final = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)
_STRAIGHT: Final = 0.5
"""Least 1 + cosine of a bend: sharper ones are cut off."""


def aside_px(width: float) -> float:
    """Return how far a line of a width is drawn from the middle of the road [px]."""
    return width / 2 + GAP_PX


def _sides(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the unit vector to the right of each step; y runs down."""
    dx, dy = np.diff(x), np.diff(y)
    length = np.maximum(np.hypot(dx, dy), 1e-9)
    return -dy / length, dx / length


def shifted(x: Floats, y: Floats, px: float) -> tuple[Floats, Floats]:
    """Return a line moved to the right of where it runs, its corners mitred.

    Examples
    --------
    >>> x, y = shifted(np.array([0.0, 10.0, 10.0]), np.array([0.0, 0.0, 10.0]), 2.0)
    >>> x.tolist(), y.tolist()
    ([0.0, 8.0, 8.0], [2.0, 2.0, 10.0])
    """
    east, south = _sides(x, y)
    before, after = np.r_[0, : len(east)], np.r_[: len(east), len(east) - 1]
    straight = np.maximum(_STRAIGHT, 1 + east[before] * east[after] + south[before] * south[after])
    factor = px / straight
    return x + (east[before] + east[after]) * factor, y + (south[before] + south[after]) * factor


def at_share(x: Floats, y: Floats, share: float) -> tuple[float, float]:
    """Return the point at a share of the length of a line."""
    along = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))
    return float(np.interp(share * along[-1], along, x)), float(np.interp(share * along[-1], along, y))


def right_at(x: Floats, y: Floats, share: float) -> tuple[float, float]:
    """Return the unit vector to the right of a line at a share of its length."""
    ends = [at_share(x, y, min(1.0, max(0.0, share + d))) for d in (-0.01, 0.01)]
    east, south = _sides(*(np.array(part) for part in zip(*ends, strict=True)))
    return float(east[0]), float(south[0])


def clear_share(x: Floats, y: Floats, taken: Sequence[tuple[float, float]], room: float) -> float:
    """Return the share of a line, as near its middle as can be, that is ``room`` px away from every place taken.

    Where there is none, that which is the farthest from them.

    Examples
    --------
    >>> x, y = np.array([0.0, 100.0]), np.zeros(2)
    >>> clear_share(x, y, [], 20.0), clear_share(x, y, [(48.0, 0.0)], 20.0)
    (0.5, 0.7)
    """

    def away(share: float) -> float:
        at = at_share(x, y, share)
        return min((float(np.hypot(at[0] - a, at[1] - b)) for a, b in taken), default=np.inf)

    return next((s for s in _SHARES if away(s) >= room), max(_SHARES, key=away))
