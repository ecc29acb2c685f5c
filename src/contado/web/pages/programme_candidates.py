"""All candidates of the programme: filters, order, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.web.data.territory import fold
from contado.web.pages.programme import TABS, context
from contado.web.pages.tablepages import slice_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from starlette.responses import Response

    from contado.web.data.programme import Candidate
    from contado.web.i18n import Lang
    from contado.web.page import Page
    from contado.web.site import Site

__all__ = ["FILTERS", "candidates", "options", "selected"]

FILTERS = ("q", "practice", "unit", "year", "state", "robust")
_SORTS: dict[str, Callable[[Candidate, Lang], Any]] = {
    "yield": lambda c, _: (c.yield_ is None, -(c.yield_ or 0.0), c.id),
    "cost": lambda c, _: (-c.cost, c.id),
    "name": lambda c, lang: (c.name.of(lang), c.id),
    "municipality": lambda c, _: (c.municipality is None, c.municipality or "", c.id),
    "year": lambda c, _: (c.year is None, c.year or 0, c.id),
    "drawn": lambda c, _: (c.frequency is None, -(c.frequency or 0.0), c.id),
}


def selected(site: Site, query: Mapping[str, str], lang: Lang = "it") -> list[Candidate]:
    """Return the candidates that a query asks for, in its order; names sort as ``lang`` writes them."""
    key = fold(query.get("q", ""))
    unit = site.territory.find(query["unit"]) if query.get("unit") else None
    found = [
        c
        for c in site.programme.candidates
        if (not key or any(key in fold(told) for told in (c.name.it, c.name.en, c.id)))
        and (unit is None or c.code == unit.code)
        and (not query.get("practice") or c.practice == query["practice"])
        and (not query.get("year") or str(c.year) == query["year"])
        and (query.get("state") not in {"in", "out"} or c.chosen == (query["state"] == "in"))
        and (not query.get("robust") or c.robustness == query["robust"])
    ]
    key_of = _SORTS.get(query.get("sort", "yield"), _SORTS["yield"])
    return sorted(found, key=lambda c: key_of(c, lang))


def candidates(page: Page) -> Response:
    """Render all candidates with filters."""
    query = page.query(*FILTERS, "sort", "page")
    every = page.site.programme.candidates
    shared = context(page, dict(TABS)["candidates"])
    return page.render(
        "candidates.html",
        **shared,
        table=slice_rows(page, selected(page.site, query, page.lang), query, "candidates"),
        query=query,
        sort=query.get("sort") if query.get("sort") in _SORTS else "yield",
        options=options(page, every, shared["plain"]),
        has_draws=any(c.robustness for c in every),
    )


def options(
    page: Page, every: Iterable[Candidate], plain: Mapping[str, str]
) -> dict[str, list[tuple[str, str]]]:
    """Return value and text of what the candidates can be filtered by: good practice, municipality, year."""
    every = list(every)
    codes = {c.code for c in every}
    return {
        "practice": sorted(((p, plain.get(p, p)) for p in {c.practice for c in every}), key=lambda o: o[1]),
        "unit": [(u.code, u.name) for u in page.site.territory.units if u.code in codes],
        "year": [(str(y), str(y)) for y in sorted({c.year for c in every if c.year})],
    }
