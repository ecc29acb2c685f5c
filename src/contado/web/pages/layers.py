"""One public layer (tool page): map, the same rows as a table, the chosen row, files to take away."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.web import i18n, selection, style
from contado.web.data.layermap import NONE, REST
from contado.web.pages import mapframe
from contado.web.pages.opendata import find
from contado.web.pages.strips import KINDS
from contado.web.pages.tablepages import slice_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from contado.web.data.layermap import Classing, LayerClass, LayerMap, Wanted
    from contado.web.page import Page

__all__ = ["Day", "Legend", "TimeRow", "around", "class_looks", "layer", "time_row"]

_PLAIN = "#124C63"
_WIDTHS = (
    (1.0, 1.6, 2.4, 4.0),
    (1.2, 2.0, 3.2, 5.0),
    (1.6, 2.6, 4.0, 6.5),
    (2.0, 3.2, 5.0, 8.0),
    (2.6, 4.2, 6.0, 10.0),
)
_GREY = {"light": "#84909A", "dash": (2.5, 2.0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """A cell of the legend: the class as the map draws it, its name, its count, whether it is shown."""

    look: dict[str, Any]
    name: str
    more: str
    checked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A date of the time row: as the address says it, and as it is read."""

    iso: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRow:
    """The dates of a map: all of them, the place of the shown one, addresses of its neighbours."""

    days: Sequence[Day]
    at: int
    before: str | None
    after: str | None


def time_row(
    page: Page, days: Sequence[dt.date], shown: str | None, name: str, keep: dict[str, Any], **parts: str
) -> TimeRow | None:
    """Return the time row, the last date by default; None where there is nothing to move between."""
    if len(days) < 2:
        return None
    texts = [Day(iso=d.isoformat(), text=i18n.long_date(d, page.lang)) for d in days]
    at = next((i for i, d in enumerate(texts) if d.iso == shown), len(texts) - 1)

    def go(i: int) -> str | None:
        if not 0 <= i < len(texts):
            return None
        return page.url(name, {**keep, "date": texts[i].iso, "page": None}, **parts)

    return TimeRow(days=texts, at=at, before=go(at - 1), after=go(at + 1))


def layer(page: Page) -> Response:
    """Render one layer."""
    query = page.query(*selection.KEYS, "sel", "page", "z", "x", "y", "layers")
    dataset = find(page, page.parts["layer"])
    shown = selection.layer_map(page.site, dataset.id)
    classing = shown.classing(query.get("by"))
    wanted, unknown = selection.wanted(page.site, shown, classing, page.request.query_params)
    page.unknown.extend(unknown)
    places = shown.select(wanted, classing)
    keep = _kept(query, wanted, classing)
    table = slice_rows(page, places.tolist(), keep, "layer", layer=dataset.id)
    looks = class_looks(classing, shown.geometry)
    chosen = _chosen(query.get("sel"), shown)
    mapframe.note_unknown(page, query, (dataset.id, "names"), chosen)
    return page.render(
        "layer.html",
        simulated=dataset.label == "simulated",
        crumbs=[
            (page.say("Dati aperti", "Open data"), page.url("data")),
            (dataset.title.of(page.lang), None),
        ],
        dataset=dataset,
        layer=shown,
        classing=classing,
        legend=_legend(page, classing, looks, wanted),
        looks=looks,
        table=table,
        rows=shown.rows(table.rows),
        of_row=classing.of_row,
        columns=shown.table.column_names,
        wanted=wanted,
        keep=keep,
        chosen=chosen,
        units=page.site.territory.units,
        time=time_row(page, shown.days, wanted.day, "layer", keep, layer=dataset.id),
        cell=lambda value: cell(page, value),
        map_config=_config(page, shown, classing, wanted, looks, chosen),
    )


def _kept(query: dict[str, str], wanted: Wanted, classing: Classing) -> dict[str, Any]:
    """Return the query that links of the page carry on."""
    some = wanted.classes is not None and len(wanted.classes) < len(classing.classes)
    asked = [c.id for c in classing.classes if wanted.classes and c.id in wanted.classes]
    return {
        "by": query.get("by"),
        "class": ",".join(asked) if some and asked else None,
        "filter": "1" if some and not asked else None,
        "unit": wanted.code,
        "q": wanted.words,
        "date": wanted.day,
        "bbox": query.get("bbox") if wanted.bbox else None,
        "sort": wanted.sort,
        "page": query.get("page"),
        "sel": query.get("sel"),
    }


def _chosen(sel: str | None, shown: LayerMap) -> dict[str, Any] | None:
    """Return the row that is chosen by its number."""
    if sel is None or not sel.isdigit() or not 1 <= int(sel) <= shown.table.num_rows:
        return None
    return shown.rows([int(sel) - 1])[0]


def _legend(page: Page, classing: Classing, looks: Sequence[dict[str, Any]], wanted: Wanted) -> list[Legend]:
    return [
        Legend(
            look=look,
            name=_name(page, classing, c),
            more=style.breaks_text(c.id) if classing.kind == "road" else "",
            checked=wanted.classes is None or c.id in wanted.classes,
        )
        for c, look in zip(classing.classes, looks, strict=True)
    ]


def _name(page: Page, classing: Classing, c: LayerClass) -> str:
    letter = f"{c.id} " if classing.kind == "road" and c.id != NONE else ""
    name = KINDS.get(c.id, c.name) if classing.column == "kind" else c.name
    return f"{letter}{name.of(page.lang)}"


def class_looks(classing: Classing, geometry: str) -> list[dict[str, Any]]:
    """Return how each class is drawn: colour and width, or the shape of a point."""
    if classing.kind == "road":
        looks = mapframe.road_classes()
    elif geometry == "point" and classing.kind != "steps":
        looks = _marks([c.id for c in classing.classes])
    else:
        looks = _ramp(classing)
    return [look | {"n": c.n} for look, c in zip(looks, classing.classes, strict=True)]


def _marks(ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return a shape of its own for each class: the known kinds theirs, the others those left."""
    look = style.load()
    named = {i: look.mark_of[i] for i in ids if i in look.mark_of}
    left = (m for m in ("disc", *look.mark) if m not in named.values())
    marks = dict(named)
    for i in ids:
        if i not in marks:
            marks[i] = next(m for m in left if m not in marks.values())
    return [{"id": i, "light": _PLAIN, "mark": marks[i], "path": look.mark[marks[i]]} for i in ids]


def _ramp(classing: Classing) -> list[dict[str, Any]]:
    """Return the colours of one ramp, light to dark, the wider the darker; the unknown grey and dashed."""
    ramp = list(style.load().ramp["share"])
    own = [c for c in classing.classes if c.id not in {NONE, REST}]
    steps = classing.kind == "steps"
    looks, at = [], 0
    for c in classing.classes:
        if c.id == NONE:
            looks.append({"id": c.id, "letter": "–", "widths": _WIDTHS[0], "order": -1} | _GREY)
        elif c.id == REST:
            looks.append({"id": c.id, "letter": "+", "light": "#FFFFFF", "widths": _WIDTHS[0], "order": 0})
        else:
            place = at if steps else len(own) - 1 - at
            step = 1 if classing.kind == "one" else 4 if len(own) == 1 else round(4 * place / (len(own) - 1))
            letter = str(at + 1)
            looks.append(
                {
                    "id": c.id,
                    "letter": letter,
                    "light": ramp[step],
                    "widths": _WIDTHS[step],
                    "order": step + 1,
                }
            )
            at += 1
    return looks


def class_of(classing: Classing) -> list[Any]:
    """Return the class of a feature as an expression of MapLibre on its attributes."""
    get: list[Any] = ["get", classing.column]
    if classing.kind == "one":
        return ["literal", "all"]
    if classing.kind == "steps":
        stairs: list[Any] = ["step", get, "0"]
        for i, b in enumerate(classing.breaks):
            stairs += [b, str(i + 1)]
        known = stairs if classing.breaks else "0"
        return ["case", ["==", ["typeof", get], "number"], known, NONE]
    if classing.kind == "road":
        pairs = [part for c in style.load().classes if c.value for part in ([c.value, c.id], c.id)]
        return ["match", get, *pairs, NONE]
    pairs = [part for c in classing.classes if c.id not in {NONE, REST} for part in (c.id, c.id)]
    rest = REST if any(c.id == REST for c in classing.classes) else NONE
    return ["case", ["has", classing.column], ["match", ["to-string", get], *pairs, rest], NONE]


def _config(
    page: Page,
    shown: LayerMap,
    classing: Classing,
    wanted: Wanted,
    looks: Sequence[dict[str, Any]],
    chosen: dict[str, Any] | None,
) -> str:
    name = shown.info.id
    entry = {
        "id": name,
        "geometry": shown.geometry,
        "tiles": f"/tiles/{name}/{{z}}/{{x}}/{{y}}.mvt",
        "table": name,
        "classOf": class_of(classing),
        "classes": looks,
        "edge": None if classing.kind == "road" else "#7F8C92",
        "letters": classing.kind != "one" and shown.geometry != "point",
    }
    row = chosen["_row"] if chosen else None
    box = shown.boxes[row - 1] if row else None
    at = None
    if box is not None and not np.isnan(box).any():
        point = {
            "type": "Point",
            "coordinates": [round((box[0] + box[2]) / 2, 5), round((box[1] + box[3]) / 2, 5)],
        }
        at = {"type": "Feature", "properties": {"id": str(row)}, "geometry": point}
    return mapframe.config(
        page,
        [entry],
        noun=("oggetti", "features"),
        n=shown.info.n,
        bounds=mapframe.first_view(page, around(page, shown, wanted)),
        rule=_rule(shown, wanted, classing),
        selected=str(row) if row else None,
        at=at,
    )


def around(page: Page, shown: LayerMap, wanted: Wanted) -> Sequence[float] | None:
    """Return the box around what is asked for: the municipality, else the whole layer."""
    import shapely

    unit = page.site.territory.by_code.get(wanted.code or "")
    if unit is not None and unit.geometry is not None:
        return tuple(float(v) for v in shapely.bounds(unit.geometry))
    return shown.bounds


def _rule(shown: LayerMap, wanted: Wanted, classing: Classing) -> list[Any] | None:
    """Return the filters beside the classes as an expression; words by the rows they are in."""
    rules: list[Any] = []
    if wanted.code and shown.code_column:
        rules.append(["==", ["get", shown.code_column], wanted.code])
    if wanted.day and shown.day_column:
        rules.append(
            [
                "all",
                ["has", shown.day_column],
                ["<=", ["slice", ["get", shown.day_column], 0, 10], wanted.day],
            ]
        )
    if wanted.words:
        found = shown.select(type(wanted)(words=wanted.words), classing)
        rules.append(["in", ["id"], ["literal", [int(i) + 1 for i in found]]])
    return ["all", *rules] if rules else None


def cell(page: Page, value: Any) -> str:
    """Return a cell as it is read; unknown is an en dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool):
        return page.say("sì", "yes") if value else page.say("no", "no")
    if isinstance(value, dt.datetime):
        return i18n.date_text(value.date(), page.lang)
    if isinstance(value, dt.date):
        return i18n.date_text(value, page.lang)
    if isinstance(value, float):
        return i18n.number(
            value, page.lang, 0 if abs(value) >= 1000 else 2 if abs(value) >= 0.1 or value == 0 else 4
        )
    if isinstance(value, list):
        return ", ".join(cell(page, v) for v in value)
    return str(value)
