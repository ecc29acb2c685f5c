"""The application: addresses to page functions, static files, errors."""

from __future__ import annotations

import threading
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import RedirectResponse

from contado.web import addresses, live, ogc, statics
from contado.web.headers import Headers
from contado.web.i18n import LANGS
from contado.web.ogc import processes_routes
from contado.web.operations import Operations
from contado.web.page import NotFound, Page
from contado.web.pages import routes
from contado.web.security import NotAllowed, Refusal, SignInNeeded, forms, principal
from contado.web.security.gate import Gate, client_of
from contado.web.security.keeper import Keeper
from contado.web.security.rates import Rates
from contado.web.site import Site, opener

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from starlette.datastructures import FormData
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
    stores = ExitStack()
    app = FastAPI(
        docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=True, lifespan=_ending_with(stores)
    )
    app.add_middleware(GZipMiddleware, minimum_size=500)
    settings = site.settings
    app.state.keeper = keeper = Keeper(site.open_store, lambda: settings().session)
    stores.callback(keeper.close)
    app.state.rates = rates = Rates(keeper, lambda: settings().limits)
    ogc.register(app, site)  # first: tiles are asked for most, and addresses are tried in turn
    for pattern, file in routes.FILES.items():  # before the pages: /dati/NAME.csv is no layer called NAME.csv
        app.add_api_route(pattern, _file_endpoint(site, file), methods=METHODS)
    for name, function in routes.PAGES.items():
        for lang in LANGS:
            pattern = addresses.ADDRESSES[name].of(lang)
            app.add_api_route(pattern, _endpoint(site, lang, name, function), methods=METHODS)
            if name in routes.ACTIONS:
                action = _action(site, lang, name, routes.ACTIONS[name])
                app.add_api_route(pattern, action, methods=["POST"])
    if development:
        app.add_api_route("/_parti", _endpoint(site, "it", "parts", routes.PARTS), methods=METHODS)
    processes_routes.add(app, site)
    _plain_routes(app, site)
    readiness = live.register(app, site, ending=stores, warm=warm)
    app.add_exception_handler(HTTPException, _http_error(site))
    app.add_exception_handler(Refusal, _refusal(site))
    app.add_exception_handler(Exception, _defect(site))
    gate = Gate(
        app,
        keeper=keeper,
        rates=rates,
        public_address=lambda: settings().web.address,
        refuse=_refusal(site),
    )
    operations = Operations(gate, site, readiness)
    stores.callback(operations.close)
    return Headers(operations)


def _ending_with(stores: ExitStack) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return a lifespan at whose end the open stores are closed."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with stores:
            yield

    return lifespan


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


def _action(
    site: Site, lang: Lang, name: str, function: Callable[[Page, FormData], Response]
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of a page's form: where it comes from, how often, and its token are checked first."""

    def act(request: Request, form: FormData) -> Response:
        site.refresh()
        page = Page(request, site, lang, name)
        forms.check_origin(request, site.settings().web.address)
        if not page.principal.signed_in:
            request.app.state.rates.check("forms", client_of(request))
        forms.check_token(request.app.state.keeper, request, name, str(form.get(forms.FIELD, "")))
        return function(page, form)

    async def endpoint(request: Request) -> Response:
        async with request.form(max_files=1, max_fields=100) as form:
            return await run_in_threadpool(act, request, form)

    return endpoint


def _plain_routes(app: FastAPI, site: Site) -> None:
    """Add what has no language: static files, the icon, the other address of search."""

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

    app.add_api_route("/static/{path:path}", static, methods=METHODS)
    app.add_api_route("/favicon.ico", favicon, methods=METHODS)
    app.add_api_route("/search", _endpoint(site, "it", "search", routes.PAGES["search"]), methods=METHODS)


def _file_endpoint(
    site: Site, function: Callable[[Request, Site], Response]
) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        site.refresh()
        try:
            return function(request, site.seen_by(principal(request).scope))
        except NotFound:
            raise HTTPException(404) from None

    return endpoint


def _lang(path: str) -> Lang:
    return "en" if path == "/en" or path.startswith("/en/") else "it"


def _http_error(site: Site) -> Callable[[Request, Exception], Response]:
    def handler(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        if ogc.is_below(request.url.path):
            return ogc.http_problem(status, getattr(error, "headers", None))
        return routes.not_found(Page(request, site, _lang(request.url.path), "error"), status)

    return handler


def _refusal(site: Site) -> Callable[[Request, Exception], Response]:
    """Return what answers a refusal: a problem (RFC 9457) under /api/, a page elsewhere."""

    def handler(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        path = request.url.path
        if ogc.is_below(path):
            return ogc.refused(error)
        lang = _lang(path)
        if isinstance(error, SignInNeeded) and "authorization" not in request.headers:
            query = {"next": path} if request.method in METHODS else None
            return RedirectResponse(addresses.url("sign_in", lang, query), status_code=303)
        status = 404 if isinstance(error, NotAllowed) else error.status
        return routes.refused(Page(request, site, lang, "error"), error, status)

    return handler


def _defect(site: Site) -> Callable[[Request, Exception], Response]:
    def handler(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the log holds the error
        if ogc.is_below(request.url.path):
            return ogc.http_problem(500)
        page = Page(request, site, _lang(request.url.path), "error")
        return routes.defect(page, request.scope["state"]["number"])

    return handler
