"""A store on each of the two databases, with accounts and helpers."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from contado.kernel import records
from contado.kernel.workspace import Workspace


@pytest.fixture(params=["sqlite", "postgres"])
def workspace(request, tmp_path, monkeypatch):
    """A workspace whose records stand in SQLite, or in a fresh database of PostgreSQL."""
    monkeypatch.delenv("CONTADO_DATABASE_URL", raising=False)
    if request.param == "postgres":
        monkeypatch.setenv("CONTADO_DATABASE_URL", request.getfixturevalue("database"))
    return Workspace.create(tmp_path / "city")


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
