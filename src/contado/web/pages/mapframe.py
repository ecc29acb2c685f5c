"""What the map of a tool page needs to know: addresses, layers with their classes, words, first view."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from contado.web import i18n, statics, style

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shapely import Geometry

    from contado.web.page import Page
    from contado.web.style import RoadClass

__all__ = ["config", "first_view", "note_unknown", "point_of", "road_classes"]

_EVERYWHERE = (8.7, 45.1, 9.6, 45.7)
"""West, south, east, north of the first territory, where a workspace holds nothing to look at."""


def config(
    page: Page,
    layers: Sequence[Mapping[str, Any]],
    *,
    noun: tuple[str, str],
    n: int,
    bounds: Sequence[float],
    rule: Sequence[Any] | None = None,
    selected: str | None = None,
    at: dict[str, Any] | None = None,
) -> str:
    """Return the settings of the map's module as JSON.

    Parameters
    ----------
    layers
        The first one is the twin of the table; each with ``id``, ``geometry``, ``data`` (GeoJSON) or ``tiles``
        and ``table``, ``classOf`` (a MapLibre expression), ``classes``.
    noun
        What the rows are, in the plural, in both languages.
    n
        How many there are.
    bounds
        West, south, east, north of the first view [deg].
    rule
        Filter beside the classes, as an expression.
    selected, at
        Id of the chosen row, and the point where its name stands.
    """
    settings = {
        "maplibre": statics.address("vendor/maplibre/maplibre-gl.mjs"),
        "worker": statics.address("vendor/maplibre/maplibre-gl-worker.mjs"),
        "areas": statics.address("js/areas.js") if any("tiles" in layer for layer in layers) else None,
        "panel": statics.address("js/layers.js"),
        "units": "/viste/municipalities.json",
        "names": "/viste/labels.json",
        "base": style.load().map,
        "layers": layers,
        "rule": rule,
        "selected": selected,
        "chosen": {"type": "FeatureCollection", "features": [at] if at else []},
        "bounds": list(bounds),
        "texts": _texts(page, page.say(*noun), n),
    }
    return json.dumps(settings, ensure_ascii=False, separators=(",", ":"))


def _texts(page: Page, rows: str, n: int) -> dict[str, Any]:
    """Return what the map says, in the page's language."""
    say = page.say
    return {
        "loading": f"{say('Carico', 'Loading')} {i18n.number(n, page.lang)} {rows}…",
        "failed": say(
            "La mappa non si è caricata. La tabella è completa.",
            "The map did not load. The table is complete.",
        ),
        "retry": say("Riprova", "Try again"),
        "merged": say(
            f"A questa scala {{n}} {rows} piccoli o fitti sono riuniti in quadretti con il loro numero. Nessuno manca.",
            f"At this scale {{n}} small or crowded {rows} are grouped in squares with their number. None is missing.",
        ),
        "ui": {
            "Map.Title": say(
                f"Mappa: {rows}; le stesse righe sono nella tabella",
                f"Map: {rows}; the same rows are in the table",
            ),
            "NavigationControl.ZoomIn": say("Ingrandisci", "Zoom in"),
            "NavigationControl.ZoomOut": say("Riduci", "Zoom out"),
            "ScaleControl.Kilometers": "km",
            "ScaleControl.Meters": "m",
        },
    }


def road_classes() -> list[dict[str, Any]]:
    """Return the four ordered classes and "not driven" as the map draws them."""
    return [_road_class(c, order) for order, c in enumerate(style.load().classes)]


def _road_class(c: RoadClass, order: int) -> dict[str, Any]:
    sights = {sight: getattr(c, sight) for sight in ("light", "dark", "high", "field")}
    dash = {"dash": c.dash} if c.dash else {}
    return (
        {"id": c.id, "letter": c.letter, "widths": c.widths, "order": -1 if dash else order} | sights | dash
    )


def point_of(geometry: Geometry | None, name: str) -> dict[str, Any] | None:
    """Return the point on a shape where its name stands, as a feature."""
    import shapely

    if geometry is None:
        return None
    middle = shapely.get_coordinates(shapely.point_on_surface(geometry))[0]
    point = {"type": "Point", "coordinates": [round(float(v), 5) for v in middle]}
    return {"type": "Feature", "properties": {"id": name}, "geometry": point}


def note_unknown(page: Page, query: Mapping[str, str], layers: Iterable[str], chosen: object | None) -> None:
    """Note on the page what the query says of the view, its layers and the choice and cannot be followed."""
    known = set(layers)
    page.unknown += [f"{k}={query[k]}" for k in ("z", "x", "y") if k in query and math.isnan(_real(query[k]))]
    for part in filter(None, query.get("layers", "").split(",")):
        name, _, opacity = part.partition(":")
        if name not in known or not 0.0 <= _real(opacity, -1.0) <= 1.0:
            page.unknown.append(f"layers={part}")
    if "sel" in query and chosen is None:
        page.unknown.append(f"sel={query['sel']}")


def _real(text: str, otherwise: float = math.nan) -> float:
    try:
        value = float(text)
    except ValueError:
        return otherwise
    return value if math.isfinite(value) else otherwise


def first_view(page: Page, bounds: Iterable[float] | None) -> list[float]:
    """Return the first view: the territory, or ``bounds`` where they fill less than a third of it."""
    import shapely

    place = [u.geometry for u in page.site.territory.units if u.geometry is not None]
    own = None if bounds is None else [float(v) for v in bounds]
    if not place:
        return own or list(_EVERYWHERE)
    whole = [float(v) for v in shapely.total_bounds(place)]
    near = own is not None and all((own[i + 2] - own[i]) * 3 < whole[i + 2] - whole[i] for i in (0, 1))
    return [round(v, 4) for v in (own if own is not None and near else whole)]
