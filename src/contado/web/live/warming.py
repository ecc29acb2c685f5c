"""The kernels of the live engine: compiled by a child that gives way to others, then loaded from the disk.

Compiling takes a minute or two of one core and holds the interpreter's lock for long stretches, so it is never done in
a process that answers requests. numba keeps what it compiled on the disk: the child of a later start only reads it.
"""

from __future__ import annotations

import importlib.util
import logging
import multiprocessing
import threading
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from contado.engines.pavement.live.room import Room

__all__ = ["State", "Warming", "installed"]

State = Literal["absent", "cold", "warming", "warm"]
"""absent: without the extra ``roads``; cold: the first message waits for what is not compiled yet."""
_LOG: Final = logging.getLogger(__name__)


def installed() -> bool:
    """Whether the live engine can work here."""
    return importlib.util.find_spec("numba") is not None


class Warming:
    """Gets the live engine of this process ready, once.

    Parameters
    ----------
    room
        Returns the room that takes messages here.
    then
        What follows when messages that were only kept have been worked off.
    """

    def __init__(self, room: Callable[[], Room], then: Callable[[Room], None]) -> None:
        self._room, self._then = room, then
        self.state: State = "cold" if installed() else "absent"

    def start(self) -> None:
        """Begin in the background, where the live engine is installed."""
        if self.state == "cold":
            self.state = "warming"
            threading.Thread(target=self._warm, name="live-warm", daemon=True).start()

    def _warm(self) -> None:
        from contado.engines.pavement.live import rehearsal

        child = multiprocessing.get_context("spawn").Process(target=rehearsal.compile_kernels, daemon=True)
        child.start()
        child.join()
        if child.exitcode:
            _LOG.warning("the live engine could not be compiled ahead (exit %s)", child.exitcode)
        loaded = False
        try:
            rehearsal.rehearse()
            room = self._room()
            room.warm()
            loaded = True
        finally:
            self.state = "warm" if loaded else "cold"
        room.work_off()
        self._then(room)
