"""A map of the municipalities as one small SVG, drawn on the server, for pages and print."""

from __future__ import annotations

import math
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shapely import Geometry

__all__ = ["Drawn", "Shape", "draw", "outline"]

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


def outline(units: Sequence[tuple[str, Geometry]]) -> Drawn:
    """Project, simplify (shared borders stay shared) and write the outlines of ``(id, geometry)``.

    Geometry in EPSG:4326. The projection is equirectangular about the middle latitude, which is exact
    enough for one metropolitan area.
    """
    import numpy as np
    import shapely

    if not units:
        return Drawn(WIDTH, WIDTH // 2, ())
    geometry = np.array([g for _, g in units], dtype=object)
    west, south, east, north = shapely.total_bounds(geometry)
    squeeze = math.cos(math.radians((south + north) / 2))
    scale = WIDTH / ((east - west) * squeeze or 1.0)
    height = math.ceil((north - south) * scale)

    def project(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(((xy[:, 0] - west) * squeeze * scale, (north - xy[:, 1]) * scale))

    flat = shapely.transform(geometry, project)
    simple = shapely.coverage_simplify(flat, TOLERANCE)
    shapes = (Shape(name, _path(g)) for (name, _), g in zip(units, simple, strict=True))
    return Drawn(WIDTH, height, tuple(shapes))


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
    points = [(round(c[0]), round(c[1])) for c in coords]
    steps = [(bx - ax, by - ay) for (ax, ay), (bx, by) in pairwise(points)]
    moves = [f"{dx}{'' if dy < 0 else ' '}{dy}" for dx, dy in steps[:-1] if dx or dy]
    if len(moves) < 2:
        return ""
    joined = moves[0] + "".join(m if m.startswith("-") else f" {m}" for m in moves[1:])
    return f"M{points[0][0]} {points[0][1]}l{joined}z"
