"""The application: addresses to page functions, static files, errors, health."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse

from contado.web import addresses, ogc, statics
from contado.web.headers import Headers
from contado.web.i18n import LANGS
from contado.web.page import NotFound, Page
from contado.web.pages import routes
from contado.web.site import Site, opener

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.types import ASGIApp

    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.i18n import Lang

__all__ = ["create", "create_app"]

METHODS = ["GET", "HEAD"]


def create(workspace: Path, *, warm: bool = False) -> ASGIApp:
    """Return the application of the workspace at a path; ``warm`` reads it before the first visitor."""
    return create_app(opener(workspace), warm=warm)


def create_app(open_view: Callable[[], View], *, development: bool = False, warm: bool = False) -> ASGIApp:
    """Return the application of a workspace.

    Parameters
    ----------
    open_view
        Opens the workspace; called again when its files have changed.
    development
        Whether the sheet of parts is shown at ``/_parti``.
    warm
        Whether a thread reads the workspace at once, so that the first visitor does not wait.
    """
    site = Site(open_view)
    if warm:
        threading.Thread(target=site.warm, name="warm", daemon=True).start()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=True)
    app.add_middleware(GZipMiddleware, minimum_size=500)
    for pattern, file in routes.FILES.items():  # before the pages: /dati/NAME.csv is no layer called NAME.csv
        app.add_api_route(pattern, _file_endpoint(site, file), methods=METHODS)
    for name, function in routes.PAGES.items():
        for lang in LANGS:
            pattern = addresses.ADDRESSES[name].of(lang)
            app.add_api_route(pattern, _endpoint(site, lang, name, function), methods=METHODS)
    if development:
        app.add_api_route("/_parti", _endpoint(site, "it", "parts", routes.PARTS), methods=METHODS)
    _plain_routes(app, site)
    ogc.register(app, site)
    app.add_exception_handler(HTTPException, _http_error(site))
    app.add_exception_handler(Exception, _defect(site))
    return Headers(app)


def _endpoint(
    site: Site, lang: Lang, name: str, function: Callable[[Page], Response]
) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        site.refresh()
        page = Page(request, site, lang, name)
        try:
            return function(page)
        except NotFound:
            return routes.not_found(page)

    return endpoint


def _plain_routes(app: FastAPI, site: Site) -> None:
    """Add what has no language: static files, the icon, health, the other address of search."""

    def static(path: str, request: Request) -> Response:
        ask = request.headers
        return statics.answer(
            path,
            hashed=request.query_params.get("h"),
            accept=ask.get("accept-encoding", ""),
            if_none_match=ask.get("if-none-match"),
        )

    def favicon() -> Response:
        return statics.answer("favicon.svg", hashed=None, accept="", if_none_match=None)

    def health() -> Response:
        return JSONResponse(_health(site))

    app.add_api_route("/static/{path:path}", static, methods=METHODS)
    app.add_api_route("/favicon.ico", favicon, methods=METHODS)
    app.add_api_route("/healthz", health, methods=METHODS)
    app.add_api_route("/search", _endpoint(site, "it", "search", routes.PAGES["search"]), methods=METHODS)


def _file_endpoint(
    site: Site, function: Callable[[Request, Site], Response]
) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        site.refresh()
        try:
            return function(request, site)
        except NotFound:
            raise HTTPException(404) from None

    return endpoint


def _health(site: Site) -> dict[str, Any]:
    from contado.verbs.frontend import vendor

    manifest = vendor.load()
    states = vendor.inspect(manifest) if manifest else {}
    bad = sorted(path for path, state in states.items() if state != "ok")
    return {
        "alive": True,
        "workspace": {"schema": site.view.settings.schema, "layers": len(site.view.layers())},
        "vendor_files": {
            "present": manifest is not None,
            "ok": manifest is not None and not bad,
            "changed": bad,
        },
    }


def _lang(path: str) -> Lang:
    return "en" if path == "/en" or path.startswith("/en/") else "it"


def _http_error(site: Site) -> Callable[[Request, Exception], Response]:
    def handler(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        if ogc.is_below(request.url.path):
            return ogc.http_problem(status, getattr(error, "headers", None))
        return routes.not_found(Page(request, site, _lang(request.url.path), "error"), status)

    return handler


def _defect(site: Site) -> Callable[[Request, Exception], Response]:
    def handler(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the log holds the error
        if ogc.is_below(request.url.path):
            return ogc.http_problem(500)
        page = Page(request, site, _lang(request.url.path), "error")
        return routes.defect(page, request.scope["state"]["number"])

    return handler
