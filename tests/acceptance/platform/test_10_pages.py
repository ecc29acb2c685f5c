"""Item 10: the HTML of every page; what a browser shows of them stands in the checks of the pages."""

from __future__ import annotations

from collections import Counter

import html5lib
import pytest


@pytest.mark.item(
    "platform",
    10,
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
