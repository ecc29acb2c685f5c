"""One job in the hands of its worker: start the child, keep the store informed, stop it, end the job."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import time
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from contado.kernel.errors import Locked
from contado.kernel.records import jobs
from contado.web.worker.child import Answered, Failed, Order, State, Told, work

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess
    from pathlib import Path

    from contado.kernel.records import Scope, Store
    from contado.kernel.records.schema import Job
    from contado.kernel.settings import Jobs

__all__ = ["Task"]

log = logging.getLogger("contado.web")

_POLL_S: Final = 0.1
_BEAT_S: Final = 1.0
"""How often the store hears of a job at least; its answer says whether somebody asked to stop."""

Reason = Literal["asked", "server_stopped", "too_long", "taken_away"]


class Task:
    """A claimed job.

    Parameters
    ----------
    store, scope
        The records, and the workers' own scope.
    job, worker
        The job, and the name under which it was claimed.
    workspace, settings
        Where the verb works, and how long it may.
    closing
        Whether the server ends.
    """

    def __init__(
        self,
        store: Store,
        scope: Scope,
        job: Job,
        worker: str,
        *,
        workspace: Path,
        settings: Jobs,
        closing: Callable[[], bool],
    ) -> None:
        self._store, self._scope = store, scope
        self._job, self._worker = job, worker
        self._settings = settings
        self._closing = closing
        self._told: Told | None = None
        self._best: State | None = None
        self._best_told: State | None = None
        self._reason: Reason | None = None
        self._order = Order(
            workspace=str(workspace),
            process=job.process,
            request=job.request_json.encode(),
            account=job.account_id,
        )

    def run(self) -> None:
        """Run the job to its end."""
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        child = spawn.Process(target=work, args=(theirs, self._order), daemon=False)
        child.start()
        theirs.close()
        try:
            outcome = self._watch(ours)
            if outcome is not None:
                child.join(timeout=1)
        finally:
            _end(child)
            ours.close()
        self._finish(outcome)

    # ------------------------------------------------------------ while it runs
    def _watch(self, pipe: Connection) -> Answered | Failed | None:
        """Return what the child hands over, None where it was ended or has died."""
        started = beat = time.monotonic()
        ends: float | None = None
        while ends is None or time.monotonic() < ends:
            try:
                message = pipe.recv() if pipe.poll(_POLL_S) else None
            except (EOFError, OSError):
                return None
            if isinstance(message, (Answered, Failed)):
                return message
            if message is not None:
                self._hear(message)
            if time.monotonic() >= beat:
                self._beat()
                beat = time.monotonic() + _BEAT_S
            if ends is None and (reason := self._why_stop(started)):
                ends = time.monotonic() + (0 if reason == "taken_away" else self._settings.grace_s)
                with contextlib.suppress(OSError):
                    pipe.send("stop")
        return None

    def _hear(self, told: Told) -> None:
        self._told = told
        if told.state is not None:
            known = self._best or State()
            self._best = State(
                plan=told.state.plan if told.state.plan is not None else known.plan,
                bound=told.state.bound if told.state.bound is not None else known.bound,
                gap=told.state.gap if told.state.gap is not None else known.gap,
            )

    def _beat(self) -> None:
        """Tell the store where the job is, and hear whether it shall go on."""
        told = self._told
        facts: dict[str, Any] = (
            {} if told is None else {"stage": told.stage, "done": told.done, "total": told.total}
        )
        try:
            with self._store.writing(self._scope) as session:
                going = jobs.progress(session, self._job.id, self._worker, **facts)
                if going and self._best != self._best_told and self._best is not None:
                    jobs.best(session, self._job.id, self._worker, msgspec.to_builtins(self._best))
                    self._best_told = self._best
                if not going:
                    self._reason = self._reason or self._taken(jobs.get(session, self._job.id))
        except Locked as error:  # another process writes for long: the next beat will do
            log.warning("job %s: %s", self._job.id, error.message)

    def _taken(self, job: Job) -> Reason:
        mine = job.state == "running" and job.worker == self._worker
        return "asked" if mine else "taken_away"

    def _why_stop(self, started: float) -> Reason | None:
        if self._reason is None and self._closing():
            self._reason = "server_stopped"
        if self._reason is None and time.monotonic() - started > self._settings.longest_s:
            self._reason = "too_long"
        return self._reason

    # ------------------------------------------------------------ at the end
    def _finish(self, outcome: Answered | Failed | None) -> None:
        if self._reason == "taken_away":
            return
        if isinstance(outcome, Failed) and outcome.trace:
            log.error("job %s failed\n%s", self._job.id, outcome.trace)
        asked = self._reason == "asked"
        with self._store.writing(self._scope) as session:
            if isinstance(outcome, Answered):
                self._write_best(session, outcome)
                jobs.finish(
                    session,
                    self._job.id,
                    self._worker,
                    "dismissed" if asked else "successful",
                    result={"exit_code": outcome.exit_code, "answer": msgspec.Raw(outcome.answer)},
                    result_path=f"runs/{outcome.run}" if outcome.run else None,
                    message=self._reason,
                )
            else:
                error = outcome.error if isinstance(outcome, Failed) and not outcome.stopped else None
                jobs.finish(
                    session,
                    self._job.id,
                    self._worker,
                    "dismissed" if asked else "failed",
                    result=None if error is None else {"error": error},
                    message=self._reason or (str(error["rule"]) if error else "child_lost"),
                )

    def _write_best(self, session: Any, outcome: Answered) -> None:
        """Keep the value, bound and gap of the answer as the best: they are what the verifier signed."""
        found = msgspec.json.decode(outcome.answer)
        kept = {"plan": found.get("value"), "bound": found.get("bound"), "gap": found.get("gap")}
        if kept["plan"] is not None:
            jobs.best(session, self._job.id, self._worker, kept)


def _end(child: SpawnProcess) -> None:
    """End the child and all that it started."""
    if child.pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()
    child.join()
