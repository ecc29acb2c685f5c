"""Territory: the municipalities as map and table, and the sheet of one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from contado.kernel import publish
from contado.kernel.errors import UsageError
from contado.web import files, i18n
from contado.web.data.territory import fold
from contado.web.i18n import Words
from contado.web.page import NotFound, Page
from contado.web.pages import beforeafter, unitreport
from contado.web.pages.drawings import Scale, choropleth, locator
from contado.web.pages.home import works_map
from contado.web.pages.programme_sites import worksites_of
from contado.web.pages.tablepages import slice_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from contado.web.data.indicators import Line
    from contado.web.data.programme import Candidate
    from contado.web.data.territory import Unit
    from contado.web.pages.drawings import MapView
    from contado.web.site import Site

__all__ = ["Theme", "municipality", "territory", "unit_pdf"]

_SHOWN = {
    "density": Words("residenti per km²", "residents per km²"),
    "works": Words("interventi in programma", "interventions in the programme"),
}
_DENSITY_BREAKS = (0, 500, 1000, 2000, 4000)
_SORTS = ("name", "residents", "area", "density", "works")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """A municipality in the table."""

    unit: Unit
    density: float | None
    works: int
    spend: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Indicators of one good practice."""

    title: str
    official: str
    practice: str | None
    lines: Sequence[Line]


def territory(page: Page) -> Response:
    """Render the map and the table of the municipalities; ``unit`` opens one."""
    query = page.query("q", "sort", "page", "show", "unit")
    if chosen := query.pop("unit", None):
        found = page.site.territory.find(chosen)
        if found is not None:
            return page.redirect("municipality", code=found.code)
    shown = query.get("show") if query.get("show") in _SHOWN else "density"
    sort = query.get("sort") if query.get("sort") in _SORTS else "name"
    rows = _sorted([r for r in _rows(page) if fold(query.get("q", "")) in fold(r.unit.name)], str(sort))
    view = works_map(page) if shown == "works" else _density_map(page)
    return page.render(
        "territory.html",
        simulated=page.site.programme.simulated,
        crumbs=[(page.say("Territorio", "Territory"), None)],
        map=view,
        shown=shown,
        choices=_SHOWN,
        table=slice_rows(page, rows, query, "territory"),
        query=query,
        sort=sort,
        units=page.site.territory.units,
        place=page.site.territory,
    )


def _rows(page: Page) -> list[UnitRow]:
    programme = page.site.programme
    works = Counter(c.code for c in programme.chosen if c.code)
    spend: Counter[str] = Counter()
    for c in programme.chosen:
        if c.code:
            spend[c.code] += round(c.spent)
    return [
        UnitRow(unit=u, density=_density(u), works=works[u.code], spend=spend[u.code])
        for u in page.site.territory.units
    ]


def _density(unit: Unit) -> float | None:
    return unit.residents / unit.area_km2 if unit.residents is not None and unit.area_km2 else None


def _sorted(rows: list[UnitRow], sort: str) -> list[UnitRow]:
    keys = {
        "residents": lambda r: -(r.unit.residents or 0),
        "area": lambda r: -(r.unit.area_km2 or 0),
        "density": lambda r: -(r.density or 0),
        "works": lambda r: -r.works,
    }
    return sorted(rows, key=keys[sort]) if sort in keys else rows


def _density_map(page: Page) -> MapView:
    values = {u.code: d for u in page.site.territory.units if (d := _density(u)) is not None}
    number = page.say(
        "meno di 500|500–1.000|1.000–2.000|2.000–4.000|4.000 e oltre",
        "less than 500|500–1,000|1,000–2,000|2,000–4,000|4,000 and more",
    )
    scale = Scale(
        breaks=_DENSITY_BREAKS,
        names=number.split("|"),
        ramp="share",
        text=lambda v: page.say(f"{v:.0f} residenti per km²", f"{v:.0f} residents per km²"),
    )
    return choropleth(
        page,
        values,
        scale,
        title=page.say("Residenti per km²", "Residents per km²"),
        sentence=page.say("Residenti per km² nei comuni", "Residents per km² in the municipalities"),
        label=page.borders_label,
    )


def municipality(page: Page) -> Response:
    """Render the sheet of one municipality, beside another where ``with`` names it; a name redirects to its code."""
    query = page.query("with")
    unit = page.site.territory.find(page.parts["code"])
    if unit is None:
        raise NotFound(page.parts["code"])
    if unit.code != page.parts["code"]:
        return page.redirect("municipality", code=unit.code)
    other = page.site.territory.find(query["with"]) if "with" in query else None
    if "with" in query and other is None:
        page.unknown.append(f"with={query['with']}")
    sheet = _sheet(page, unit)
    beside = {line.indicator.id: line for line in _lines(page, other)} if other else {}
    shown = {t.practice for t in sheet.themes if t.practice}
    missing = [c.entry for c in page.site.cards if c.entry.practice not in shown]
    return page.render(
        "municipality.html",
        simulated=any(line.label == "simulated" for t in sheet.themes for line in t.lines)
        or any(c.label == "simulated" for c in sheet.works),
        crumbs=[
            (page.say("Territorio", "Territory"), page.url("territory")),
            (unit.name, None),
        ],
        unit=unit,
        other=other,
        beside=beside,
        units=page.site.territory.units,
        map=locator(page, unit.code),
        themes=sheet.themes,
        measured=beforeafter.pictures(page, (o for o in page.site.outcomes if o.code == unit.code)),
        without=len(missing),
        missing=missing,
        works=sheet.works,
        saving=sum(w.saving for w in worksites_of(page.site) if w.code == unit.code),
        programme=page.site.programme,
        practice_names={c.entry.practice: c.entry.plain for c in page.site.cards},
        unit_sign=lambda unit: i18n.unit_sign(unit, page.lang),
        digits=digits,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is known of one municipality: indicators by theme, works of the programme by year."""

    themes: Sequence[Theme]
    works: Sequence[Candidate]


def _sheet(page: Page, unit: Unit) -> Sheet:
    works = sorted(
        (c for c in page.site.programme.chosen if c.code == unit.code), key=lambda c: (c.year or 0, c.id)
    )
    return Sheet(themes=_themes(page, _lines(page, unit)), works=works)


def _lines(page: Page, unit: Unit) -> list[Line]:
    return page.site.indicators.lines(unit.code, len(page.site.territory.units))


def unit_pdf(request: Request, site: Site) -> Response:
    """Return the sheet of one municipality as a PDF, in Italian or with ``lang=en`` in English."""
    unit = site.territory.by_code.get(request.path_params["code"])
    lang = request.query_params.get("lang", "it")
    if unit is None or lang not in i18n.LANGS:
        raise NotFound(request.path_params["code"])
    page = Page(request, site, "en" if lang == "en" else "it", "municipality")
    sheet = _sheet(page, unit)
    shown = {t.practice for t in sheet.themes}
    without = [c.entry.plain.of(page.lang) for c in site.cards if c.entry.practice not in shown]
    report = unitreport.unit_report(page, unit, sheet.themes, sheet.works, without)
    try:
        content = publish.render(report, "pdf")
    except UsageError as error:
        raise HTTPException(501, error.message) from None
    return files.answer(request, content, "application/pdf", f"{unit.code}.pdf")


def _themes(page: Page, lines: Sequence[Line]) -> list[Theme]:
    """Group the indicators by the good practice they belong to, in the order of the catalogue."""
    entries = {c.entry.practice: c.entry for c in page.site.cards}
    out = []
    for practice in [*entries, None]:
        own = [
            line
            for line in lines
            if line.indicator.practice == practice
            or (practice is None and line.indicator.practice not in entries)
        ]
        if own:
            title = entries[practice].plain.of(page.lang) if practice else page.say("Di tutti", "Shared")
            official = entries[practice].official if practice else ""
            out.append(Theme(title=title, official=official, practice=practice, lines=own))
    return out


def digits(value: float | None) -> int:
    """Return how many decimals a value needs to be read: two below one, one below a hundred."""
    size = abs(value or 0.0)
    return 0 if size >= 100 or size == 0 else 2 if size < 1 else 1
