"""The store: schema, migrations, transactions, locks."""

import sqlite3
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from contado.kernel import records
from contado.kernel.errors import Damaged, Locked, Newer, ScopeMissing, WorkspaceError
from contado.kernel.records import migrate
from contado.kernel.records.schema import Base, Document, Job
from contado.kernel.records.store import is_prepared
from contado.kernel.workspace import Workspace


def test_migrations_make_what_the_schema_says(store):
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert migrate.version(connection) == migrate.SCHEMA_VERSION


def test_every_table_of_sqlite_is_strict(tmp_path):
    workspace = Workspace.create(tmp_path / "city")
    records.prepare(workspace)
    connection = sqlite3.connect(workspace.path / "records.sqlite")
    tables = connection.execute("PRAGMA table_list").fetchall()
    loose = {t[1] for t in tables if t[2] == "table" and not t[5] and not t[1].startswith("sqlite_")} - {
        "alembic_version"
    }
    assert loose == set()
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_connections_of_sqlite_are_durable_and_keep_references(tmp_path):
    with (
        records.open_store(Workspace.create(tmp_path / "city")) as store,
        store.engine.connect() as connection,
    ):
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_preparing_twice_changes_nothing(workspace, store, admin):
    with store.writing(admin) as session:
        records.jobs.create(session, "plan", {})
    records.prepare(workspace)
    assert is_prepared(workspace)
    with store.reading(admin) as session:
        assert len(records.jobs.listed(session)) == 1


def test_a_newer_store_is_refused_by_number(workspace, store):
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version = 99")
    for refused in (records.open_store, records.prepare):
        with pytest.raises(Newer, match="schema 99") as caught:
            refused(workspace)
        assert caught.value.rule == "newer_schema"


def test_an_older_store_is_refused_until_it_is_prepared(tmp_path, monkeypatch):
    workspace = Workspace.create(tmp_path / "city")
    records.prepare(workspace)
    monkeypatch.setattr(migrate, "SCHEMA_VERSION", 2)
    with pytest.raises(WorkspaceError, match="schema 1") as caught:
        records.open_store(workspace)
    assert caught.value.rule == "older_schema"
    records.prepare(workspace)
    assert [p.name[:10] for p in (workspace.path / "backups").iterdir()] == ["records-1-"]


def test_a_damaged_file_is_named(tmp_path):
    workspace = Workspace.create(tmp_path / "city")
    (workspace.path / "records.sqlite").write_bytes(b"no database at all, " * 100)
    with pytest.raises(Damaged, match=r"records\.sqlite"):
        records.open_store(workspace)


def test_an_exception_undoes_the_whole_transaction(store, admin, verdict):
    before = verdict().events

    def fail():
        with store.writing(admin) as session:
            records.jobs.create(session, "plan", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.reading(admin) as session:
        assert records.jobs.listed(session) == []
    assert verdict().events == before


def test_a_transaction_needs_a_scope(store):
    for kind in (store.writing, store.reading):
        with pytest.raises(ScopeMissing), kind(None):
            pass


def test_a_system_scope_is_audited_once(store, verdict):
    scope = records.Scope.system("retention")
    for _ in range(3):
        with store.reading(scope) as session:
            records.jobs.listed(session)
    with store.connection() as connection:
        rows = list(records.audit.rows(connection))
    assert [(r.verb, r.object) for r in rows] == [("system.entered", "system:retention")]
    with pytest.raises(ScopeMissing):
        records.Scope.system("because I say so")


def test_a_second_writer_waits_then_says_who_holds_the_lock(tmp_path, admin):
    import os

    from contado.kernel.settings import Settings, WorkspaceSettings

    quick = Settings(workspace=WorkspaceSettings(lock_wait_s=0.2))
    with records.open_store(Workspace.create(tmp_path / "city", quick)) as store:
        holding, done = threading.Event(), threading.Event()

        def hold():
            with store.writing(admin):
                holding.set()
                done.wait(10)

        holder = threading.Thread(target=hold)
        holder.start()
        holding.wait(10)
        try:
            with pytest.raises(Locked) as caught, store.writing(admin):
                pass
            assert caught.value.rule == "records_locked"
            assert f"process {os.getpid()} on" in caught.value.message
            with store.reading(admin) as session:  # readers are never held up
                assert records.jobs.listed(session) == []
        finally:
            done.set()
            holder.join()


def test_writers_take_turns_and_lose_nothing(store, admin, verdict):
    def write():
        for _ in range(10):
            with store.writing(admin) as session:
                records.jobs.create(session, "plan", {})

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading(admin) as session:
        assert len(records.jobs.listed(session)) == 40
    found = verdict()
    assert (found.ok, found.events) == (True, 40)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    workspace = Workspace.create(tmp_path / "city")
    (workspace.path / "records.sqlite").mkdir()
    with pytest.raises(WorkspaceError) as caught:
        records.open_store(workspace)
    assert (caught.value.rule, "records.sqlite" in caught.value.message) == ("no_permission", True)


def test_a_database_that_is_not_there_is_named(tmp_path, monkeypatch):
    pytest.importorskip("psycopg")
    workspace = Workspace.create(tmp_path / "city")
    monkeypatch.setenv("CONTADO_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(WorkspaceError) as caught:
        records.open_store(workspace)
    assert caught.value.rule == "records_unreachable"


def test_scoped_tables_are_those_with_a_unit():
    from contado.kernel.records.schema import Scoped

    scoped = {m.class_ for m in Base.registry.mappers if "unit_id" in m.columns}
    assert {c for c in scoped if issubclass(c, Scoped)} == scoped >= {Document, Job}
