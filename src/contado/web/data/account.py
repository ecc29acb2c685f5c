"""What pages tell a signed-in account about itself: who it is, its grants, its sessions, its jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from contado.kernel.records import accounts, credentials, jobs
from contado.kernel.records.accounts import GrantRow
from contado.kernel.records.credentials import OpenSession
from contado.kernel.records.schema import Account

if TYPE_CHECKING:
    from contado.kernel.records import Store
    from contado.kernel.records.schema import Job
    from contado.web.security import Principal

__all__ = ["Self", "jobs_of", "self_of"]

_MOST_JOBS = 20


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


def jobs_of(store: Store, who: Principal) -> list[Job]:
    """Return the latest jobs of the account and of its units; public ones of others are left out."""
    with store.reading(who.scope) as session:
        found = jobs.listed(session, limit=5 * _MOST_JOBS)
    return [j for j in found if j.account_id == who.account_id or who.scope.covers(j.unit_id)][:_MOST_JOBS]
