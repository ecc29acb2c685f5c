"""The kernels of the live engine: compiled by a child that gives way to others, then loaded from the disk.

Compiling takes a minute or two of one core and holds the interpreter's lock for long stretches, so it is never done in
a process that answers requests. numba keeps what it compiled on the disk: the child of a later start only reads it.
A workspace without devices needs none of it: the work begins with the first device, or the first message.
"""

from __future__ import annotations

import importlib.util
import logging
import multiprocessing
import threading
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess

    from contado.engines.pavement.live.room import Room

__all__ = ["State", "Warming", "installed"]

State = Literal["absent", "cold", "warming", "warm"]
"""absent: without the extra ``roads``; cold: there is no device yet, or compiling failed."""
_LOOK_S: Final = 5.0
"""How often it is looked whether there is a device now."""
_STOP_S: Final = 5.0
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
    wanted
        Whether there is a device that may send messages.
    """

    def __init__(
        self, room: Callable[[], Room], then: Callable[[Room], None], wanted: Callable[[], bool]
    ) -> None:
        self._room, self._then, self._wanted = room, then, wanted
        self.state: State = "cold" if installed() else "absent"
        self._thread: threading.Thread | None = None
        self._child: BaseProcess | None = None
        self._hurried, self._ended = threading.Event(), threading.Event()

    def start(self) -> None:
        """Begin in the background, where the live engine is installed, as soon as there is a device."""
        if self.state == "cold":
            self._thread = threading.Thread(target=self._warm, name="live-warm", daemon=True)
            self._thread.start()

    def hurry(self) -> bool:
        """Begin now, for a message that came; tell whether it must wait until the engine is warm."""
        if self.state == "cold" and self._thread is not None:
            self.state = "warming"
        self._hurried.set()
        return self.state == "warming"

    def stop(self) -> None:
        """End with the server: what was not ready is left."""
        self._ended.set()
        self._hurried.set()
        if self._child is not None and self._child.is_alive():
            self._child.terminate()
        if self._thread is not None:
            self._thread.join(_STOP_S)

    def _warm(self) -> None:
        while not self._hurried.is_set() and not self._wanted():
            self._hurried.wait(_LOOK_S)
        if self._ended.is_set():
            return
        self.state = "warming"
        try:
            loaded = self._ready()
        except Exception:  # noqa: BLE001 - whatever it was, messages must not wait for it
            _LOG.exception("the live engine could not get ready")
            loaded = False
        if not loaded:
            self._thread, self.state = None, "cold"
        else:
            self.state = "warm"
            room = self._room()
            room.work_off()
            self._then(room)

    def _ready(self) -> bool:
        """Compile in a child, then load what it left on the disk; tell whether that was reached."""
        from contado.engines.pavement.live import rehearsal

        context = multiprocessing.get_context("spawn")
        self._child = child = context.Process(target=rehearsal.compile_kernels, daemon=True)
        child.start()
        child.join()
        if self._ended.is_set():
            return False
        if child.exitcode:
            _LOG.warning("the live engine could not be compiled ahead (exit %s)", child.exitcode)
        rehearsal.rehearse()
        self._room().warm()
        return True
