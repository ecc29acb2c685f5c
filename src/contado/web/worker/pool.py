"""The workers of one server: threads that claim jobs of the store and run each in a child process."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from contado.kernel import records
from contado.kernel.errors import ContadoError
from contado.kernel.records import jobs
from contado.web.worker.offered import offered
from contado.web.worker.task import Task

if TYPE_CHECKING:
    from contado.kernel.records import Store
    from contado.kernel.records.schema import Job
    from contado.kernel.workspace import WorkspaceView

__all__ = ["Workers"]

log = logging.getLogger("contado.web")

_LOOK_S: Final = 0.4
"""How often a worker without a job looks for one."""


class Workers:
    """Claims and runs jobs until it is told to stop.

    Parameters
    ----------
    view
        The workspace.
    store
        Its records.
    """

    def __init__(self, view: WorkspaceView, store: Store) -> None:
        self._view, self._store = view, store
        self._settings = view.settings.jobs
        self._scope = records.Scope.system("jobs.worker")
        self._closing = threading.Event()
        self._name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._threads = [
            threading.Thread(target=self._work, args=(f"{self._name}:{i}",), name=f"jobs-{i}", daemon=True)
            for i in range(self._settings.workers)
        ]

    def start(self) -> None:
        """Begin to look for jobs."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Take no new job; jobs that run are asked to stop."""
        self._closing.set()

    def stop(self) -> None:
        """Close, and wait until every job has handed over its best or was ended."""
        self.close()
        for thread in self._threads:
            thread.join(timeout=self._settings.grace_s + 10)

    def _work(self, name: str) -> None:
        swept = 0.0
        while not self._closing.wait(_LOOK_S):
            try:
                if time.monotonic() >= swept:
                    self._sweep()
                    swept = time.monotonic() + self._settings.silent_s / 4
                job = self._claim(name)
                if job is not None:
                    self._run(job, name)
            except (ContadoError, SQLAlchemyError, OSError):
                log.exception("a worker met an error and goes on")

    def _claim(self, name: str) -> Job | None:
        """Take a job; a look comes first, so that an idle worker writes nothing."""
        with self._store.reading(self._scope) as session:
            if not jobs.listed(session, states=["accepted"], limit=1):
                return None
        with self._store.writing(self._scope) as session:
            return jobs.claim(session, name, list(offered()))

    def _run(self, job: Job, name: str) -> None:
        task = Task(
            self._store,
            self._scope,
            job,
            name,
            workspace=self._view.path,
            settings=self._settings,
            closing=self._closing.is_set,
        )
        task.run()

    def _sweep(self) -> None:
        """Mark the jobs whose worker is gone."""
        with self._store.writing(self._scope) as session:
            for job_id in jobs.sweep_stale(session, silent_s=self._settings.silent_s):
                log.warning("job %s: its worker is gone", job_id)
