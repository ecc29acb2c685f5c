"""A small drawing of one section in its municipality, for where no map is loaded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from shapely import Geometry

    from contado.web.data.roads import Section
    from contado.web.page import Page

__all__ = ["section_svg"]

WIDTH, HEIGHT, MARGIN = 400, 260, 14


def section_svg(page: Page, section: Section) -> str:
    """Draw the municipality, all its sections thin, and this one thick with a casing."""
    from shapely import total_bounds

    unit = page.site.territory.by_code.get(section.code or "")
    if section.geometry is None:
        return ""
    frame = unit.geometry if unit is not None and unit.geometry is not None else section.geometry
    west, south, east, north = (float(v) for v in total_bounds([frame, section.geometry]))
    squeeze = math.cos(math.radians((south + north) / 2))
    span_x, span_y = ((east - west) * squeeze or 1e-6), (north - south or 1e-6)
    scale = min((WIDTH - 2 * MARGIN) / span_x, (HEIGHT - 2 * MARGIN) / span_y)
    left, top = (WIDTH - span_x * scale) / 2, (HEIGHT - span_y * scale) / 2

    def path(coords: Iterable[tuple[float, ...]]) -> str:
        points = [
            f"{left + (c[0] - west) * squeeze * scale:.0f} {top + (north - c[1]) * scale:.0f}" for c in coords
        ]
        return "M" + "L".join(points)

    body = f'<rect width="{WIDTH}" height="{HEIGHT}" style="fill:var(--ct-map-outside)"/>'
    if unit is not None and unit.geometry is not None:
        land = "".join(path(ring) + "z" for ring in _rings(unit.geometry))
        body += f'<path d="{land}" style="fill:var(--ct-map-land);stroke:var(--ct-map-outline);stroke-width:1.4"/>'
    for other in page.site.roads.sections:
        if other.code == section.code and other.id != section.id and other.geometry is not None:
            body += f'<path d="{_line(path, other.geometry)}" style="fill:none;stroke:var(--ct-class-{other.class_id});stroke-width:1.6"/>'
    own = _line(path, section.geometry)
    body += f'<path d="{own}" style="fill:none;stroke:var(--ct-ink);stroke-width:13"/>'
    body += f'<path d="{own}" style="fill:none;stroke:#FFF;stroke-width:10"/>'
    body += f'<path d="{own}" style="fill:none;stroke:var(--ct-class-{section.class_id});stroke-width:6"/>'
    return f'<svg class="ct-sketch" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true" focusable="false">{body}</svg>'


def _rings(geometry: Geometry) -> Iterable[Iterable[tuple[float, ...]]]:
    from shapely import get_coordinates, get_exterior_ring, get_parts

    return (get_coordinates(get_exterior_ring(p)).tolist() for p in get_parts(geometry))


def _line(path: Callable[[Iterable[tuple[float, ...]]], str], geometry: Geometry) -> str:
    from shapely import get_coordinates, get_parts

    return "".join(path(get_coordinates(part).tolist()) for part in get_parts(geometry))
