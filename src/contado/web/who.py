"""Who asks: a visitor, or the account behind a bearer token or a session's cookie; and tokens of forms."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from contado.kernel.errors import RecordNotFound
from contado.kernel.records import Scope, credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from contado.kernel.records import Store

__all__ = ["FORM_FIELD", "Principal", "form_token", "principal", "sent_from_here"]

FORM_FIELD: Final = "form_token"
_COOKIE: Final = "contado_session"
_SIGN_IN: Final = Scope.system("web.sign_in")


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and the scope of their grants."""

    scope: Scope
    secret: str = ""

    @property
    def signed_in(self) -> bool:
        """Whether this is an account."""
        return self.scope.account_id is not None


def principal(request: Request, store: Store) -> Principal:
    """Return who asks; a secret that is not valid (any more) is a visitor's."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    shown: tuple[credentials.Kind, str] | None = None
    if kind.lower() == "bearer":
        shown = ("token", token.strip())
    elif cookie := request.cookies.get(f"__Host-{_COOKIE}") or request.cookies.get(_COOKIE):
        shown = ("session", cookie)
    if shown is None:
        return Principal(scope=Scope.visitor())
    with store.reading(_SIGN_IN) as session:
        who = credentials.resolve(session, *shown)
    try:
        scope = store.scope(who.account_id) if who else Scope.visitor()
    except RecordNotFound:
        scope = Scope.visitor()
    return Principal(scope=scope, secret=shown[1])


def form_token(store: Store, who: Principal, page: str) -> str:
    """Return the token of the form of a page, which no other site knows."""
    return hmac.new(store.key.encode(), f"{page} {who.secret}".encode(), hashlib.sha256).hexdigest()


def sent_from_here(
    request: Request, store: Store, who: Principal, page: str, form: Mapping[str, str]
) -> bool:
    """Whether a form was sent from a page of ours."""
    origin = request.headers.get("origin")
    own = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    return own and hmac.compare_digest(form_token(store, who, page), form.get(FORM_FIELD, ""))
