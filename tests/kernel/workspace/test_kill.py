"""kill -9 at any moment of a commit: afterwards the workspace holds the old or the new state, whole."""

from __future__ import annotations

import os
import random
import signal
import time

import pyarrow as pa
import pytest

from contado.kernel import tables
from contado.kernel.workspace import Workspace

KILLS = 20


def state(ws, number):
    """Commit state ``number``: two tables, a layer and a file that all say the same number."""
    rows = [{"id": f"{number}-{i}", "practice": "p", "kind": str(number)} for i in range(2000)]
    table = tables.from_rows("asset", rows)
    points = pa.array([b"\x01\x01\x00\x00\x00" + bytes(16)] * len(rows))
    layer = tables.geoparquet.with_geometry(table.select(["id", "kind"]), points, "EPSG:4326")
    with ws.commit() as c:
        c.table("asset", table, practice="p")
        c.table(
            "asset",
            table.slice(0, 10).set_column(0, "id", pa.array([f"q{i}" for i in range(10)])),
            practice="q",
        )
        c.layer("places", layer)
        c.file("runs/state.txt", str(number).encode())
    return c


def seen(ws):
    """Return the numbers that the parts of the workspace say."""
    kinds = set(ws.read("asset")["kind"].to_pylist()) | set(ws.layer("places")["kind"].to_pylist())
    return {int(k) for k in kinds} | {int((ws.path / "runs" / "state.txt").read_text())}


def child(path, number):
    """Commit state after state until killed."""
    ws = Workspace.open(path)
    while True:
        number += 1
        state(ws, number)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.item("platform", 1, "kill -9 of a writer, 20 times", "old or new state, nothing torn")
@pytest.mark.parametrize("seed", [0])
def test_a_killed_writer_leaves_the_old_or_the_new_state(tmp_path, seed, figure):
    ws = Workspace.create(tmp_path / "city")
    state(ws, 0)
    started = time.monotonic()
    state(ws, 1)
    one_commit_s = time.monotonic() - started
    draw = random.Random(seed)
    reached, finished = 1, 0
    for kill in range(KILLS):
        pid = os.fork()
        if pid == 0:
            child(ws.path, reached)
        time.sleep(draw.uniform(0, (2 + kill) * one_commit_s))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        opened = Workspace.open(ws.path)
        finished += "commit_finished" in {f.rule for f in opened.findings}
        (number,) = seen(opened)
        assert number >= reached
        reached = number
        assert not (ws.path / "commit.json").exists()
    assert reached > 1  # some writers came through
    state(Workspace.open(ws.path), reached + 1)
    assert seen(ws) == {reached + 1}
    assert [p for p in (ws.path / ".commit").iterdir() if p.name != "takeover"] == []
    figure(f"{KILLS} kills, {reached} commits, {finished} finished on opening, 0 torn")


@pytest.mark.item(
    "platform", 1, "reading beside a writer that commits without pause", "each table of one commit"
)
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_reader_never_sees_half_a_commit(tmp_path, figure):
    ws = Workspace.create(tmp_path / "city")
    state(ws, 0)
    pid = os.fork()
    if pid == 0:
        child(ws.path, 0)
    numbers = set()
    deadline = time.monotonic() + 3
    reads = 0
    try:
        while time.monotonic() < deadline:
            (number,) = {int(k) for k in ws.read("asset")["kind"].to_pylist()}
            (other,) = {int(k) for k in ws.layer("places")["kind"].to_pylist()}
            numbers |= {number, other}
            reads += 2
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert len(numbers) > 1
    figure(f"{reads} reads over {len(numbers)} commits, none mixed")
