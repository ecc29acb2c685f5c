"""Files that several processes write and read in turn: whole or not at all, line by line, durably."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Stamp", "age_s", "append", "digest", "last_told", "silence_s", "stamp", "write"]

Stamp = tuple[int, ...]


def stamp(files: list[Path]) -> Stamp:
    """Return what changes when a file is written."""
    return tuple(f.stat().st_mtime_ns if f.is_file() else 0 for f in files)


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def age_s(file: Path) -> float:
    """Return how long ago a file was written [s]; 0 where there is none."""
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def silence_s(drive: Path) -> float:
    """Return how long nothing has come of a drive [s]: since its journal was written, or the newest of its files.

    0 where its folder is gone.
    """
    journal = drive / "journal"
    if journal.is_file():
        return age_s(journal)
    return min(map(age_s, [f for f in drive.rglob("*") if f.is_file()] or [drive]))


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, durably."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def append(path: Path, line: bytes) -> None:
    """Append a line in one step, durably; a line cut by a crash is closed first."""
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else b"\n" + line
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())


def last_told(events: Path) -> int:
    """Return the number of the message whose event was written last, 0 without one."""
    try:
        with events.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - (1 << 20)))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return 0
    for text in reversed(lines):
        with contextlib.suppress(msgspec.DecodeError):
            return int(msgspec.json.decode(text).get("chunk", 0))
    return 0
