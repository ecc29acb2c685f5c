"""Open data: the list of the public layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.web.page import NotFound

if TYPE_CHECKING:
    from starlette.responses import Response

    from contado.web.data.opendata import Dataset
    from contado.web.page import Page

__all__ = ["data", "find"]


def data(page: Page) -> Response:
    """Render the list of the public layers."""
    page.query()
    datasets = page.site.datasets
    return page.render(
        "data.html",
        simulated=any(d.label == "simulated" for d in datasets),
        crumbs=[(page.say("Dati aperti", "Open data"), None)],
        datasets=datasets,
    )


def find(page: Page, name: str) -> Dataset:
    """Return a public layer, or raise `NotFound`."""
    found = next((d for d in page.site.datasets if d.id == name), None)
    if found is None:
        raise NotFound(name)
    return found
