"""pages.md 13, item 5: each number has its label and date beside it."""

from __future__ import annotations

import pytest

from invented.pages import parsed


@pytest.mark.item(
    "pages", 5, "each value has its label within its row, figure, table or section", "0 without"
)
def test_each_number_has_its_label_beside_it(client, pages, figure):
    walked, bare = 0, {}
    for name in ("home", "municipality", "practice", "map", "section", "programme", "intervention"):
        root = parsed(client.get(pages[name][0]).text)
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
