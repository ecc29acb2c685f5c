"""The batch runs of a live drive that came to no end: told, counted, and tried again after a while.

File ``tries`` of the drive has a line for each begin and each failure. A run that was killed leaves its begin, so that
it counts as well and the drives behind it have their turn.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from contado.engines.pavement.live import files
from contado.kernel.errors import ContadoError, Finding

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Failed", "begin", "failed", "waits"]

_LOG: Final = logging.getLogger(__name__)
_FILE: Final = "tries"
_FIRST_WAIT_S: Final = 60.0
_LONGEST_WAIT_S: Final = 86_400.0


class _Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line: a begin, or with a rule a failure."""

    at: str
    rule: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A batch run that failed; its drive keeps its messages and is tried again.

    ``drive`` is the pseudonym under which the room keeps it, ``tries`` how often it was begun.
    """

    drive: str
    rule: str
    message: str
    tries: int
    wait_s: float
    """After so long it is tried again [s]."""

    @property
    def finding(self) -> Finding:
        """What is told of it."""
        return Finding(
            severity="warning",
            rule="batch_failed",
            table="live",
            row=self.drive,
            message=f"The batch run of live drive {self.drive} failed ({self.rule}), try {self.tries}: {self.message}",
            hint=f"its messages are kept; it is tried again in {self.wait_s:g} s, or by the next look once "
            f"live/{self.drive}/{_FILE} is deleted",
            action="kept",
        )


def begin(drive: Path) -> None:
    """Note that a batch run begins."""
    _note(drive, None)


def failed(drive: Path, error: Exception) -> Failed:
    """Note that a batch run failed, and say so in the log, a defect of ours with its trace."""
    known = isinstance(error, ContadoError)
    rule = error.rule if isinstance(error, ContadoError) else "internal_error"
    message = error.message if isinstance(error, ContadoError) else f"{type(error).__name__}: {error}"
    _note(drive, rule, message)
    tries = _tries(drive)
    found = Failed(drive=drive.name, rule=rule, message=message, tries=tries, wait_s=_wait_s(tries))
    _LOG.error("%s", found.finding.message, exc_info=None if known else error)
    return found


def waits(drive: Path) -> bool:
    """Whether the last try was so short ago that the next one is not due."""
    file = drive / _FILE
    return file.is_file() and files.age_s(file) < _wait_s(_tries(drive))


def _note(drive: Path, rule: str | None, message: str = "") -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    files.append(drive / _FILE, msgspec.json.encode(_Entry(at=at, rule=rule, message=message)))


def _wait_s(tries: int) -> float:
    """Return how long to wait after so many tries [s]: twice as long after each."""
    return float(min(_FIRST_WAIT_S * 2 ** min(max(tries - 1, 0), 20), _LONGEST_WAIT_S))


def _tries(drive: Path) -> int:
    begun = 0
    lines = b""
    with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
        lines = (drive / _FILE).read_bytes()
    for text in lines.splitlines():
        with contextlib.suppress(msgspec.DecodeError):  # cut by a crash
            begun += msgspec.json.decode(text, type=_Entry).rule is None
    return begun
