"""Segment index: a uniform grid over line segments, for nearest places and candidates.

Cells are rows and columns of ``cell_m`` metres from the lower left corner; each holds the segments
whose bounding box touches it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from contado.kernel.territory.network.model import Network

__all__ = ["CELL_M", "Layout", "SegmentIndex", "build", "of_network"]

CELL_M = 40.0
_MAX_CELLS = 20_000_000


class Layout(NamedTuple):
    """An index as compiled code reads it: the segments of a cell lie side by side in memory."""

    min_x: float
    min_y: float
    cell: float
    columns: int
    rows: int
    offsets: Any
    """Cell ``c`` (row-major) holds the entries ``offsets[c]:offsets[c + 1]``."""
    shape: Any
    """Per entry: ax, ay, dx, dy, 1 / length^2 (0 for a point), start along the owner, length."""
    segment: Any
    owner: Any


@dataclass(frozen=True, kw_only=True, eq=False)
class SegmentIndex:
    """Segments with their owner and place along it, in a grid."""

    ax: NDArray[np.float64]
    ay: NDArray[np.float64]
    bx: NDArray[np.float64]
    by: NDArray[np.float64]
    owner: NDArray[np.int32]
    """Edge (or part of a route) the segment belongs to."""
    start_m: NDArray[np.float64]
    """Place of the segment's start along its owner [m]."""
    cell_m: float
    layout: Layout

    def nearest(
        self, x: ArrayLike, y: ArrayLike, radius_m: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Return owner, place along it [m] and distance [m] of the nearest place of each point.

        -1, NaN, NaN where nothing lies within ``radius_m``.
        """
        segment, share, distance = self.locate(x, y, radius_m)
        found = segment >= 0
        length = np.hypot(self.bx - self.ax, self.by - self.ay)[segment]
        owner = np.where(found, self.owner[segment], -1).astype(np.int64)
        return owner, np.where(found, self.start_m[segment] + share * length, np.nan), distance

    def locate(
        self, x: ArrayLike, y: ArrayLike, radius_m: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Return segment, share along it (0 to 1) and distance [m] of the nearest place of each point."""
        from contado.kernel.territory.network import kernels

        xs = np.atleast_1d(np.asarray(x, dtype=np.float64))
        ys = np.atleast_1d(np.asarray(y, dtype=np.float64))
        result: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]] = kernels.nearest(
            xs, ys, float(radius_m), self.layout
        )
        return result


def of_network(network: Network) -> SegmentIndex:
    """Index the segments of a network's pieces; a two-way piece stands once, under its first edge."""
    edges = network.first_of_piece
    counts = np.diff(network.geometry_offsets)[edges] - 1
    starts = np.repeat(network.geometry_offsets[edges], counts)
    left = starts + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    x, y = network.geometry_x, network.geometry_y
    owner = np.repeat(edges, counts)
    return build(x[left], y[left], x[left + 1], y[left + 1], owner, network.vertex_chainage_m[left])


def build(
    ax: NDArray[np.float64],
    ay: NDArray[np.float64],
    bx: NDArray[np.float64],
    by: NDArray[np.float64],
    owner: NDArray[np.int64],
    start_m: NDArray[np.float64],
    cell_m: float = CELL_M,
) -> SegmentIndex:
    """Index segments from (ax, ay) to (bx, by); at least one. A huge extent gets larger cells."""
    min_x, min_y = float(min(ax.min(), bx.min())), float(min(ay.min(), by.min()))
    width, height = float(max(ax.max(), bx.max())) - min_x, float(max(ay.max(), by.max())) - min_y
    while (width / cell_m + 1) * (height / cell_m + 1) > _MAX_CELLS:
        cell_m *= 2.0
    columns, rows = math.floor(width / cell_m) + 1, math.floor(height / cell_m) + 1
    offsets, segment = _fill((ax, bx), (ay, by), (min_x, min_y), cell_m, columns, rows)
    dx, dy = bx - ax, by - ay
    squared = dx * dx + dy * dy
    inverse = np.divide(1.0, squared, out=np.zeros_like(squared), where=squared > 0)
    shape = np.column_stack((ax, ay, dx, dy, inverse, start_m, np.sqrt(squared)))
    owners = owner.astype(np.int32)
    layout = Layout(
        min_x=min_x,
        min_y=min_y,
        cell=cell_m,
        columns=columns,
        rows=rows,
        offsets=offsets,
        shape=np.ascontiguousarray(shape[segment]),
        segment=segment,
        owner=owners[segment],
    )
    return SegmentIndex(
        ax=ax, ay=ay, bx=bx, by=by, owner=owners, start_m=start_m, cell_m=cell_m, layout=layout
    )


def _fill(
    xs: tuple[NDArray[np.float64], NDArray[np.float64]],
    ys: tuple[NDArray[np.float64], NDArray[np.float64]],
    corner: tuple[float, float],
    cell_m: float,
    columns: int,
    rows: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Put each segment into the cells its bounding box touches; sort by cell."""

    def cells(values: NDArray[np.float64], low: float) -> NDArray[np.int64]:
        return ((values - low) / cell_m).astype(np.int64)

    left, right = cells(np.minimum(*xs), corner[0]), cells(np.maximum(*xs), corner[0])
    low, high = cells(np.minimum(*ys), corner[1]), cells(np.maximum(*ys), corner[1])
    across, up = right - left + 1, high - low + 1
    count = across * up
    segment = np.repeat(np.arange(len(left)), count)
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    column = left[segment] + nth % across[segment]
    row = low[segment] + nth // across[segment]
    cell = row * columns + column
    order = np.argsort(cell, kind="stable")
    offsets = np.concatenate(([0], np.cumsum(np.bincount(cell, minlength=columns * rows))))
    return offsets.astype(np.int32), segment[order].astype(np.int32)
