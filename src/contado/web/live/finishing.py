"""Drives that have ended get their batch run in a child process, so that no page waits for it."""

from __future__ import annotations

import multiprocessing
import threading
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess
    from pathlib import Path
    from types import TracebackType

    from contado.engines.pavement.live.room import Room

__all__ = ["Finishing"]

_LOOK_S: Final = 5.0


class Finishing:
    """Starts the batch run of what is due, one child at a time for each server.

    As a context manager it also looks by itself: a drive whose device fell silent ends so.
    """

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._child: BaseProcess | None = None
        self._closing = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._look, name="live-finishing", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()

    def _look(self) -> None:
        while not self._closing.wait(_LOOK_S):
            if (self._workspace / "live").is_dir():
                from contado.engines.pavement.live.room import Room
                from contado.kernel.workspace import Workspace

                self.start(Room(Workspace.open(self._workspace)))

    def start(self, room: Room) -> None:
        """Start the batch run of what is due, unless one is under way: it takes what came meanwhile too."""
        from contado.engines.pavement.live.room import finish_due

        with self._lock:
            if (self._child is not None and self._child.is_alive()) or not room.due():
                return
            context = multiprocessing.get_context("spawn")
            self._child = context.Process(target=finish_due, args=(str(self._workspace),), daemon=True)
            self._child.start()
