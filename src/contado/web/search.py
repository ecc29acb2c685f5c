"""Search of the pages: the workspace's public entries, the good practices, road sections and interventions.

A further kind of public rows (events, case files) is one more function in `_further` and one more line of
`TITLES` and `address`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from contado.kernel.territory import search
from contado.web.data import roads
from contado.web.data.view import rows, text
from contado.web.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from contado.kernel.territory.search import Entry, Hit, Index
    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.page import Page
    from contado.web.site import Site

__all__ = ["TITLES", "Search", "address", "load"]

TITLES: dict[str, Words] = {
    "municipality": Words("Comuni", "Municipalities"),
    "place": Words("Luoghi", "Places"),
    "practice": Words("Buone pratiche", "Good practices"),
    "layer": Words("Dati aperti", "Open data"),
    "section": Words("Sezioni stradali", "Road sections"),
    "intervention": Words("Interventi", "Interventions"),
    "address": Words("Indirizzi", "Addresses"),
}
"""Title of each kind of answer, in the order of the groups."""


class Search:
    """The index of one state of a workspace, opened or made when somebody first asks."""

    def __init__(self, view: View, further: Sequence[Entry]) -> None:
        self._view = view
        self._further = further
        self._lock = threading.Lock()
        self._index: Index | None = None

    @property
    def index(self) -> Index:
        """The index; while one thread makes it the others wait for it."""
        with self._lock:
            if self._index is None:
                self._index = search.kept(
                    self._view.path / "layers" / ".index" / ".search",
                    search.state(self._view, self._further),
                    lambda: (*search.entries(self._view), *self._further),
                    kinds=tuple(TITLES),
                )
            return self._index


def load(site: Site) -> Search:
    """Return the search over what the site shows to everybody."""
    return Search(site.view, list(_further(site)))


def _further(site: Site) -> Iterator[Entry]:
    yield from _practices(site)
    open_layers = {info.id for info in site.view.layers() if info.access == "public"}
    if roads.SECTIONS in open_layers:
        yield from _sections(site)
    yield from _interventions(site)


def _practices(site: Site) -> Iterator[Entry]:
    for card in site.cards:
        entry = card.entry
        yield search.Entry(
            kind="practice",
            ref=entry.practice,
            title_it=entry.plain.it,
            title_en=entry.plain.en,
            more_it=entry.official,
            words=" ".join(entry.opens_with),
        )


def _sections(site: Site) -> Iterator[Entry]:
    for s in site.roads.sections:
        more = " · ".join(part for part in (s.road, s.municipality) if part)
        yield search.Entry(kind="section", ref=s.id, title_it=s.id, more_it=more, codes=(s.id,))


def _interventions(site: Site) -> Iterator[Entry]:
    """Return the candidates of the programme; id, CUP and CUI lead to them directly."""
    numbers = {
        str(row["id"]): [n for n in (text(row, "cup"), text(row, "cui")) if n]
        for row in rows(site.view, "intervention")
    }
    for c in site.programme.candidates:
        yield search.Entry(
            kind="intervention",
            ref=c.id,
            title_it=c.name.it,
            title_en=c.name.en,
            more_it=" · ".join(part for part in (c.municipality, *numbers.get(c.id, [])) if part),
            codes=(c.id, *numbers.get(c.id, [])),
        )


def address(page: Page, hit: Hit) -> str:
    """Return the address of the page that shows an answer."""
    if hit.kind == "municipality":
        return page.url("municipality", code=hit.ref)
    if hit.kind == "section":
        return page.url("section", practice="manto_stradale", section_id=hit.ref)
    if hit.kind == "intervention":
        return page.url("intervention", intervention_id=hit.ref)
    if hit.kind == "address":
        return _row(page, search.ADDRESSES, hit.ref)
    if hit.kind == "place":
        layer, _, number = hit.ref.rpartition("/")
        return _row(page, layer, number) if layer else page.url("territory")
    return page.url(hit.kind, **{hit.kind: hit.ref})


def _row(page: Page, layer: str, number: str) -> str:
    """Return the address of a layer's page with one row chosen."""
    turned = (int(number) - 1) // page.site.view.settings.web.rows_a_page + 1
    return page.url("layer", {"sel": number, "page": turned if turned > 1 else None}, layer=layer)
