"""What drives tell while they go on: server-sent events, or the same in answer to a question now and then."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from contado.web.security import require

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.requests import HTTPConnection, Request

    from contado.web.site import Site

__all__ = ["answer", "ending", "shown_to"]

ending: Final = threading.Event()
"""Set when the server of this process ends: streams end too, and readers come back to the next one."""
_LOOK_S: Final = 0.2
_ALIVE_S: Final = 15.0
_UNKEPT: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}


def shown_to(request: HTTPConnection, site: Site) -> bool:
    """Whether whoever asks may see drives while they go on."""
    from contado.web.security import principal

    public = site.settings().pavement.live_access == "public"
    return public or principal(request).scope.may("live.read")


async def answer(request: Request, site: Site) -> Response:
    """Return a stream where the client takes one, else what is new since its mark.

    Raises
    ------
    SignInNeeded, NotAllowed
        Drives are shown to offices only.
    """
    if not shown_to(request, site):
        require(request, "live.read")
    mark = request.headers.get("last-event-id") or request.query_params.get("after", "")
    if "text/event-stream" in request.headers.get("accept", ""):
        stream = _stream(request, site.view.path, mark)
        return StreamingResponse(stream, media_type="text/event-stream", headers=_UNKEPT)
    news, mark = await run_in_threadpool(_news, site.view.path, mark)
    body = msgspec.json.encode({"events": news, "after": mark})
    return Response(body, media_type="application/json", headers=_UNKEPT)


def _news(workspace: Path, mark: str) -> tuple[list[dict[str, Any]], str]:
    from contado.engines.pavement.live.feed import Feed

    feed = Feed(workspace, mark)
    return feed.read(), feed.mark


async def _stream(request: Request, workspace: Path, mark: str) -> AsyncIterator[bytes]:
    """Yield events as they come, and a sign of life where none does."""
    yield b"retry: 1000\n\n"
    told = time.monotonic()
    while not ending.is_set() and not await request.is_disconnected():
        news, mark = await run_in_threadpool(_news, workspace, mark)
        for left, event in zip(range(len(news) - 1, -1, -1), news, strict=True):
            known = b"" if left else b"id: " + mark.encode() + b"\n"  # a mark stands after all it holds
            yield known + b"data: " + msgspec.json.encode(event) + b"\n\n"
        if news:
            told = time.monotonic()
        elif time.monotonic() - told > _ALIVE_S:
            yield b": alive\n\n"
            told = time.monotonic()
        await asyncio.sleep(_LOOK_S)
