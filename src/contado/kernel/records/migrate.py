"""Schema versions of the records: Alembic migrations, forward only, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel.errors import Newer
from contado.kernel.records.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["SCHEMA_VERSION", "checked_version", "upgrade", "version"]

_LOCK_KEY = 0x6D696772617465
"""Key of the advisory lock of whoever migrates ("migrate")."""


def version(connection: Connection) -> int:
    """Return the version of the schema, 0 where there are no records yet."""
    if not connection.dialect.has_table(connection, "schema_version"):
        return 0
    return int(connection.exec_driver_sql("SELECT max(version) FROM schema_version").scalar() or 0)


def checked_version(connection: Connection) -> int:
    """Return `version`.

    Raises
    ------
    Newer
        It is higher than this program knows.
    """
    found = version(connection)
    if found > SCHEMA_VERSION:
        raise Newer(
            f"The records have schema {found}; this program knows schemas up to {SCHEMA_VERSION}.",
            hint=f"install a contado that knows schema {found} of the records",
            field="records",
        )
    return found


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing, in the transaction of ``connection``."""
    from alembic import command
    from alembic.config import Config

    if connection.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE makes two programs take turns
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})")
    config = Config()
    config.set_main_option("script_location", "contado.kernel.records:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
