"""Page names to page functions: the table that the application reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel.records.credentials import LINK_PATH
from contado.web import files
from contado.web.pages import (
    account,
    drawnmaps,
    feedback,
    fieldcheck,
    fleet,
    inspections,
    layers,
    opendata,
    programme,
    programme_candidates,
    programme_compare,
    programme_csv,
    programme_intervention,
    programme_parts,
    programme_plan,
    programme_sites,
    roadchanges,
    roadreport,
    roads,
    roads_csv,
    roads_files,
    roadsection,
    territory,
    trials,
    trials_csv,
    work,
)
from contado.web.pages.duties import defect, not_found, parts, plain, refused
from contado.web.pages.home import home
from contado.web.pages.practices import practice, practices
from contado.web.pages.search import search

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from contado.web.page import Page
    from contado.web.site import Site

__all__ = ["ACTIONS", "FILES", "PAGES", "PARTS", "defect", "not_found", "refused"]

PAGES: dict[str, Callable[[Page], Response]] = {
    "home": home,
    "search": search,
    "territory": territory.territory,
    "municipality": territory.municipality,
    "practices": practices,
    "map": roads.road_map,
    "section": roadsection.section,
    "changes": roadchanges.changes,
    "trial": trials.trial,
    "fleet": fleet.fleet,
    "field_check": fieldcheck.field_check,
    "road_report": roadreport.report,
    "practice": practice,
    "programme": programme.brief,
    "candidates": programme_candidates.candidates,
    "budgets": programme_parts.budgets,
    "worksites": programme_sites.worksites,
    "equity": programme_parts.equity,
    "method": programme_parts.method,
    "intervention": programme_intervention.intervention,
    "compare": programme_compare.compare,
    "calendar": plain("calendar.html", "Agenda", "Calendar"),
    "procedures": plain("procedures.html", "Procedimenti", "Procedures"),
    "data": opendata.data,
    "layer": layers.layer,
    "sign_in": account.sign_in,
    "account": account.account,
    "work": work.work,
    "inspections": inspections.inspections,
    "job": programme_plan.job,
    "accessibility": feedback.accessibility,
    "privacy": plain("privacy.html", "Privacy", "Privacy"),
    "legal": plain("legal.html", "Note legali", "Legal notes"),
    "reading": plain("howtoread.html", "Come leggere i dati", "How to read the data"),
    "appearance": plain("appearance.html", "Aspetto", "Appearance"),
}
FILES: dict[str, Callable[[Request, Site], Response]] = {
    "/dati/{layer}.{ending}": files.download,
    "/viste/{name}.json": files.map_view,
    "/viste/{name}.svg": drawnmaps.drawn_map,
    "/territorio/{code}.csv": files.unit_csv,
    "/territorio/{code}.pdf": territory.unit_pdf,
    "/catalogo.ttl": files.catalogue("ttl"),
    "/catalogo.jsonld": files.catalogue("jsonld"),
    "/programma/{table}.csv": programme_csv.table,
    "/strade/{table}.csv": roads_csv.table,
    "/prove/{table}.csv": trials_csv.table,
    "/strade/catasto.{ending}": roads_files.workbook,
    "/strade/anomalie.{ending}": roads_files.anomalies,
    "/documenti/{document_id}": files.document,
    "/ispezioni.js": inspections.worker,
    "/accedi/avvia": account.start,
    "/accedi/ritorno": account.returned,
    LINK_PATH + "{secret}": account.link,
}
"""Addresses without a language."""
ACTIONS: dict[str, Callable[[Page, FormData], Response]] = {
    "account": account.act,
    "budgets": programme_plan.act,
    "job": programme_plan.act_on_job,
    "accessibility": feedback.send,
    "inspections": inspections.act,
    "road_report": roadreport.send,
}
"""Pages whose forms are sent to the page's own address."""
PARTS = parts
