"""Tokens, one-time sign-in links and sessions. Only the SHA-256 of a secret is stored.

A secret carries 256 random bits, so that its plain hash cannot be guessed back and needs no salt.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from sqlalchemy import delete, select, update

from contado.kernel.errors import ScopeError
from contado.kernel.identifiers import ulid
from contado.kernel.provenance import sha256_of_bytes
from contado.kernel.records import audit
from contado.kernel.records.schema import Account, Credential
from contado.kernel.records.scopes import now

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from contado.kernel.records.scopes import ScopedSession

__all__ = [
    "LINK_PATH",
    "Issued",
    "OpenSession",
    "SignedIn",
    "close",
    "close_by_id",
    "hash_of",
    "issue",
    "open_session",
    "prolong",
    "resolve",
    "rotate",
    "sessions_of",
    "sweep",
    "use_link",
]

LINK_PATH: Final = "/accedi/"
"""Address of a sign-in link, before its secret."""

Kind = Literal["token", "link", "session"]
_ISSUED = {"token": "token.issued", "link": "link.issued", "session": "session.opened"}


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A new secret, shown once; ``id`` is its name in the audit chain."""

    id: str
    account_id: str
    secret: str
    expires_at: str


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a valid secret stands for, and what its session keeps."""

    id: str
    account_id: str
    expires_at: str
    data: dict[str, Any]


class OpenSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session of an account, without its secret."""

    id: str
    created_at: str
    expires_at: str


def hash_of(secret: str) -> str:
    """Return what is stored of a secret."""
    return sha256_of_bytes(secret.encode())


def _in_minutes(minutes: float) -> str:
    instant = datetime.now(UTC) + timedelta(minutes=minutes)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def issue(
    session: ScopedSession,
    kind: Kind,
    account_id: str,
    *,
    minutes: float,
    data: dict[str, Any] | None = None,
) -> Issued:
    """Make a secret for an account that is valid for some minutes; its issue is audited."""
    secret, identifier, expires_at = secrets.token_urlsafe(32), ulid(), _in_minutes(minutes)
    session.add(
        Credential(
            hash=hash_of(secret),
            id=identifier,
            kind=kind,
            account_id=account_id,
            created_at=now(),
            expires_at=expires_at,
            data_json=msgspec.json.encode(data or {}).decode(),
        )
    )
    session.flush()
    body = {"account": f"account:{account_id}", "expires_at": expires_at}
    audit.append(session, _ISSUED[kind], f"{kind}:{identifier}", body)
    return Issued(id=identifier, account_id=account_id, secret=secret, expires_at=expires_at)


def open_session(
    session: ScopedSession, account_id: str, *, minutes: float, data: dict[str, Any] | None = None
) -> Issued:
    """Open a session: its secret is the cookie's value."""
    return issue(session, "session", account_id, minutes=minutes, data=data)


def resolve(session: ScopedSession, kind: Kind, secret: str) -> SignedIn | None:
    """Return whom a secret stands for; None where it is unknown, expired, used up or the account disabled."""
    found = session.execute(
        select(Credential)
        .join(Account, Account.id == Credential.account_id)
        .where(
            Credential.hash == hash_of(secret),
            Credential.kind == kind,
            Credential.expires_at > now(),
            Credential.used_at.is_(None),
            Account.disabled_at.is_(None),
        )
    ).scalar_one_or_none()
    if found is None:
        return None
    return SignedIn(
        id=found.id,
        account_id=found.account_id,
        expires_at=found.expires_at,
        data=msgspec.json.decode(found.data_json),
    )


def use_link(session: ScopedSession, secret: str) -> SignedIn:
    """Use a one-time link; of two that try at once, one succeeds.

    Raises
    ------
    ScopeError
        The link is unknown, expired or was used (rule ``link_used_up``).
    """
    who = resolve(session, "link", secret)
    if who is not None:
        statement = (
            update(Credential)
            .where(Credential.id == who.id, Credential.used_at.is_(None))
            .values(used_at=now())
            .returning(Credential.id)
        )
        if session.execute(statement).first() is not None:
            audit.append(session, "link.used", f"link:{who.id}", {"account": f"account:{who.account_id}"})
            return who
    raise ScopeError(
        "This sign-in link is not valid any more.", rule="link_used_up", hint="ask for a new one"
    )


def rotate(session: ScopedSession, secret: str, *, minutes: float) -> Issued | None:
    """Give a session a new secret and close the old one, as at sign-in; None where it is not valid."""
    who = resolve(session, "session", secret)
    if who is None:
        return None
    close(session, secret)
    return open_session(session, who.account_id, minutes=minutes, data=who.data)


def prolong(session: ScopedSession, session_id: str, *, minutes: float) -> None:
    """Let a session that is in use end ``minutes`` from now; a use is no event of the chain."""
    session.execute(
        update(Credential)
        .where(Credential.id == session_id, Credential.kind == "session")
        .values(expires_at=_in_minutes(minutes))
    )


def sessions_of(session: ScopedSession, account_id: str) -> list[OpenSession]:
    """Return the sessions of an account that are open, the latest first."""
    found = session.execute(
        select(Credential.id, Credential.created_at, Credential.expires_at)
        .where(
            Credential.account_id == account_id,
            Credential.kind == "session",
            Credential.expires_at > now(),
        )
        .order_by(Credential.id.desc())
    )
    return [OpenSession(id=i, created_at=made, expires_at=ends) for i, made, ends in found]


def close(session: ScopedSession, secret: str) -> None:
    """End a session (or revoke a token); an unknown one is no error."""
    _close(session, Credential.hash == hash_of(secret))


def close_by_id(session: ScopedSession, account_id: str, session_id: str) -> None:
    """End a session of an account from another of its sessions; one of somebody else is left alone."""
    _close(session, Credential.id == session_id, Credential.account_id == account_id)


def _close(session: ScopedSession, *conditions: ColumnElement[bool]) -> None:
    statement = (
        delete(Credential).where(*conditions).returning(Credential.kind, Credential.id, Credential.account_id)
    )
    for kind, identifier, account_id in session.execute(statement).all():
        audit.append(session, "session.closed", f"{kind}:{identifier}", {"account": f"account:{account_id}"})


def sweep(session: ScopedSession) -> int:
    """Delete what has expired; return how many."""
    return len(
        session.execute(
            delete(Credential).where(Credential.expires_at <= now()).returning(Credential.id)
        ).all()
    )
