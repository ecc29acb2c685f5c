"""Forms: a token in each, so that no other site can send one in a reader's name.

The token is signed, ends after two hours, and is bound to the form and to the reader: to the secret that
the session keeps for forms, or to nobody in particular for a visitor, who needs no cookie. Each page
gets another one, so that a compressed answer does not give it away piece by piece.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from contado.web.security.principal import principal
from contado.web.security.refusals import BadForm, Foreign

if TYPE_CHECKING:
    from itsdangerous import TimestampSigner
    from starlette.requests import HTTPConnection

    from contado.web.security.keeper import Keeper

__all__ = ["FIELD", "check_origin", "check_token", "is_foreign", "token"]

FIELD: Final = "form_token"
_LASTS_S: Final = 2 * 3600


def _signer(keeper: Keeper, request: HTTPConnection, name: str) -> TimestampSigner:
    from itsdangerous import TimestampSigner

    salt = f"{name} {principal(request).form_secret}"
    return TimestampSigner(keeper.key("web.forms"), salt=salt.encode(), key_derivation="hmac")


def token(keeper: Keeper, request: HTTPConnection, name: str) -> str:
    """Return a token for the form called ``name``."""
    return _signer(keeper, request, name).sign(secrets.token_urlsafe(9)).decode()


def check_token(keeper: Keeper, request: HTTPConnection, name: str, given: str) -> None:
    """Refuse a form without its token.

    Raises
    ------
    BadForm
        The token is missing, altered, too old, or of another form or reader.
    """
    from itsdangerous import BadSignature

    try:
        _signer(keeper, request, name).unsign(given, max_age=_LASTS_S)
    except BadSignature:
        raise BadForm from None


def check_origin(request: HTTPConnection, public_address: str) -> None:
    """Refuse what a page of another site sent.

    Raises
    ------
    Foreign
        ``Origin`` names another host, or the browser says that another site sent it.
    """
    if is_foreign(request, public_address):
        raise Foreign


def is_foreign(request: HTTPConnection, public_address: str) -> bool:
    """Whether another site sent a request; following a link from elsewhere is not sending."""
    ask = request.headers
    if origin := ask.get("origin"):
        return urlsplit(origin).netloc not in {ask.get("host", ""), urlsplit(public_address).netloc} - {""}
    from_elsewhere = ask.get("sec-fetch-site") in {"cross-site", "same-site"}
    follows_link = request.scope["method"] in {"GET", "HEAD"} and ask.get("sec-fetch-mode") == "navigate"
    return from_elsewhere and not follows_link
