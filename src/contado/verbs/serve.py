"""contado serve: show the workspace in a browser."""

from __future__ import annotations

import ipaddress
import pkgutil
import socket
from typing import TYPE_CHECKING, Annotated

from contado.kernel.declare import Answer, Context, Request, Verb, option
from contado.kernel.errors import ContadoError, Finding, SettingError, UsageError

if TYPE_CHECKING:
    from contado.kernel.settings import Settings

__all__ = ["VERB"]

_FACE = "contado.web.server:run"
"""The face is named, not imported: verbs stand below the web."""
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - asked for by name, and refused until the duties are filled in
_DUTIES = ("name", "accessibility_statement", "accessibility_contact")
"""Settings of [body] that a public site owes its readers (law 4/2004, art. 3-quater; to be confirmed)."""


class ServeRequest(Request, frozen=True, kw_only=True):
    """Where to listen; without it the settings decide."""

    host: Annotated[str | None, option("address to listen on (default: setting web.host)")] = None
    port: Annotated[
        int | None, option("port to listen on, 0-65535; 0 = a free one (default: setting web.port)")
    ] = None
    public: Annotated[
        bool, option("listen on every address; refused until the duties of a public site are filled in")
    ] = False


class ServeAnswer(Answer, kw_only=True):
    """Where the pages are; findings name third-party files that are missing."""

    url: str


def _run(request: ServeRequest, context: Context) -> ServeAnswer:
    from contado.kernel import records
    from contado.kernel.workspace import Workspace

    if context.workspace is None:
        raise UsageError("No workspace.", rule="no_workspace", hint="give -w DIR", field="workspace")
    findings = context.accept(_vendor_findings())
    workspace = Workspace.open(context.workspace)
    settings = workspace.settings
    host = request.host or (_EVERYWHERE if request.public else settings.web.host)
    if request.public or not _is_loopback(host):
        _refuse_unready(settings)
    records.prepare(workspace)
    listener = _listen(host, settings.web.port if request.port is None else request.port)
    answer = ServeAnswer(url=_url(listener), findings=findings)

    def ready() -> None:
        if context.announce is not None:
            context.announce(answer)

    pkgutil.resolve_name(_FACE)(context.workspace, listener, ready)
    return answer


def _is_loopback(host: str) -> bool:
    """Whether only programs of the same machine reach ``host``."""
    try:
        found = {item[4][0] for item in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(str(a).partition("%")[0]).is_loopback for a in found)


def _refuse_unready(settings: Settings) -> None:
    """Refuse to serve others before the body has said who it is and where to complain.

    Raises
    ------
    SettingError
        Settings that the law asks for are empty; the message names them (rule ``not_ready_for_public``).
    """
    values = {f"body.{name}": getattr(settings.body, name) for name in _DUTIES}
    missing = [name for name, value in values.items() if not value.strip()]
    if missing:
        raise SettingError(
            f"The site cannot be public yet: {', '.join(missing)} in contado.toml are empty.",
            rule="not_ready_for_public",
            hint="fill them in (see the page on security), or serve on 127.0.0.1",
            field=missing[0],
        )


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
