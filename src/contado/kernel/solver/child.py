"""Big MIPs in a child process that is really stopped at its limit.

HiGHS does not keep its time limit on large models (HiGHS issues 885, 1278, 1501), and cannot be interrupted
from Python while it presolves. So the search runs in a child; each improving solution comes through a pipe
as it is found; when the clock or the user says stop, the child is killed and nothing found is lost.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from contado.kernel.errors import SolverStopped
from contado.kernel.solver.direct import solve
from contado.kernel.solver.model import Model, Solution
from contado.kernel.solver.neighbourhood import good_start

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    import numpy as np
    from numpy.typing import NDArray

    from contado.kernel.progress import Cancel, Progress, SolveEvent

__all__ = ["solve_in_child"]

_POLL_S = 0.1


def solve_in_child(
    model: Model,
    *,
    gap_share: float = 1e-4,
    time_limit_s: float = 60.0,
    seed: int = 0,
    improvements: int | None = None,
    groups: Sequence[Sequence[int]] = (),
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Solution:
    """Maximise ``model`` in a child process; return its claim, or the best plan when it had to be stopped.

    Where ``groups`` of integer columns that are decided together are given, a neighbourhood search precedes.
    With ``improvements`` it is stopped at that many improving solutions, which a single thread finds in the
    same order each time: so a search that a clock has ended is repeated.

    Raises
    ------
    SolverStopped
        The child died without an answer (its message is kept).
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(
        target=_work, args=(theirs, model, gap_share, time_limit_s, seed, groups), daemon=True
    )
    started = time.monotonic()
    child.start()
    theirs.close()
    try:
        return _watch(ours, _Limits(started + time_limit_s, improvements, cancel), progress)
    finally:
        child.kill()
        child.join()
        ours.close()


class _Limits(NamedTuple):
    """What ends a search from outside: the monotonic clock, a count of improving solutions, a person."""

    ends_s: float
    improvements: int | None
    cancel: Cancel | None

    def reached(self, improvements: int) -> bool:
        """Whether the search must end now."""
        asked = self.cancel is not None and self.cancel.requested
        return asked or time.monotonic() >= self.ends_s or improvements == self.improvements


def _watch(pipe: Connection, limits: _Limits, progress: Progress | None) -> Solution:
    started = time.monotonic()
    total_s = limits.ends_s - started
    event: SolveEvent | None = None
    best: NDArray[np.float64] | None = None
    improvements = 0
    while not limits.reached(improvements):
        if not pipe.poll(_POLL_S):
            continue
        try:
            kind, payload = pipe.recv()
        except EOFError:
            break
        if kind == "done":
            claim: Solution = payload
            return dataclasses.replace(claim, improvements=improvements)
        if kind == "error":
            raise SolverStopped(f"The solver stopped: {payload}", hint="report the model")
        event, found = payload
        if found is not None:
            best, improvements = found, improvements + 1
        if progress is not None:
            facts = {"plan": event.plan, "bound": event.bound, "gap": event.gap}
            progress("solve", time.monotonic() - started, total_s, facts)
    stopped = _stopped(event, best, time.monotonic() - started)
    return dataclasses.replace(stopped, improvements=improvements)


def _stopped(event: SolveEvent | None, x: NDArray[np.float64] | None, seconds: float) -> Solution:
    return Solution(
        status="stopped" if x is None else "feasible",
        x=x,
        value=event.plan if event else None,
        bound=event.bound if event else None,
        row_dual=None,
        seconds=seconds,
        nodes=0,
        solver="HiGHS",
    )


def _work(
    pipe: Connection,
    model: Model,
    gap_share: float,
    time_limit_s: float,
    seed: int,
    groups: Sequence[Sequence[int]],
) -> None:
    """Run in the child: what it prints never reaches our standard output."""
    _silence()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides

    def send(event: SolveEvent, x: NDArray[np.float64] | None) -> None:
        pipe.send(("state", (event, x)))

    try:
        start = (
            good_start(model, groups, gap_share=gap_share, seed=seed, on_improved=send) if groups else None
        )
        claim: Any = solve(
            model,
            gap_share=gap_share,
            time_limit_s=time_limit_s,
            seed=seed,
            start=start,
            on_improved=send,
        )
        message = ("done", claim)
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent must hear of it
        message = ("error", str(error))
    with contextlib.suppress(BrokenPipeError):
        pipe.send(message)


def _silence() -> None:
    """Point standard output and error at the null device, at the level of file descriptors."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(AttributeError, OSError):
            os.dup2(null, stream.fileno())  # type: ignore[union-attr]
