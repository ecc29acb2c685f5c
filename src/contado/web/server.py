"""The server: announces that it is ready, ends gracefully, logs one JSON line a request."""

from __future__ import annotations

import logging
import signal
import sys
from typing import TYPE_CHECKING

import uvicorn

from contado.web.app import create

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["run"]


class _Announcing(uvicorn.Server):
    """A server that says when it accepts requests."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def run(workspace: Path, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve the workspace on an open socket until SIGTERM or SIGINT; running requests finish."""
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
    _Announcing(config, ready).run(sockets=[listener])
