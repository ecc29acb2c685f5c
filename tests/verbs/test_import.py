"""contado import, interrupted: nothing half-written."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from contado.kernel.workspace import Workspace

LISTENING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has jobs in its background ignore Ctrl-C
from contado.cli import main
main(sys.argv[1:])
"""


def interrupted(command, big, lock):
    """Send Ctrl-C while the import holds its lock; a machine that is faster than us gets more to do."""
    for rows in (300_000, 600_000, 1_200_000, 2_400_000):
        lines = "\n".join(f"{i},{9 + i / 1e7},45" for i in range(rows))
        big.write_text(f"id,lon,lat\n{lines}\n")
        process = subprocess.Popen([*command, str(big)], stderr=subprocess.PIPE, text=True)
        while not lock.exists() and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        error = process.communicate()[1]
        if process.returncode != 0:
            return process.returncode, error
    pytest.fail("every import ended before it could be interrupted")


def test_ctrl_c_leaves_the_old_layer(tmp_path):
    ws = Workspace.create(tmp_path / "city")
    (tmp_path / "small.csv").write_text("id,lon,lat\n1,9,45\n")
    command = [sys.executable, "-c", LISTENING, "import", "--layer", "p", "-w", str(ws.path)]
    subprocess.run([*command, str(tmp_path / "small.csv")], check=True, capture_output=True)
    old = len(ws.layer("p"))
    before = ws.file_hashes()
    code, error = interrupted(command, tmp_path / "big.csv", ws.path / "layers" / "p.lock")
    assert code == 130
    assert "Interrupted" in error
    assert "Traceback" not in error
    after = ws.file_hashes()
    if len(ws.layer("p")) == old:  # no earlier try came through: then no byte has changed
        assert after == before
    assert list(ws.path.rglob("*.lock")) == []
    assert Workspace.open(ws.path).layer("p").num_rows in (old, 300_000, 600_000, 1_200_000)
