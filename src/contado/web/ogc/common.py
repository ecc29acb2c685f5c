"""What all modules of the API share: conformance classes, links, answers with ETag, the HTML page."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from contado.web.ogc.query import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.requests import Request

    from contado.web.site import Site

__all__ = [
    "GEOJSON",
    "SCHEMA",
    "address",
    "alternates",
    "conformance",
    "conforms_to",
    "json_answer",
    "link",
    "not_modified",
    "tag_of",
]

GEOJSON: Final = "application/geo+json"
SCHEMA: Final = "application/schema+json"

_classes: dict[str, tuple[str, ...]] = {}


def conforms_to(module: str, classes: Iterable[str]) -> None:
    """Add the conformance classes of a module; a module that is imported again replaces its own."""
    _classes[module] = tuple(classes)


def conformance() -> list[str]:
    """Return the union of the classes of all modules, in alphabetical order."""
    return sorted({uri for classes in _classes.values() for uri in classes})


_OGC: Final = "http://www.opengis.net/spec"
conforms_to(
    "common",
    [f"{_OGC}/ogcapi-common-1/1.0/conf/{name}" for name in ("core", "landing-page", "oas30", "html", "json")]
    + [f"{_OGC}/ogcapi-common-2/1.0/conf/collections"],
)


def address(request: Request, site: Site, path: str, query: Mapping[str, object] | None = None) -> str:
    """Return a full address below the site's public one; ``path`` begins with a slash."""
    base = site.view.settings.web.address or str(request.base_url)
    kept = [(k, str(v)) for k, v in (query or {}).items() if v is not None]
    return base.rstrip("/") + path + (f"?{urlencode(kept)}" if kept else "")


def link(href: str, rel: str, media: str, title: str | None = None, **more: object) -> dict[str, object]:
    """Return a link."""
    named = {} if title is None else {"title": title}
    return {"href": href, "rel": rel, "type": media, **named, **more}


def alternates(
    request: Request, site: Site, wanted: str, offered: Iterable[str], media: Mapping[str, str] | None = None
) -> list[dict[str, object]]:
    """Return the links ``self`` and ``alternate`` of the present address."""
    types = {**FORMATS, **(media or {})}
    query = {k: v for k, v in request.query_params.items() if k != "f"}
    links = []
    for name in offered:
        rel = "self" if name == wanted else "alternate"
        href = address(request, site, request.url.path, {**query, "f": name})
        links.append(link(href, rel, types[name], f"this document as {name.upper()}"))
    return links


def tag_of(*facts: object) -> str:
    """Return a strong ETag that follows from ``facts``."""
    return f'"{hashlib.sha256(repr(facts).encode()).hexdigest()[:24]}"'


def not_modified(request: Request, tag: str) -> bool:
    """Whether the client has this version already (weak comparison, RFC 9110 section 13.1.2)."""
    text = request.headers.get("if-none-match", "")
    return text.strip() == "*" or tag in {part.strip().removeprefix("W/") for part in text.split(",")}


def json_answer(
    request: Request,
    body: Any,
    media_type: str = "application/json",
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a document as JSON with a strong ETag; 304 when the client has it."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    tag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
    given = {"etag": tag, "cache-control": "no-cache", "vary": "Accept", **(headers or {})}
    if not_modified(request, tag):
        return Response(status_code=304, headers=given)
    return Response(content, media_type=media_type, headers=given)
