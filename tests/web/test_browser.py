"""Pages in a browser: accessibility, no foreign request, no policy violation, reflow, weight, map and table."""

from __future__ import annotations

import itertools
import json
import urllib.parse

import pytest

pytestmark = pytest.mark.browser
SLOW = pytest.mark.slow

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
    "section": (
        "/buone-pratiche/manto-stradale/sezioni/S001-04",
        "/en/good-practices/road-surface/sections/S001-04",
    ),
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
    "search": ("/cerca?q=mil", "/en/search?q=mil"),
    "sign in": ("/accedi", "/en/sign-in"),
    "accessibility": ("/accessibilita", "/en/accessibility"),
    "privacy": ("/privacy", "/en/privacy"),
    "legal": ("/note-legali", "/en/legal"),
    "reading": ("/come-leggere-i-dati", "/en/reading-the-data"),
    "appearance": ("/aspetto", "/en/appearance"),
    "not found": ("/nulla", "/en/nothing"),
}
FAST = {(0, 320), (1, 1280)}
"""Both languages and both widths in the quick run; the other four in the slow one."""
BUDGET = {"home": 200_000, "map": 1_000_000}
"""Bytes over the wire, compressed; other pages 260,000."""


@pytest.fixture(scope="module")
def pages(workspace):
    """The pages, with an intervention that exists."""
    from contado.kernel.workspace import Workspace

    table = Workspace.open(workspace).read("intervention")
    first = next(i for i in table.column("id").to_pylist())
    return {
        n: tuple(a.replace("manto_stradale:S001-04:TYPE", first) for a in pair) for n, pair in PAGES.items()
    }


@pytest.fixture
def tab(browser):
    """A fresh tab; what it logs and asks for is kept."""
    contexts = []

    def make(width: int, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.problems, page.foreign = [], []
        page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: page.problems.append(str(e)))
        page.on("request", lambda r: page.foreign.append(r.url) if _foreign(r.url) else None)
        return page

    yield make
    for context in contexts:
        context.close()


def _foreign(url: str) -> bool:
    parts = urllib.parse.urlparse(url)
    return parts.scheme in {"http", "https"} and parts.hostname != "127.0.0.1"


def settle(page, name: str) -> None:
    if name == "map":
        page.wait_for_selector("#ct-map[data-idle=true]", timeout=60_000)


@pytest.mark.parametrize(
    ("lang", "width"),
    [
        pytest.param(
            lang, width, id=f"{('it', 'en')[lang]}-{width}", marks=() if (lang, width) in FAST else SLOW
        )
        for lang in (0, 1)
        for width in (320, 360, 1280)
    ],
)
def test_every_page_is_accessible_quiet_and_reflows(tab, address, axe, pages, lang, width):
    page = tab(width)
    found = {}
    for name, pair in pages.items():
        page.problems.clear()
        page.goto(address + pair[lang])
        settle(page, name)
        page.evaluate(axe)
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        faults = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in result["violations"]]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append("the page scrolls sideways")
        quiet = [p for p in page.problems if not (name == "not found" and "404" in p)]
        found |= {name: faults + quiet} if faults or quiet else {}
    assert found == {}
    assert page.foreign == []
    assert page.context.cookies() == []


@pytest.mark.parametrize("lang", [0, 1], ids=["it", "en"])
def test_the_pages_of_an_account_are_accessible_and_its_forms_work_without_javascript(
    tab, address, axe, workspace, lang
):
    page = tab(320)
    page.goto(address + _link(workspace))
    for path in (("/account", "/en/account")[lang], ("/lavoro", "/en/work")[lang]):
        page.goto(address + path)
        page.evaluate(axe)
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in result["violations"]] == []
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), path
        assert (
            page.locator(".ct-slim-nav a").last.inner_text()
            == ("Ufficio comunale", "Municipality officer")[lang]
        )
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    page.goto(address + ("/account", "/en/account")[lang])
    page.get_by_role("button", name=("Esci", "Sign out")[lang]).click()
    page.wait_for_url(address + ("/", "/en/")[lang])
    assert page.context.cookies() == []
    assert (page.problems, page.foreign) == ([], [])
    plain = tab(1280, java_script_enabled=False)
    plain.goto(address + ("/accessibilita", "/en/accessibility")[lang])
    plain.get_by_role("textbox", name=("Che cosa non funziona", "What does not work")[lang]).fill("contrast")
    plain.get_by_role("button", name=("Invia la segnalazione", "Send the report")[lang]).click()
    assert plain.get_by_text(("Segnalazione ricevuta.", "Report received.")[lang]).is_visible()
    assert plain.context.cookies() == []


def _link(workspace) -> str:
    """A sign-in link of an officer of the workspace."""
    from contado.kernel import records
    from contado.kernel.records import accounts, credentials
    from contado.kernel.workspace import Workspace

    with (
        records.open_store(Workspace.open(workspace)) as store,
        store.writing(records.local_administrator()) as session,
    ):
        account = accounts.ensure_account(session, "anna")
        accounts.add_grant(session, account, "municipality_officer", ["015146"])
        issued = credentials.issue(session, "link", account.id, minutes=15)
    return credentials.LINK_PATH + issued.secret


@SLOW
@pytest.mark.parametrize("scheme", ["dark", "high"])
def test_contrast_holds_in_dark_and_in_high_contrast(tab, address, axe, pages, scheme):
    page = tab(
        1280,
        color_scheme="dark" if scheme == "dark" else "light",
        contrast="more" if scheme == "high" else None,
    )
    found = {}
    for name in (
        "home",
        "municipality",
        "practice",
        "map",
        "section",
        "programme",
        "budgets",
        "worksites",
        "reading",
    ):
        page.goto(address + pages[name][0])
        settle(page, name)
        page.evaluate(axe)
        result = page.evaluate("axe.run(document, {runOnly: ['color-contrast']})")
        faults = [n["html"][:120] + n["failureSummary"] for v in result["violations"] for n in v["nodes"][:2]]
        found |= {name: faults} if faults else {}
    assert found == {}


@SLOW
def test_pages_without_data_are_accessible_too(tab, bare_address, axe):
    page = tab(1280)
    for path in (
        "/",
        "/buone-pratiche/manto-stradale",
        "/buone-pratiche/manto-stradale/mappa",
        "/programma",
        "/territorio/015146",
    ):
        page.goto(bare_address + path)
        page.evaluate(axe)
        assert page.evaluate("axe.run(document).then(r => r.violations.map(v => v.id))") == [], path
        assert page.problems == []


@SLOW
def test_weight_over_the_wire_stays_in_the_budget(tab, address, wire, pages, record_property):
    measured = {}
    for name, pair in pages.items():
        page = tab(1280)  # a fresh context: nothing is in its cache
        before = wire.sent
        page.goto(address + pair[0])
        settle(page, name)
        page.wait_for_load_state("networkidle")
        measured[name] = wire.sent - before
    record_property("figure", json.dumps(measured))
    over = {n: size for n, size in measured.items() if size > BUDGET.get(n, 260_000)}
    assert over == {}, measured


@SLOW
def test_map_and_table_agree(tab, address):
    page = tab(1280)
    page.goto(f"{address}/buone-pratiche/manto-stradale/mappa")
    settle(page, "map")
    data = page.evaluate("fetch('/viste/sections.json').then(r => r.json())")
    drawn = {f["properties"]["id"]: f["properties"]["c"] for f in data["features"]}
    listed, path = {}, "/buone-pratiche/manto-stradale/mappa"
    for number in itertools.count(1):
        page.goto(f"{address}{path}?page={number}")
        rows = page.locator("tr[data-id]")
        listed |= {
            row.get_attribute("data-id"): row.locator(".ct-key").inner_text().replace("–", "none")
            for row in rows.all()
        }
        if page.locator("a[rel=next]").count() == 0:
            break
    assert listed == drawn
    legend = page.locator("#ct-legend label span").all_inner_texts()
    counts = [int(text.rsplit("·", 1)[1]) for text in legend]
    assert counts == [list(drawn.values()).count(c) for c in ("A", "B", "C", "D", "none")]


@SLOW
def test_hover_and_choice_go_both_ways_and_the_legend_filters_both(tab, address):
    page = tab(1280)
    page.goto(f"{address}/buone-pratiche/manto-stradale/mappa?sel=S001-04&z=13&x=9.1&y=45.5")
    settle(page, "map")
    row = page.locator("tr[data-id]").first
    row.hover()
    assert row.evaluate("e => e.classList.contains('ct-hovered')")
    row.locator("a").click()
    assert f"sel={row.get_attribute('data-id')}" in page.url
    settle(page, "map")
    assert page.locator("tr[aria-current=true]").count() == 1
    page.locator("#ct-legend input[value=A]").uncheck()
    page.wait_for_url("**class=B**")
    assert "A" not in page.locator("tr[data-id] .ct-key").all_inner_texts()
    settle(page, "map")
    page.goto(f"{address}/buone-pratiche/manto-stradale/mappa")
    settle(page, "map")
    at = page.locator("#ct-map canvas").bounding_box()
    for dx, dy in itertools.product(
        range(40, int(at["width"]) - 60, 9), range(90, int(at["height"]) - 90, 30)
    ):
        page.mouse.move(at["x"] + dx, at["y"] + dy)
        if page.evaluate("document.querySelector('#ct-map canvas').style.cursor") == "pointer":
            page.mouse.click(at["x"] + dx, at["y"] + dy)
            page.wait_for_url("**sel=**")
            return
    pytest.fail("no section was found under the pointer")


def test_without_javascript_everything_but_the_map_is_there(tab, address):
    page = tab(1280, java_script_enabled=False)
    page.goto(f"{address}/buone-pratiche/manto-stradale/mappa")
    assert page.locator("tr[data-id]").count() == 50
    assert page.locator(".ct-mapsays").is_visible()
    page.locator("#ct-legend input[value=A]").uncheck()
    page.locator("#ct-legend button").click()
    assert "A" not in page.locator("tr[data-id] .ct-key").all_inner_texts()
    narrow = tab(360, java_script_enabled=False)
    narrow.goto(address + "/")
    assert narrow.locator(".ct-menu a").first.is_visible()
    assert not narrow.locator(".ct-menu-button").is_visible()


def test_print_is_portrait_with_legend_and_label_and_without_navigation(tab, address):
    page = tab(1280)
    page.goto(f"{address}/buone-pratiche/manto-stradale/mappa")
    settle(page, "map")
    page.emulate_media(media="print")
    assert page.locator("#ct-legend b").first.is_visible()
    assert page.locator(".ct-simulation").is_visible()
    assert not page.locator(".ct-header").is_visible()
    assert not page.locator("#ct-legend input").first.is_visible()


def test_the_first_map_is_drawn_soon_and_nothing_shifts(tab, address, record_property):
    page = tab(1280)
    page.add_init_script(
        """window.shift = 0; new PerformanceObserver((l) => { for (const e of l.getEntries()) if (!e.hadRecentInput) window.shift += e.value; }).observe({type: 'layout-shift', buffered: true});"""
    )
    page.goto(f"{address}/buone-pratiche/manto-stradale/mappa")
    settle(page, "map")
    shift = page.evaluate("window.shift")
    record_property("figure", f"layout shift {shift:.4f}")
    assert shift < 0.001


def test_appearance_is_kept_only_when_chosen(tab, address):
    page = tab(1280)
    page.goto(f"{address}/aspetto")
    assert page.evaluate("localStorage.length") == 0
    page.locator("input[name=theme][value=dark]").check()
    page.goto(address + "/")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.goto(f"{address}/aspetto")
    page.locator("input[name=theme]").first.check()
    assert page.evaluate("localStorage.length") == 0


def test_the_keyboard_reaches_the_content_first(tab, address):
    page = tab(1280)
    page.goto(address + "/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "ct-skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
