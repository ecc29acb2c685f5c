"""The fleet page: the cars under their pseudonyms, and the roads that they have not passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.web import i18n
from contado.web.data.fleet import DRIFT_SHARE, MODELS
from contado.web.page import NotFound
from contado.web.pages.practices import card_of
from contado.web.pages.tablepages import slice_rows

if TYPE_CHECKING:
    import datetime as dt

    from starlette.responses import Response

    from contado.web.page import Page

__all__ = ["fleet"]


def fleet(page: Page) -> Response:
    """Render the fleet; the day of a car's last drive is for the office, visitors get the month."""
    card = card_of(page)
    if card.entry.practice != "manto_stradale":
        raise NotFound(card.entry.practice)
    query = page.query("page")
    site = page.site
    office = page.principal.scope.may("practice.computed")

    def seen(day: dt.date | None) -> str:
        return i18n.date_text(day if office or day is None else day.isoformat()[:7], page.lang)

    covered = site.coverage
    return page.render(
        "fleet.html",
        simulated="simulated" in {v.label for v in site.fleet} | {c.label for c in covered},
        crumbs=[
            (page.say("Buone pratiche", "Good practices"), page.url("practices")),
            (card.entry.plain.of(page.lang), page.url("practice", practice="manto_stradale")),
            (page.say("Flotta", "Fleet"), None),
        ],
        vehicles=site.fleet,
        drift=DRIFT_SHARE,
        models=MODELS,
        seen=seen,
        office=office,
        covered=covered,
        table=slice_rows(page, covered, query, "fleet", practice="manto_stradale"),
        roads=site.roads,
        retention=site.view.settings.pavement.retention_d,
        window=site.view.settings.pavement.not_driven_d,
    )
