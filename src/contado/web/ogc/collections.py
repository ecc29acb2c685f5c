"""Landing page, conformance, collections, and the schemas of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.web.ogc import crs, html, openapi, schema
from contado.web.ogc.common import (
    GEOJSON,
    SCHEMA,
    address,
    alternates,
    conformance,
    json_answer,
    link,
)
from contado.web.ogc.query import FORMATS, given, wanted_format

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from contado.kernel.workspace import LayerInfo
    from contado.web.ogc.prepared import Prepared
    from contado.web.ogc.service import Service

__all__ = ["api_document", "collection", "collections", "conforms", "described", "landing", "schemas"]

_DOCUMENT: Final = ("json", "html")
_OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0"


def landing(request: Request, service: Service) -> Response:
    """Answer the landing page."""
    form = wanted_format(request, given(request, {"f"}), _DOCUMENT)
    site = service.site
    name = site.view.settings.body.name or site.view.settings.workspace.name

    def to(path: str, rel: str, media: str, title: str) -> dict[str, object]:
        return link(address(request, site, path), rel, media, title)

    links = [
        *alternates(request, site, form, _DOCUMENT),
        to("/api/openapi.json", "service-desc", _OPENAPI, "the definition of the API"),
        to("/api/conformance", "conformance", "application/json", "conformance classes"),
        to("/api/collections", "data", "application/json", "collections"),
        to("/api/collections", f"{_REL}/data", "application/json", "collections"),
        to("/api/tileMatrixSets", f"{_REL}/tiling-schemes", "application/json", "tile matrix sets"),
        to("/api/processes", f"{_REL}/processes", "application/json", "processes"),
        to("/api/jobs", f"{_REL}/job-list", "application/json", "jobs"),
        to("/dati", "service-doc", "text/html", "open data pages"),
    ]
    if form == "html":
        return html.answer(request, site, "API", links)
    body = {"title": name, "description": "Layers of the territory as OGC API.", "links": links}
    return json_answer(request, body)


def conforms(request: Request, service: Service) -> Response:
    """Answer the conformance classes of all modules."""
    form = wanted_format(request, given(request, {"f"}), _DOCUMENT)
    links = alternates(request, service.site, form, _DOCUMENT)
    if form == "html":
        rows = [[(uri, None)] for uri in conformance()]
        return html.answer(request, service.site, "Conformance", links, columns=["URI"], rows=rows)
    return json_answer(request, {"conformsTo": conformance(), "links": links})


def api_document(request: Request, service: Service) -> Response:
    """Answer the definition of the API (OpenAPI 3.0), with the layers that this reader sees."""
    given(request, {"f"})
    layers = service.layers(service.scope(request))
    features = [service.prepared(info) for info in layers.values()]
    base = address(request, service.site, "")
    return json_answer(request, openapi.document(base, features, service.settings()), _OPENAPI)


def collections(request: Request, service: Service) -> Response:
    """Answer the list of collections."""
    form = wanted_format(request, given(request, {"f"}), _DOCUMENT)
    layers = service.layers(service.scope(request))
    links = alternates(request, service.site, form, _DOCUMENT)
    if form == "html":
        rows = [
            [(info.id, f"/api/collections/{info.id}?f=html"), (info.title_en, None), (str(info.n), None)]
            for info in layers.values()
        ]
        names = ["id", "title", "features"]
        return html.answer(request, service.site, "Collections", links, columns=names, rows=rows)
    found = [described(request, service, info) for info in layers.values()]
    every = list(dict.fromkeys(uri for one in found for uri in one["crs"]))
    return json_answer(request, {"links": links, "crs": every, "collections": found})


def collection(request: Request, service: Service) -> Response:
    """Answer one collection."""
    info = service.info(request)
    form = wanted_format(request, given(request, {"f"}), _DOCUMENT)
    body = described(request, service, info)
    body["links"] = [*alternates(request, service.site, form, _DOCUMENT), *body["links"][1:]]
    if form == "html":
        facts = {"id": info.id, "features": info.n, "licence": info.licence, "CRS": info.crs}
        return html.answer(request, service.site, info.title_en, body["links"], facts=facts)
    return json_answer(request, body)


def described(request: Request, service: Service, info: LayerInfo) -> dict[str, Any]:
    """Return the description of a collection."""
    features = service.prepared(info)
    return {
        "id": info.id,
        "title": info.title_en,
        "description": info.title_it,
        "itemType": "feature",
        "links": _links(request, service, info),
        "extent": _extent(features),
        "crs": crs.offered(info),
        "storageCrs": features.system.uri,
        **({"attribution": info.licence} if info.licence else {}),
        **({"updated": info.updated_at} if info.updated_at else {}),
    }


def _links(request: Request, service: Service, info: LayerInfo) -> list[dict[str, object]]:
    here = f"/api/collections/{info.id}"

    def to(path: str, rel: str, media: str, title: str, **query: str) -> dict[str, object]:
        return link(address(request, service.site, here + path, query), rel, media, title)

    features = {
        "json": GEOJSON,
        "html": FORMATS["html"],
        "csv": FORMATS["csv"],
        "geoparquet": FORMATS["geoparquet"],
    }
    licence = (
        []
        if not info.licence
        else [link(f"{address(request, service.site, '/note-legali')}", "license", "text/html", info.licence)]
    )
    return [
        to("", "self", "application/json", info.title_en),
        *(
            to("/items", "items", media, f"features as {name.upper()}", f=name)
            for name, media in features.items()
        ),
        to("/queryables", f"{_REL}/queryables", SCHEMA, "what can be asked for"),
        to("/schema", f"{_REL}/schema", SCHEMA, "what each feature has"),
        to("/tiles", f"{_REL}/tilesets-vector", "application/json", "vector tiles"),
        link(
            address(request, service.site, f"/dati/{info.id}"), "alternate", "text/html", "page of the layer"
        ),
        *licence,
    ]


def _extent(features: Prepared) -> dict[str, Any]:
    extent: dict[str, Any] = {}
    if features.extent is not None:
        extent["spatial"] = {"bbox": [features.extent], "crs": crs.CRS84}
    interval = _interval(features)
    if interval is not None:
        extent["temporal"] = {
            "interval": [interval],
            "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
        }
    return extent


def _interval(features: Prepared) -> list[str | None] | None:
    """Return first and last instant of a layer; an unknown end is open."""
    if not features.temporal or not len(features):
        return None
    begin, end = features.values(features.temporal[0]), features.values(features.temporal[-1])
    first = begin.data[begin.known].min() if begin.known.any() else None
    whole = end.known.all() or len(features.temporal) == 1
    last = end.data[end.known].max() if whole and end.known.any() else None
    return [None if v is None else f"{np.datetime_as_string(v, unit='s')}Z" for v in (first, last)]


def schemas(kind: str) -> Any:
    """Return the endpoint of a layer's ``queryables`` or ``schema``."""
    make = schema.queryables if kind == "queryables" else schema.returnables

    def endpoint(request: Request, service: Service) -> Response:
        info = service.info(request)
        form = wanted_format(request, given(request, {"f"}), _DOCUMENT)
        body = make(service.prepared(info), address(request, service.site, request.url.path))
        if form == "json":
            return json_answer(request, body, SCHEMA)
        links = alternates(request, service.site, form, _DOCUMENT, {"json": SCHEMA})
        rows = [
            [(name, None), (facts.get("type", facts.get("format", "")), None)]
            for name, facts in body["properties"].items()
        ]
        title = f"{info.title_en}: {kind}"
        return html.answer(request, service.site, title, links, columns=["name", "type"], rows=rows)

    return endpoint
