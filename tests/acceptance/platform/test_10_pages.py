"""pages.md, section 13: the pages in a browser, without JavaScript, on paper, by the byte, by the word."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import urllib.parse
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import html5lib
import pytest

from contado.web import qgis, style

pytestmark = pytest.mark.browser
SLOW = pytest.mark.slow
SPEC = "pages"


def _fixtures_of_the_pages():
    """The invented workspace, its server and the browser: those of the unit tests of the pages."""
    file = Path(__file__).parents[2] / "web" / "conftest.py"
    spec = importlib.util.spec_from_file_location("contado_tests_web", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_WEB = _fixtures_of_the_pages()
workspace, served, address, wire = _WEB.workspace, _WEB.served, _WEB.address, _WEB.wire
bare_workspace, bare_served, bare_address = _WEB.bare_workspace, _WEB.bare_served, _WEB.bare_address
client, browser, axe = _WEB.client, _WEB.browser, _WEB.axe
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
MAPS = ("map", "layer", "points", "polygons")
QUICK = {(0, 320): ("home", "map"), (1, 1280): ("municipality", "polygons")}
"""Pages of the quick run by language and width; the slow one walks all of them at all widths."""
BUDGET = {"home": 200_000} | dict.fromkeys(MAPS, 1_000_000)
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


@pytest.mark.item(
    SPEC, 1, "some pages, both languages, 320 and 1280 px: axe, reflow, console, requests", "0 faults"
)
@pytest.mark.parametrize(("lang", "width"), QUICK, ids=str)
def test_some_pages_are_accessible_quiet_and_reflow(tab, address, axe, pages, figure, lang, width):
    page = tab(width)
    names = QUICK[lang, width]
    found = {n: f for n in names if (f := faults_of(page, address, axe, pages[n][lang]))}
    figure(f"{len(names)} pages, {sum(map(len, found.values()))} faults")
    assert found == {}


@SLOW
@pytest.mark.item(
    SPEC, 1, "every page, both languages, 320, 360, 1280 px: axe, reflow, console, requests", "0 faults"
)
@pytest.mark.parametrize("lang", [0, 1], ids=["it", "en"])
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_every_page_is_accessible_quiet_and_reflows(tab, address, axe, pages, figure, lang, width):
    page = tab(width)
    found = {}
    for name, pair in pages.items():
        faults = faults_of(page, address, axe, pair[lang], name=name)
        found |= {name: faults} if faults else {}
    figure(f"{len(pages)} pages, {sum(map(len, found.values()))} faults")
    assert found == {}


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
        settle(page)
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
@pytest.mark.item(SPEC, 8, "bytes over the wire of every page", "map 1000 KB, home 200, others 260")
def test_weight_over_the_wire_stays_in_the_budget(tab, address, wire, pages, figure):
    measured = {}
    for name, pair in pages.items():
        page = tab(1280)  # a fresh context: nothing is in its cache
        before = wire.sent
        page.goto(address + pair[0])
        settle(page)
        page.wait_for_load_state("networkidle")
        measured[name] = wire.sent - before
    figure(json.dumps(measured))
    over = {n: size for n, size in measured.items() if size > BUDGET.get(n, 260_000)}
    assert over == {}, measured


@pytest.mark.item(SPEC, 3, "road map and table: same ids, same classes, counts of the legend", "equal")
def test_road_map_and_table_agree(client, figure):
    data = client.get("/viste/sections.json").json()
    drawn = {f["properties"]["id"]: f["properties"]["c"] for f in data["features"]}
    listed: dict[str, str] = {}
    for number in itertools.count(1):
        text = client.get(f"{MAP}?page={number}").text
        rows = re.findall(r'<tr data-id="([^"]+)".*?ct-key ct-key-(\w+)"', text)
        listed |= dict(rows)
        if 'rel="next"' not in text.partition('id="elenco"')[2]:
            break
    legend = re.search(r'id="ct-legend".*?</form>', text, re.DOTALL)[0]
    counts = [int(n) for n in re.findall(r"· (\d+)</span>", legend)]
    figure(f"{len(drawn)} sections, {len(listed)} rows, legend {counts}")
    assert listed == drawn
    assert counts == [list(drawn.values()).count(c) for c in ("A", "B", "C", "D", "none")]


@SLOW
@pytest.mark.item(SPEC, 3, "any layer: what the tiles draw is what the table lists, class by class", "equal")
@pytest.mark.parametrize(
    "path", ["/dati/municipalities?by=pop", "/dati/manto_stradale_anomalies", "/dati/manto_stradale_sections"]
)
def test_a_layer_and_its_table_agree(tab, address, figure, path):
    page = tab(1280)
    page.goto(address + path)
    settle(page)
    config = json.loads(page.locator("#ct-map").get_attribute("data-map"))
    main = config["layers"][0]
    listed = dict(_listed(page, address, path))
    counted = Counter(listed.values())
    legend = {
        box.get_attribute("value"): int(
            box.locator("xpath=..").locator("span").inner_text().rpartition("·")[2].replace(".", "")
        )
        for box in page.locator("#ct-legend input[name=class]").all()
    }
    figure(f"{len(listed)} rows, legend {sum(legend.values())}, classes {[c['id'] for c in main['classes']]}")
    assert {c: n for c, n in legend.items() if n} == dict(counted)
    assert _tiled(page, config) == set(listed)


def _listed(page, address, path):
    for number in itertools.count(1):
        page.goto(f"{address}{path}{'&' if '?' in path else '?'}page={number}")
        yield from page.eval_on_selector_all(
            "tr[data-id]", "rows => rows.map(r => [r.dataset.id, r.dataset.class])"
        )
        if page.locator("#elenco a[rel=next]").count() == 0:
            return


def _tiled(page, config) -> set[str]:
    """Ids of the features in the tiles of zoom 14 that cover the layer, or fewer zooms where it is wide."""
    import mapbox_vector_tile

    from contado.kernel.tiles.grid import lonlat_to_world

    main = config["layers"][0]
    west, south, east, north = config["bounds"]
    found: set[str] = set()
    zoom = 9
    (x0, x1), (y1, y0) = (
        [float(v) for v in lonlat_to_world([west, east], [south, north])[i]] for i in (0, 1)
    )
    for x in range(int(x0 * 2**zoom), int(x1 * 2**zoom) + 1):
        for y in range(int(y0 * 2**zoom), int(y1 * 2**zoom) + 1):
            url = main["tiles"].replace("{z}", str(zoom)).replace("{x}", str(x)).replace("{y}", str(y))
            answer = page.request.get(urllib.parse.urljoin(page.url, url))
            if answer.status == 200:
                layer = mapbox_vector_tile.decode(answer.body())[main["table"]]
                found |= {str(f["id"]) for f in layer["features"] if "_n" not in f["properties"]}
    return found


@SLOW
@pytest.mark.item(
    SPEC, 3, "hover and choice go both ways, a legend checkbox filters both, no reload", "both ways"
)
def test_hover_and_choice_go_both_ways_and_the_legend_filters_both(tab, address):
    page = tab(1280)
    page.goto(f"{address}{MAP}?sel=S001-04&z=13&x=9.1&y=45.5")
    settle(page)
    page.evaluate("window.same = true")
    row = page.locator("tr[data-id]").first
    row.hover()
    assert row.evaluate("e => e.classList.contains('ct-hovered')")
    chosen = row.get_attribute("data-id")
    row.locator("a").click()
    page.wait_for_url(f"**sel={chosen}**")
    page.wait_for_selector(f"tr[data-id='{chosen}'][aria-current=true]")
    assert chosen in page.locator("#sezione h2").inner_text()
    page.locator("#ct-legend input[value=A]").uncheck()
    page.wait_for_url("**class=B**")
    page.wait_for_function(
        "![...document.querySelectorAll('tr[data-id] .ct-key')].some(k => k.textContent === 'A')"
    )
    page.go_back()
    page.wait_for_function("document.querySelector('#ct-legend input[value=A]').checked")
    assert page.evaluate("window.same")
    page.goto(f"{address}{MAP}")
    settle(page)
    at = page.locator("#ct-map canvas").bounding_box()
    for dx, dy in itertools.product(
        range(40, int(at["width"]) - 60, 9), range(90, int(at["height"]) - 90, 30)
    ):
        page.mouse.move(at["x"] + dx, at["y"] + dy)
        if page.evaluate("document.querySelector('#ct-map canvas').style.cursor") == "pointer":
            assert page.locator("tr.ct-hovered").count() <= 1
            page.mouse.click(at["x"] + dx, at["y"] + dy)
            page.wait_for_url("**sel=**")
            page.wait_for_selector("#sezione h2")
            return
    pytest.fail("no section was found under the pointer")


@SLOW
def test_what_i_see_ties_table_and_downloads_to_the_extent(tab, address):
    page = tab(1280)
    page.goto(f"{address}{MAP}?z=12&x=9.19&y=45.46")
    settle(page)
    before = page.locator(".ct-pager span").first.inner_text()
    page.locator("#ct-extent").check()
    page.wait_for_url("**bbox=**")
    page.wait_for_function(
        "before => document.querySelector('.ct-pager span')?.textContent !== before", arg=before
    )
    link = page.locator("a[data-seen]", has_text="CSV").get_attribute("href")
    lines = page.request.get(urllib.parse.urljoin(page.url, link)).text().strip().splitlines()
    total = re.search(r"(?:di|of) ([\d.]+)", page.locator(".ct-pager span").first.inner_text())[1]
    assert len(lines) - 1 == int(total.replace(".", ""))


@SLOW
def test_layers_are_switched_and_the_address_keeps_it(tab, address):
    page = tab(1280)
    page.goto(f"{address}{MAP}")
    settle(page)
    page.locator(".ct-layers summary").click()
    page.locator("[data-layer=names] input[type=checkbox]").uncheck()
    assert "layers=names%3A0" in page.url
    page.reload()
    settle(page)
    assert not page.locator("[data-layer=names] input[type=checkbox]").is_checked()


@pytest.mark.item(
    SPEC, 2, "without JavaScript: navigation, tables, filters, the map frame says so", "complete"
)
def test_without_javascript_everything_but_the_map_is_there(tab, address):
    page = tab(1280, java_script_enabled=False)
    page.goto(address + MAP)
    assert page.locator("tr[data-id]").count() == 50
    assert page.locator(".ct-mapsays").is_visible()
    page.locator("#ct-legend input[value=A]").uncheck()
    page.locator("#ct-legend button").click()
    assert "A" not in page.locator("tr[data-id] .ct-key").all_inner_texts()
    page.locator("tr[data-id] a").first.click()
    assert page.locator("#sezione h2").is_visible()
    narrow = tab(360, java_script_enabled=False)
    narrow.goto(address + "/")
    assert narrow.locator(".ct-menu a").first.is_visible()
    assert not narrow.locator(".ct-menu-button").is_visible()


@SLOW
@pytest.mark.item(
    SPEC, 2, "every page without JavaScript shows the tables and links it shows with it", "equal"
)
def test_every_page_has_the_same_content_without_javascript(tab, address, pages, figure):
    count = "[...document.querySelectorAll('main table tr')].length"
    plain, script = tab(1280, java_script_enabled=False), tab(1280)
    different = {}
    for name, pair in pages.items():
        script.goto(address + pair[0])
        rows = script.evaluate(count)
        plain.goto(address + pair[0])
        without = plain.locator("main table tr").count()
        different |= {} if rows == without else {name: (rows, without)}
    figure(f"{len(pages)} pages, {len(different)} differ")
    assert different == {}


@pytest.mark.item(
    SPEC, 7, "print: A4 portrait, legend and label present, no navigation, the map 9.4 cm", "holds"
)
def test_print_is_portrait_with_legend_and_label_and_without_navigation(tab, address, figure):
    page = tab(1280)
    page.goto(address + MAP)
    settle(page)
    page.emulate_media(media="print")
    assert page.locator("#ct-legend b").first.is_visible()
    assert page.locator(".ct-simulation").is_visible()
    assert page.locator(".ct-printurl").is_visible()
    for gone in (".ct-header", "#ct-legend input", ".ct-toolfilters", "#ct-tools", ".ct-footer"):
        assert not page.locator(gone).first.is_visible(), gone
    height = page.locator("#ct-map").bounding_box()["height"]
    box = re.search(rb"/MediaBox ?\[ ?0 0 ([\d.]+) ([\d.]+)", page.pdf(prefer_css_page_size=True))
    figure(f"map {height / 96 * 2.54:.2f} cm, page {float(box[1]):.0f} x {float(box[2]):.0f} pt")
    assert abs(height / 96 * 2.54 - 9.4) < 0.05
    assert abs(float(box[1]) - 595) < 2
    assert abs(float(box[2]) - 842) < 2


@SLOW
@pytest.mark.item(SPEC, 8, "first map drawn, layout shift", "2 s, 0")
def test_the_first_map_is_drawn_soon_and_nothing_shifts(tab, address, figure):
    drawn, shift = [], 0.0
    for _ in range(3):
        page = tab(1280)
        page.add_init_script(
            """window.shift = 0; new PerformanceObserver((l) => { for (const e of l.getEntries()) if (!e.hadRecentInput) window.shift += e.value; }).observe({type: 'layout-shift', buffered: true});"""
        )
        page.goto(address + MAP)
        settle(page)
        drawn.append(int(page.locator("#ct-map").get_attribute("data-idle")))
        shift = max(shift, page.evaluate("window.shift"))
    figure(f"map drawn {sorted(drawn)} ms, layout shift {shift:.4f}")
    assert shift < 0.001
    assert min(drawn) < 2000


@pytest.mark.item(SPEC, 4, "legend, map, table and QGIS style read one style file", "equal")
def test_legend_map_and_qgis_show_the_colours_of_the_style_file(client):
    classes = style.load().classes
    page = client.get(MAP).text
    config = json.loads(_parsed(page).find(".//*[@id='ct-map']").get("data-map"))
    drawn = config["layers"][0]["classes"]
    assert [(c["id"], c["light"], c["dark"], c["high"]) for c in drawn] == [
        (c.id, c.light, c.dark, c.high) for c in classes
    ]
    assert re.findall(r'name="class" id="ct-c-\w+" value="(\w+)"', page) == [c.id for c in classes]
    root = ET.fromstring(qgis.layer_style("manto_stradale_sections").split("\n", 1)[1])
    colours = [o.get("value") for o in root.findall(".//Option[@name='line_color']")]
    assert colours == [
        ",".join(str(int(c.light[i : i + 2], 16)) for i in (1, 3, 5)) + ",255" for c in classes
    ]


def _parsed(text: str):
    return html5lib.parse(text, namespaceHTMLElements=False)


@pytest.mark.item(SPEC, 5, "each value has its label within its row, figure, table or section", "0 without")
def test_each_number_has_its_label_beside_it(client, pages, figure):
    walked, bare = 0, {}
    for name in ("home", "municipality", "practice", "map", "section", "programme", "intervention"):
        root = _parsed(client.get(pages[name][0]).text)
        above = {child: parent for parent in root.iter() for child in parent}
        for node in root.iter():
            if not {"ct-value", "ct-number"} & set((node.get("class") or "").split()):
                continue
            walked += 1
            if not _labelled(node, above):
                bare.setdefault(name, []).append("".join(node.itertext())[:60])
    figure(f"{walked} values, {sum(map(len, bare.values()))} without a label")
    assert walked > 100
    assert bare == {}


def _labelled(node, above) -> bool:
    """Whether the row, figure, table, list of facts or section around a value tells how it was born."""
    while node in above:
        node = above[node]
        if node.tag in {"tr", "table", "dl", "section", "li", "figure"} or node.tag == "div":
            found = {c for e in node.iter() for c in (e.get("class") or "").split()}
            if found & {"ct-label", "ct-born"}:
                return True
        if node.tag in {"section", "main"}:
            return False
    return False


@pytest.mark.item(
    SPEC,
    1,
    "HTML of every page, both languages: strict parser, unique ids, references that exist",
    "0 faults",
)
def test_every_page_is_valid_html(client, pages, figure):
    found = {}
    for pair in pages.values():
        for path in pair:
            faults = html_faults(client.get(path).text)
            found |= {path: faults} if faults else {}
    figure(f"{2 * len(pages)} pages, {len(found)} with faults")
    assert found == {}


def test_the_check_of_html_finds_faults():
    broken = '<!doctype html><html><body><p id="a"><div id="a"></p><ul><p>x</p></ul><label for="no">'
    assert len(html_faults(broken)) >= 4


def html_faults(text: str) -> list[str]:
    """What a page does wrong: parse errors, ids twice, labels of nothing, lists and rows of the wrong children."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    root = parser.parse(text)
    faults = [f"line {where[0]}: {code} {more}" for where, code, more in parser.errors]
    ids = Counter(e.get("id") for e in root.iter() if e.get("id"))
    faults += [f"id {i} stands {n} times" for i, n in ids.items() if n > 1]
    for e in root.iter():
        for key in ("for", "aria-controls", "aria-labelledby"):
            faults += [f"{key}={i} is not there" for i in (e.get(key) or "").split() if i not in ids]
        allowed = {"ul": {"li"}, "ol": {"li"}, "tr": {"td", "th"}, "select": {"option", "optgroup"}}.get(
            e.tag
        )
        faults += [
            f"{c.tag} in {e.tag}" for c in e if allowed and isinstance(c.tag, str) and c.tag not in allowed
        ]
        if e.tag == "a" and any(c.tag in {"a", "button", "input", "select"} for c in e.iter() if c is not e):
            faults.append("a control inside a link")
    if len(list(root.iter("h1"))) != 1 or len(list(root.iter("main"))) != 1:
        faults.append("not exactly one h1 and one main")
    return faults


@pytest.mark.item(SPEC, 9, "the bare word pratica stands only after buona", "0 others")
def test_the_bare_word_pratica_is_never_used(client, pages, figure):
    walked, found = 0, {}
    for name, pair in pages.items():
        root = _parsed(client.get(pair[0]).text)
        text = " ".join(" ".join(root.find("body").itertext()).split())
        walked += len(text.split())
        bare = re.findall(r"(?i)(?<!buona )(?<!buone )(?<!buone-)\bpratic(?:a|he)\b", text)
        found |= {name: bare} if bare else {}
    figure(f"{walked} words of {len(pages)} pages, {sum(map(len, found.values()))} bare")
    assert found == {}


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
