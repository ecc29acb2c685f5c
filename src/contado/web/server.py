"""The server: announces that it is ready, ends gracefully, logs one JSON line a request."""

from __future__ import annotations

import logging
import signal
import sys
from typing import TYPE_CHECKING

import uvicorn

from contado.kernel import records
from contado.kernel.workspace import WorkspaceView
from contado.web.app import create
from contado.web.worker import Workers

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["run"]


class _Announcing(uvicorn.Server):
    """A server that says when it accepts requests, and when it begins to end."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._ending = ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell that the end has begun, then let running requests finish."""
        self._ending()
        await super().shutdown(sockets)


def run(workspace: Path, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve the workspace on an open socket until SIGTERM or SIGINT.

    Running requests finish; jobs hand over the best they have.
    """
    log = logging.getLogger("contado.web")
    log.setLevel(logging.INFO)
    log.addHandler(logging.StreamHandler(sys.stderr))
    config = uvicorn.Config(
        create(workspace, warm=True),
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=10,
    )
    # uvicorn raises the signal again after its own shutdown: with these handlers that ends in peace
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    view = WorkspaceView(workspace)
    with records.open_store(view) as store:
        workers = Workers(view, store)
        workers.start()
        try:
            _Announcing(config, ready, workers.close).run(sockets=[listener])
        finally:
            workers.stop()
