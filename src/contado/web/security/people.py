"""From a person whom the issuer vouches for to an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel.errors import RecordNotFound
from contado.kernel.identifiers import check_fiscal_code
from contado.kernel.records import accounts
from contado.web.security.refusals import SignInFailed

if TYPE_CHECKING:
    from contado.kernel.records import ScopedSession
    from contado.kernel.records.schema import Account
    from contado.web.security.keeper import Keeper
    from contado.web.security.oidc import Person

__all__ = ["account_of"]


def account_of(keeper: Keeper, person: Person) -> str:
    """Return the account of a person; the first sign-in binds the one that waits for them, or makes one.

    Raises
    ------
    SignInFailed
        The account is disabled.
    """
    with keeper.store.writing(keeper.scope) as session:
        bound = accounts.find_by_oidc(session, person.issuer, person.sub)
        if bound is not None:
            if bound.disabled_at is not None:
                raise SignInFailed
            return bound.id
        return (_waiting(session, person) or _new(session, person)).id


def _waiting(session: ScopedSession, person: Person) -> Account | None:
    """Bind the account that an administrator made under the name that the mapping gives."""
    if not person.account:
        return None
    try:
        account = accounts.find(session, person.account)
    except RecordNotFound:
        return None
    if account.oidc_sub is not None:
        return None
    accounts.bind_oidc(session, account, person.issuer, person.sub)
    return account


def _new(session: ScopedSession, person: Person) -> Account:
    """Make an account; it may do what a citizen may, until somebody grants more."""
    code = person.fiscal_code
    valid = code if code and check_fiscal_code(code) is None else None
    actor = accounts.create_actor(session, name=person.name, fiscal_code=valid)
    account = accounts.create_account(session, None, actor=actor, oidc=(person.issuer, person.sub))
    accounts.add_grant(session, account, "citizen", ["*"])
    return account
