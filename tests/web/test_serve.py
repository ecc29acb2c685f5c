"""contado serve: one line when ready, a graceful end, what is missing is said."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.request

import pytest

from invented.processes import program, server


def start(workspace, *options: str) -> subprocess.Popen[str]:
    command = server(workspace, *options)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_announces_its_address_serves_and_ends_with_0(workspace, number):
    with start(workspace) as process:
        line = json.loads(process.stdout.readline())
        assert line["url"].startswith("http://127.0.0.1:")
        with urllib.request.urlopen(line["url"] + "healthz") as got:
            assert json.load(got)["alive"] is True
        process.send_signal(number)
        rest, log = process.communicate(timeout=20)
    assert (process.returncode, rest) == (0, "")
    entry = json.loads(log.strip().splitlines()[0])
    assert set(entry) == {"at", "level", "request_id", "method", "path", "status", "ms"}


def test_a_taken_port_is_refused_with_a_hint(workspace):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = program("serve", "-w", workspace, "--port", port)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["rule"] == "cannot_listen"


def test_no_workspace_is_refused(tmp_path):
    command = program("serve", "-w", tmp_path / "none")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2


def test_missing_vendor_files_are_named(monkeypatch, tmp_path):
    from contado.verbs import serve
    from contado.verbs.frontend import vendor

    monkeypatch.setattr(vendor.load, "__defaults__", (tmp_path,))
    (finding,) = serve._vendor_findings()
    assert finding.rule == "frontend_incomplete"
    assert "CONTADO_FRONTEND=skip" in finding.message
