"""Open data: the list of layers, one layer, and its files to take away."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from contado.web.page import NotFound
from contado.web.pages.tablepages import slice_rows

if TYPE_CHECKING:
    from starlette.responses import Response

    from contado.web.data.opendata import Dataset
    from contado.web.page import Page

__all__ = ["data", "layer"]


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


def layer(page: Page) -> Response:
    """Render one layer: what it is, its files, its rows."""
    query = page.query("page")
    dataset = find(page, page.parts["layer"])
    table = page.site.cached(
        f"rows:{dataset.id}", lambda: page.site.view.layer(dataset.id).drop(["geometry"])
    )
    rows = [{k: _shown(v) for k, v in row.items()} for row in table.to_pylist()]
    return page.render(
        "layer.html",
        simulated=dataset.label == "simulated",
        crumbs=[
            (page.say("Dati aperti", "Open data"), page.url("data")),
            (dataset.title.of(page.lang), None),
        ],
        dataset=dataset,
        columns=table.column_names,
        table=slice_rows(page, rows, query, "layer", layer=dataset.id),
    )


def _shown(value: Any) -> str:
    """Return a cell as it stands in the files; unknown is an en dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
