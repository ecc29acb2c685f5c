"""Search over municipalities, good practices, layers and road sections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.web.data.territory import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from contado.web.page import Page

__all__ = ["search"]

_MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One answer."""

    title: str
    more: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Answers of one kind; ``total`` counts those left out too."""

    title: str
    hits: Sequence[Hit]
    total: int


def search(page: Page) -> Response:
    """Render the answers by kind; an ISTAT code or a section's id jumps to its page."""
    query = page.query("q").get("q", "")
    if query:
        if (query.isdigit() or (len(query) == 6 and query.isalnum())) and (
            unit := page.site.territory.find(query)
        ):
            return page.redirect("municipality", code=unit.code)
        if section := page.site.roads.by_id(query):
            return page.redirect("section", practice="manto_stradale", section_id=section.id)
    groups = [g for g in _groups(page, query) if g.total] if query else []
    return page.render(
        "search.html", crumbs=[(page.say("Cerca", "Search"), None)], words_asked=query, groups=groups
    )


def _groups(page: Page, query: str) -> list[Group]:
    say, lang, site, key = page.say, page.lang, page.site, fold(query)
    units = [
        Hit(title=u.name, more=u.code, address=page.url("municipality", code=u.code))
        for u in site.territory.search(query)
    ]
    practices = [
        Hit(
            title=c.entry.plain.of(lang),
            more=c.entry.official,
            address=page.url("practice", practice=c.entry.practice),
        )
        for c in site.cards
        if key in fold(" ".join((*c.entry.plain, c.entry.official, *c.entry.opens_with)))
    ]
    layers = [
        Hit(title=d.title.of(lang), more=d.id, address=page.url("layer", layer=d.id))
        for d in site.datasets
        if key in fold(" ".join((*d.title, d.id)))
    ]
    sections = [
        Hit(
            title=s.id,
            more=" · ".join(p for p in (s.road, s.municipality) if p),
            address=page.url("section", practice="manto_stradale", section_id=s.id),
        )
        for s in site.roads.sections
        if key in fold(s.id) or key in fold(s.road)
    ]
    kinds = (
        (say("Comuni", "Municipalities"), units),
        (say("Buone pratiche", "Good practices"), practices),
        (say("Dati aperti", "Open data"), layers),
        (say("Sezioni stradali", "Road sections"), sections),
    )
    return [Group(title=title, hits=hits[:_MOST], total=len(hits)) for title, hits in kinds]
