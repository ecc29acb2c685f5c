"""Scopes: on whose behalf records are read and written, and the one place where rows are filtered.

A `Scope` is computed from the grants of an account on a day. Every SELECT, UPDATE and DELETE of a class
that derives from `contado.kernel.records.schema.Scoped` is narrowed here; a row outside the scope does not
exist for the caller. On PostgreSQL row-level security repeats the same rules (`contado.kernel.records.rls`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import Column, event, false, inspect, or_, true
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql import visitors

from contado.kernel.errors import ScopeError, ScopeMissing
from contado.kernel.records import roles
from contado.kernel.records.schema import Audit, Base, Scoped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import ColumnElement

__all__ = ["ALL", "LOCAL", "Scope", "ScopedSession", "local_administrator", "now", "scope_of"]

ALL: Final = frozenset({"*"})
"""Units of a scope that covers the whole territory."""

LOCAL: Final = "local"
"""Actor of what the administrator does on the command line."""

_REASON = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Whose view: account, roles, units, instant.

    ``units`` holds unit ids, or ``*`` alone for all; ``actor`` is what the audit chain writes. Make one with
    `contado.kernel.records.store.Store.scope`, `Scope.visitor`, `Scope.system` or `local_administrator`.
    """

    actor: str
    account_id: str | None = None
    roles: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    as_of: str = ""

    @classmethod
    def visitor(cls) -> Scope:
        """Return the scope of somebody who is not signed in: public rows only."""
        return cls(actor="visitor", roles=frozenset({"visitor"}), as_of=now())

    @classmethod
    def system(cls, reason: str) -> Scope:
        """Return the scope of a system job; ``reason`` is a dotted word and is audited.

        Raises
        ------
        ScopeMissing
            The reason is no dotted word (it goes into the chain, so it is no free text).
        """
        if not _REASON.fullmatch(reason):
            raise ScopeMissing(
                f"{reason!r} is no reason for a system scope.", hint="a dotted word such as jobs.worker"
            )
        return cls(actor=f"system:{reason}", roles=frozenset({"admin"}), units=ALL, as_of=now())

    @property
    def is_system(self) -> bool:
        """Whether this is a system job's scope."""
        return self.actor.startswith("system:")

    @property
    def everywhere(self) -> bool:
        """Whether it covers the whole territory."""
        return "*" in self.units

    @property
    def owner_id(self) -> str | None:
        """The account whose own rows it reaches; an account without any valid grant reaches none."""
        return self.account_id if self.roles else None

    def covers(self, unit_id: str) -> bool:
        """Whether rows of a unit are within."""
        return self.everywhere or unit_id in self.units

    def may(self, verb: str) -> bool:
        """Whether one of its roles may do ``verb``."""
        return roles.may(self.roles, verb)

    def require(self, verb: str) -> None:
        """Raise when no role of the scope may do ``verb``.

        Raises
        ------
        ScopeError
            Names the roles that may.
        """
        if not self.may(verb):
            raise ScopeError(
                f"This account may not do {verb}.",
                rule="not_allowed",
                hint=f"roles that may: {', '.join(sorted(roles.TABLE[verb]))}",
                field="as",
            )


def now() -> str:
    """Return the current instant as records keep it: UTC, milliseconds, ``Z``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_administrator() -> Scope:
    """Return the scope of whoever holds the workspace folder and gives no ``--as``."""
    return Scope(actor=LOCAL, roles=frozenset({"admin"}), units=ALL, as_of=now())


def scope_of(account_id: str, grants: Iterable[tuple[str, str]], as_of: str) -> Scope:
    """Return the scope that valid grants (role, unit id or ``*``) give an account."""
    held = list(grants)
    units = frozenset(unit for role, unit in held if role in roles.OFFICE_ROLES)
    return Scope(
        actor=f"account:{account_id}",
        account_id=account_id,
        roles=frozenset(role for role, _ in held),
        units=ALL if "*" in units else units,
        as_of=as_of,
    )


class ScopedSession(Session):
    """A session that carries its scope; made by `contado.kernel.records.store.Store` only."""

    @property
    def scope(self) -> Scope:
        """The scope of this transaction.

        Raises
        ------
        ScopeMissing
            The session was opened without one.
        """
        scope: Scope | None = self.info.get("scope")
        if scope is None:
            raise _missing()
        return scope


def _missing() -> ScopeMissing:
    return ScopeMissing(
        "Records were asked for without a scope.",
        hint="open the transaction with a Scope; a system job uses Scope.system(reason)",
    )


def _reaches_past_classes(statement: Any) -> bool:
    """Whether a statement names a scoped table itself (``Job.__table__``), where no filter would reach it."""
    scoped = {cls.__table__ for cls in _scoped_classes()}
    bare, through_class = set(), set()
    for element in visitors.iterate(statement):
        mapper = element._annotations.get("parentmapper")  # noqa: SLF001 - how SQLAlchemy marks classes
        if mapper is not None:
            through_class.add(mapper.local_table)
        else:
            bare.add(element.table if isinstance(element, Column) else element)
    return not (bare & scoped) <= through_class


def _scoped_classes() -> Iterator[Any]:
    """Yield every mapped class whose rows belong to a unit."""
    for mapper in Base.registry.mappers:
        if issubclass(mapper.class_, Scoped):
            yield mapper.class_


def _writable(cls: Any, scope: Scope) -> ColumnElement[bool]:
    """Return the condition under which a row may be changed."""
    if scope.everywhere:
        return true()
    within = cls.unit_id.in_(sorted(scope.units)) if scope.units else false()
    if cls.own_rows and scope.owner_id is not None:
        return or_(within, cls.account_id == scope.owner_id)
    return within


def _readable(cls: Any, scope: Scope) -> ColumnElement[bool]:
    """Return the condition under which a row may be seen."""
    seen = _writable(cls, scope)
    return or_(seen, cls.visibility == "public") if cls.public_rows else seen


@event.listens_for(ScopedSession, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    """Add the row filters to a statement; refuse one that they cannot reach."""
    session = state.session
    assert isinstance(session, ScopedSession)
    scope = session.scope
    if scope.everywhere:
        return
    if not state.is_orm_statement or _reaches_past_classes(state.statement):
        raise ScopeMissing(
            "A statement that is not written over the classes of the schema cannot be filtered.",
            hint="use select(Class), update(Class) or delete(Class)",
        )
    rule = _readable if state.is_select else _writable
    for cls in _scoped_classes():
        state.statement = state.statement.options(
            with_loader_criteria(cls, rule(cls, scope), include_aliases=True)
        )


@event.listens_for(Audit, "before_update")
@event.listens_for(Audit, "before_delete")
def _refuse_change(_mapper: object, _connection: object, _row: object) -> None:
    raise TypeError("the audit chain is append-only: no row of it is changed or deleted")


@event.listens_for(ScopedSession, "before_flush")
def _refuse_foreign_rows(session: ScopedSession, _context: object, _instances: object) -> None:
    """Refuse new, changed or deleted rows that would lie outside the scope, before or after."""
    scope = session.scope
    for row in [*session.new, *session.dirty, *session.deleted]:
        if isinstance(row, Scoped) and not all(_holds(row, unit, scope) for unit in _units_of(row)):
            raise ScopeError(
                "The row lies outside the scope of this account.",
                hint="an account writes rows of its own units only",
            )


def _units_of(row: Scoped) -> set[str]:
    """Return the unit of a row, and the one it had before a change."""
    history = inspect(row).attrs.unit_id.history
    return {row.unit_id, *history.deleted}


def _holds(row: Any, unit_id: str, scope: Scope) -> bool:
    own = row.own_rows and scope.owner_id is not None and row.account_id == scope.owner_id
    return own or scope.covers(unit_id)
