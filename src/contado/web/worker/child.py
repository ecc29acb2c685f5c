"""The child process of one job: runs the verb, tells what it does, stops when it is told to.

It leads a process group of its own, so that it can be ended with everything that it started; when the
server that started it is gone it ends itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from contado.kernel.declare import Context, answer_json
from contado.kernel.errors import ContadoError, SolverStopped
from contado.kernel.progress import Cancel
from contado.web.worker.offered import asked, find

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

__all__ = ["Answered", "Failed", "Order", "State", "Told", "work"]

_APART_S = 0.2
"""Reports of one stage that come faster are not sent."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the child shall do."""

    workspace: str
    process: str
    request: bytes
    account: str | None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Where a search is: value of the best plan and bound [EUR], relative gap."""

    plan: float | None = None
    bound: float | None = None
    gap: float | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A step of progress; ``state`` where the verb says how good its best is."""

    stage: str
    done: float
    total: float | None
    state: State | None


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The verb's answer, as the command line prints it."""

    answer: bytes
    exit_code: int
    run: str | None


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no answer; ``trace`` for a defect of ours, ``stopped`` where it was told to stop."""

    error: dict[str, Any]
    trace: str = ""
    stopped: bool = False


def work(pipe: Connection, order: Order) -> None:
    """Run in the child until the answer is handed over."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cancel = Cancel()
    threading.Thread(target=_listen, args=(pipe, cancel), daemon=True).start()
    with contextlib.suppress(BrokenPipeError):
        pipe.send(_outcome(pipe, order, cancel))


def _listen(pipe: Connection, cancel: Cancel) -> None:
    """Pass the word to stop on; nobody at the other end means that nobody wants the answer."""
    try:
        while True:
            pipe.recv()
            cancel.request()
    except (EOFError, OSError):
        os.killpg(0, signal.SIGKILL)


def _outcome(pipe: Connection, order: Order, cancel: Cancel) -> Answered | Failed:
    try:
        return _run(pipe, order, cancel)
    except SolverStopped as error:
        return Failed(error=error.to_dict(), stopped=cancel.requested)
    except ContadoError as error:
        return Failed(error=error.to_dict())
    except Exception as error:  # noqa: BLE001 - whatever it is, the server must hear of it
        defect = ContadoError(f"A defect of contado: {type(error).__name__}.", rule="internal_error")
        return Failed(error=defect.to_dict(), trace=traceback.format_exc())


def _run(pipe: Connection, order: Order, cancel: Cancel) -> Answered:
    verb = find(order.process)
    if verb is None:
        raise ContadoError(f"There is no process {order.process!r}.", rule="no_such_process")
    context = Context(
        workspace=Path(order.workspace),
        account=order.account,
        progress=_Teller(pipe),
        cancel=cancel,
    )
    answer = verb(asked(verb, msgspec.json.decode(order.request)), context)
    return Answered(
        answer=answer_json(answer), exit_code=answer.exit_code(), run=getattr(answer, "run", None)
    )


class _Teller:
    """Progress through the pipe; what a search finds is always told."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._stage = ""
        self._next_s = 0.0

    def __call__(
        self, stage: str, done: float, total: float | None = None, info: Mapping[str, object] | None = None
    ) -> None:
        state = _state(info or {})
        now = time.monotonic()
        if state is None and stage == self._stage and now < self._next_s:
            return
        self._stage, self._next_s = stage, now + _APART_S
        self._pipe.send(Told(stage=stage, done=done, total=total, state=state))


def _state(info: Mapping[str, object]) -> State | None:
    found = {k: v for k in ("plan", "bound", "gap") if isinstance(v := info.get(k), float)}
    return State(**found) if found else None
