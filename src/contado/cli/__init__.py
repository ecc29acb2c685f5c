"""The `contado` command: declarations of `contado.verbs` turned into click commands. No logic here."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    from contado.cli.app import run

    sys.exit(run(sys.argv[1:] if arguments is None else arguments))
