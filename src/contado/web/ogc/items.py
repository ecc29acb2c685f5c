"""Features of a collection and single features, in four formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec
from starlette.responses import Response, StreamingResponse

from contado.kernel.errors import did_you_mean
from contado.web.ogc import crs, html, writing
from contado.web.ogc.common import GEOJSON, address, alternates, link, not_modified, tag_of
from contado.web.ogc.problems import BadParameter, Problem
from contado.web.ogc.query import FORMATS, given, wanted_format
from contado.web.ogc.selection import PARAMETERS, Selection, askable, select

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.requests import Request

    from contado.web.ogc.crs import System
    from contado.web.ogc.prepared import Prepared
    from contado.web.ogc.service import Service

__all__ = ["item", "items", "missing", "tag_of_row"]

_OFFERED: Final = ("json", "html", "csv", "geoparquet")
_ITEM: Final = ("json", "html")
_AS_GEOJSON: Final = {"json": GEOJSON}


def items(request: Request, service: Service) -> Response:
    """Answer the features that the parameters ask for."""
    info = service.info(request)
    features = service.prepared(info)
    query = given(request, [*PARAMETERS, *askable(features)])
    form = wanted_format(request, query, _OFFERED)
    system = crs.named("crs", query.get("crs"), info)
    names = _names(features, query.get("properties"))
    found = select(features, query, service.settings().max_items)
    tag = tag_of(info.sha256, form, address(request, service.site, ""), request.url.query)
    headers = {"etag": tag, "cache-control": "no-cache", "vary": "Accept"}
    if form in {"json", "csv"}:
        headers["content-crs"] = system.header if form == "json" else crs.LONLAT.header
    if not_modified(request, tag):
        return Response(status_code=304, headers=headers)
    links = _links(request, service, query, form, found)
    if form == "html":
        return _page(request, service, features, found, links, names)
    if form == "geoparquet":
        headers["content-disposition"] = f'attachment; filename="{info.id}.parquet"'
        content = writing.geoparquet_bytes(features, found.rows, names)
        return Response(content, media_type=FORMATS[form], headers=headers)
    if form == "csv":
        headers["content-disposition"] = f'attachment; filename="{info.id}.csv"'
        headers["ogc-numbermatched"] = str(found.matched)
        return _streamed(writing.csv_parts(features, found.rows, names), found, "text/csv", headers)
    parts = _collection(features, found, links, system, names)
    return _streamed(parts, found, GEOJSON, headers)


def _streamed(
    parts: Iterator[bytes], found: Selection, media_type: str, headers: Mapping[str, str]
) -> Response:
    """Return a small answer as a whole, a large one chunk by chunk."""
    if len(found.rows) <= writing.CHUNK:
        return Response(b"".join(parts), media_type=media_type, headers=dict(headers))
    return StreamingResponse(parts, media_type=media_type, headers=dict(headers))


def _names(features: Prepared, text: str | None) -> list[str] | None:
    """Return the attributes that the parameter ``properties`` names."""
    if text is None:
        return None
    known = [column.name for column in features.columns]
    names = list(dict.fromkeys(filter(None, text.split(","))))
    for name in names:
        if name not in known:
            hint = f"{did_you_mean(name, known)} valid: {', '.join(known)}".strip()
            raise BadParameter("properties", f"properties: there is no attribute {name[:60]!r}.", hint)
    return names


def _links(
    request: Request, service: Service, query: Mapping[str, str], form: str, found: Selection
) -> list[dict[str, object]]:
    """Return the links of a page; they say the limit that was applied."""
    path = f"/api/collections/{request.path_params['collection']}"
    effective = {**query, "limit": str(found.limit)}
    links = []
    for name in _OFFERED:
        href = address(request, service.site, f"{path}/items", {**effective, "f": name})
        media = _AS_GEOJSON.get(name, FORMATS[name])
        links.append(
            link(href, "self" if name == form else "alternate", media, f"this page as {name.upper()}")
        )
    if found.after is not None:
        further = {**effective, "f": form, "after": found.after}
        media = _AS_GEOJSON.get(form, FORMATS[form])
        links.append(
            link(address(request, service.site, f"{path}/items", further), "next", media, "next page")
        )
    links.append(
        link(address(request, service.site, path), "collection", "application/json", "the collection")
    )
    return links


def _collection(
    features: Prepared,
    found: Selection,
    links: list[dict[str, object]],
    system: System,
    names: list[str] | None,
) -> Iterator[bytes]:
    facts = {
        "numberMatched": found.matched,
        "numberReturned": len(found.rows),
        "links": links,
    }
    yield b'{"type":"FeatureCollection",' + msgspec.json.encode(facts)[1:-1] + b',"features":['
    yield from writing.feature_lines(features, found.rows, system, names)
    yield b"]}"


def _page(
    request: Request,
    service: Service,
    features: Prepared,
    found: Selection,
    links: list[dict[str, object]],
    names: list[str] | None,
) -> Response:
    here = f"/api/collections/{features.info.id}/items"
    columns = names if names is not None else [column.name for column in features.columns]
    rows = [
        [
            (str(fid), f"{here}/{quote(str(fid), safe='')}?f=html"),
            *((html.cell(row[c]), None) for c in columns),
        ]
        for fid, row in zip(
            features.ids[found.rows].tolist(), writing.rows_of(features, found.rows, names), strict=True
        )
    ]
    facts = {"numberMatched": found.matched, "numberReturned": len(found.rows)}
    title = features.info.title_en
    return html.answer(request, service.site, title, links, facts=facts, columns=["id", *columns], rows=rows)


def missing(features: Prepared, fid: str) -> Problem:
    """Return the problem of a feature that is not there."""
    detail = f"{features.info.id} has no feature {fid[:80]!r}."
    return Problem(
        404, detail, rule="no_feature", hint=f"ids stand in /api/collections/{features.info.id}/items"
    )


def tag_of_row(features: Prepared, row: int, *more: object) -> str:
    """Return the ETag of a feature: it follows from its content; ``more`` = what else the answer depends on."""
    tag = tag_of(features.info.id, writing.feature(features, row))
    return tag if not more else f'{tag[:-1]}-{tag_of(*more)[1:9]}"'


def item(request: Request, service: Service) -> Response:
    """Answer one feature."""
    info = service.info(request)
    features = service.prepared(info)
    fid = request.path_params["fid"]
    query = given(request, {"f", "crs"})
    form = wanted_format(request, query, _ITEM)
    system = crs.named("crs", query.get("crs"), info)
    row = features.row(fid)
    if row is None:
        raise missing(features, fid)
    plain = form == "json" and system == crs.LONLAT
    tag = tag_of_row(features, row) if plain else tag_of_row(features, row, form, system.uri)
    headers = {"etag": tag, "cache-control": "no-cache", "vary": "Accept", "content-crs": system.header}
    if not_modified(request, tag):
        return Response(status_code=304, headers=headers)
    links = _item_links(request, service, form)
    if form == "html":
        facts = writing.rows_of(features, [row])[0]
        return html.answer(request, service.site, f"{info.title_en}: {fid}", links, facts=facts)
    content = writing.feature(features, row, system)[:-1] + b',"links":' + msgspec.json.encode(links) + b"}"
    return Response(content, media_type=GEOJSON, headers=headers)


def _item_links(request: Request, service: Service, form: str) -> list[dict[str, Any]]:
    path = f"/api/collections/{request.path_params['collection']}"
    up = link(address(request, service.site, path), "collection", "application/json", "the collection")
    return [*alternates(request, service.site, form, _ITEM, _AS_GEOJSON), up]
