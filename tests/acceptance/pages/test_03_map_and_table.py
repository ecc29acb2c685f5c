"""pages.md 13, item 3: the map and its table say the same."""

from __future__ import annotations

import itertools
import json
import re
import urllib.parse
from collections import Counter

import numpy as np
import pytest

from invented.pages import MAP, settle

pytestmark = pytest.mark.browser
SLOW = pytest.mark.slow


@pytest.mark.item("pages", 3, "road map and table: same ids, same classes, counts of the legend", "equal")
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
@pytest.mark.item(
    "pages", 3, "any layer: what the tiles draw is what the table lists, class by class", "equal"
)
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
    (x0, x1), (y1, y0) = lonlat_to_world(np.array([west, east]), np.array([south, north]))
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
    "pages", 3, "hover and choice go both ways, a legend checkbox filters both, no reload", "both ways"
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
    cell = row.locator("td").nth(3).bounding_box()  # far from the id: the whole row opens
    page.mouse.click(cell["x"] + cell["width"] / 2, cell["y"] + cell["height"] / 2)
    page.wait_for_url(f"**sel={chosen}**")
    page.wait_for_selector(f"tr[data-id='{chosen}'][aria-current=true]")
    assert chosen in page.locator("#sezione h2").inner_text()
    page.locator("#ct-legend input[value=A]").uncheck()
    page.wait_for_url("**class=B**")
    page.wait_for_function(
        "() => ![...document.querySelectorAll('tr[data-id] .ct-key')].some(k => k.textContent === 'A')"
    )
    page.go_back()
    page.wait_for_function("() => document.querySelector('#ct-legend input[value=A]').checked")
    slide = "(v) => { const r = document.getElementById('ct-date'); r.value = v; r.dispatchEvent(new Event('change', {bubbles: true})); }"
    page.evaluate(slide, 0)
    page.locator("#ct-when", has_text="31/08/2026").wait_for()
    for part in ("#ct-when-sections", "#ct-when-anomalies"):
        assert "31/08/2026" in page.locator(part).text_content()
    assert "date=2026-08-31" in page.locator("#ct-url").text_content()
    counted = page.locator("#ct-key").text_content()
    page.evaluate("window.print = () => { window.printed = true; }")
    page.locator("[data-print]").click()  # the buttons of that day work too
    assert page.evaluate("window.printed")
    page.evaluate(slide, 1)
    page.locator("#ct-when", has_text="31/10/2026").wait_for()
    assert page.locator("#ct-key").text_content() != counted
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
    page.wait_for_url("**layers=names%3A0**")
    page.reload()
    settle(page)
    assert not page.locator("[data-layer=names] input[type=checkbox]").is_checked()
