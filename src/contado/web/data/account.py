"""What pages tell a signed-in account about itself: who it is, its grants, its sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from contado.kernel.records import accounts, credentials
from contado.kernel.records.accounts import GrantRow
from contado.kernel.records.credentials import OpenSession
from contado.kernel.records.schema import Account

if TYPE_CHECKING:
    from contado.kernel.records import Store
    from contado.web.security import Principal

__all__ = ["Self", "self_of"]


class Self(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it may see itself."""

    account: str
    name: str | None
    fiscal_code_last4: str | None
    grants: list[GrantRow]
    sessions: list[OpenSession]


def self_of(store: Store, who: Principal) -> Self:
    """Return what is known about an account; reading a person's data leaves a row in the chain."""
    with store.writing(who.scope) as session:
        account = session.get_one(Account, who.account_id)
        actor = accounts.read_actor(session, account.actor_id)
        return Self(
            account=account.name or account.id,
            name=actor.name,
            fiscal_code_last4=actor.fiscal_code_last4,
            grants=accounts.grants(session, account.id),
            sessions=credentials.sessions_of(session, account.id),
        )
