"""What whoever runs the server asks of it: `/healthz`, `/metrics`, and the counting behind them.

They are answered before sign-in and rate limits: a probe must not depend on either.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import time
from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from contado.kernel.errors import ContadoError
from contado.web.metrics import CONTENT_TYPE, Metrics, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from contado.kernel.records.status import Status
    from contado.kernel.records.store import Store
    from contado.web.live import State
    from contado.web.site import Site

__all__ = ["METRICS_TOKEN", "Operations"]

METRICS_TOKEN: Final = "CONTADO_METRICS_TOKEN"  # noqa: S105 - the name of the variable
"""Environment variable: the bearer token of whoever reads the metrics from another machine."""
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "via")
"""Headers of a proxy: a request that carries one does not come from this machine."""


class Operations:
    """Counts every request, and answers the two addresses itself.

    Parameters
    ----------
    app
        The application behind.
    site
        The workspace.
    live
        Returns how ready the live engine is (`contado.web.live.State`).
    """

    def __init__(self, app: ASGIApp, site: Site, live: Callable[[], State]) -> None:
        self.app = app
        self.site = site
        self.live = live
        self.metrics = Metrics()
        self._store: Store | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        own = {"/healthz": self._health, "/metrics": self._metrics}.get(scope["path"])
        if own is not None:
            answer = await run_in_threadpool(own, Request(scope))
            await answer(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self.metrics.begin()
        try:
            await self.app(scope, receive, send_seen)
        finally:
            self.metrics.end(kind_of(scope["path"]), status, time.perf_counter() - started)

    def close(self) -> None:
        """Close the connections to the store."""
        if self._store is not None:
            self._store.close()

    def _health(self, request: Request) -> Response:  # noqa: ARG002 - both answers take the request
        store = self._status()
        body = {
            "alive": True,
            "store": {"reachable": store is not None, "schema": store.schema if store else None},
            "workspace": self._workspace(),
            "vendor_files": _vendor_files(),
            "live": self.live(),
        }
        sound = store is not None and body["workspace"] is not None
        return JSONResponse(body, 200 if sound else 503, headers={"Cache-Control": "no-store"})

    def _workspace(self) -> dict[str, int] | None:
        try:
            self.site.refresh()
            view = self.site.view
            return {"schema": view.settings.schema, "layers": len(view.layers())}
        except (ContadoError, OSError):
            return None

    def _metrics(self, request: Request) -> Response:
        if not _may_read(request):
            return PlainTextResponse("Not here.\n", 401, headers={"WWW-Authenticate": "Bearer"})
        text = self.metrics.text(self._status(), self.live())
        return Response(text, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})

    def _status(self) -> Status | None:
        """Return how the store is, or None where it cannot be reached or read."""
        from contado.kernel.records.status import status
        from contado.kernel.records.store import is_prepared, unopened

        try:
            if self._store is None:
                if not is_prepared(self.site.view):
                    return None
                self._store = unopened(self.site.view)
            return status(self._store)
        except (ContadoError, OSError):
            return None


def _may_read(request: Request) -> bool:
    """Whether a request comes from this machine itself, or brings the token."""
    token = os.environ.get(METRICS_TOKEN, "")
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return bool(token) and hmac.compare_digest(token.encode(), given.strip().encode())
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _vendor_files() -> dict[str, Any]:
    from contado.verbs.frontend import vendor

    manifest = vendor.load()
    states = vendor.inspect(manifest) if manifest else {}
    bad = sorted(path for path, state in states.items() if state != "ok")
    return {"present": manifest is not None, "ok": manifest is not None and not bad, "changed": bad}
