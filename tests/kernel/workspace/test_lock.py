"""Locks: one writer a table or layer; the dead are taken over, the living are named."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time

import msgspec
import pytest

from contado.kernel import tables
from contado.kernel.errors import Locked
from contado.kernel.settings import Settings, WorkspaceSettings
from contado.kernel.workspace import Workspace
from contado.kernel.workspace.lock import Holder, held

ASSET = tables.from_rows("asset", [{"id": "a", "practice": "p", "kind": "k"}])


@pytest.fixture
def ws(tmp_path):
    return Workspace.create(tmp_path / "city", Settings(workspace=WorkspaceSettings(lock_wait_s=0.1)))


def put(ws, name, holder):
    path = ws.path / f"{name}.lock"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.encode(holder))


def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("name", "rule"),
    [("tables/asset", "table_locked"), ("layers/x", "layer_locked"), ("commit", "workspace_locked")],
)
def test_a_living_holder_is_waited_for_and_named(ws, name, rule):
    holder = Holder(pid=os.getppid(), host=socket.gethostname())
    put(ws, name, holder)
    started = time.monotonic()
    with (
        pytest.raises(Locked, match=f"process {holder.pid} on {holder.host}") as error,
        held(ws.path, name, wait_s=0.1, findings=[]),
    ):
        pass
    assert error.value.rule == rule
    assert 0.1 <= time.monotonic() - started < 2
    assert (ws.path / f"{name}.lock").is_file()


def test_a_locked_table_is_not_written(ws):
    put(ws, "tables/asset", Holder(pid=os.getppid(), host=socket.gethostname()))
    with pytest.raises(Locked), ws.commit() as c:
        c.table("asset", ASSET)
    assert ws.tables() == {}


@pytest.mark.parametrize("started", ["", "12345"])
def test_the_lock_of_a_dead_process_is_taken_over_and_reported(ws, started):
    # a process that runs, but started at another time, is a later one with the same number
    pid = dead_pid() if not started else os.getppid()
    put(ws, "tables/asset", Holder(pid=pid, host=socket.gethostname(), started=started))
    with ws.commit() as c:
        c.table("asset", ASSET)
    (finding,) = c.findings
    assert (finding.rule, finding.severity) == ("stale_lock", "warning")
    assert f"process {pid}" in finding.message
    assert ws.tables() == {"asset": 1}
    assert not (ws.path / "tables" / "asset.lock").exists()


def test_a_lock_of_another_host_is_never_broken(ws):
    put(ws, "tables/asset", Holder(pid=1, host="another"))
    with pytest.raises(Locked, match="on another"), ws.commit() as c:
        c.table("asset", ASSET)


def test_the_lock_holds_from_the_start_where_asked(ws):
    with ws.commit(lock=["layers/x", "tables/asset"]):
        content = json.loads((ws.path / "layers" / "x.lock").read_bytes())
        assert (content["pid"], content["host"]) == (os.getpid(), socket.gethostname())
        with pytest.raises(Locked), Workspace.open(ws.path).commit(lock=["tables/asset"]):
            pass
    assert list(ws.path.rglob("*.lock")) == []


_RACE = """
import sys
from contado.kernel import tables
from contado.kernel.settings import Settings
from contado.kernel.workspace import Workspace
ws = Workspace.open(sys.argv[1])
for i in range(5):
    with ws.commit(lock=["tables/asset"]) as c:
        rows = [r for r in ws.read("asset").to_pylist()]
        rows.append({"id": f"{sys.argv[2]}-{i}", "practice": "p", "kind": "k"})
        c.table("asset", tables.from_rows("asset", rows))
"""


def test_writers_that_race_for_the_lock_lose_nothing(tmp_path):
    ws = Workspace.create(tmp_path / "city", Settings(workspace=WorkspaceSettings(lock_wait_s=60)))
    put(ws, "tables/asset", Holder(pid=dead_pid(), host=socket.gethostname()))
    writers = [subprocess.Popen([sys.executable, "-c", _RACE, str(ws.path), str(n)]) for n in range(3)]
    assert [w.wait() for w in writers] == [0, 0, 0]
    assert ws.read("asset").num_rows == 15
