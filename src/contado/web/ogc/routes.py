"""Addresses of the API -> endpoints; errors -> problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from contado.kernel.errors import ContadoError
from contado.web.ogc import collections, editing, items, problems, rows
from contado.web.ogc.service import Service
from contado.web.ogc.tiles import Tiles

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from contado.web.site import Site

__all__ = ["register"]

_READ = ["GET", "HEAD"]
_EVERY = [*_READ, "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
_HERE = "/api/collections/{collection}"
_MATRIX_SET = _HERE + "/tiles/{matrix_set}"


def register(app: FastAPI, site: Site) -> None:
    """Add the addresses of the OGC APIs, tiles first; those of processes and jobs are another module's."""
    service = Service(site)
    tiles = Tiles(service)
    for path, tile in (
        ("/tiles/{collection}/{z}/{x}/{y}.mvt", tiles.xyz_tile),
        (_MATRIX_SET + "/{matrix}/{row}/{column}", tiles.ogc_tile),
    ):
        app.router.add_route(path, _awaited(tile), methods=_READ)
    pages: dict[str, Callable[[Request, Service], Response]] = {
        "/api/": collections.landing,
        "/api/openapi.json": collections.api_document,
        "/api/conformance": collections.conforms,
        "/api/collections": collections.collections,
        _HERE: collections.collection,
        _HERE + "/queryables": collections.schemas("queryables"),
        _HERE + "/schema": collections.schemas("schema"),
    }
    for path, function in pages.items():
        app.router.add_route(path, _endpoint(function, service), methods=_READ)
    _edited(app, service)
    tiled: dict[str, Callable[[Request], Response]] = {
        "/api/tileMatrixSets": tiles.matrix_sets,
        "/api/tileMatrixSets/{matrix_set}": tiles.matrix_set,
        _HERE + "/tiles": tiles.tilesets,
        _MATRIX_SET: tiles.tileset,
        "/tiles/{collection}/tilejson.json": tiles.tilejson,
    }
    for path, method in tiled.items():
        app.router.add_route(path, _endpoint(lambda request, _, m=method: m(request), service), methods=_READ)


def _edited(app: FastAPI, service: Service) -> None:
    """Add the addresses under which features are read and changed."""
    item = _HERE + "/items/{fid:path}"
    for path, read, changes in (
        (_HERE + "/items", items.items, editing.COLLECTION),
        (item + "/undo", None, editing.UNDO),
        (item, items.item, editing.ITEM),
    ):
        app.router.add_route(path, _changing(read, changes, service), methods=_EVERY)


def _endpoint(function: Callable[..., Response], service: Service) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        try:
            return function(request, service)
        except problems.Problem as problem:
            return problems.response(problem)
        except ContadoError as error:
            return problems.response(problems.of_error(error))

    return endpoint


def _awaited(function: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await function(request)
        except problems.Problem as problem:
            return problems.response(problem)
        except ContadoError as error:
            return problems.response(problems.of_error(error))

    return endpoint


def _changing(
    read: Callable[[Request, Service], Response] | None,
    changes: dict[str, Callable[[Request, Service, bytes], Response]],
    service: Service,
) -> Callable[[Request], Any]:
    """Return the endpoint that reads or, by method, changes; a body is read before the thread begins."""

    async def endpoint(request: Request) -> Response:
        if read is not None and request.method in _READ:
            return await run_in_threadpool(_endpoint(read, service), request)
        body = await _body(request)
        reads = "GET, HEAD, " if read is not None else ""

        def change(request: Request, service: Service) -> Response:
            return editing.answer(request, service, changes, reads, body)

        return await run_in_threadpool(_endpoint(change, service), request)

    return endpoint


async def _body(request: Request) -> bytes:
    """Return the body, one byte more than is taken in where it is too large."""
    parts, total = [], 0
    async for part in request.stream():
        parts.append(part)
        total += len(part)
        if total > rows.MAX_BYTES:
            break
    return b"".join(parts)
