"""pages.md 13, item 2: what is there without JavaScript."""

from __future__ import annotations

import pytest

from invented.pages import MAP

pytestmark = pytest.mark.browser
SLOW = pytest.mark.slow


@pytest.mark.item(
    "pages", 2, "without JavaScript: navigation, tables, filters, the map frame says so", "complete"
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
    page.locator("#sezione h2").wait_for()
    narrow = tab(360, java_script_enabled=False)
    narrow.goto(address + "/")
    assert narrow.locator(".ct-menu a").first.is_visible()
    assert not narrow.locator(".ct-menu-button").is_visible()


@pytest.mark.item(
    "pages", 2, "without WebGL: the drawing and the words, the table works in place", "complete"
)
def test_without_webgl_the_table_works_in_place(tab, address):
    page = tab(1280)
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        " return kind.startsWith('webgl') ? null : get.call(this, kind, ...more); };"
    )
    page.goto(address + MAP)
    page.locator("#ct-map.ct-flat #ct-drawn").wait_for()
    assert "non funziona" in page.locator(".ct-mapsays").inner_text()
    assert page.locator("#ct-map canvas").count() == 0
    page.evaluate("window.stays = true")
    page.locator("tr[data-id] a").first.click()
    page.locator("#sezione h2").wait_for()
    assert page.evaluate("window.stays")


@SLOW
@pytest.mark.item(
    "pages", 2, "every page without JavaScript shows the tables and links it shows with it", "equal"
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
