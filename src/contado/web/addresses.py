"""Addresses of the pages: Italian at the root, English below /en, ids never translated."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from contado.web.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.web.i18n import Lang

__all__ = ["ADDRESSES", "SECTIONS", "practice_of", "query_text", "slug_of", "url"]

_PRACTICE = ("/buone-pratiche/{practice}", "/en/good-practices/{practice}")

ADDRESSES: dict[str, Words] = {
    "home": Words("/", "/en/"),
    "search": Words("/cerca", "/en/search"),
    "territory": Words("/territorio", "/en/territory"),
    "municipality": Words("/territorio/{code}", "/en/territory/{code}"),
    "practices": Words("/buone-pratiche", "/en/good-practices"),
    "practice": Words(*_PRACTICE),
    "map": Words(_PRACTICE[0] + "/mappa", _PRACTICE[1] + "/map"),
    "section": Words(_PRACTICE[0] + "/sezioni/{section_id}", _PRACTICE[1] + "/sections/{section_id}"),
    "changes": Words(_PRACTICE[0] + "/confronto", _PRACTICE[1] + "/compare"),
    "trial": Words(_PRACTICE[0] + "/prove/{trial_id}", _PRACTICE[1] + "/trials/{trial_id}"),
    "fleet": Words(_PRACTICE[0] + "/flotta", _PRACTICE[1] + "/fleet"),
    "field_check": Words(_PRACTICE[0] + "/verifica-sul-campo", _PRACTICE[1] + "/field-check"),
    "road_report": Words(_PRACTICE[0] + "/segnala", _PRACTICE[1] + "/report"),
    "programme": Words("/programma", "/en/programme"),
    "candidates": Words("/programma/candidati", "/en/programme/candidates"),
    "budgets": Words("/programma/bilanci", "/en/programme/budgets"),
    "worksites": Words("/programma/cantieri", "/en/programme/worksites"),
    "compare": Words("/programma/confronto", "/en/programme/compare"),
    "equity": Words("/programma/equita", "/en/programme/equity"),
    "method": Words("/programma/metodo", "/en/programme/method"),
    "intervention": Words(
        "/programma/interventi/{intervention_id}", "/en/programme/interventions/{intervention_id}"
    ),
    "calendar": Words("/agenda", "/en/calendar"),
    "procedures": Words("/procedimenti", "/en/procedures"),
    "data": Words("/dati", "/en/data"),
    "layer": Words("/dati/{layer}", "/en/data/{layer}"),
    "sign_in": Words("/accedi", "/en/sign-in"),
    "account": Words("/account", "/en/account"),
    "work": Words("/lavoro", "/en/work"),
    "inspections": Words("/ispezioni", "/en/inspections"),
    "job": Words("/lavoro/{job_id}", "/en/jobs/{job_id}"),
    "accessibility": Words("/accessibilita", "/en/accessibility"),
    "privacy": Words("/privacy", "/en/privacy"),
    "legal": Words("/note-legali", "/en/legal"),
    "reading": Words("/come-leggere-i-dati", "/en/reading-the-data"),
    "appearance": Words("/aspetto", "/en/appearance"),
}
"""Page -> pattern in each language."""

SECTIONS: tuple[tuple[str, Words], ...] = (
    ("territory", Words("Territorio", "Territory")),
    ("practices", Words("Buone pratiche", "Good practices")),
    ("programme", Words("Programma", "Programme")),
    ("calendar", Words("Agenda", "Calendar")),
    ("procedures", Words("Procedimenti", "Procedures")),
    ("data", Words("Dati aperti", "Open data")),
)
"""The six entries of the main bar, in their order."""

_SLUGS: dict[str, Words] = {
    "punti_parco": Words("eventi-e-visite", "events-and-visits"),
    "mercato_terra": Words("mercato-contadino", "farmers-market"),
    "deciwatt": Words("energia-di-casa", "energy-at-home"),
    "manto_stradale": Words("manto-stradale", "road-surface"),
    "biciplan": Words("in-bicicletta", "by-bicycle"),
    "territori_resilienti": Words("caldo-pioggia-allagamenti", "heat-rain-floods"),
    "forestazione": Words("dove-piantare-alberi", "where-to-plant-trees"),
    "luigi": Words("verde-che-unisce", "green-links"),
    "community": Words("domande-e-pareri", "applications-and-opinions"),
    "territori_virtuosi": Words("scuole-ed-edifici-pubblici", "schools-and-public-buildings"),
    "gpp": Words("acquisti-verdi", "green-purchases"),
    "pums": Words("piano-della-mobilita", "mobility-plan"),
    "gipave": Words("asfalto-in-prova", "trial-asphalt"),
}


def slug_of(practice: str, lang: Lang) -> str:
    """Return the part of the address that names a practice; a city's own practice keeps its name."""
    return _SLUGS[practice].of(lang) if practice in _SLUGS else practice.replace("_", "-")


def practice_of(slug: str) -> str:
    """Return the practice that a slug of either language names."""
    found = (name for name, words in _SLUGS.items() if slug in words)
    return next(found, slug.replace("-", "_"))


def url(page: str, lang: Lang, query: Mapping[str, object] | None = None, /, **parts: str) -> str:
    """Return the address of ``page``; parts fill the pattern, a practice by its name, None leaves the query.

    Examples
    --------
    >>> url("map", "en", {"class": "D", "page": None}, practice="manto_stradale")
    '/en/good-practices/road-surface/map?class=D'
    """
    if "practice" in parts:
        parts["practice"] = slug_of(parts["practice"], lang)
    path = ADDRESSES[page].of(lang).format(**{k: quote(str(v), safe="") for k, v in parts.items()})
    return path + query_text(query or {})


def query_text(query: Mapping[str, object]) -> str:
    """Return the query of an address with its question mark, empty without any value.

    Examples
    --------
    >>> query_text({"class": "D", "page": None}), query_text({})
    ('?class=D', '')
    """
    kept = [(k, str(v)) for k, v in query.items() if v not in {None, ""}]
    return f"?{urlencode(kept)}" if kept else ""
