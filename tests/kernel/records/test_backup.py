"""Backup and restore: the same records back, nothing replaced before everything is verified."""

import sqlite3
import zipfile

import pytest
from sqlalchemy import select

from contado.kernel import records
from contado.kernel.errors import CheckFailed, Damaged, WorkspaceError
from contado.kernel.records import backup, documents
from contado.kernel.records.schema import Base
from contado.kernel.workspace import Workspace


def dump(store):
    with store.connection() as connection:
        return {
            t.name: sorted(map(tuple, connection.execute(t.select()))) for t in Base.metadata.sorted_tables
        }


@pytest.fixture
def filled(store, admin, account):
    scope = account("anna", ("case_officer", ["015146"]))
    with store.writing(scope) as session:
        records.jobs.create(session, "plan", {"città": "Rò"}, unit_id="015146")
        documents.add(session, b"%PDF-1.7", unit_id="015146", name="a.pdf")
        records.features.append(session, "created", "trees", "1", b'{"x":1.5}', unit_id="015146")
    return store


@pytest.fixture
def saved(filled, workspace, tmp_path):
    backup.write(filled, workspace, tmp_path / "b.zip")
    return tmp_path / "b.zip"


@pytest.mark.parametrize("target", ["sqlite", "postgres"])
def test_a_backup_restored_elsewhere_is_equal(
    filled, workspace, saved, tmp_path, monkeypatch, request, target
):
    before = dump(filled)
    monkeypatch.delenv("CONTADO_DATABASE_URL", raising=False)
    if target == "postgres":
        server = request.getfixturevalue("postgres")
        other = server.database()
        request.addfinalizer(lambda: server.release(other))
        monkeypatch.setenv("CONTADO_DATABASE_URL", other)
    done = backup.restore(saved, tmp_path / "elsewhere")
    with (
        records.open_store(Workspace.open(tmp_path / "elsewhere")) as store,
        store.reading(store.scope("anna")) as session,
    ):
        assert dump(store) == before
        (document,) = session.scalars(select(records.schema.Document))
        assert documents.content(session, document) == b"%PDF-1.7"
    assert done.audit_head.seq == len(before["audit"])
    assert (tmp_path / "elsewhere" / "contado.toml").read_bytes() == (
        workspace.path / "contado.toml"
    ).read_bytes()


def test_a_backup_goes_back_over_later_changes(tmp_path, admin):
    workspace = Workspace.create(tmp_path / "city")
    with records.open_store(workspace) as store:
        with store.writing(admin) as session:
            records.jobs.create(session, "plan", {})
        backup.write(store, workspace, tmp_path / "b.zip")
        before = dump(store)
        with store.writing(admin) as session:
            records.jobs.create(session, "later", {})
        backup.restore(tmp_path / "b.zip", workspace.path)
        assert dump(store) == before


def rewritten(saved, name, change):
    """Copy a backup with one member changed."""
    out = saved.with_name("altered.zip")
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.namelist():
            data = old.read(member)
            new.writestr(member, change(data) if member == name else data)
    return out


def test_an_altered_backup_replaces_nothing(tmp_path, admin):
    workspace = Workspace.create(tmp_path / "city")
    with records.open_store(workspace) as store:
        with store.writing(admin) as session:
            records.jobs.create(session, "plan", {})
        backup.write(store, workspace, tmp_path / "b.zip")
        before = dump(store)
        for name in ("records.sqlite", "contado.toml"):
            with pytest.raises(Damaged, match=name):
                backup.restore(rewritten(tmp_path / "b.zip", name, lambda d: d + b"x"), workspace.path)
        (tmp_path / "no.zip").write_bytes(b"no zip")
        with pytest.raises(Damaged):
            backup.restore(tmp_path / "no.zip", workspace.path)
        assert dump(store) == before
    with pytest.raises(Damaged):
        backup.restore(tmp_path / "altered.zip", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_broken_chain_is_not_restored(tmp_path, admin):
    workspace = Workspace.create(tmp_path / "city")
    with records.open_store(workspace) as store, store.writing(admin) as session:
        records.jobs.create(session, "plan", {})
    forged = sqlite3.connect(workspace.path / "records.sqlite")
    forged.executescript("DROP TRIGGER audit_no_update; UPDATE audit SET object = 'job:other'")
    forged.close()
    with records.open_store(workspace) as store:
        backup.write(store, workspace, tmp_path / "b.zip")
    with pytest.raises(CheckFailed) as caught:
        backup.restore(tmp_path / "b.zip", tmp_path / "new")
    assert caught.value.rule == "broken_chain"


def test_layers_that_changed_since_are_named(tmp_path):
    workspace = Workspace.create(tmp_path / "city")
    (workspace.path / "layers").mkdir()
    (workspace.path / "layers" / "a.parquet").write_bytes(b"then")
    with records.open_store(workspace) as store:
        backup.write(store, workspace, tmp_path / "b.zip")
    (workspace.path / "layers" / "a.parquet").write_bytes(b"now")
    (workspace.path / "layers" / "b.parquet").write_bytes(b"new")
    found = backup.restore(tmp_path / "b.zip", workspace.path).findings
    assert [(f.rule, f.table) for f in found] == [
        ("differs_from_backup", "layers/a.parquet"),
        ("differs_from_backup", "layers/b.parquet"),
    ]


def test_a_lost_attachment_stops_the_backup(filled, workspace, tmp_path):
    for path in filled.files.rglob("*"):
        if path.is_file():
            path.unlink()
    with pytest.raises(Damaged, match="lost"):
        backup.write(filled, workspace, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


def test_records_of_postgres_are_not_overwritten(tmp_path, monkeypatch, database, admin):
    monkeypatch.setenv("CONTADO_DATABASE_URL", database)
    workspace = Workspace.create(tmp_path / "city")
    with records.open_store(workspace) as store:
        with store.writing(admin) as session:
            records.jobs.create(session, "plan", {})
        backup.write(store, workspace, tmp_path / "b.zip")
        with pytest.raises(WorkspaceError) as caught:
            backup.restore(tmp_path / "b.zip", workspace.path)
    assert caught.value.rule == "records_not_empty"


@pytest.fixture
def whole(filled, workspace, tmp_path):
    with workspace.commit() as commit:
        commit.file("runs/plan.json", b"{}")
        commit.file("tables/notes.csv", "città\n".encode())
    backup.write(filled, workspace, tmp_path / "w.zip", whole=True)
    return tmp_path / "w.zip"


def test_a_whole_workspace_comes_back_equal(filled, workspace, whole, tmp_path, monkeypatch):
    before, files = dump(filled), workspace.file_hashes()
    monkeypatch.delenv("CONTADO_DATABASE_URL", raising=False)
    with workspace.commit() as commit:
        commit.file("runs/plan.json", b"later")
    assert not [e for e in (workspace.path / ".commit").iterdir() if e.is_dir()]
    done = backup.restore(whole, tmp_path / "elsewhere")
    back = Workspace.open(tmp_path / "elsewhere")
    assert back.file_hashes() == files
    assert done.findings == ()
    with records.open_store(back) as store:
        assert dump(store) == before
    assert not list(tmp_path.glob(".*restoring*"))


def test_a_whole_workspace_replaces_nothing(whole, workspace, tmp_path):
    with pytest.raises(WorkspaceError) as caught:
        backup.restore(whole, workspace.path)
    assert caught.value.rule == "workspace_not_empty"
    altered = rewritten(whole, "runs/plan.json", lambda d: d + b"x")
    with pytest.raises(Damaged, match=r"plan\.json"):
        backup.restore(altered, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "name", ["../out", "/tmp/out", "runs/../../out", ".commit/x", "records.sqlite-wal", "a\\b"]
)
def test_a_backup_stays_in_its_folder(name):
    assert not backup._may_stand_inside(name, whole=True)
    assert not backup._may_stand_inside("runs/plan.json", whole=False)
    assert backup._may_stand_inside("runs/plan.json", whole=True)


def test_a_backup_is_one_state_while_layers_are_replaced(tmp_path):
    import threading

    workspace = Workspace.create(tmp_path / "city")
    names, stop = ("runs/a", "runs/b"), threading.Event()

    def replace():
        for number in range(100_000):
            with workspace.commit() as commit:
                for name in names:
                    commit.file(name, str(number).encode())
            if stop.is_set():
                return

    writer = threading.Thread(target=replace)
    with records.open_store(workspace) as store:
        writer.start()
        try:
            for number in range(5):
                backup.write(store, workspace, tmp_path / f"{number}.zip", whole=True)
        finally:
            stop.set()
            writer.join()
    for number in range(5):
        with zipfile.ZipFile(tmp_path / f"{number}.zip") as archive:
            found = {archive.read(name) for name in names if name in archive.namelist()}
        assert len(found) <= 1
    assert found
