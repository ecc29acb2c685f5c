"""The server: announces that it is ready, ends gracefully, logs one JSON line a request."""

from __future__ import annotations

import json
import logging
import signal
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import uvicorn

from contado.kernel import records
from contado.kernel.workspace import WorkspaceView
from contado.web.app import create
from contado.web.worker import Workers

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["FINISH_S", "run"]

REQUESTS: Final = "contado.web"
"""Logger of the lines of requests."""
FINISH_S: Final = 30
"""How long requests that run when the server is told to stop may take to finish [s]."""


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


class _Lines(logging.Formatter):
    """One JSON object a line: that of a request as it comes, anything else as message and error."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, the instant and level first."""
        text = record.getMessage()
        entry: dict[str, object] = {"at": _instant(record.created), "level": record.levelname.lower()}
        if record.name == REQUESTS and text.startswith("{"):
            entry |= json.loads(text)
        else:
            entry |= {"logger": record.name, "message": text}
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _log_as_lines() -> None:
    """Send all messages of the process to standard error as JSON lines, warnings of Python included."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(REQUESTS).setLevel(logging.INFO)
    logging.captureWarnings(capture=True)


def run(workspace: Path, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve the workspace on an open socket until SIGTERM or SIGINT.

    Running requests finish; jobs hand over the best they have.
    """
    _log_as_lines()
    config = uvicorn.Config(
        create(workspace, warm=True),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=FINISH_S,
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
