"""Headers of every answer, request numbers, one log line a request, the last net under a defect."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from typing import TYPE_CHECKING

from contado.kernel.records.credentials import LINK_PATH

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["CONTENT_SECURITY_POLICY", "Headers"]

log = logging.getLogger("contado.web")

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; worker-src 'self' blob:; img-src 'self' data: blob:; "
    "font-src 'self' data:; style-src 'self' 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; "
    "base-uri 'self'; form-action 'self'"
)
_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_SECURE_ONLY = (b"strict-transport-security", b"max-age=31536000")
_LINK = re.compile(re.escape(LINK_PATH) + r"[^/]{20,}")


class Headers:
    """The outermost layer: errors included, nothing leaves without the headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a defect was already answered with its page when it arrives here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number, started = secrets.token_hex(4), time.perf_counter()
        always = (*_HEADERS, _SECURE_ONLY) if scope["scheme"] == "https" else _HEADERS
        scope.setdefault("state", {})["number"] = number
        status, finished = 0, False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, finished
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name for name, _ in message["headers"]}  # a page may ask for less strict permissions
                ours = (header for header in always if header[0] not in own)
                message["headers"] = [*message["headers"], *ours, (b"x-request-id", number.encode())]
            elif message["type"] == "http.response.body":
                finished = not message.get("more_body", False)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            log.exception("request %s failed", number)
            if not finished:
                raise
        finally:
            log.info(json.dumps(_line(scope, status, time.perf_counter() - started)))


def _line(scope: Scope, status: int, seconds: float) -> dict[str, object]:
    """Return the log line of a request: no query, no secret of a link, no network address, no name."""
    who = scope["state"].get("principal")
    account = {"account": who.account_id} if who is not None and who.signed_in else {}
    return {
        "request_id": scope["state"]["number"],
        **account,
        "method": scope["method"],
        "path": _LINK.sub(f"{LINK_PATH}...", scope["path"]),
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
