"""Actors, accounts and grants: who there is, and what each may do where, from when to when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from sqlalchemy import or_, select

from contado.kernel.errors import RecordNotFound, UsageError
from contado.kernel.identifiers import keyed_hash, ulid
from contado.kernel.records import audit, roles
from contado.kernel.records.schema import Account, Actor, Grant
from contado.kernel.records.scopes import Scope, now, scope_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlalchemy import ColumnElement, Connection

    from contado.kernel.records.scopes import ScopedSession

__all__ = [
    "GrantRow",
    "actor_of",
    "add_grant",
    "bind_oidc",
    "create_account",
    "create_actor",
    "disable",
    "ensure_account",
    "find",
    "find_by_oidc",
    "grants",
    "read_actor",
    "scope_on",
]


class GrantRow(msgspec.Struct, frozen=True, kw_only=True):
    """A role of an account over units; days are included at both ends, None = open."""

    account: str
    role: str
    units: list[str]
    valid_from: str | None = None
    valid_to: str | None = None


def create_actor(
    session: ScopedSession,
    *,
    kind: Literal["person", "body"] = "person",
    name: str | None = None,
    fiscal_code: str | None = None,
    ipa_code: str | None = None,
) -> Actor:
    """Add a person or body; of a fiscal code only the keyed hash and the last four characters are kept."""
    key = session.info["store"].key
    actor = Actor(
        id=ulid(),
        kind=kind,
        name=name,
        fiscal_code_hash=keyed_hash(key, fiscal_code, length=64) if fiscal_code else None,
        fiscal_code_last4=fiscal_code[-4:] if fiscal_code else None,
        ipa_code=ipa_code,
    )
    session.add(actor)
    session.flush()
    audit.append(session, "actor.created", f"actor:{actor.id}", {"kind": kind})
    return actor


def actor_of(session: ScopedSession, actor_id: str) -> Actor:
    """Return an actor for a change of it; `read_actor` is for reading.

    Raises
    ------
    RecordNotFound
        There is no such actor.
    """
    actor = session.get(Actor, actor_id)
    if actor is None:
        raise RecordNotFound(f"There is no actor {actor_id!r}.", hint="give the id of an actor")
    return actor


def read_actor(session: ScopedSession, actor_id: str) -> Actor:
    """Return an actor; the reading of personal data is audited (so the transaction must be a writing one).

    Raises
    ------
    RecordNotFound
        There is no such actor.
    """
    actor = actor_of(session, actor_id)
    audit.append(session, "actor.read", f"actor:{actor_id}")
    return actor


def create_account(
    session: ScopedSession, name: str | None, *, actor: Actor, oidc: tuple[str, str] | None = None
) -> Account:
    """Add an account of an actor; ``oidc`` = issuer and subject of its sign-in."""
    issuer, sub = oidc or (None, None)
    account = Account(
        id=ulid(), actor_id=actor.id, name=name, oidc_issuer=issuer, oidc_sub=sub, created_at=now()
    )
    session.add(account)
    session.flush()
    audit.append(session, "account.created", f"account:{account.id}", {"actor": f"actor:{actor.id}"})
    return account


def ensure_account(session: ScopedSession, name: str) -> Account:
    """Return the account called ``name``; where there is none it is created, with a person behind it.

    Raises
    ------
    UsageError
        The name is empty or holds spaces or control characters.
    """
    if not name or not name.isprintable() or any(c.isspace() for c in name) or len(name) > 200:
        raise UsageError(
            f"{name!r} cannot name an account.",
            rule="bad_name",
            hint="a word without spaces",
            field="account",
        )
    found = session.scalar(select(Account).where(_called(name)))
    return found or create_account(session, name, actor=create_actor(session))


def _called(name: str) -> ColumnElement[bool]:
    return or_(Account.name == name, Account.id == name)


def find(session: ScopedSession, name: str) -> Account:
    """Return an account by name or id.

    Raises
    ------
    RecordNotFound
        There is no such account, or it is disabled.
    """
    found = session.scalar(select(Account).where(_called(name), Account.disabled_at.is_(None)))
    if found is None:
        raise _no_account(name)
    return found


def find_by_oidc(session: ScopedSession, issuer: str, sub: str) -> Account | None:
    """Return the account that signs in as ``sub`` at ``issuer``, a disabled one too, or None."""
    return session.scalar(select(Account).where(Account.oidc_issuer == issuer, Account.oidc_sub == sub))


def bind_oidc(session: ScopedSession, account: Account, issuer: str, sub: str) -> None:
    """Let an account sign in as ``sub`` at ``issuer`` from now on."""
    account.oidc_issuer, account.oidc_sub = issuer, sub
    session.flush()
    audit.append(session, "account.bound", f"account:{account.id}")


def disable(session: ScopedSession, account_id: str) -> None:
    """Bar an account from signing in and acting."""
    account = find(session, account_id)
    account.disabled_at = now()
    audit.append(session, "account.disabled", f"account:{account.id}")


def _no_account(name: str) -> RecordNotFound:
    return RecordNotFound(
        f"There is no account {name!r}.",
        rule="no_account",
        hint="`contado grants list` names them; `contado grants add` creates one",
        field="account",
    )


def add_grant(
    session: ScopedSession,
    account: Account,
    role: str,
    units: Iterable[str],
    *,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> GrantRow:
    """Give a role over units (ids, or ``*`` alone); a grant that is there already is left as it is.

    Raises
    ------
    UsageError
        The role is unknown, no unit is given, or the last day lies before the first (rule ``bad_period``).
    """
    roles.checked_role(role)
    wanted = sorted(set(units))
    if not wanted or ("*" in wanted and len(wanted) > 1):
        raise UsageError("A grant needs unit codes, or * alone.", rule="bad_scope", hint="--scope 015146")
    if valid_from and valid_to and valid_to < valid_from:
        raise UsageError(
            f"The grant would end on {valid_to}, before it begins on {valid_from}.",
            rule="bad_period",
            hint="both days are included; leave one out for an open end",
            field="to",
        )
    days = {"valid_from": _iso(valid_from), "valid_to": _iso(valid_to)}
    _insert(session, account, role, wanted, days)
    return GrantRow(account=account.name or account.id, role=role, units=wanted, **days)


def _insert(
    session: ScopedSession, account: Account, role: str, units: list[str], days: dict[str, str | None]
) -> None:
    there = select(Grant.scope_unit_id).where(
        Grant.account_id == account.id,
        Grant.role == role,
        Grant.valid_from.is_not_distinct_from(days["valid_from"]),
        Grant.valid_to.is_not_distinct_from(days["valid_to"]),
    )
    new = sorted(set(units) - set(session.scalars(there)))
    session.add_all(
        Grant(id=ulid(), account_id=account.id, role=role, scope_unit_id=unit, **days) for unit in new
    )
    session.flush()
    if new:
        body = {"role": role, "units": new, **days}
        audit.append(session, "grant.added", f"account:{account.id}", body)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def grants(session: ScopedSession, account_id: str | None = None) -> list[GrantRow]:
    """Return all grants, or those of one account; the units of one account, role and period together."""
    of = Account.id.is_not(None) if account_id is None else Account.id == account_id
    found = session.execute(
        select(Account.name, Account.id, Grant.role, Grant.valid_from, Grant.valid_to, Grant.scope_unit_id)
        .join(Grant, Grant.account_id == Account.id)
        .where(of)
        .order_by(Account.name, Account.id, Grant.role, Grant.scope_unit_id)
    )
    together: dict[tuple[str, str, str | None, str | None], list[str]] = {}
    for name, identifier, role, first, last, unit in found:
        together.setdefault((name or identifier, role, first, last), []).append(unit)
    return [
        GrantRow(account=account, role=role, units=units, valid_from=first, valid_to=last)
        for (account, role, first, last), units in together.items()
    ]


def scope_on(connection: Connection, account: str, day: str) -> Scope:
    """Return the scope that an account (name or id) has on a legal day (errors of `find`)."""
    identifier = connection.scalar(select(Account.id).where(_called(account), Account.disabled_at.is_(None)))
    if identifier is None:
        raise _no_account(account)
    found = select(Grant.role, Grant.scope_unit_id).where(
        Grant.account_id == identifier,
        or_(Grant.valid_from.is_(None), Grant.valid_from <= day),
        or_(Grant.valid_to.is_(None), Grant.valid_to >= day),
    )
    held = [(str(role), str(unit)) for role, unit in connection.execute(found)]
    return scope_of(identifier, held, day)
