"""Maps of the tool pages drawn on the server, for who has no JavaScript or no WebGL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.kernel.publish import figuremap
from contado.web import files, selection, style
from contado.web.data.roads import select
from contado.web.page import NotFound, Page
from contado.web.pages import layers, mapframe, roadchanges, roads

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from starlette.requests import Request
    from starlette.responses import Response

    from contado.kernel.publish.figuremap import Frame
    from contado.web.data.roads import Section
    from contado.web.site import Site

__all__ = ["MOST_BYTES", "drawn_map"]

MOST_BYTES: Final = 40_000
"""A drawing that would be larger shows squares with their number."""
_TOLERANCES: Final = (1.5, 4.0, 10.0)
"""Corners whose triangle is smaller than the square of this (own units) are left out."""
_SQUARE: Final = 50
_NEAR: Final = 4000.0
"""Own units a degree from which lines are as wide as at zoom 12, below it as at zoom 10."""
_MARGIN: Final = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Shapes of one class in EPSG:4326, and how the map draws it."""

    look: dict[str, Any]
    shapes: NDArray[np.object_]
    geometry: str


def drawn_map(request: Request, site: Site) -> Response:
    """Return the map of a tool page as SVG, with the filters of the page."""
    name = request.path_params["name"]
    page = Page(request, site, "it", name)
    if name == "sections":
        groups, bounds = _sections(page)
    elif name == "changes":
        groups, bounds = _changes(page)
    else:
        groups, bounds = _layer(page, name)
    content = _svg(page, groups, bounds)
    return files.answer(request, content.encode(), "image/svg+xml")


def _sections(page: Page) -> tuple[list[Group], Sequence[float]]:
    shown, wanted, chosen = roads.wanted_of(page)
    looks = {c["id"]: c for c in mapframe.road_classes()}
    found = select(shown, wanted)
    return _lines(found, [s.class_id for s in found], looks, chosen), roads.bounds(page, shown)


def _changes(page: Page) -> tuple[list[Group], Sequence[float]]:
    found, after = roadchanges.wanted_of(page)
    looks = {c["id"]: c for c in roadchanges.looks()}
    ids = [c.class_id for c in found]
    return _lines([c.after for c in found], ids, looks, None), roads.bounds(page, after)


def _lines(
    sections: Sequence[Section], ids: Sequence[str], looks: dict[str, dict[str, Any]], chosen: Section | None
) -> list[Group]:
    """Return the lines of the sections by class, the worst last; under them the band around the chosen one."""
    groups = []
    for look in sorted(looks.values(), key=lambda look: look.get("order", 0)):
        own = [s.geometry for s, i in zip(sections, ids, strict=True) if i == look["id"] and s.geometry]
        groups.append(Group(look=look, shapes=_array(own), geometry="line"))
    if chosen is not None and chosen.geometry is not None:
        band = {"light": "#17212B", "widths": (15.0,) * 4}
        groups.insert(0, Group(look=band, shapes=_array([chosen.geometry]), geometry="line"))
    return groups


def _array(shapes: Sequence[Any]) -> NDArray[np.object_]:
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return out


def _layer(page: Page, name: str) -> tuple[list[Group], Sequence[float]]:
    import shapely

    if name not in {d.id for d in page.site.datasets}:
        raise NotFound(name)
    shown = selection.layer_map(page.site, name)
    query = page.request.query_params
    classing = shown.classing(query.get("by"))
    wanted, _ = selection.wanted(page.site, shown, classing, query)
    rows = shown.select(wanted, classing)
    wkb = page.site.view.layer(name).column("geometry").take(rows).to_numpy(zero_copy_only=False)
    shapes, of_row = shapely.from_wkb(wkb), classing.of_row[rows]
    there = ~shapely.is_missing(shapes)
    groups = [
        Group(look=look, shapes=shapes[there & (of_row == i)], geometry=shown.geometry)
        for i, look in enumerate(layers.class_looks(classing, shown.geometry))
    ]
    return groups, mapframe.first_view(page, layers.around(page, shown, wanted))


def _svg(page: Page, groups: Sequence[Group], bounds: Sequence[float]) -> str:
    west, south, east, north = bounds
    across, up = (east - west) * _MARGIN, (north - south) * _MARGIN
    frame = figuremap.frame_of((west - across, south - up, east + across, north + up))
    base = style.load().map["light"]
    land = page.site.cached(f"land:{bounds}", lambda: _land(page, frame))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {figuremap.WIDTH} {frame.height}">'
    head += f'<rect width="100%" height="100%" fill="{base["outside"]}"/>'
    head += f'<path d="{land}" fill="{base["land"]}" stroke="{base["boundary"]}" stroke-width="1.5"/>'
    for tolerance in _TOLERANCES:
        body = "".join(_drawn(group, frame, tolerance) for group in groups)
        if len(head) + len(body) < MOST_BYTES:
            return f"{head}{body}</svg>"
    return f"{head}{_squares(groups, frame)}</svg>"


def _land(page: Page, frame: Frame) -> str:
    """Return the borders of the municipalities that the frame shows."""
    import shapely

    shapes = _array([u.geometry for u in page.site.territory.units if u.geometry is not None])
    if not len(shapes):
        return ""
    flat = shapely.coverage_simplify(shapely.transform(shapes, frame.project), figuremap.TOLERANCE)
    inside = shapely.clip_by_rect(flat, -20, -20, figuremap.WIDTH + 20, frame.height + 20)
    return "".join(figuremap.trace(g) for g in inside if not g.is_empty)


def _drawn(group: Group, frame: Frame, tolerance: float) -> str:
    import shapely

    if not len(group.shapes):
        return ""
    flat = shapely.transform(group.shapes, frame.project)
    path = "".join(figuremap.trace(g) for g in shapely.simplify(flat, tolerance))
    look = group.look
    if group.geometry == "point":
        strokes = (("#FFFFFF", 17), (look["light"], 12))
        return "".join(f'<path d="{path}" {_stroke(colour, width)}/>' for colour, width in strokes)
    if group.geometry == "polygon":
        fill = "none" if look["id"] == "none" else look["light"]
        return f'<path d="{path}" fill="{fill}" stroke="#7F8C92" stroke-width="1.5"/>'
    width = 1.6 * look["widths"][1 if frame.scale < _NEAR else 2]
    dash = ' stroke-dasharray="9 7"' if look.get("dash") else ""
    casing = "" if dash else f'<path d="{path}" {_stroke("#FFFFFF", width + 3)}/>'
    return f'{casing}<path d="{path}" {_stroke(look["light"], width)}{dash}/>'


def _stroke(colour: str, width: float) -> str:
    caps = 'stroke-linecap="round" stroke-linejoin="round"'
    return f'fill="none" stroke="{colour}" stroke-width="{width:.1f}" {caps}'


def _squares(groups: Iterable[Group], frame: Frame) -> str:
    """Count what is too much to be drawn in squares; none is left out."""
    import shapely

    shapes = np.concatenate([group.shapes for group in groups])
    points = shapely.get_coordinates(shapely.point_on_surface(shapely.transform(shapes, frame.project)))
    places, counts = np.unique(np.floor(points / _SQUARE).astype(int), axis=0, return_counts=True)
    squares = numbers = ""
    for (x, y), n in zip(places.tolist(), counts.tolist(), strict=True):
        left, top = x * _SQUARE, y * _SQUARE
        squares += f"M{left} {top}h{_SQUARE}v{_SQUARE}h-{_SQUARE}z"
        numbers += f'<text x="{left + _SQUARE // 2}" y="{top + 31}">{n}</text>'
    look = 'fill="#17212B" font-family="sans-serif" font-size="18" text-anchor="middle"'
    return f'<path d="{squares}" fill="#A9D5C6" stroke="#17212B"/><g {look}>{numbers}</g>'
