"""The gate behind the headers: who asks, from where, how often and how much; then the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request

from contado.kernel.records import Scope, documents
from contado.web.i18n import Words
from contado.web.security import cookies, forms
from contado.web.security.principal import Principal
from contado.web.security.refusals import Foreign, Refusal, SignInNeeded, TooLarge

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Send
    from starlette.types import Scope as Connection

    from contado.web.security.keeper import Keeper
    from contado.web.security.rates import Rates

__all__ = ["Gate", "client_of"]

_DEVICES: Final = "/ingest/"
"""Where devices send: their tokens are no account's, and are asked for there."""
_LISTENING: Final = "/events/"
"""Where pages listen by themselves, which is no use of a session."""

_MOST_BYTES: Final = documents.MAX_BYTES + 1024 * 1024
"""Largest body that is read [byte]: the largest attachment and the fields beside it."""


def client_of(request: HTTPConnection) -> str:
    """Return the network address of whoever asks; the server has read it from a trusted proxy's header."""
    return request.client.host if request.client else "unknown"


class Gate:
    """Every request passes here before a page or file is looked for.

    Parameters
    ----------
    app
        The application.
    keeper
        Answers for whom a secret stands.
    rates
        Counts requests of the API.
    public_address
        Returns the setting ``web.address``.
    refuse
        Makes the answer of a refusal.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        keeper: Keeper,
        rates: Rates,
        public_address: Callable[[], str],
        refuse: Callable[[Request, Refusal], Response],
    ) -> None:
        self.app = app
        self.keeper = keeper
        self.rates = rates
        self.public_address = public_address
        self.refuse = refuse

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Let one request in, or answer it with its refusal."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        try:
            await self._admit(request)
            await self.app(scope, _limited(receive), self._sender(request, send))
        except Refusal as refusal:
            answer = await run_in_threadpool(self.refuse, request, refusal)
            await answer(scope, receive, send)

    async def _admit(self, request: Request) -> None:
        if int(request.headers.get("content-length") or 0) > _MOST_BYTES:
            raise TooLarge
        who = await self._identify(request)
        request.scope.setdefault("state", {})["principal"] = who
        if who.via == "session" and forms.is_foreign(request, self.public_address()):
            raise Foreign
        if request.url.path.startswith("/api/"):
            await run_in_threadpool(self.rates.check, "api", client_of(request))

    async def _identify(self, request: Request) -> Principal:
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and not request.url.path.startswith(_DEVICES):
            found = await run_in_threadpool(self.keeper.by_token, secret.strip())
            if found is None:
                raise SignInNeeded(Words("Il token non vale.", "The token is not valid."))
            return found
        if cookie := cookies.read(request, cookies.SESSION):
            used = not request.url.path.startswith(_LISTENING)
            found = await run_in_threadpool(self.keeper.by_session, cookie, used=used)
            if found is not None:
                return found
        return Principal(scope=Scope.visitor())

    def _sender(self, request: Request, send: Send) -> Send:
        """Return ``send``, which lets no cache keep what an account sees."""
        who: Principal = request.scope["state"]["principal"]
        if not who.signed_in or request.url.path.startswith("/static/"):
            return send

        async def send_unkept(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["cache-control"] = "no-store"
            await send(message)

        return send_unkept


def _limited(receive: Receive) -> Receive:
    """Return ``receive``, which stops at a body that is larger than what is taken in."""
    total = 0

    async def receive_some() -> Message:
        nonlocal total
        message = await receive()
        if message["type"] == "http.request":
            total += len(message.get("body", b""))
            if total > _MOST_BYTES:
                raise TooLarge
        return message

    return receive_some
