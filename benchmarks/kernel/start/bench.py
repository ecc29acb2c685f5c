"""Start-up: wall time of a fresh process, least of several runs."""

from __future__ import annotations

import subprocess
import sys
import time

COMMANDS = {
    "import_s": [sys.executable, "-c", "import contado"],
    "version_s": [sys.executable, "-m", "contado.cli", "--version"],
    "help_s": [sys.executable, "-m", "contado.cli", "--help"],
    "python_s": [sys.executable, "-c", "pass"],
}


def run(n: int | None = None) -> dict[str, object]:
    figures = {name: min(_wall(command) for _ in range(n or 5)) for name, command in COMMANDS.items()}
    return {
        "task": "kernel.start",
        "n": n or 5,
        "ours": {"cpu_s": figures["help_s"]},
        "peers": [],
        "skipped": [],
        "figures": figures,
    }


def _wall(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started
