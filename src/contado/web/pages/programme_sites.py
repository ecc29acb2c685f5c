"""Worksites of the programme on a drawn map and in a table, and the pairs that do not share one."""

from __future__ import annotations

import math
from collections import Counter
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from contado.web.data import worksites as data
from contado.web.data.view import layer_rows
from contado.web.pages.programme import TABS, context
from contado.web.pages.programme_candidates import options
from contado.web.pages.tablepages import slice_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from shapely import Geometry
    from starlette.responses import Response

    from contado.web.data.territory import Unit
    from contado.web.data.worksites import Worksite
    from contado.web.page import Page
    from contado.web.site import Site

__all__ = ["FILTERS", "selected", "worksites", "worksites_of"]

FILTERS = ("year", "source", "unit", "practice")
MARGIN, LEAST_DEG = 30, 0.012
SINGLE = 60
"""Up to so many worksites each has a marker of its own; more are counted by municipality."""


class Mark(NamedTuple):
    """A marker: place, text in it, title on hover, link, whether it counts several worksites."""

    lon: float
    lat: float
    text: str
    title: str
    link: str
    many: bool


def worksites_of(site: Site) -> list[Worksite]:
    """Return all worksites of the programme."""
    return site.cached("worksites", lambda: data.worksites(site.programme))


def selected(site: Site, query: Mapping[str, str]) -> list[Worksite]:
    """Return the worksites that a query asks for."""
    unit = site.territory.find(query["unit"]) if query.get("unit") else None
    return [
        w
        for w in worksites_of(site)
        if (not query.get("year") or str(w.year) == query["year"])
        and (not query.get("source") or query["source"] in w.sources)
        and (unit is None or w.code == unit.code)
        and (not query.get("practice") or query["practice"] in {c.practice for c in w.members})
    ]


def worksites(page: Page) -> Response:
    """Render the map by year and source, the same rows as a table, and the pairs kept apart."""
    query = page.query(*FILTERS, "page")
    found, every = selected(page.site, query), selected(page.site, {})
    shared = context(page, dict(TABS)["worksites"])
    marks, nowhere = _marks(page, found)
    others = {k: v for k, v in query.items() if k not in {"year", "page"}}
    counts = Counter(w.year for w in selected(page.site, others))
    return page.render(
        "worksites.html",
        **shared,
        table=slice_rows(page, found, query, "worksites"),
        query=query,
        others=others,
        counts=sorted(counts.items()),
        found=found,
        options=options(page, (c for w in every for c in w.members), shared["plain"]),
        sources=[(s, s) for s in sorted({s for w in every for s in w.sources})],
        wide=_drawn(page, marks, found, 740) if marks else "",
        narrow=_drawn(page, marks, found, 340) if marks else "",
        counted=any(m.many for m in marks),
        nowhere=nowhere,
        apart=data.apart(page.site.programme),
        saving=sum(w.saving for w in found),
    )


def _marks(page: Page, found: Sequence[Worksite]) -> tuple[list[Mark], int]:
    """Return the markers and how many worksites have no known place."""
    places = page.site.cached("places", lambda: _places(page.site))
    known = [(w, place) for w in found if (place := _place(page.site, places, w)) is not None]
    if len(known) <= SINGLE:
        marks = [
            Mark(
                *at,
                f"{w.year % 100:02d}",
                f"{w.head.name.of(page.lang)}, {w.year}",
                _link(page, w),
                many=False,
            )
            for w, at in known
        ]
        return marks, len(found) - len(known)
    names = {u.code: u.name for u in page.site.territory.units}
    centres = page.site.cached("centres", lambda: _centres(page.site.territory.units))
    counts = Counter(w.code for w, _ in known if w.code in centres)
    marks = [
        Mark(
            *centres[code],
            str(n),
            f"{names[code]}: {n} {page.say('cantieri', 'worksites')}",
            page.url("worksites", {"unit": code}),
            many=True,
        )
        for code, n in counts.items()
        if code is not None
    ]
    return marks, len(found) - sum(counts.values())


def _link(page: Page, w: Worksite) -> str:
    return page.url("intervention", intervention_id=w.head.id)


def _place(site: Site, places: Mapping[str, tuple[float, float]], w: Worksite) -> tuple[float, float] | None:
    """Return where a worksite lies: a point on one of its works, else on its municipality."""
    own = next((places[c.id] for c in w.members if c.id in places), None)
    return own or site.cached("centres", lambda: _centres(site.territory.units)).get(w.code or "")


def _shapes(site: Site) -> dict[str, Geometry]:
    """Return the geometry of each chosen intervention that has one."""
    import shapely

    found = [r for r in layer_rows(site.view, "programme") if r["geometry"] is not None]
    shapes = shapely.from_wkb([r["geometry"] for r in found])
    return dict(zip((str(r["id"]) for r in found), shapes, strict=True))


def _places(site: Site) -> dict[str, tuple[float, float]]:
    """Return a point on each intervention that has a geometry."""
    return {key: _point(shape) for key, shape in site.cached("shapes", lambda: _shapes(site)).items()}


def _centres(units: Iterable[Unit]) -> dict[str, tuple[float, float]]:
    known = ((u.code, u.geometry) for u in units)
    return {code: _point(shape) for code, shape in known if shape is not None}


def _point(shape: Geometry) -> tuple[float, float]:
    from shapely import get_x, get_y, point_on_surface

    at = point_on_surface(shape)
    return float(get_x(at)), float(get_y(at))


def _frame(marks: Sequence[Mark]) -> tuple[float, float, float, float]:
    """Return west, south, east, north around the markers, never narrower than a few kilometres."""
    west, east = min(m.lon for m in marks), max(m.lon for m in marks)
    south, north = min(m.lat for m in marks), max(m.lat for m in marks)
    wide, high = max(LEAST_DEG * 1.6 - (east - west), 0.0) / 2, max(LEAST_DEG - (north - south), 0.0) / 2
    return west - wide, south - high, east + wide, north + high


def _drawn(page: Page, marks: Sequence[Mark], found: Sequence[Worksite], width: int) -> str:
    """Draw municipalities, works and markers; the table holds the same, so readers of the page skip it."""
    west, south, east, north = _frame(marks)
    squeeze = math.cos(math.radians((south + north) / 2))
    scale = min((width - 2 * MARGIN) / ((east - west) * squeeze), 0.5 * width / (north - south))
    height = round((north - south) * scale) + 2 * MARGIN
    left = (width - (east - west) * squeeze * scale) / 2

    def at(lon: float, lat: float) -> tuple[float, float]:
        return left + (lon - west) * squeeze * scale, MARGIN + (north - lat) * scale

    pad_x, pad_y = (left + 10) / scale / squeeze, (MARGIN + 10) / scale
    window = (west - pad_x, south - pad_y, east + pad_x, north + pad_y)
    body = f'<rect width="{width}" height="{height}" style="fill:var(--ct-map-outside)"/>'
    body += _land(page.site.territory.units, window, at, 1.0 / scale)
    if not any(m.many for m in marks):
        body += _works(page.site, found, at)
    body += _names(page.site.territory.units, window, at, (width, height))
    body += "".join(_mark(m, *at(m.lon, m.lat)) for m in sorted(marks, key=lambda m: -m.lat))
    return f'<svg class="ct-sketch ct-chart" viewBox="0 0 {width} {height}" aria-hidden="true" focusable="false">{body}</svg>'


def _path(shape: Geometry, at: Callable[[float, float], tuple[float, float]]) -> str:
    """Write the parts of a line, or the outer rings of a surface, as one path."""
    import shapely

    out = ""
    for part in shapely.get_parts(shape):
        closed = shapely.get_type_id(part) == shapely.GeometryType.POLYGON
        coords = shapely.get_coordinates(shapely.get_exterior_ring(part) if closed else part).tolist()
        out += "M" + "L".join("{:.0f} {:.0f}".format(*at(x, y)) for x, y in coords) + ("z" if closed else "")
    return out


def _works(site: Site, found: Sequence[Worksite], at: Callable[[float, float], tuple[float, float]]) -> str:
    """Draw where the works themselves run, under their markers."""
    shapes = site.cached("shapes", lambda: _shapes(site))
    mine = "".join(_path(shapes[c.id], at) for w in found for c in w.members if c.id in shapes)
    return f'<path class="ct-work" d="{mine}"/>'


def _inside(
    units: Sequence[Unit], window: tuple[float, float, float, float], tolerance: float
) -> list[tuple[Unit, Geometry]]:
    """Return the municipalities that the window shows, clipped to it."""
    import shapely

    known = [(u, u.geometry) for u in units if u.geometry is not None]
    simple = shapely.coverage_simplify([g for _, g in known], tolerance)
    pieces = shapely.clip_by_rect(simple, *window)
    return [(u, g) for (u, _), g in zip(known, pieces, strict=True) if not g.is_empty]


def _land(
    units: Sequence[Unit],
    window: tuple[float, float, float, float],
    at: Callable[[float, float], tuple[float, float]],
    tolerance: float,
) -> str:
    land = "".join(_path(shape, at) for _, shape in _inside(units, window, tolerance))
    border = "fill:var(--ct-map-land);stroke:var(--ct-map-outline);stroke-width:1"
    return f'<path d="{land}" style="{border}"/>'


def _names(
    units: Sequence[Unit],
    window: tuple[float, float, float, float],
    at: Callable[[float, float], tuple[float, float]],
    size: tuple[int, int],
) -> str:
    """Write the names of the most populous municipalities that have room for them."""
    names = ""
    shown = sorted(_inside(units, window, 0.0), key=lambda p: -(p[0].residents or 0))
    for unit, shape in shown[: size[0] // 50]:
        (x, y), room = at(*_point(shape)), 4 * len(unit.name)
        if room < x < size[0] - room and 16 < y < size[1] - 8:
            names += f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="middle" style="fill:var(--ct-map-label)">{escape(unit.name)}</text>'
    return names


def _mark(mark: Mark, x: float, y: float) -> str:
    """A worksite is a chevron with its year, a count of several a disc with the number."""
    if mark.many:
        shape = f'<circle class="ct-site-many" cx="{x:.0f}" cy="{y:.0f}" r="14"/>'
        words = f'<text x="{x:.0f}" y="{y + 5:.0f}" text-anchor="middle">{mark.text}</text>'
    else:
        shape = f'<path class="ct-site" d="M{x - 11:.0f} {y - 20:.0f}h22v13l-11 7-11-7z"/>'
        words = (
            f'<text class="ct-site-year" x="{x:.0f}" y="{y - 7:.0f}" text-anchor="middle">{mark.text}</text>'
        )
    return (
        f'<a href="{escape(mark.link)}" tabindex="-1"><title>{escape(mark.title)}</title>{shape}{words}</a>'
    )
