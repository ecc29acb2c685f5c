"""Which parts of a road no cell tells of, and whether a car drove them all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Gap", "gaps"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A part of a road [m] that no cell tells of; ``driven`` where a car passed and left no whole cell."""

    from_m: float
    to_m: float
    driven: bool

    @property
    def length_m(self) -> float:
        """Length [m]."""
        return self.to_m - self.from_m


def gaps(cells: Sequence[tuple[float, float]], to_m: float, from_m: float = 0.0) -> list[Gap]:
    """Return the parts of a road between its cells and at its ends.

    A car that drove a road leaves no whole cell at its ends, and none where it braked or the signal failed: less
    than two cells in a row were driven all the same. A longer gap is one that nobody drove.

    Parameters
    ----------
    cells
        Where each cell begins and ends [m], in any order.
    to_m, from_m
        Where the road ends and begins [m].

    Examples
    --------
    >>> [(g.from_m, g.to_m, g.driven) for g in gaps([(20.0, 40.0), (40.0, 60.0)], 300.0)]
    [(0.0, 20.0, True), (60.0, 300.0, False)]
    >>> gaps([], 300.0)
    [Gap(from_m=0.0, to_m=300.0, driven=False)]
    """
    rows = sorted(cells)
    longest = 2 * max((end - start for start, end in rows), default=0.0)
    ends = [from_m, *(end for _, end in rows)]
    starts = [*(start for start, _ in rows), to_m]
    return [
        Gap(from_m=end, to_m=start, driven=start - end < longest)
        for end, start in zip(ends, starts, strict=True)
        if start > end
    ]
