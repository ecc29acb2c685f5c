"""The program in a process of its own."""

from __future__ import annotations

import sys


def program(*words: object) -> list[str]:
    """Return the command line of `contado WORDS --json` in this environment."""
    return [sys.executable, "-m", "contado.cli", *map(str, words), "--json"]


def server(workspace: object, *words: object) -> list[str]:
    """Return the command line of a server of a workspace on a free port."""
    return program("serve", "-w", workspace, "--port", 0, *words)
