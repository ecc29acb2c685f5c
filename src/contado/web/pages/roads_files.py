"""Files of the roads beside their layers: the cadastre as a workbook, the open anomalies as a feed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException

from contado.engines.pavement.reports.diagram import KINDS
from contado.kernel import publish
from contado.kernel.errors import UsageError
from contado.kernel.publish import feeds
from contado.web import addresses, files
from contado.web.data import cadastre
from contado.web.i18n import LANGS, Words, chance_text, date_text
from contado.web.page import NotFound

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from contado.web.data.roads import Anomaly, Roads
    from contado.web.i18n import Lang
    from contado.web.site import Site

__all__ = ["anomalies", "workbook"]

_WORKBOOKS: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
_FEEDS: Final = {"geojson": "application/geo+json", "rss": "application/rss+xml"}
_TITLE: Final = Words("Anomalie aperte del manto stradale", "Open anomalies of the road surface")
MOST_ENTRIES: Final = 200
"""Entries of the RSS feed, the latest; the GeoJSON holds all."""


def workbook(request: Request, site: Site) -> Response:
    """Return the cadastre of the roads as XLSX or ODS."""
    ending = request.path_params["ending"]
    if ending not in _WORKBOOKS:
        raise NotFound(ending)
    try:
        content = site.cached(f"cadastre:{ending}", lambda: publish.render(_cadastre(site), ending))
    except UsageError as error:
        raise HTTPException(501, error.message) from None
    return files.answer(request, content, _WORKBOOKS[ending], f"catasto-strade.{ending}")


def _cadastre(site: Site) -> publish.Report:
    label = {"simulated": "simulata", "estimated": "stimata", "measured": "misurata"}
    condition = label.get(site.roads.label or "", "di origine non nota")
    last = date_text(site.roads.last, "it") or "nessuno"
    on = f" al {date_text(site.roads.on, 'it')}" if site.roads.on else ""
    about = (
        f"Termini del {cadastre.NORM}, da confermare sul testo. Ascisse in metri dall’inizio dell’elemento.",
        f"Condizione della pavimentazione {condition}{on} da sensori in auto; ultimo passaggio {last}.",
    )
    return publish.Report(
        title="Catasto delle strade",
        sections=(
            publish.Section("Leggimi", tuple(publish.Paragraph(text) for text in about)),
            *(
                publish.Section(r.title, (publish.Table(caption=r.title, columns=r.columns, rows=r.rows),))
                for r in cadastre.registers(site)
            ),
        ),
    )


def anomalies(request: Request, site: Site) -> Response:
    """Return the open anomalies as GeoJSON (all) or RSS (the latest), in Italian or with ``lang=en`` in English."""
    ending, lang = request.path_params["ending"], request.query_params.get("lang", "it")
    if ending not in _FEEDS or lang not in LANGS:
        raise NotFound(ending)
    language: Lang = "en" if lang == "en" else "it"
    base = str(request.base_url).rstrip("/")
    made = _geojson if ending == "geojson" else _rss
    content = site.cached(f"anomalies:{ending}:{lang}:{base}", lambda: made(site.roads, base, language))
    return files.answer(request, content, _FEEDS[ending])


def _link(base: str, lang: Lang, a: Anomaly) -> str:
    if a.section_id is None:
        return base + addresses.url("map", lang, practice="manto_stradale")
    return base + addresses.url("section", lang, practice="manto_stradale", section_id=a.section_id)


def _name(a: Anomaly, lang: Lang) -> str:
    kind = KINDS[a.kind].of(lang) if a.kind in KINDS else a.kind
    return f"{kind.capitalize()}, {a.section_id}" if a.section_id else kind.capitalize()


def _geojson(roads: Roads, base: str, lang: Lang) -> bytes:
    return feeds.geojson(
        [
            feeds.Place(
                id=a.id, name=_name(a, lang), geometry=a.geometry, properties=_facts(a, _link(base, lang, a))
            )
            for a in _latest(roads)
        ]
    )


def _facts(a: Anomaly, link: str) -> dict[str, Any]:
    names = (
        "section_id", "kind", "side", "severity", "criticality", "p_exists", "height_mm", "state", "chainage_m",
    )  # fmt: skip
    days = {name: getattr(a, name) for name in ("first_seen", "last_seen", "last_not_seen")}
    dated = {name: day.isoformat() if day else None for name, day in days.items()}
    return {name: getattr(a, name) for name in names} | dated | {"label": a.label, "link": link}


def _latest(roads: Roads) -> list[Anomaly]:
    return sorted(roads.anomalies, key=lambda a: (-(a.first_seen.toordinal() if a.first_seen else 0), a.id))


def _rss(roads: Roads, base: str, lang: Lang) -> bytes:
    found = _latest(roads)
    shown = min(MOST_ENTRIES, len(found))
    count = Words(f"{shown} su {len(found)}, dalla più recente", f"{shown} of {len(found)}, the latest first")
    label = {
        "simulated": Words("dati simulati", "simulated data"),
        "estimated": Words("stime", "estimates"),
        "measured": Words("misure", "measures"),
    }.get(roads.label or "", Words("origine non nota", "origin not known"))
    feed = feeds.Feed(
        title=_TITLE.of(lang),
        link=base + addresses.url("map", lang, practice="manto_stradale"),
        description=f"{count.of(lang)}; {label.of(lang)}.",
        address=f"{base}/strade/anomalie.rss" + ("?lang=en" if lang == "en" else ""),
        lang=lang,
        updated=_moment(max((a.last_seen for a in found if a.last_seen), default=None)),
        entries=tuple(_entry(a, base, lang) for a in found[:MOST_ENTRIES]),
    )
    return feeds.rss(feed)


def _entry(a: Anomaly, base: str, lang: Lang) -> feeds.Entry:
    chance = (
        chance_text(a.p_exists, lang) if a.p_exists is not None else Words("non nota", "not known").of(lang)
    )
    first, last = date_text(a.first_seen, lang), date_text(a.last_seen, lang)
    summary = Words(
        f"Probabilità {chance}; vista dal {first} al {last}.",
        f"Probability {chance}; seen {first} to {last}.",
    )
    return feeds.Entry(
        id=f"manto_stradale:{a.id}",
        title=_name(a, lang),
        link=_link(base, lang, a),
        summary=summary.of(lang),
        published=_moment(a.first_seen),
    )


def _moment(day: dt.date | None) -> dt.datetime | None:
    return None if day is None else dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
