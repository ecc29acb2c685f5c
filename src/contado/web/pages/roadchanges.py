"""What changed on the roads between two dates: map in the change ramp, the same rows with arrows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contado.web import i18n, style
from contado.web.data.roads import Roads
from contado.web.page import NotFound
from contado.web.pages import mapframe, roads
from contado.web.pages.layers import Legend
from contado.web.pages.practices import card_of
from contado.web.pages.tablepages import slice_rows

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from starlette.responses import Response

    from contado.web.data.history import Change
    from contado.web.page import Page

__all__ = ["Sums", "changes", "looks", "sums", "wanted_of"]

_QUERY = ("da", "a", "from", "to", "class", "filter", "sel", "page", "z", "x", "y", "layers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What changed in all: sections whose class rose or fell, anomalies that appeared and were repaired."""

    rose: int
    fell: int
    appeared: int
    repaired: int


def sums(found: Sequence[Change]) -> Sums:
    """Return what changed over all sections."""
    return Sums(
        rose=sum(c.step > 0 for c in found),
        fell=sum(c.step < 0 for c in found),
        appeared=sum(c.appeared for c in found),
        repaired=sum(c.repaired for c in found),
    )


def changes(page: Page) -> Response:
    """Render the change of each section between two dates on which vehicles drove."""
    card = card_of(page)
    if card.entry.practice != "manto_stradale":
        raise NotFound(card.entry.practice)
    query = page.query(*_QUERY)
    days = page.site.history.days
    plain = card.entry.plain.of(page.lang)
    shown: dict[str, Any] = {"days": days, "found": None, "map_config": "", "title": plain}
    if len(days) > 1:
        shown |= _compared(page, query, *_days(page, query))
    return page.render(
        "changes.html",
        simulated=page.site.roads.simulated,
        crumbs=[
            (page.say("Buone pratiche", "Good practices"), page.url("practices")),
            (plain, page.url("practice", practice="manto_stradale")),
            (page.say("Mappa", "Map"), page.url("map", practice="manto_stradale")),
            (page.say("Confronto", "Comparison"), None),
        ],
        **shown,
    )


def wanted_of(page: Page) -> tuple[list[Change], Roads]:
    """Return the changes that the address of the page asks for, and the roads of the later day."""
    query = page.query(*_QUERY)
    if len(page.site.history.days) < 2:
        return [], Roads()
    first, last = _days(page, query)
    some = _classes(page, query)
    found = [c for c in page.site.changes(first, last) if c.class_id in some]
    return found, page.site.roads_on(last) or Roads()


def _days(page: Page, query: dict[str, str]) -> tuple[dt.date, dt.date]:
    """Return the two days that are compared, the earlier first; by default the first and the last."""
    days = page.site.history.days
    one, other = _day(page, query, ("da", "from"), days[0]), _day(page, query, ("a", "to"), days[-1])
    return min(one, other), max(one, other)


def _classes(page: Page, query: dict[str, str]) -> list[str]:
    """Return the classes of change that are shown, in their order."""
    ids = [c.id for c in style.load().change]
    asked = {c for value in page.many("class") for c in value.split(",")} & set(ids)
    return [i for i in ids if i in asked or (not asked and "filter" not in query)]


def _day(page: Page, query: dict[str, str], names: tuple[str, str], default: dt.date) -> dt.date:
    text = next((query[n] for n in names if query.get(n)), None)
    found = next((d for d in page.site.history.days if d.isoformat() == text), None)
    if text and found is None:
        page.unknown.append(f"{names[0]}={text}")
    return found or default


def _compared(page: Page, query: dict[str, str], first: dt.date, last: dt.date) -> dict[str, Any]:
    """Return what the page shows of two days."""
    after, found = page.site.roads_on(last) or Roads(), page.site.changes(first, last)
    some = _classes(page, query)
    every = len(some) == len(style.load().change)
    names = page.say("da a", "from to").split()
    keep = {
        names[0]: first,
        names[1]: last,
        "class": None if every else ",".join(some) or None,
        "filter": None if some else "1",
        "page": query.get("page"),
        "sel": query.get("sel"),
    }
    listed = [c for c in found if c.class_id in some]
    chosen = after.by_id(query.get("sel", ""))
    mapframe.note_unknown(page, query, ("sections", "names"), chosen)
    return {
        "first": first,
        "last": last,
        "names": names,
        "keep": keep,
        "found": found,
        "sums": sums(found),
        "legend": _legend(page, found, some),
        "arrows": {c.id: c for c in style.load().change},
        "table": slice_rows(page, listed, keep, "changes", practice="manto_stradale"),
        "chosen": next((c for c in found if chosen is not None and c.after.id == chosen.id), None),
        "map_config": mapframe.config(
            page,
            [_layer(first, last)],
            noun=("sezioni", "sections"),
            n=len(found),
            bounds=roads.bounds(page, after),
            selected=chosen.id if chosen else None,
            at=mapframe.point_of(chosen.geometry, chosen.id) if chosen else None,
        ),
    }


def looks() -> list[dict[str, Any]]:
    """Return how each class of change is drawn."""
    return [
        {"id": c.id, "letter": c.arrow, "light": c.light, "widths": c.widths, "order": order}
        | ({"dash": c.dash} if c.dash else {})
        for order, c in enumerate(style.load().change)
    ]


def _layer(first: dt.date, last: dt.date) -> dict[str, Any]:
    return {
        "id": "sections",
        "geometry": "line",
        "data": f"/viste/changes.json?from={first}&to={last}",
        "classOf": ["get", "c"],
        "classes": looks(),
        "edge": "#7F8C92",
        "letters": True,
    }


def _legend(page: Page, found: Sequence[Change], some: Sequence[str]) -> list[Legend]:
    km: Counter[str] = Counter()
    n: Counter[str] = Counter()
    for c in found:
        km[c.class_id] += c.after.length_km  # type: ignore[assignment]
        n[c.class_id] += 1
    return [
        Legend(
            look=look,
            name=page.say(c.it, c.en),
            more=f"{i18n.number(km[c.id], page.lang, 1)} km · {n[c.id]}",
            checked=c.id in some,
        )
        for c, look in zip(style.load().change, looks(), strict=True)
    ]
