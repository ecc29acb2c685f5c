"""Row-level security: the scopes repeated by PostgreSQL, as a second barrier.

Each transaction runs as the role `APP_ROLE`, which owns nothing, and says with ``SET LOCAL`` which units
and which account it acts for; nothing said means no rows. ``FORCE`` binds the owner too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from contado.kernel.records.scopes import Scope

__all__ = ["APP_ROLE", "EVERYWHERE", "SOMEWHERE", "announce", "enter", "policies", "within"]

APP_ROLE: Final = "contado_app"

_NO_UNIT = "-"
"""Units of a scope without any: the setting must not be empty, which means that nothing was said."""

_UNITS = "coalesce(current_setting('contado.units', true), '')"
_SAID = f"{_UNITS} <> ''"
SOMEWHERE: Final = f"{_UNITS} NOT IN ('', '{_NO_UNIT}')"
"""Condition: the scope said covers a unit at least."""
EVERYWHERE: Final = f"{_UNITS} = '*'"
"""Condition: the scope covers the whole territory."""
_ACCOUNT = "nullif(current_setting('contado.account', true), '')"


def enter(connection: Connection, scope: Scope) -> None:
    """Take the application's role and tell the database the scope, until the transaction ends."""
    connection.exec_driver_sql(f"SET LOCAL ROLE {APP_ROLE}")
    announce(connection, scope)


def announce(connection: Connection, scope: Scope) -> None:
    """Tell the database the scope without changing the role (`FORCE` binds the owner too)."""
    units = ",".join(sorted(scope.units)) or _NO_UNIT
    connection.exec_driver_sql(
        "SELECT set_config('contado.units', %s, true), set_config('contado.account', %s, true)",
        (units, scope.owner_id or ""),
    )


def policies(table: str, *, own: bool, public: bool) -> list[str]:
    """Return the statements that put a table under row-level security.

    Parameters
    ----------
    table
        A table with ``unit_id``; with ``own`` also ``account_id``, with ``public`` also ``visibility``.
    """
    write = f"{_SAID} AND ({within('unit_id')}{f' OR account_id = {_ACCOUNT}' if own else ''})"
    read = f"{write} OR ({_SAID} AND visibility = 'public')" if public else write
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {table}_read ON {table} FOR SELECT USING ({read})",
        f"CREATE POLICY {table}_insert ON {table} FOR INSERT WITH CHECK ({write})",
        f"CREATE POLICY {table}_update ON {table} FOR UPDATE USING ({write}) WITH CHECK ({write})",
        f"CREATE POLICY {table}_delete ON {table} FOR DELETE USING ({write})",
    ]


def within(column: str) -> str:
    """Return the condition that the unit in a column lies within the scope said."""
    return f"{EVERYWHERE} OR {column} = ANY (string_to_array({_UNITS}, ','))"
