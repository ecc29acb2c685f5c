"""contado serve: show the workspace in a browser."""

from __future__ import annotations

import pkgutil
import socket
from typing import Annotated

from contado.kernel.declare import Answer, Context, Request, Verb, option
from contado.kernel.errors import ContadoError, Finding, UsageError

__all__ = ["VERB"]

_FACE = "contado.web.server:run"
"""The face is named, not imported: verbs stand below the web."""


class ServeRequest(Request, frozen=True, kw_only=True):
    """Where to listen; without it the settings decide."""

    host: Annotated[str | None, option("address to listen on (default: setting web.host)")] = None
    port: Annotated[
        int | None, option("port to listen on, 0-65535; 0 = a free one (default: setting web.port)")
    ] = None


class ServeAnswer(Answer, kw_only=True):
    """Where the pages are; findings name third-party files that are missing."""

    url: str


def _run(request: ServeRequest, context: Context) -> ServeAnswer:
    from contado.kernel import records
    from contado.kernel.workspace import Workspace

    if context.workspace is None:
        raise UsageError("No workspace.", rule="no_workspace", hint="give -w DIR", field="workspace")
    workspace = Workspace.open(context.workspace)
    records.prepare(workspace)
    web = workspace.settings.web
    listener = _listen(request.host or web.host, web.port if request.port is None else request.port)
    answer = ServeAnswer(url=_url(listener), findings=_vendor_findings())

    def ready() -> None:
        if context.announce is not None:
            context.announce(answer)

    pkgutil.resolve_name(_FACE)(context.workspace, listener, ready)
    return answer


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise UsageError(
            f"There is no port {port}.", rule="bad_value", hint="0-65535; 0 = a free one", field="port"
        )
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        raise ContadoError(
            f"Cannot listen on {host}:{port}: {error.strerror or error}.",
            rule="cannot_listen",
            hint="another program may use it: give --port 0 for a free one",
            field="port",
        ) from None


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _vendor_findings() -> list[Finding]:
    from contado.verbs.frontend import vendor

    manifest = vendor.load()
    if manifest is None:
        missing = "all of them: the package was built with CONTADO_FRONTEND=skip"
    else:
        bad = [path for path, state in vendor.inspect(manifest).items() if state != "ok"]
        missing = ", ".join(bad)
    if not missing:
        return []
    return [
        Finding(
            severity="warning",
            rule="frontend_incomplete",
            message=f"Third-party files of the pages are missing or changed: {missing}.",
            hint="pages come without style and maps; build again without CONTADO_FRONTEND=skip",
        )
    ]


VERB = Verb(
    name="serve",
    help="Show the workspace in a browser",
    request=ServeRequest,
    answer=ServeAnswer,
    run=_run,
    extra="web",
    needs=("fastapi", "uvicorn"),
    workspace=True,
    lines=True,
)
