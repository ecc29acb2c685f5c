"""Servers of a small workspace on free ports, and a client of their API."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

import msgspec
import pytest

from contado.cli.app import run
from contado.kernel.settings import Jobs, Settings, load
from contado.kernel.workspace import Workspace
from invented.benches import bench  # noqa: F401 - a fixture
from invented.processes import server


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    text: bytes

    @property
    def json(self):
        return json.loads(self.text)


@dataclass
class Served:
    """A running server, spoken to with an account's token."""

    url: str
    process: subprocess.Popen
    token: str = ""
    seen: list[Reply] = field(default_factory=list)

    def ask(self, method: str, path: str, body=None, *, prefer: str = "", token: str | None = None) -> Reply:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url.rstrip("/") + path, data=data, method=method)
        secret = self.token if token is None else token
        if secret:
            request.add_header("Authorization", f"Bearer {secret}")
        if prefer:
            request.add_header("Prefer", prefer)
        try:
            with urllib.request.urlopen(request, timeout=60) as got:
                reply = Reply(got.status, {k.lower(): v for k, v in got.headers.items()}, got.read())
        except urllib.error.HTTPError as error:
            reply = Reply(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())
        self.seen.append(reply)
        return reply

    def start(self, process: str, inputs: dict) -> str:
        """Begin a job and return its id."""
        reply = self.ask(
            "POST", f"/api/processes/{process}/execution", {"inputs": inputs}, prefer="respond-async"
        )
        assert reply.status == 201, reply.text
        return reply.json["jobID"]

    def until(self, job: str, wanted, *, seconds: float = 180) -> dict:
        """Return the state of a job once ``wanted(state)`` holds."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            state = self.ask("GET", f"/api/jobs/{job}").json
            if wanted(state):
                return state
            time.sleep(0.2)
        raise AssertionError(f"job {job} did not get there: {state}")

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


@pytest.fixture
def serving(tmp_path):
    """Function that starts `contado serve` of a workspace and gives the running server."""
    with contextlib.ExitStack() as stack:

        def start(workspace, token: str = "") -> Served:
            log = stack.enter_context((tmp_path / f"serve-{time.monotonic_ns()}.log").open("wb"))
            process = subprocess.Popen(server(workspace), stdout=subprocess.PIPE, stderr=log)
            stack.callback(_ended, process)
            url = json.loads(process.stdout.readline())["url"]
            return Served(url, process, token)

        yield start


def _ended(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def planned_city(tmp_path, capsys):
    """Function that makes a workspace of a programme folder."""

    def make(folder, jobs: Jobs | None = None):
        path = tmp_path / f"city{len(list(tmp_path.iterdir()))}"
        workspace = Workspace.create(path, Settings(jobs=jobs or Jobs(silent_s=3, grace_s=15)))
        assert run(["tables", "import", str(folder), "-w", str(path), "--json"]) == 0
        capsys.readouterr()
        assert load(workspace.path / "contado.toml").jobs == (jobs or Jobs(silent_s=3, grace_s=15))
        return path

    return make


@pytest.fixture
def token_of(capsys):
    """Function that gives an account of a role a token."""

    def make(workspace, account: str, role: str, scope: str = "*") -> str:
        for words in (["add", account, role, "--scope", scope], ["token", account]):
            assert run(["grants", *words, "-w", str(workspace), "--json"]) == 0
            found = json.loads(capsys.readouterr().out)
        return found["token"]

    return make


@pytest.fixture
def cli(capsys):
    """Function that runs a command with --json and returns its exit code and answer."""

    def ask(*words):
        code = run([str(w) for w in words] + ["--json"])
        return code, msgspec.json.decode(capsys.readouterr().out)

    return ask
