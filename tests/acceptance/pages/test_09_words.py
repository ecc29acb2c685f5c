"""pages.md 13, item 9: the dictionary."""

from __future__ import annotations

import re

import pytest

from invented.pages import parsed


@pytest.mark.item("pages", 9, "the bare word pratica stands only after buona", "0 others")
def test_the_bare_word_pratica_is_never_used(client, pages, figure):
    walked, found = 0, {}
    for name, pair in pages.items():
        root = parsed(client.get(pair[0]).text)
        text = " ".join(" ".join(root.find("body").itertext()).split())
        walked += len(text.split())
        bare = re.findall(r"(?i)(?<!buona )(?<!buone )(?<!buone-)\bpratic(?:a|he)\b", text)
        found |= {name: bare} if bare else {}
    figure(f"{walked} words of {len(pages)} pages, {sum(map(len, found.values()))} bare")
    assert found == {}
