"""A map of the municipalities as one small SVG, drawn on the server, for pages and print."""

from __future__ import annotations

import math
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from shapely import Geometry

__all__ = ["Drawn", "Frame", "Shape", "draw", "frame_of", "outline", "trace"]

WIDTH = 1000
"""Width of the drawing in its own units; paths use whole numbers."""
TOLERANCE = 5.0
"""Corners whose triangle is smaller than the square of this (own units) are left out."""


class Shape(NamedTuple):
    """What a map shows for one unit: path, fill class, text on hover, address."""

    id: str
    path: str


class Drawn(NamedTuple):
    """The outlines of all units in a common frame."""

    width: int
    height: int
    shapes: tuple[Shape, ...]


class Frame(NamedTuple):
    """What part of the world a drawing shows: its north-western corner [deg], scale, size in own units."""

    west: float
    north: float
    squeeze: float
    scale: float
    height: int

    def project(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return longitudes and latitudes as own units, shape of the input."""
        import numpy as np

        across = (xy[:, 0] - self.west) * self.squeeze * self.scale
        return np.column_stack((across, (self.north - xy[:, 1]) * self.scale))


def frame_of(bounds: Sequence[float]) -> Frame:
    """Return the frame around west, south, east, north [deg].

    The projection is equirectangular about the middle latitude, which is exact enough for one
    metropolitan area.
    """
    west, south, east, north = (float(v) for v in bounds)
    squeeze = math.cos(math.radians((south + north) / 2))
    scale = WIDTH / ((east - west) * squeeze or 1.0)
    return Frame(west, north, squeeze, scale, math.ceil((north - south) * scale))


def outline(units: Sequence[tuple[str, Geometry]]) -> Drawn:
    """Project, simplify (shared borders stay shared) and write the outlines of ``(id, geometry)``.

    Geometry in EPSG:4326.
    """
    import numpy as np
    import shapely

    if not units:
        return Drawn(WIDTH, WIDTH // 2, ())
    geometry = np.array([g for _, g in units], dtype=object)
    frame = frame_of(shapely.total_bounds(geometry).tolist())
    simple = shapely.coverage_simplify(shapely.transform(geometry, frame.project), TOLERANCE)
    shapes = (Shape(name, _path(g)) for (name, _), g in zip(units, simple, strict=True))
    return Drawn(WIDTH, frame.height, tuple(shapes))


def trace(geometry: Geometry) -> str:
    """Return the path of a point, line or polygon in own units; a point is a line of no length.

    Examples
    --------
    >>> from shapely import LineString, Point
    >>> trace(Point(3, 4)), trace(LineString([(0, 0), (5, 1), (5, 3)]))
    ('M3 4h0', 'M0 0l5 1 0 2')
    """
    import shapely

    out = ""
    for part in shapely.get_parts(geometry):
        if part.geom_type == "Point":
            out += f"M{part.x:.0f} {part.y:.0f}h0"
        elif part.geom_type == "LineString":
            out += _line(part.coords)
        elif part.geom_type == "Polygon":
            out += _path(part)
    return out


def draw(
    drawn: Drawn,
    *,
    fills: dict[str, str],
    titles: dict[str, str] | None = None,
    links: dict[str, str] | None = None,
    label: str,
) -> str:
    """Return the SVG: a class for each unit, a title on hover, a link for the pointer.

    Links leave the tab order because the chooser beside the map holds the same ones; the drawing is
    hidden from screen readers for the same reason, its sentence stands in ``label`` of the figure.
    """
    body = "".join(
        _unit(s, fills.get(s.id, "ct-fill-unknown"), (titles or {}).get(s.id), (links or {}).get(s.id))
        for s in drawn.shapes
    )
    hatch = (
        '<defs><pattern id="ct-hatch-unknown" width="14" height="14" patternUnits="userSpaceOnUse">'
        '<rect width="14" height="14" fill="#FFF"/>'
        '<path d="M0 14L14 0" stroke="#84909A" stroke-width="2"/></pattern></defs>'
    )
    frame = f'viewBox="-4 -4 {drawn.width + 8} {drawn.height + 8}"'
    return f'<svg class="ct-figuremap" {frame} data-label="{escape(label)}" aria-hidden="true" focusable="false">{hatch}{body}</svg>'


def _unit(shape: Shape, fill: str, title: str | None, link: str | None) -> str:
    inner = f"<title>{escape(title)}</title>" if title else ""
    path = (
        f'<path class="{fill}" d="{shape.path}">{inner}</path>'
        if inner
        else f'<path class="{fill}" d="{shape.path}"/>'
    )
    return f'<a href="{escape(link)}" tabindex="-1">{path}</a>' if link else path


def _path(geometry: Geometry) -> str:
    import shapely

    polygons = shapely.get_parts(geometry)
    return "".join(_ring(ring.coords) for p in polygons for ring in (p.exterior, *p.interiors))


def _ring(coords: Iterable[tuple[float, ...]]) -> str:
    """Write a ring with whole numbers: one absolute move, then relative lines."""
    start, moves = _moves(coords)
    return f"{start}{_joined(moves[:-1])}z" if len(moves) > 2 else ""


def _line(coords: Iterable[tuple[float, ...]]) -> str:
    start, moves = _moves(coords)
    return f"{start}{_joined(moves)}" if moves else f"{start.removesuffix('l')}h0"


def _moves(coords: Iterable[tuple[float, ...]]) -> tuple[str, list[str]]:
    """Return the first point and the steps from each to the next; those of no length are left out."""
    points = [(round(c[0]), round(c[1])) for c in coords]
    steps = [(bx - ax, by - ay) for (ax, ay), (bx, by) in pairwise(points)]
    moves = [f"{dx}{'' if dy < 0 else ' '}{dy}" for dx, dy in steps if dx or dy]
    return f"M{points[0][0]} {points[0][1]}l", moves


def _joined(moves: Sequence[str]) -> str:
    return moves[0] + "".join(m if m.startswith("-") else f" {m}" for m in moves[1:])
