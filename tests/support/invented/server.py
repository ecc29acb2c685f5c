"""A workspace behind a server of its own, and what counts the bytes that leave it."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Wire:
    """Counts what leaves the server, workers of the page included: bodies as sent, headers as bytes."""

    def __init__(self, app) -> None:
        self.app = app
        self.sent = 0

    async def __call__(self, scope, receive, send) -> None:
        async def counted(message) -> None:
            self.sent += len(message.get("body", b""))
            self.sent += sum(len(k) + len(v) + 4 for k, v in message.get("headers", ()))
            await send(message)

        await self.app(scope, receive, counted)


def serve_in_thread(path: Path, port: int = 0):
    """Yield the address of a server of the workspace (port 0: a free one), and what counts its bytes."""
    import uvicorn

    from contado.web.app import create

    listener = socket.create_server(("127.0.0.1", port))
    wire = Wire(create(path))
    config = uvicorn.Config(wire, log_level="error", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", wire
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()
