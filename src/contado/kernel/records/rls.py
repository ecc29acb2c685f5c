"""Row-level security: the scopes repeated by PostgreSQL, as a second barrier.

Each transaction runs as the role `APP_ROLE`, which owns nothing, and says with ``SET LOCAL`` which units
and which account it acts for; nothing said means no rows. ``FORCE`` binds the owner too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from contado.kernel.records.scopes import Scope

__all__ = ["APP_ROLE", "announce", "enter", "policies"]

APP_ROLE: Final = "contado_app"

_NO_UNIT = "-"
"""Units of a scope without any: the setting must not be empty, which means that nothing was said."""

_UNITS = "coalesce(current_setting('contado.units', true), '')"
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
    said = f"{_UNITS} <> ''"
    within = f"{_UNITS} = '*' OR unit_id = ANY (string_to_array({_UNITS}, ','))"
    write = f"{said} AND ({within}{f' OR account_id = {_ACCOUNT}' if own else ''})"
    read = f"{write} OR ({said} AND visibility = 'public')" if public else write
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {table}_read ON {table} FOR SELECT USING ({read})",
        f"CREATE POLICY {table}_insert ON {table} FOR INSERT WITH CHECK ({write})",
        f"CREATE POLICY {table}_update ON {table} FOR UPDATE USING ({write}) WITH CHECK ({write})",
        f"CREATE POLICY {table}_delete ON {table} FOR DELETE USING ({write})",
    ]
