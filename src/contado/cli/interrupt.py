"""Ctrl-C and SIGTERM while a verb runs.

Ctrl-C once asks a search for its best so far; twice (or elsewhere) it ends the verb with nothing. SIGTERM ends the verb
as an exception does, so that what it had begun to write is taken away.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Final, NoReturn

from contado.kernel.errors import SolverStopped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from contado.kernel.progress import Cancel

__all__ = ["TERMINATED", "ending", "listening"]

TERMINATED: Final = 128 + signal.SIGTERM
"""Exit code of a verb that SIGTERM ended, as a shell reports it."""


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """Let SIGTERM end a verb by `SystemExit`; verbs that serve take the signal over."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(_number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, heard)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def listening(cancel: Cancel, *, best_so_far: bool) -> Iterator[None]:
    """Turn the first Ctrl-C into a request to stop, for a verb that keeps the best it has found.

    Raises
    ------
    KeyboardInterrupt
        At the second Ctrl-C, and where the search was stopped before it had anything.
    """
    if not best_so_far or threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(_number: int, _frame: FrameType | None) -> None:
        if cancel.requested:
            raise KeyboardInterrupt
        cancel.request()

    before = signal.signal(signal.SIGINT, heard)
    try:
        yield
    except SolverStopped:
        if cancel.requested:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)
