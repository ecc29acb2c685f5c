"""The road map (tool page)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contado.engines.pavement.maintenance import condition
from contado.web import i18n, selection, style
from contado.web.data.roads import CLASS_IDS, SORTS, Filter, select
from contado.web.i18n import Words
from contado.web.page import NotFound
from contado.web.pages import mapframe, strips
from contado.web.pages.layers import time_row
from contado.web.pages.liveroads import live_of
from contado.web.pages.practices import card_of
from contado.web.pages.tablepages import slice_rows

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from starlette.datastructures import QueryParams
    from starlette.responses import Response

    from contado.web.data.roads import ClassTotal, Interval, Roads, Section
    from contado.web.page import Page
    from contado.web.site import Site

__all__ = ["CONTRIBUTIONS", "bounds", "filter_of", "iri_scale", "road_map", "wanted_of", "whole_of"]

_QUERY = ("class", "unit", "q", "sel", "sort", "page", "z", "x", "y", "date", "layers", "filter", "bbox")
CONTRIBUTIONS: dict[str, Words] = {
    "condition": Words("condizione", "condition"),
    "traffic": Words("traffico", "traffic"),
    "accidents": Words("incidentalità", "accidents"),
    "hydro": Words("rischio idrogeologico", "hydrogeological risk"),
    "network": Words("ruolo nella rete", "role in the network"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendCell:
    """A class in the legend: sections and km of the whole, whether it is shown."""

    total: ClassTotal
    checked: bool
    breaks: str


def road_map(page: Page) -> Response:
    """Render the map of the sections beside the same rows; without data, say so."""
    card = card_of(page)
    if card.entry.practice != "manto_stradale":
        raise NotFound(card.entry.practice)
    query = page.query(*_QUERY)
    site = page.site
    day, roads = _roads_on(page, query.get("date"))
    wanted = _filter(page)
    found = select(roads, wanted)
    keep = _kept(query, wanted, day)
    chosen = roads.by_id(query["sel"]) if query.get("sel") else None
    mapframe.note_unknown(page, query, (*(layer["id"] for layer in map_layers(day)), "names"), chosen)
    anomalies = roads.anomalies_of(chosen.id) if chosen else []
    plain = card.entry.plain.of(page.lang)
    return page.render(
        "map.html",
        simulated=roads.simulated,
        crumbs=[
            (page.say("Buone pratiche", "Good practices"), page.url("practices")),
            (plain, page.url("practice", practice="manto_stradale")),
            (page.say("Mappa", "Map"), None),
        ],
        title=plain,
        stale_days=site.stale_days,
        roads=roads,
        legend=_legend(roads, wanted.classes),
        table=slice_rows(page, found, keep, "map", practice="manto_stradale"),
        wanted=wanted,
        keep=keep,
        chosen=chosen,
        anomalies=anomalies,
        strip=strips.drawing(page, chosen, anomalies) if chosen and day is None else None,
        day=day,
        units=[u for u in site.territory.units if any(s.code == u.code for s in roads.sections)],
        empty=_empty_words(page, roads, wanted, found),
        scale=iri_scale(roads.sections),
        time=time_row(page, _days(site), str(day) if day else None, "map", keep, practice="manto_stradale"),
        map_config=_map_config(page, roads, day, wanted, chosen) if roads.sections else "",
        kinds=strips.KINDS,
        contributions=CONTRIBUTIONS,
        whole=whole_of(page, roads),
        live=live_of(page) if day is None else None,
    )


def whole_of(page: Page, roads: Roads) -> Callable[[Interval], Interval]:
    """Return what turns a condition index into whole numbers that read as the class beside them."""
    model = condition.model(roads.on or roads.last or page.site.today())
    return lambda index: index.whole(model)


def wanted_of(page: Page) -> tuple[Roads, Filter, Section | None]:
    """Return the roads that the address of the map asks for: of which day, which of them, which is chosen."""
    query = page.query(*_QUERY)
    _, roads = _roads_on(page, query.get("date"))
    return roads, _filter(page), roads.by_id(query.get("sel", ""))


def _roads_on(page: Page, text: str | None) -> tuple[dt.date | None, Roads]:
    """Return the roads of the day that was asked for; the last day and none are the present state."""
    site, days = page.site, _days(page.site)
    day = next((d for d in days if d.isoformat() == text), None)
    if text and day is None:
        page.unknown.append(f"date={text}")
    if day is None or day == days[-1]:
        return None, site.roads
    found = site.roads_on(day)
    return (None, site.roads) if found is None else (day, found)


def _days(site: Site) -> list[dt.date]:
    """Return the days of the time row: those on which vehicles drove, and the one that the present state is of."""
    days, on = list(site.history.days), site.roads.on
    return [*days, on] if days and on is not None and on > days[-1] else days


def _filter(page: Page) -> Filter:
    wanted, unknown = filter_of(page.site, page.request.query_params)
    page.unknown.extend(unknown)
    return wanted


def filter_of(site: Site, query: QueryParams) -> tuple[Filter, list[str]]:
    """Return the filter that a query asks for, and the parts of it that are not understood.

    Several ``class`` values or one comma-separated are the same, none means all.
    """
    asked = {c.strip() for value in query.getlist("class") for c in value.split(",")}
    classes = frozenset(asked & set(CLASS_IDS))
    if not classes and not query.get("filter"):
        classes = frozenset(CLASS_IDS)
    place, box, sort = (query.get(name, "").strip() for name in ("unit", "bbox", "sort"))
    unit, bbox = site.territory.find(place) if place else None, selection.bbox_of(box)
    unknown = [f"class={value}" for value in sorted(asked - set(CLASS_IDS)) if value]
    unknown += [f"unit={place}"] if place and unit is None else []
    unknown += [f"bbox={box}"] if box and bbox is None else []
    unknown += [f"sort={sort}"] if sort and sort not in SORTS else []
    wanted = Filter(
        classes=classes,
        code=unit.code if unit else None,
        words=query.get("q", "").strip(),
        sort=sort if sort in SORTS else "priority",
        bbox=bbox,
    )
    return wanted, unknown


def _kept(query: dict[str, str], wanted: Filter, day: dt.date | None) -> dict[str, Any]:
    """Return the query that links of the page carry on."""
    every = wanted.classes == frozenset(CLASS_IDS)
    return {
        "class": None if every else ",".join(c for c in CLASS_IDS if c in wanted.classes) or None,
        "filter": "1" if not wanted.classes else None,
        "unit": wanted.code,
        "q": wanted.words,
        "sort": None if wanted.sort == "priority" else wanted.sort,
        "date": day,
        "bbox": query.get("bbox") if wanted.bbox else None,
        "page": query.get("page"),
        "sel": query.get("sel"),
    }


def _legend(roads: Roads, classes: frozenset[str]) -> list[LegendCell]:
    return [
        LegendCell(total=t, checked=t.class_id in classes, breaks=style.breaks_text(t.class_id))
        for t in roads.totals()
    ]


def iri_scale(sections: Sequence[Section]) -> tuple[float, float]:
    """Return the common scale of the whiskers: whole numbers around the values."""
    highs = sorted(s.iri.high or s.iri.value or 0.0 for s in sections)
    return (1.0, float(max(6, min(20, round(highs[-1]))))) if highs else (1.0, 10.0)


def _empty_words(page: Page, roads: Roads, wanted: Filter, found: Sequence[Section]) -> str:
    if found:
        return ""
    unit = page.site.territory.by_code.get(wanted.code or "")
    inside = [s for s in roads.sections if unit is None or s.code == unit.code]
    critical = sum(s.class_id == "D" for s in inside)
    where = unit.name if unit else page.say("tutto il territorio", "the whole territory")
    n, c = i18n.number(len(inside), page.lang), i18n.number(critical, page.lang)
    return page.say(
        f"Nessuna sezione con questi filtri. In {where} ci sono {n} sezioni, {c if critical else 'nessuna'} {'critiche' if critical > 1 else 'critica'}.",
        f"No section matches these filters. {where} has {n} sections, {c if critical else 'none'} critical.",
    )


def map_layers(day: dt.date | None) -> list[dict[str, Any]]:
    """Return the layers of the map: sections, then anomalies above them."""
    query = f"?date={day}" if day else ""
    look = style.load()
    marks = {kind: look.mark_of[kind] for kind in ("pothole", "depression", "manhole")} | {"other": "dome"}
    kinds = [part for kind in marks if kind != "other" for part in (kind, kind)]
    return [
        {
            "id": "sections",
            "geometry": "line",
            "data": f"/viste/sections.json{query}",
            "classOf": ["get", "c"],
            "classes": mapframe.road_classes(),
            "uncertain": True,
            "letters": True,
        },
        {
            "id": "anomalies",
            "geometry": "point",
            "data": f"/viste/anomalies.json{query}",
            "classOf": ["match", ["get", "k"], *kinds, "other"],
            "classes": [
                {"id": kind, "light": "", "mark": mark, "path": look.mark[mark]}
                for kind, mark in marks.items()
            ],
            "full": ["get", "f"],
            "minzoom": 11,
        },
    ]


def _map_config(page: Page, roads: Roads, day: dt.date | None, wanted: Filter, chosen: Section | None) -> str:
    """Return what the map's module needs."""
    return mapframe.config(
        page,
        map_layers(day),
        noun=("sezioni", "sections"),
        n=len(roads.sections),
        bounds=bounds(page, roads),
        rule=_rule(roads, wanted),
        selected=chosen.id if chosen else None,
        at=mapframe.point_of(chosen.geometry, chosen.id) if chosen else None,
    )


def _rule(roads: Roads, wanted: Filter) -> list[Any] | None:
    """Return the filters beside the classes as an expression; words by the sections they are in."""
    rules: list[Any] = []
    if wanted.code:
        rules.append(["==", ["get", "m"], wanted.code])
    if wanted.words:
        ids = [s.id for s in select(roads, Filter(words=wanted.words))]
        rules.append(["in", ["get", "id"], ["literal", ids]])
    return ["all", *rules] if rules else None


def bounds(page: Page, roads: Roads) -> list[float]:
    """Return the first view of the roads."""
    import shapely

    lines = [s.geometry for s in roads.sections if s.geometry is not None]
    return mapframe.first_view(page, shapely.total_bounds(lines).tolist() if lines else None)
