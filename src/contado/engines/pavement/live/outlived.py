"""Drives that never ended: what they sent is deleted when its day has passed, as all raw signals are."""

from __future__ import annotations

import contextlib
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from contado.engines.pavement.live import files
from contado.engines.pavement.live.feed import FOLDER
from contado.kernel.dates import local
from contado.kernel.errors import Locked
from contado.kernel.workspace import held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from contado.kernel.settings import Settings
    from contado.kernel.workspace import Workspace

__all__ = ["delete"]


def delete(workspace: Workspace, day: date) -> list[list[int]]:
    """Delete the drives whose last day is before ``day``; return the sizes of the files of raw signals of each.

    A drive was heard of last when its journal was written, or the newest of its files where it has none. One that
    goes on is left, and one on which a process is at work.
    """
    gone = []
    for drive in sorted(p for p in (workspace.path / FOLDER).glob("*") if p.is_dir()):
        if _is_outlived(drive, workspace.settings, day):
            with _alone(workspace, drive) as free:
                if free and _is_outlived(drive, workspace.settings, day):  # nothing has come meanwhile
                    gone.append([file.stat().st_size for file in drive.rglob("*.parquet*")])
                    shutil.rmtree(drive)
    return gone


def _is_outlived(drive: Path, settings: Settings, day: date) -> bool:
    silence_s = files.silence_s(drive)
    heard = local.legal_day(datetime.now(UTC) - timedelta(seconds=silence_s), settings.territory.timezone)
    until = heard + timedelta(days=settings.pavement.retention_d)
    return silence_s > settings.pavement.live_silent_s and until < day


@contextlib.contextmanager
def _alone(workspace: Workspace, drive: Path) -> Iterator[bool]:
    """Hold the lock of a drive, unless another has it."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(held(workspace.path, f"{FOLDER}/{drive.name}", wait_s=0.0, findings=[]))
        except Locked:
            yield False
        else:
            yield True
