"""Two recorded programmes side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.web.data import comparison, runs
from contado.web.data.view import rows, text
from contado.web.i18n import Words
from contado.web.pages.programme import context
from contado.web.pages.tablepages import slice_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from contado.web.data.comparison import Comparison
    from contado.web.page import Page
    from contado.web.site import Site

__all__ = ["KINDS", "chosen", "compare", "source_names", "titles"]

KINDS = {
    "added": Words("aggiunto", "added"),
    "removed": Words("tolto", "removed"),
    "moved": Words("spostato", "moved"),
    "refunded": Words("pagato da altri", "paid otherwise"),
}


def compare(page: Page) -> Response:
    """Render the comparison of two runs; without a choice, the latest with the one before."""
    query = page.query("a", "b", "kind", "page")
    drafts = page.principal.scope.may("programme.planned")
    found = chosen(page.site, query, drafts=drafts)
    changes = [
        c
        for c in (found.changes if found else ())
        if query.get("kind") not in KINDS or c.kind == query["kind"]
    ]
    return page.render(
        "compare.html",
        **context(page, Words("Confronto", "Compare")),
        stored=runs.stored(page.site.view, drafts=drafts),
        found=found,
        table=slice_rows(page, changes, query, "compare"),
        query=query,
        kinds=KINDS,
        named_kinds=[(kind, words.of(page.lang)) for kind, words in KINDS.items()],
        unit_names={u.code: u.name for u in page.site.territory.units},
        titles=titles(page.site),
        sources=source_names(page.site),
    )


def chosen(site: Site, query: Mapping[str, str], *, drafts: bool = False) -> Comparison | None:
    """Return the comparison of the runs that a query names, else of the latest two; None where one misses."""
    stored = runs.stored(site.view, drafts=drafts)
    known = {r.id: r for r in stored}
    run = site.programme.run
    b = known.get(query.get("b") or (run.id if run else ""))
    before = next((r for r in stored if b is not None and r.id != b.id), None)
    a = known.get(query["a"]) if query.get("a") else before
    if a is None or b is None:
        return None
    return site.cached(f"compare:{a.id}:{b.id}", lambda: comparison.between(site.view, a, b))


def titles(site: Site) -> dict[str, Words]:
    """Return the names of the interventions."""
    return {c.id: c.name for c in site.programme.candidates}


def source_names(site: Site) -> dict[str, str]:
    """Return the names of the sources."""
    return {str(r["source"]): text(r, "name") or str(r["source"]) for r in rows(site.view, "funding_source")}
