"""The road map (tool page) and the page of one section."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contado.web import i18n, statics, style
from contado.web.data.roads import CLASS_IDS, SORTS, Filter, select
from contado.web.i18n import Words
from contado.web.page import NotFound
from contado.web.pages import sketch
from contado.web.pages.practices import card_of
from contado.web.pages.tablepages import slice_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from contado.web.data.roads import ClassTotal, Section
    from contado.web.page import Page

__all__ = ["KINDS", "road_map", "section"]

_QUERY = ("class", "unit", "q", "sel", "sort", "page", "z", "x", "y", "date", "layers", "filter")
KINDS: dict[str, Words] = {
    "pothole": Words("buca", "pothole"),
    "depression": Words("avvallamento", "depression"),
    "manhole": Words("tombino", "manhole"),
    "speed_bump": Words("dosso", "speed bump"),
    "raised": Words("rialzo", "raised spot"),
    "unknown": Words("tipo non noto", "kind not known"),
}
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
    roads, site = page.site.roads, page.site
    wanted = _filter(page, query)
    found = select(roads, wanted)
    keep = _kept(query, wanted)
    table = slice_rows(page, found, keep, "map", practice="manto_stradale")
    chosen = roads.by_id(query["sel"]) if query.get("sel") else None
    scale = _scale(roads.sections)
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
        legend=_legend(page, wanted.classes),
        table=table,
        wanted=wanted,
        keep=keep,
        chosen=chosen,
        anomalies=roads.anomalies_of(chosen.id) if chosen else [],
        units=[u for u in site.territory.units if any(s.code == u.code for s in roads.sections)],
        empty=_empty_words(page, wanted, found),
        scale=scale,
        map_config=json.dumps(_map_config(page, wanted, chosen), ensure_ascii=False),
        kinds=KINDS,
        contributions=CONTRIBUTIONS,
    )


def _filter(page: Page, query: dict[str, str]) -> Filter:
    """Read the filter; several ``class`` values or one comma-separated are the same, none means all."""
    asked = {c.strip() for value in page.many("class") for c in value.split(",")}
    classes = frozenset(asked & set(CLASS_IDS))
    if not classes and "filter" not in query:
        classes = frozenset(CLASS_IDS)
    unit = page.site.territory.find(query["unit"]) if query.get("unit") else None
    sort = query.get("sort", "priority")
    if sort not in SORTS:
        page.unknown.append(f"sort={sort}")
        sort = "priority"
    if query.get("unit") and unit is None:
        page.unknown.append(f"unit={query['unit']}")
    page.unknown.extend(f"class={value}" for value in sorted(asked - set(CLASS_IDS)) if value)
    return Filter(classes=classes, code=unit.code if unit else None, words=query.get("q", ""), sort=sort)


def _kept(query: dict[str, str], wanted: Filter) -> dict[str, Any]:
    """Return the query that links of the page carry on."""
    every = wanted.classes == frozenset(CLASS_IDS)
    return {
        "class": None if every else ",".join(c for c in CLASS_IDS if c in wanted.classes) or None,
        "filter": "1" if not wanted.classes else None,
        "unit": wanted.code,
        "q": wanted.words,
        "sort": None if wanted.sort == "priority" else wanted.sort,
        "page": query.get("page"),
        "sel": query.get("sel"),
    }


def _legend(page: Page, classes: frozenset[str]) -> list[LegendCell]:
    return [
        LegendCell(total=t, checked=t.class_id in classes, breaks=style.breaks_text(t.class_id))
        for t in page.site.roads.totals()
    ]


def _scale(sections: Sequence[Section]) -> tuple[float, float]:
    """Return the common scale of the whiskers: whole numbers around the values."""
    highs = sorted(s.iri.high or s.iri.value or 0.0 for s in sections)
    return (1.0, float(max(6, min(20, round(highs[-1]))))) if highs else (1.0, 10.0)


def _empty_words(page: Page, wanted: Filter, found: Sequence[Section]) -> str:
    if found:
        return ""
    unit = page.site.territory.by_code.get(wanted.code or "")
    inside = [s for s in page.site.roads.sections if unit is None or s.code == unit.code]
    critical = sum(s.class_id == "D" for s in inside)
    where = unit.name if unit else page.say("tutto il territorio", "the whole territory")
    n, c = i18n.number(len(inside), page.lang), i18n.number(critical, page.lang)
    return page.say(
        f"Nessuna sezione con questi filtri. In {where} ci sono {n} sezioni, {c if critical else 'nessuna'} {'critiche' if critical > 1 else 'critica'}.",
        f"No section matches these filters. {where} has {n} sections, {c if critical else 'none'} critical.",
    )


def _map_config(page: Page, wanted: Filter, chosen: Section | None) -> dict[str, Any]:
    """Return what the map's module needs: addresses, style, words, view."""
    look = style.load()
    say = page.say
    return {
        "maplibre": statics.address("vendor/maplibre/maplibre-gl.mjs"),
        "worker": statics.address("vendor/maplibre/maplibre-gl-worker.mjs"),
        "data": {
            name: f"/viste/{name}.json" for name in ("municipalities", "labels", "sections", "anomalies")
        },
        "classes": [
            {
                "id": c.id,
                "name": c.it if page.lang == "it" else c.en,
                "widths": c.widths,
                "dash": c.dash,
                **{sight: getattr(c, sight) for sight in ("light", "dark", "high", "field")},
            }
            for c in look.classes
        ],
        "base": look.map,
        "shown": sorted(wanted.classes),
        "unit": wanted.code,
        "words": wanted.words,
        "selected": chosen.id if chosen else None,
        "chosen": _chosen_point(chosen),
        "section": page.url("map", {"sel": "SECTION"}, practice="manto_stradale"),
        "bounds": _bounds(page),
        "texts": {
            "label": say(
                "Mappa delle sezioni; le stesse righe sono nella tabella",
                "Map of the sections; the same rows are in the table",
            ),
            "loading": say("Carico", "Loading")
            + f" {i18n.number(len(page.site.roads.sections), page.lang)} "
            + say("sezioni…", "sections…"),
            "failed": say(
                "La mappa non si è caricata. La tabella è completa.",
                "The map did not load. The table is complete.",
            ),
            "retry": say("Riprova", "Try again"),
            "none": say("non percorso", "not driven"),
            "km": "km",
            "shown": say("sezioni mostrate", "sections shown"),
            "ui": _locale(page),
            "layers": {
                "sections": say("Sezioni", "Sections"),
                "anomalies": say("Anomalie", "Anomalies"),
                "names": say("Nomi dei comuni", "Municipality names"),
            },
            "opacity": say("opacità", "opacity"),
            "panel": say("Livelli", "Layers"),
        },
    }


def _chosen_point(chosen: Section | None) -> dict[str, Any]:
    """Return the middle of the chosen section, where its name stands."""
    import shapely

    features = []
    if chosen is not None and chosen.geometry is not None:
        middle = shapely.point_on_surface(chosen.geometry)
        at = [round(float(v), 5) for v in shapely.get_coordinates(middle)[0]]
        point = {"type": "Point", "coordinates": at}
        features = [{"type": "Feature", "properties": {"id": chosen.id}, "geometry": point}]
    return {"type": "FeatureCollection", "features": features}


def _locale(page: Page) -> dict[str, str]:
    """Return MapLibre's own words in the page's language."""
    say = page.say
    return {
        "Map.Title": say("Mappa", "Map"),
        "NavigationControl.ZoomIn": say("Ingrandisci", "Zoom in"),
        "NavigationControl.ZoomOut": say("Riduci", "Zoom out"),
        "ScaleControl.Kilometers": "km",
        "ScaleControl.Meters": "m",
    }


def _bounds(page: Page) -> list[float]:
    import shapely

    shapes = [u.geometry for u in page.site.territory.units if u.geometry is not None]
    shapes = shapes or [s.geometry for s in page.site.roads.sections if s.geometry is not None]
    return [round(float(v), 4) for v in shapely.total_bounds(shapes)] if shapes else [8.7, 45.1, 9.6, 45.7]


def section(page: Page) -> Response:
    """Render the page of one section: values, anomalies, why it is first, works proposed."""
    card = card_of(page)
    page.query()
    roads = page.site.roads
    found = roads.by_id(page.parts["section_id"])
    if card.entry.practice != "manto_stradale" or found is None:
        raise NotFound(page.parts["section_id"])
    own = {found.id, f"manto_stradale:{found.id}"}
    options = [c for c in page.site.programme.candidates if c.asset in own]
    plain = card.entry.plain.of(page.lang)
    return page.render(
        "section.html",
        simulated=found.label == "simulated",
        crumbs=[
            (page.say("Buone pratiche", "Good practices"), page.url("practices")),
            (plain, page.url("practice", practice="manto_stradale")),
            (page.say("Mappa", "Map"), page.url("map", practice="manto_stradale")),
            (found.id, None),
        ],
        section=found,
        place=_place(page, found),
        rank=1 + next(i for i, s in enumerate(roads.sections) if s.id == found.id),
        n=len(roads.sections),
        anomalies=roads.anomalies_of(found.id),
        kinds=KINDS,
        contributions=CONTRIBUTIONS,
        options=sorted(options, key=lambda c: (not c.chosen, -(c.yield_ or 0.0), c.id)),
        sketch=sketch.section_svg(page, found),
        scale=_scale(roads.sections),
        neighbours=[s for s in roads.sections if s.road_code and s.road_code == found.road_code],
    )


def _place(page: Page, found: Section) -> str:
    """Return road, municipality and chainage, where they are known."""
    parts = [
        found.road_code or "",
        found.municipality or page.say("comune non noto", "municipality not known"),
    ]
    if found.from_km is not None and found.to_km is not None:
        parts.append("km " + i18n.interval_text(found.from_km, found.to_km, page.lang, 2))
    return " · ".join(p for p in parts if p)
