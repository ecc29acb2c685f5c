"""Signals while a verb runs."""

import signal
import subprocess
import sys
import time

from contado.cli.interrupt import TERMINATED


def test_sigterm_takes_away_what_was_begun(tmp_path):
    words = ["pavement", "simulate", "--out", str(tmp_path / "out"), "--length-m", "100000", "--passes", "20"]
    command = [sys.executable, "-m", "contado.cli", *words, "--quiet"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as child:
        try:
            until = time.monotonic() + 60
            while not any(any(path.iterdir()) for path in tmp_path.iterdir()):
                assert child.poll() is None
                assert time.monotonic() < until
                time.sleep(0.02)
            child.send_signal(signal.SIGTERM)
            errors = child.communicate(timeout=30)[1]
        finally:
            child.kill()
    assert child.returncode == TERMINATED
    assert list(tmp_path.iterdir()) == []
    assert errors == b""
