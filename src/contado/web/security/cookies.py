"""The two cookies: the session after sign-in, and the browser's half of a sign-in under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection
    from starlette.responses import Response

__all__ = ["SESSION", "SIGN_IN", "drop", "give", "read"]

SESSION: Final = "contado_session"
SIGN_IN: Final = "contado_sign_in"
"""Binds the answer of the issuer to the browser that asked; ten minutes, gone at the return."""

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def _secure(request: HTTPConnection) -> bool:
    """Whether cookies carry ``Secure``: everywhere but on plain http of the own machine."""
    return not (request.url.scheme == "http" and request.url.hostname in _LOOPBACK)


def _name(request: HTTPConnection, name: str) -> str:
    """Return the cookie's name; the prefix lets no other host of the domain set it (RFC 6265bis 4.1.3.2)."""
    return f"__Host-{name}" if _secure(request) else name


def read(request: HTTPConnection, name: str) -> str | None:
    """Return a cookie's value."""
    return request.cookies.get(_name(request, name))


def give(
    request: HTTPConnection, response: Response, name: str, value: str, *, seconds: int | None = None
) -> None:
    """Set a cookie that no script reads and no other site sends; without ``seconds`` it ends with the browser."""
    response.set_cookie(
        _name(request, name),
        value,
        max_age=seconds,
        path="/",
        secure=_secure(request),
        httponly=True,
        samesite="lax",
    )


def drop(request: HTTPConnection, response: Response, name: str) -> None:
    """Take a cookie back."""
    response.delete_cookie(
        _name(request, name), path="/", secure=_secure(request), httponly=True, samesite="lax"
    )
