"""A small drawing of one section in its municipality, for where no map is loaded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from contado.web import style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from shapely import Geometry

    from contado.web.data.roads import Section
    from contado.web.page import Page

__all__ = ["road_svg", "section_svg"]

WIDTH, HEIGHT, MARGIN = 400, 260, 14
ROAD_M = (240, 92)
"""Width and height of the drawing of one place [m]."""
_DEGREE_M = 111_195.0


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


def road_svg(line: Geometry | None, lon: float, lat: float, kind: str) -> str:
    """Draw the road around a place, north up, a unit a metre; a module moves the reader's own mark into it."""
    east, north = _DEGREE_M * math.cos(math.radians(lat)), _DEGREE_M
    across, down = (side / 2 for side in ROAD_M)

    def path(coords: Iterable[tuple[float, ...]]) -> str:
        return "M" + "L".join(f"{(c[0] - lon) * east:.0f} {(lat - c[1]) * north:.0f}" for c in coords)

    body = ""
    for width, colour, dash in ((24, "line", ""), (20, "paper", ""), (1.2, "ink-2", "6 5")):
        drawn = "" if line is None else _line(path, line)
        dashes = f";stroke-dasharray:{dash}" if dash else ""
        body += (
            f'<path d="{drawn}" style="fill:none;stroke:var(--ct-{colour});stroke-width:{width}{dashes}"/>'
        )
    look = style.load()
    mark = look.mark[look.mark_of.get(kind, "dome")]
    body += f'<path d="{mark}" transform="translate(-10 -10) scale(.5)" style="fill:var(--ct-ink);stroke:var(--ct-paper);stroke-width:4;paint-order:stroke"/>'
    own = '<g class="ct-me" hidden><circle r="20" style="fill:var(--ct-action);opacity:.18"/><circle r="6" style="fill:var(--ct-action);stroke:#FFF;stroke-width:2"/><text y="-12" text-anchor="middle"></text></g>'
    return f'<svg viewBox="-{across:.0f} -{down:.0f} {ROAD_M[0]} {ROAD_M[1]}" aria-hidden="true" focusable="false">{body}{own}</svg>'


def _rings(geometry: Geometry) -> Iterable[Iterable[tuple[float, ...]]]:
    from shapely import get_coordinates, get_exterior_ring, get_parts

    return (get_coordinates(get_exterior_ring(p)).tolist() for p in get_parts(geometry))


def _line(path: Callable[[Iterable[tuple[float, ...]]], str], geometry: Geometry) -> str:
    from shapely import get_coordinates, get_parts

    return "".join(path(get_coordinates(part).tolist()) for part in get_parts(geometry))
