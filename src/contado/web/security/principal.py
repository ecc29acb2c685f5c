"""The principal of a request: a visitor, or the account that a session or token stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from contado.kernel.records import Scope
from contado.kernel.records.credentials import SignedIn
from contado.web.security.refusals import NotAllowed, SignInNeeded

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

__all__ = ["Principal", "principal", "require"]


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: ``scope`` is what records and layers are read and written in.

    ``credential`` is the session or token that was shown, None for a visitor.
    """

    scope: Scope
    via: Literal["nothing", "session", "token"] = "nothing"
    credential: SignedIn | None = None

    @property
    def signed_in(self) -> bool:
        """Whether this is an account."""
        return self.credential is not None

    @property
    def account_id(self) -> str | None:
        """Id of the account, None for a visitor."""
        return self.scope.account_id

    @property
    def form_secret(self) -> str:
        """What the tokens of this reader's forms are bound to: the session's own secret, or "visitor"."""
        data = self.credential.data if self.credential else {}
        return str(data.get("form", "visitor"))


def principal(request: HTTPConnection) -> Principal:
    """Return who asks."""
    found = request.scope.get("state", {}).get("principal")
    return found if isinstance(found, Principal) else Principal(scope=Scope.visitor())


def require(request: HTTPConnection, verb: str) -> Principal:
    """Return who asks, once it is sure that they may do ``verb`` (see `contado.kernel.records.roles`).

    Raises
    ------
    SignInNeeded
        A visitor may not do this.
    NotAllowed
        None of the account's roles may.
    """
    found = principal(request)
    if found.scope.may(verb):
        return found
    raise NotAllowed if found.signed_in else SignInNeeded
