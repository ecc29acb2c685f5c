"""Search: answers by kind; codes and numbers jump to their page, Enter on the answers to the first of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from contado.web.search import TITLES, address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from contado.kernel.territory import search as kernel
    from contado.web.page import Page

__all__ = ["search"]

_MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One answer."""

    title: str
    more: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Answers of one kind; ``total`` counts those left out too."""

    title: str
    hits: Sequence[Hit]
    total: int


def search(page: Page) -> Response:
    """Render the answers by kind; a code jumps, and so does Enter where the answers are already shown."""
    query = page.query("q", "shown")
    words = query.get("q", "")
    index = page.site.search.index
    if words and (hit := index.by_code(words)):
        return RedirectResponse(address(page, hit), status_code=303)
    found = index.find(words, most=_MOST)
    groups = [_group(page, group) for group in found.groups]
    if groups and query.get("shown") == words:
        return RedirectResponse(groups[0].hits[0].address, status_code=303)
    return page.render(
        "search.html",
        crumbs=[(page.say("Cerca", "Search"), None)],
        words_asked=words,
        groups=groups,
        left_out=found.left_out,
        streets="address" in index.kinds,
    )


def _group(page: Page, group: kernel.Group) -> Group:
    hits = [
        Hit(
            title=_said(page, hit.title),
            more=_said(page, hit.more),
            address=address(page, hit),
        )
        for hit in group.hits
    ]
    return Group(title=TITLES[group.kind].of(page.lang), hits=hits, total=group.total)


def _said(page: Page, text: kernel.Text) -> str:
    return page.say(text.it, text.en)
