"""Which process holds the write lock of a SQLite file, as far as the system tells."""

from __future__ import annotations

import socket
from pathlib import Path

__all__ = ["writer_of"]

_LOCKS = Path("/proc/locks")
_WRITER_BYTE = "120"
"""Byte of the ``-shm`` file whose lock is the right to write (SQLite file format, WAL-index, WAL_WRITE_LOCK)."""


def writer_of(database: Path) -> str:
    """Return "process PID on HOST", or "another process" where the system does not say."""
    try:
        inode = str(database.with_name(f"{database.name}-shm").stat().st_ino)
        lines = _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return "another process"
    for line in lines:  # 1: POSIX  ADVISORY  WRITE 1234 00:2f:5678 120 120
        words = line.split()
        if words[3:4] == ["WRITE"] and words[5].endswith(f":{inode}") and words[6] == _WRITER_BYTE:
            return f"process {words[4]} on {socket.gethostname()}"
    return "another process"
