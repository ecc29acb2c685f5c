"""contado import, interrupted: nothing half-written."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

from contado.kernel.workspace import Workspace


def test_ctrl_c_leaves_the_old_layer(tmp_path):
    ws = Workspace.create(tmp_path / "city")
    (tmp_path / "small.csv").write_text("id,lon,lat\n1,9,45\n")
    rows = "\n".join(f"{i},{9 + i / 1e6},45" for i in range(300_000))
    (tmp_path / "big.csv").write_text(f"id,lon,lat\n{rows}\n")
    command = [sys.executable, "-m", "contado.cli", "import", "--layer", "p", "-w", str(ws.path)]
    subprocess.run([*command, str(tmp_path / "small.csv")], check=True, capture_output=True)
    before = ws.file_hashes()
    process = subprocess.Popen([*command, str(tmp_path / "big.csv")], stderr=subprocess.PIPE, text=True)
    while not (ws.path / "layers" / "p.lock").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    error = process.communicate()[1]
    assert process.returncode == 130
    assert "Interrupted" in error
    assert "Traceback" not in error
    assert ws.file_hashes() == before
    assert list(ws.path.rglob("*.lock")) == []
    assert Workspace.open(ws.path).layer("p").num_rows == 1
