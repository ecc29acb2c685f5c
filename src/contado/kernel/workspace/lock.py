"""Locks: one writer at a time for a table or layer, named by process and host.

The lock file appears together with its content in one step (a hard link), so that a writer killed at
any moment leaves either no lock or one that names a dead process. Such a lock is taken over and
reported, never broken silently; a living holder is waited for and then named.
"""

from __future__ import annotations

import errno
import os
import secrets
import socket
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from contado.kernel.errors import Finding, Locked
from contado.kernel.workspace.layout import SCRATCH

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Holder", "held", "is_held", "scratch_name"]

_POLL_S: Final = 0.02


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a lock: process id, host, and when the process started (in the kernel's ticks)."""

    pid: int
    host: str
    started: str = ""

    @classmethod
    def current(cls) -> Holder:
        """Return this process."""
        return cls(pid=os.getpid(), host=socket.gethostname(), started=_started(os.getpid()))

    @property
    def alive(self) -> bool:
        """Whether the process may still run; a process of another host is taken to."""
        if self.host != socket.gethostname():
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:  # it runs under another account
            return True
        started = _started(self.pid)
        return not (self.started and started and started != self.started)


def _started(pid: int) -> str:
    """Return the start time of a process, which tells it from a later one with the same number."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    # a zombie is dead: it only waits to be collected
    return "dead" if fields[0] == "Z" else fields[19]


def scratch_name(holder: Holder) -> str:
    """Return a new name for temporary files, from which a sweep learns whose they are."""
    host = holder.host.encode().hex()
    return f"{holder.pid}_{holder.started}_{host}_{secrets.token_hex(4)}"


@contextmanager
def held(root: Path, name: str, *, wait_s: float, findings: list[Finding]) -> Iterator[None]:
    """Hold the lock ``name`` ("layers/roads") of the workspace at ``root``.

    Raises
    ------
    Locked
        Another living process holds it for longer than ``wait_s`` [s] (rules ``layer_locked``,
        ``table_locked``); the message names its pid and host.
    """
    path = root / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_s
    while not _try_link(root, path):
        holder = _read(path)
        if holder is not None and not holder.alive:
            _take_over(root, path, holder, name, findings)
        elif holder is not None and time.monotonic() >= deadline:
            raise _locked(name, holder)
        else:
            time.sleep(_POLL_S)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def is_held(root: Path, name: str) -> bool:
    """Whether a living process holds the lock ``name``."""
    holder = _read(root / f"{name}.lock")
    return holder is not None and holder.alive


def _try_link(root: Path, path: Path) -> bool:
    me = Holder.current()
    scratch = root / SCRATCH
    scratch.mkdir(exist_ok=True)
    temporary = scratch / f"{scratch_name(me)}.lock"
    try:
        temporary.write_bytes(msgspec.json.encode(me))
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}:
            raise
        return _exclusive(path, me)
    finally:
        temporary.unlink(missing_ok=True)
    return True


def _exclusive(path: Path, me: Holder) -> bool:
    """Create the lock where the file system knows no hard links."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return False
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(me))
    return True


def _read(path: Path) -> Holder | None:
    """Return who holds the lock, or None when it has just been released."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Holder)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        return Holder(pid=0, host="unknown")


def _take_over(root: Path, path: Path, dead: Holder, name: str, findings: list[Finding]) -> None:
    """Remove the lock of a dead process; only one process does, the others look again."""
    import fcntl

    with (root / SCRATCH / "takeover").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if _read(path) != dead:
            return
        path.unlink(missing_ok=True)
    findings.append(
        Finding(
            severity="warning",
            rule="stale_lock",
            message=f"{name}: the lock of process {dead.pid} on {dead.host}, which no longer runs, "
            "was taken over.",
            table=name.rpartition("/")[2],
            hint="that writer was killed; what it had not committed is gone",
        )
    )


def _locked(name: str, holder: Holder) -> Locked:
    kind, _, what = name.rpartition("/")
    rule = {"layers": "layer_locked", "tables": "table_locked"}.get(kind, "workspace_locked")
    return Locked(
        f"{name} is being written by process {holder.pid} on {holder.host}.",
        rule=rule,
        hint="wait until it has ended and repeat; lock_wait_s sets how long a writer waits",
        field=what,
    )
