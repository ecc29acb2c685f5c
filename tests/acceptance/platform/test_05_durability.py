"""platform.md, definition of done 5, kill -9 in mid-write: what was acknowledged is there, nothing is torn, the chain holds."""

import json
import os
import subprocess
import sys

import pytest

from contado.kernel.workspace import Workspace

PROGRAM = """
import json, os, random, signal, sys, time
from contado.kernel import records
from contado.kernel.records.schema import Audit, Job
from contado.kernel.workspace import WorkspaceView
from sqlalchemy import select

workspace, kills = WorkspaceView(sys.argv[1]), int(sys.argv[2])
rng, scope = random.Random(kills), records.local_administrator()


def write_until_killed(out):
    with records.open_store(workspace) as store:
        while True:
            with store.writing(scope) as session:
                job = records.jobs.create(session, "plan", {"text": "x" * rng.randrange(20_000)})
            os.write(out, job.id.encode())


def look():
    with records.open_store(workspace) as store:
        with store.reading(scope) as session:
            jobs = {f"job:{i}" for i in session.scalars(select(Job.id))}
            rows = list(session.scalars(select(Audit.object)))
        with store.connection() as connection:
            found = records.audit.verify(records.audit.rows(connection))
    return jobs, rows, found


records.prepare(workspace)
acknowledged, lost, torn, broken = set(), 0, 0, 0
for _ in range(kills):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        write_until_killed(write)
    os.close(write)
    first = os.read(read, 26)  # it writes: now kill it in the middle
    time.sleep(rng.uniform(0, 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    said = first
    while block := os.read(read, 1 << 16):
        said += block
    os.close(read)
    acknowledged |= {"job:" + said[i : i + 26].decode() for i in range(0, len(said), 26)}
    jobs, rows, found = look()
    lost += len(acknowledged - jobs)
    torn += len(jobs ^ set(rows)) + len(rows) - len(set(rows))
    broken += not found.ok
print(json.dumps({"kills": kills, "acknowledged": len(acknowledged), "lost": lost, "torn": torn, "broken": broken}))
"""


def killed(folder, kills):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), str(kills)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env=dict(os.environ),
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.item("platform", 5, "kill -9 in mid-write", "0 lost or torn in 100 kills")
@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("where", ["sqlite", "postgres"])
def test_writers_that_are_killed_lose_and_tear_nothing(tmp_path, monkeypatch, request, figure, kills, where):
    monkeypatch.delenv("CONTADO_DATABASE_URL", raising=False)
    if where == "postgres":
        monkeypatch.setenv("CONTADO_DATABASE_URL", request.getfixturevalue("database"))
    found = killed(Workspace.create(tmp_path / "city").path, kills)
    acknowledged = found.pop("acknowledged")
    assert acknowledged >= kills
    assert found == {"kills": kills, "lost": 0, "torn": 0, "broken": 0}
    figure(f"{where}: {kills} kills, {acknowledged} acknowledged, 0 lost or torn")
