"""Erasing people and what has outlived its time, while the audit chain stays valid (GDPR art. 17).

The chain refers to people by id only; erasing blanks the rows that the ids lead to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, select, update

from contado.kernel.dates import local
from contado.kernel.records import audit, credentials, documents, rates
from contado.kernel.records.accounts import actor_of
from contado.kernel.records.schema import Account, Credential, Document, Outbox
from contado.kernel.records.scopes import now

if TYPE_CHECKING:
    from contado.kernel.records.scopes import ScopedSession

__all__ = ["Retention", "apply_retention", "erase_actor"]

_ERASED = ""
"""What is left of the text of a message."""


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of the retention job erased."""

    documents: int
    credentials: int
    rate_counters: int


def erase_actor(session: ScopedSession, actor_id: str) -> None:
    """Blank a person or body: name, fiscal code, accounts, messages; grants and the chain stay.

    Raises
    ------
    RecordNotFound
        There is no such actor.
    """
    actor = actor_of(session, actor_id)
    actor.name = actor.fiscal_code_hash = actor.fiscal_code_last4 = actor.ipa_code = None
    actor.erased_at = actor.erased_at or now()
    accounts = list(session.scalars(select(Account).where(Account.actor_id == actor_id)))
    for account in accounts:
        account.name = account.oidc_issuer = account.oidc_sub = None
        account.disabled_at = account.disabled_at or now()
    session.execute(delete(Credential).where(Credential.account_id.in_([a.id for a in accounts])))
    session.execute(
        update(Outbox)
        .where(Outbox.to_actor == actor_id)
        .values(address=_ERASED, subject=_ERASED, body=_ERASED, error=None)
    )
    session.execute(
        update(Outbox)
        .where(Outbox.to_actor == actor_id, Outbox.state.in_(("waiting", "sending")))
        .values(state="failed")
    )
    audit.append(session, "actor.erased", f"actor:{actor_id}", {"accounts": len(accounts)})


def apply_retention(session: ScopedSession) -> Retention:
    """Erase documents past their day, expired credentials and ended rate windows; the run is audited."""
    today = local.today(session.info["store"].timezone).isoformat()
    expired = select(Document).where(Document.retention_until < today, Document.erased_at.is_(None))
    outlived = list(session.scalars(expired))
    for document in outlived:
        documents.erase(session, document)
    done = Retention(
        documents=len(outlived), credentials=credentials.sweep(session), rate_counters=rates.sweep(session)
    )
    audit.append(session, "retention.applied", f"day:{today}", msgspec.structs.asdict(done))
    return done
