"""Commits in the audit chain: a row for each, none without its change, whenever a writer dies."""

from __future__ import annotations

import os
import random
import signal
import threading
import time

import msgspec
import pytest

from contado.cli.app import run
from contado.kernel import records, tables
from contado.kernel.errors import Locked, WorkspaceError
from contado.kernel.provenance import sha256_of_file
from contado.kernel.records import audit, commits
from contado.kernel.workspace import Workspace, WorkspaceView, redo

FORK = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def assets(*ids):
    return tables.from_rows("asset", [{"id": i, "practice": "p", "kind": "k"} for i in ids])


def committed(workspace):
    """The rows of commits: actor, object and body."""
    with records.open_store(workspace) as store, store.connection() as connection:
        rows = [r for r in audit.rows(connection) if r.verb == commits.COMMITTED]
    return [(r.actor, r.object, msgspec.json.decode(r.body_json)) for r in rows]


def state(workspace, number):
    """Commit state ``number``: a table, a layer's worth of bytes and a file that say the same number."""
    with workspace.commit() as c:
        c.table("asset", assets(str(number)), practice="p")
        c.file("runs/state.txt", str(number).encode())


def seen(workspace):
    (number,) = {int(i) for i in workspace.read("asset")["id"].to_pylist()}
    assert (workspace.path / "runs" / "state.txt").read_text() == str(number)
    return number


def in_child(work):
    """Run ``work`` in a process of its own, which must kill itself."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


# ---------------------------------------------------------------- what a row says
def test_a_commit_leaves_one_row_with_the_hash_of_each_file(workspace):
    with workspace.commit() as c:
        c.table("asset", assets("a"), practice="p")
        c.source("epw", {"Mario Rossi.epw": b"1"})
        c.file("runs/a.json", b"{}")
    with workspace.commit() as c:
        c.remove("runs/a.json")
    with workspace.commit():
        pass
    (first, second) = committed(workspace)
    path = workspace.path
    assert first[0] == "local"
    assert first[2] == {
        "verb": None,
        "files": {
            "tables/asset/p.parquet": sha256_of_file(path / "tables/asset/p.parquet"),
            "sources/epw": first[2]["files"]["sources/epw"],
            "sources/registry.json": sha256_of_file(path / "sources/registry.json"),
            "runs/a.json": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        },
    }
    assert second[2]["files"] == {"runs/a.json": None}
    assert first[1] == f"commit:{first[1][7:]}" != second[1]
    assert "Rossi" not in str(committed(workspace))


def test_a_commit_of_a_verb_names_it_and_its_account(workspace, account, tmp_path, capsys):
    carla = account("carla", ("manager", ["*"]))
    account("dario", ("citizen", ["*"]))
    points = tmp_path / "points.csv"
    points.write_text("id,lon,lat\na,9.1,45.4\n", encoding="utf-8")
    words = ["import", str(points), "--layer", "points", "-w", str(workspace.path), "--json", "--quiet"]
    assert run([*words, "--as", "dario"]) == 2
    assert msgspec.json.decode(capsys.readouterr().out)["error"]["rule"] == "not_allowed"
    assert run([*words, "--as", "carla"]) == 0
    assert run(words) == 0
    (by_account, by_nobody) = committed(workspace)
    assert (by_account[0], by_account[2]["verb"]) == (f"account:{carla.account_id}", "import")
    assert (by_nobody[0], by_nobody[2]["verb"]) == ("local", "import")
    assert set(by_account[2]["files"]) == {"layers/points.parquet", "layers/registry.json"}


def test_rows_of_the_caller_and_the_commit_stand_or_fall_together(workspace, store, admin, verdict):
    with workspace.commit() as c, commits.writing(c, store, admin) as session:
        records.jobs.create(session, "plan", {})
        c.file("runs/a.json", b"{}")

    def fail():
        with workspace.commit() as c, commits.writing(c, store, admin) as session:
            records.jobs.create(session, "plan", {})
            c.file("runs/a.json", b"changed")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.reading(admin) as session:
        assert len(records.jobs.listed(session)) == 1
    assert (workspace.path / "runs/a.json").read_bytes() == b"{}"
    assert (verdict().ok, verdict().events, len(committed(workspace))) == (True, 2, 1)
    with workspace.commit() as c, commits.writing(c, store, admin) as session:
        records.jobs.create(session, "plan", {})  # no file changes: no row of a commit
    assert (verdict().events, len(committed(workspace))) == (3, 1)


def test_records_that_cannot_be_written_leave_the_files_as_they_were(workspace, store, admin):
    if store.is_postgres:
        pytest.skip("PostgreSQL has no lock of the whole store")
    workspace.settings = msgspec.structs.replace(
        workspace.settings, workspace=msgspec.structs.replace(workspace.settings.workspace, lock_wait_s=0.1)
    )
    state(workspace, 1)
    with store.writing(admin), pytest.raises(Locked) as caught:
        state(workspace, 2)
    assert caught.value.rule == "records_locked"
    assert seen(workspace) == 1
    assert not redo.is_unsettled(workspace.path)
    state(workspace, 3)
    assert [f["runs/state.txt"] for _, _, b in committed(workspace) for f in [b["files"]]] == [
        "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
        "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce",
    ]


def test_writers_of_commits_and_of_records_take_turns(workspace, store, admin, verdict):
    failures = []

    def commit(name):
        mine = Workspace(workspace.path)
        for number in range(6):
            with mine.commit(lock=[f"tables/{name}"]) as c:
                c.table(name, tables.empty(name))
                c.file(f"runs/{name}-{number}", b"")

    def record():
        mine = Workspace(workspace.path)
        for _ in range(6):
            with mine.commit(lock=["tables/asset"]) as c, commits.writing(c, store, admin) as session:
                records.jobs.create(session, "plan", {})
                c.table("asset", assets("x"))

    def watched(work, *words):
        try:
            work(*words)
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=watched, args=(commit, n)) for n in ("asset", "budget")]
    threads.append(threading.Thread(target=watched, args=(record,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (verdict().ok, len(committed(workspace))) == (True, 18)
    assert commits.differing(store, workspace) == []


# ---------------------------------------------------------------- writers that die
def _before_the_list():
    redo.prepare = die


def _before_the_row():
    audit.append = die


def _after_the_row():
    redo.publish = die


def _between_two_files():
    rename, done = redo._rename, []

    def once(*words):
        if done:
            die()
        done.append(rename(*words))

    redo._rename = once


@FORK
@pytest.mark.parametrize(
    ("patch", "number"),
    [(_before_the_list, 1), (_before_the_row, 1), (_after_the_row, 2), (_between_two_files, 2)],
)
@pytest.mark.parametrize("found_by", ["opening", "view", "writer"])
def test_a_row_without_its_commit_is_finished_and_a_commit_without_its_row_is_none(
    workspace, store, verdict, patch, number, found_by
):
    state(workspace, 1)
    view = WorkspaceView(workspace.path)

    def dying():
        patch()
        state(Workspace(workspace.path), 2)

    in_child(dying)
    if found_by == "opening":
        assert seen(Workspace.open(workspace.path)) == number
    elif found_by == "view":
        assert seen(view) == number
    else:
        with workspace.commit() as c:
            c.file("runs/other", b"")
        assert seen(workspace) == number
    assert not redo.is_unsettled(workspace.path)
    assert len(committed(workspace)) == number + (found_by == "writer")
    assert verdict().ok
    assert commits.differing(store, workspace) == []


@FORK
@pytest.mark.item(
    "platform", 5, "kill -9 of a committing writer, each store", "each row its change, chain holds"
)
def test_killed_at_any_moment_every_row_has_its_change(workspace, store, verdict, figure):
    state(workspace, 0)
    draw, kills, finished, reached = random.Random(7), 8, 0, 0
    started = time.monotonic()
    state(workspace, 1)
    one_commit_s = time.monotonic() - started

    def on_and_on():
        mine, number = Workspace.open(workspace.path), reached
        while True:
            number += 1
            state(mine, number)

    for _ in range(kills):
        pid = os.fork()
        if pid == 0:
            on_and_on()
        time.sleep(draw.uniform(0.5, 6) * one_commit_s)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        opened = Workspace.open(workspace.path)
        finished += "commit_finished" in {f.rule for f in opened.findings}
        assert seen(opened) >= reached
        reached = seen(opened)
        assert commits.differing(store, opened) == []
        assert verdict().ok
    assert reached > 1
    figure(
        f"{kills} kills, {len(committed(workspace))} rows, {finished} finished on opening, 0 without change"
    )


@FORK
def test_a_commit_whose_records_cannot_be_read_waits_for_them(workspace, store, monkeypatch):
    state(workspace, 1)

    def dying():
        _after_the_row()
        state(Workspace(workspace.path), 2)

    in_child(dying)
    away = workspace.path.parent / "away.sqlite"
    if store.is_postgres:
        url = os.environ["CONTADO_DATABASE_URL"]
        monkeypatch.setenv("CONTADO_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    else:
        store.close()
        (workspace.path / "records.sqlite").rename(away)
        (workspace.path / "records.sqlite").write_bytes(b"no database at all, " * 100)
    opened = Workspace.open(workspace.path)
    assert "commit_undecided" in {f.rule for f in opened.findings}
    assert seen(opened) == 1
    with pytest.raises(WorkspaceError):
        state(opened, 3)
    if store.is_postgres:
        monkeypatch.setenv("CONTADO_DATABASE_URL", url)
    else:
        away.rename(workspace.path / "records.sqlite")
    assert seen(Workspace.open(workspace.path)) == 2


def test_an_interrupt_after_the_row_carries_the_commit_out(workspace, store, admin, monkeypatch):
    publish, calls = redo.publish, []

    def interrupted(root):
        calls.append(root)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return publish(root)

    state(workspace, 1)
    monkeypatch.setattr(redo, "publish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        state(workspace, 2)
    assert seen(workspace) == 2

    def stop():
        with workspace.commit() as c:
            with commits.writing(c, store, admin):
                c.file("runs/a.json", b"{}")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert (workspace.path / "runs/a.json").is_file()
    assert commits.differing(store, workspace) == []


# ---------------------------------------------------------------- files beside the chain
def test_what_was_changed_beside_the_chain_is_named(workspace, capsys):
    state(workspace, 1)
    with workspace.commit() as c:
        c.source("epw", {"a.epw": b"1"})
        c.file("runs/b.json", b"{}")
        c.remove("runs/c.json")
        c.settings(workspace.settings)
    (workspace.path / "runs/state.txt").write_text("2")
    (workspace.path / "runs/b.json").unlink()
    (workspace.path / "runs/c.json").write_text("back")
    (workspace.path / "sources/epw/a.epw").write_bytes(b"2")
    (workspace.path / "contado.toml").write_text((workspace.path / "contado.toml").read_text() + "\n# mine\n")
    assert run(["audit", "verify", "-w", str(workspace.path), "--json", "--quiet"]) == 0
    answer = msgspec.json.decode(capsys.readouterr().out)
    assert answer["ok"]
    assert [(f["rule"], f["table"], f["row"]) for f in answer["findings"]] == [
        ("file_differs", "runs/b.json", 2),
        ("file_differs", "runs/c.json", 2),
        ("file_differs", "runs/state.txt", 1),
        ("file_differs", "sources/epw", 2),
    ]
    assert [f["message"].split(":")[0] for f in answer["findings"]] == [
        "runs/b.json is gone",
        "runs/c.json is there again",
        "runs/state.txt has another content",
        "sources/epw has another content",
    ]
