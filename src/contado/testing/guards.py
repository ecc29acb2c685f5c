"""What a practice does beside returning tables: prints, warns, connects, writes.

Output is caught at the level of file descriptors, since solvers print in C. Connections and writes are seen
through Python's audit events (PEP 578): an attempt counts even when it is refused or the practice catches
the error. A connection outside this machine is refused.
"""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import os
import sys
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NetworkRefused", "Observed", "caused_by_refusal", "watch"]

_SILENT_BY_DEFAULT: Final = (
    DeprecationWarning,
    PendingDeprecationWarning,
    ImportWarning,
    ResourceWarning,
    BytesWarning,
)
"""Warnings that Python itself does not show to users."""
_CHANGES: Final = frozenset(
    {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod"}
)
_CONNECTIONS: Final = frozenset({"socket.connect", "socket.sendto", "socket.bind"})
_LOOK_UPS: Final = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})


class NetworkRefused(ConnectionRefusedError):
    """The network guard refused an address outside this machine."""


@dataclass(slots=True)
class Observed:
    """What was seen while the guards were up."""

    root: Path
    printed: str = ""
    warnings: list[str] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)


_active: list[Observed] = []
_hooked: list[bool] = []


@contextlib.contextmanager
def watch(root: Path) -> Iterator[Observed]:
    """Put the guards up around a block; ``root`` is the workspace whose files may not change."""
    if not _hooked:
        sys.addaudithook(_audit)  # it cannot be removed, so there is one, idle outside `watch`
        _hooked.append(True)
    seen = Observed(root.resolve())
    _active.append(seen)
    try:
        with _captured(seen), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield seen
    finally:
        _active.remove(seen)
    seen.warnings += [
        f"{w.category.__name__}: {w.message}"
        for w in caught
        if not issubclass(w.category, _SILENT_BY_DEFAULT)
    ]


def caused_by_refusal(error: BaseException | None) -> bool:
    """Whether ``error`` is, or arose from, a refusal of the network guard."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, NetworkRefused):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _active:
        return
    if event in _CONNECTIONS:
        _check_address(arguments[1])
    elif event in _LOOK_UPS:
        _check_host(arguments[0])
    elif event == "open":
        path, mode, flags = arguments
        if _writes(mode, flags):
            _note_write(path)
    elif event in _CHANGES:
        for path in arguments[:2]:
            _note_write(path)


def _check_address(address: Any) -> None:
    if isinstance(address, tuple):  # a text or bytes address is a socket of this machine
        _check_host(address[0])


def _check_host(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost") or _is_loopback(str(name)):
        return
    for seen in _active:
        seen.connections.append(str(name))
    raise NetworkRefused(f"a practice may not reach {name}: it works on the tables it is given")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _writes(mode: Any, flags: Any) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))


def _note_write(path: Any) -> None:
    if not isinstance(path, (str, bytes, os.PathLike)):
        return
    target = Path(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - resolve() would open, and so audit again
    for seen in _active:
        if target.is_relative_to(seen.root):
            relative = target.relative_to(seen.root)
            if relative.parts[:2] != ("layers", ".index"):
                seen.writes.append(relative.as_posix())


@contextlib.contextmanager
def _captured(seen: Observed) -> Iterator[None]:
    """Catch what is written to standard output and error, from Python and from C."""
    _flush()
    with tempfile.TemporaryFile() as file:
        kept = [os.dup(1), os.dup(2)]
        try:
            for descriptor in (1, 2):
                os.dup2(file.fileno(), descriptor)
            with (
                os.fdopen(os.dup(file.fileno()), "w", encoding="utf-8", errors="replace") as text,
                contextlib.redirect_stdout(text),
                contextlib.redirect_stderr(text),
            ):
                yield
                _flush()
        finally:
            _flush()
            for descriptor, saved in zip((1, 2), kept, strict=True):
                os.dup2(saved, descriptor)
                os.close(saved)
            file.seek(0)
            seen.printed = file.read().decode(errors="replace")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.flush()
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).fflush(None)  # C's buffers, else their text would come out after the guard
