"""Every page of the invented city, and what is wrong with one."""

from __future__ import annotations

import html5lib

MAP = "/buone-pratiche/manto-stradale/mappa"
PAGES = {
    "home": ("/", "/en/"),
    "territory": ("/territorio", "/en/territory"),
    "municipality": ("/territorio/015002", "/en/territory/015002"),
    "practices": ("/buone-pratiche", "/en/good-practices"),
    "practice": ("/buone-pratiche/manto-stradale", "/en/good-practices/road-surface"),
    "practice without data": ("/buone-pratiche/energia-di-casa", "/en/good-practices/energy-at-home"),
    "map": (
        "/buone-pratiche/manto-stradale/mappa?sel=S001-04",
        "/en/good-practices/road-surface/map?sel=S001-04",
    ),
    "changes": ("/buone-pratiche/manto-stradale/confronto", "/en/good-practices/road-surface/compare"),
    "section": (
        "/buone-pratiche/manto-stradale/sezioni/S001-04",
        "/en/good-practices/road-surface/sections/S001-04",
    ),
    "trial": (
        "/buone-pratiche/asfalto-in-prova/prove/SP35",
        "/en/good-practices/trial-asphalt/trials/SP35",
    ),
    "trial practice": ("/buone-pratiche/asfalto-in-prova", "/en/good-practices/trial-asphalt"),
    "fleet": ("/buone-pratiche/manto-stradale/flotta", "/en/good-practices/road-surface/fleet"),
    "field check": (
        "/buone-pratiche/manto-stradale/verifica-sul-campo",
        "/en/good-practices/road-surface/field-check",
    ),
    "road report": ("/buone-pratiche/manto-stradale/segnala", "/en/good-practices/road-surface/report"),
    "programme": ("/programma", "/en/programme"),
    "candidates": ("/programma/candidati", "/en/programme/candidates"),
    "budgets": ("/programma/bilanci", "/en/programme/budgets"),
    "worksites": ("/programma/cantieri", "/en/programme/worksites"),
    "compare": ("/programma/confronto", "/en/programme/compare"),
    "equity": ("/programma/equita", "/en/programme/equity"),
    "method": ("/programma/metodo", "/en/programme/method"),
    "intervention": (
        "/programma/interventi/manto_stradale:S001-04:TYPE",
        "/en/programme/interventions/manto_stradale:S001-04:TYPE",
    ),
    "calendar": ("/agenda", "/en/calendar"),
    "procedures": ("/procedimenti", "/en/procedures"),
    "data": ("/dati", "/en/data"),
    "layer": ("/dati/manto_stradale_sections", "/en/data/manto_stradale_sections"),
    "points": ("/dati/manto_stradale_anomalies?sel=2", "/en/data/manto_stradale_anomalies?sel=2"),
    "polygons": ("/dati/municipalities?by=pop", "/en/data/municipalities?by=pop"),
    "beside": ("/territorio/015002?with=milano", "/en/territory/015002?with=milano"),
    "search": ("/cerca?q=mil", "/en/search?q=mil"),
    "sign in": ("/accedi", "/en/sign-in"),
    "accessibility": ("/accessibilita", "/en/accessibility"),
    "privacy": ("/privacy", "/en/privacy"),
    "legal": ("/note-legali", "/en/legal"),
    "reading": ("/come-leggere-i-dati", "/en/reading-the-data"),
    "appearance": ("/aspetto", "/en/appearance"),
    "not found": ("/nulla", "/en/nothing"),
}

SIGNED_IN = {
    "account": ("/account", "/en/account"),
    "work": ("/lavoro", "/en/work"),
    "inspections": ("/ispezioni", "/en/inspections"),
}
"""Pages of an officer's account."""


def parsed(text: str):
    """Return the tree of a page."""
    return html5lib.parse(text, namespaceHTMLElements=False)


def settle(page) -> None:
    """Wait until a map is drawn, where the page has one."""
    if page.locator("#ct-map").count():
        page.wait_for_selector("#ct-map[data-idle]", timeout=60_000)


def faults_of(page, address, axe, path, *, name="") -> list[str]:
    """What is wrong with a page: for axe, in its width, in the console, in what it asks for, in its cookies."""
    page.problems.clear()
    answer = page.goto(address + path)
    settle(page)
    page.evaluate(axe)
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    faults = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in result["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        faults.append("the page scrolls sideways")
    faults += [p for p in page.problems if not (name == "not found" and "404" in p)]
    faults += [f"asks for {url}" for url in page.foreign]
    faults += [f"cookie {c['name']}" for c in page.context.cookies()]
    return faults + (["set-cookie"] if "set-cookie" in answer.headers else [])
