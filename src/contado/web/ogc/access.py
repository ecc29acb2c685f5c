"""Who asks, and which layers exist for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel import records
from contado.kernel.errors import RecordNotFound
from contado.kernel.records import Scope, credentials
from contado.web.ogc.problems import Problem

if TYPE_CHECKING:
    from starlette.requests import Request

    from contado.kernel.workspace import LayerInfo
    from contado.web.site import Site

__all__ = ["scope_of", "sees", "sign_in_needed"]


def scope_of(request: Request, site: Site) -> Scope:
    """Return the scope of the bearer token that a request shows, a visitor's without one.

    Raises
    ------
    Problem
        The token is not valid (401).
    """
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return Scope.visitor()
    with records.open_store(site.view) as store:
        with store.reading(Scope.system("web.sign_in")) as session:
            who = credentials.resolve(session, "token", secret.strip())
        if who is None:
            raise sign_in_needed("The token is not valid.")
        try:
            return store.scope(who.account_id)
        except RecordNotFound:
            raise sign_in_needed("The account is disabled.") from None


def sign_in_needed(detail: str = "Visitors may not do this.") -> Problem:
    """Return the problem of whoever must sign in first."""
    headers = {"www-authenticate": "Bearer"}
    return Problem(401, detail, rule="sign_in_needed", hint="send a bearer token", headers=headers)


def sees(scope: Scope, info: LayerInfo) -> bool:
    """Whether a layer exists for a scope: public ones for all, the others for who has the whole territory."""
    return info.access == "public" or scope.everywhere
