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
