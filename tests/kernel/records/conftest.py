"""A store on each of the two databases, with accounts and helpers."""

from __future__ import annotations

import shutil

import pytest
from sqlalchemy import event

from contado.kernel import records
from contado.kernel.workspace import Workspace
from invented.stores import prepared, prepared_database  # noqa: F401 - fixtures


def emptied(url):
    import psycopg

    names = [
        table.name for table in records.schema.Base.metadata.sorted_tables if table.name != "schema_version"
    ]
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE audit DISABLE TRIGGER USER")
        connection.execute("TRUNCATE " + ", ".join(f'"{name}"' for name in names))
        connection.execute("ALTER TABLE audit ENABLE TRIGGER USER")
        connection.execute(f"UPDATE schema_version SET version = {records.schema.SCHEMA_VERSION}")
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def workspace(request, prepared, tmp_path, monkeypatch):  # noqa: F811 - the fixture
    """A workspace whose records are empty, in SQLite or in PostgreSQL."""
    monkeypatch.delenv("CONTADO_DATABASE_URL", raising=False)
    if request.param == "postgres":
        monkeypatch.setenv("CONTADO_DATABASE_URL", emptied(request.getfixturevalue("prepared_database")))
    return Workspace.open(shutil.copytree(prepared, tmp_path / "city"))


@pytest.fixture
def store(workspace):
    """The store; SQLite does not wait for the disk here, what is durable is tested elsewhere."""
    with records.open_store(workspace) as opened:
        if not opened.is_postgres:
            opened.close()
            event.listen(opened.engine, "connect", lambda c, _: c.execute("PRAGMA synchronous=OFF"))
        yield opened


@pytest.fixture
def admin():
    return records.local_administrator()


@pytest.fixture
def account(store, admin):
    """Function that creates an account with grants [(role, units)] and returns its scope."""

    def create(name, *grants, **days):
        with store.writing(admin) as session:
            row = records.accounts.ensure_account(session, name)
            for role, units in grants:
                records.accounts.add_grant(session, row, role, units, **days)
        return store.scope(name)

    return create


@pytest.fixture
def verdict(store):
    """Function that verifies the chain."""

    def verify(anchor=None):
        with store.connection() as connection:
            return records.audit.verify(records.audit.rows(connection), anchor)

    return verify
