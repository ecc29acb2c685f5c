"""pages.md 13, item 7: a page on paper."""

from __future__ import annotations

import re

import pytest

from invented.pages import MAP, settle

pytestmark = pytest.mark.browser


@pytest.mark.item(
    "pages", 7, "print: A4 portrait, legend and label present, no navigation, the map 9.4 cm", "holds"
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


def test_the_scale_on_paper_is_that_of_the_smaller_canvas_and_the_key_hides_nothing(tab, address):
    page = tab(1280)
    # a printer leaves the map no time to draw itself anew: its canvas is scaled as it is
    page.add_init_script("window.ResizeObserver = class { observe() {} unobserve() {} disconnect() {} }")
    page.goto(address + MAP)
    settle(page)
    size = "() => { const c = document.querySelector('#ct-map canvas'); return [c.clientWidth, c.clientHeight, document.querySelector('.maplibregl-ctrl-scale').offsetWidth]; }"
    width, height, bar = page.evaluate(size)
    page.emulate_media(media="print")
    frame, key = (page.locator(s).bounding_box() for s in ("#ct-map", "#ct-key"))
    smaller = min(frame["width"] / width, frame["height"] / height)  # object-fit: contain
    assert smaller < 0.9
    assert abs(page.evaluate(size)[2] - bar * smaller) <= 1
    assert key["y"] >= frame["y"] + frame["height"] - 1
    assert key["y"] + key["height"] <= page.locator(".ct-timerow").bounding_box()["y"] + 1
