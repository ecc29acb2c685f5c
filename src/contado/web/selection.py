"""What part of a layer an address asks for: the same words for the page and for its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.web.data import layermap
from contado.web.data.layermap import Wanted

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from contado.web.data.layermap import Classing, LayerMap
    from contado.web.site import Site

__all__ = ["KEYS", "bbox_of", "layer_map", "wanted"]

KEYS = ("by", "class", "filter", "unit", "q", "date", "bbox", "sort")
"""Parameters of the query that choose and order rows."""


def layer_map(site: Site, name: str) -> LayerMap:
    """Return a public layer as its map sees it, read once."""
    return site.cached(f"map:{name}", lambda: layermap.load(site.view, name))


def wanted(site: Site, layer: LayerMap, classing: Classing, query: QueryParams) -> tuple[Wanted, list[str]]:
    """Return what the query asks for, and the parts of it that are not understood."""
    unknown = []
    ids = {c.id for c in classing.classes}
    asked = {c.strip() for value in query.getlist("class") for c in value.split(",") if c.strip()}
    unknown += [f"class={value}" for value in sorted(asked - ids)]
    some = asked & ids
    unit = site.territory.find(query["unit"]) if query.get("unit") else None
    if query.get("unit") and unit is None:
        unknown.append(f"unit={query['unit']}")
    days = {d.isoformat() for d in layer.days}
    day = query.get("date") or None
    if day and day not in days:
        unknown.append(f"date={day}")
    bbox = bbox_of(query.get("bbox"))
    if query.get("bbox") and bbox is None:
        unknown.append(f"bbox={query['bbox']}")
    sort = query.get("sort") or None
    if sort and sort.removeprefix("-") not in layer.table.column_names:
        unknown.append(f"sort={sort}")
        sort = None
    chosen = Wanted(
        classes=frozenset(some) if some or "filter" in query else None,
        code=unit.code if unit else None,
        words=query.get("q", "").strip(),
        day=day if day in days else None,
        bbox=bbox,
        sort=sort,
    )
    return chosen, unknown


def bbox_of(text: str | None) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north [deg] of ``W,S,E,N``; None where it is no such box.

    Examples
    --------
    >>> bbox_of("9,45,9.5,45.5")
    (9.0, 45.0, 9.5, 45.5)
    >>> bbox_of("9,45,8,46") is None
    True
    """
    try:
        west, south, east, north = (float(part) for part in (text or "").split(","))
    except ValueError:
        return None
    return (west, south, east, north) if west <= east and south <= north else None
