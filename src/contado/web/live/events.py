"""What drives tell while they go on: server-sent events, or the same in answer to a question now and then."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from contado.web.security import principal, require

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import HTTPConnection, Request

    from contado.engines.pavement.live.feed import Feed
    from contado.web.site import Site

__all__ = ["answer", "ending", "feed_of"]

ending: Final = threading.Event()
"""Set when the server of this process ends: streams end too, and readers come back to the next one."""
_LOOK_S: Final = 0.2
_ALIVE_S: Final = 15.0
_LONGEST_S: Final = 60.0
"""A stream ends then: its reader comes back by itself and is asked anew what it may see."""
_UNKEPT: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}


def feed_of(request: HTTPConnection, site: Site, mark: str = "") -> Feed | None:
    """Return what whoever asks may hear of drives while they go on; None where that is nothing.

    An account of an office hears of the sections of its municipalities; of one that lies in no known municipality
    whoever has the whole territory. Where the body shows drives to everybody, everybody hears all.
    """
    from contado.engines.pavement.live.feed import Feed

    scope = principal(request).scope
    if site.settings().pavement.live_access == "public":
        return Feed(site.view.path, mark)
    if not scope.may("live.read"):
        return None
    sections = None if scope.everywhere else _sections(site, scope.units)
    return Feed(site.view.path, mark, sections)


def _sections(site: Site, units: frozenset[str]) -> frozenset[str]:
    """Return the sections of some municipalities."""

    def of_all() -> dict[str, str | None]:
        table = site.view.whole.read("pavement_lrs_section")
        return dict(zip(table["section_id"].to_pylist(), site.view.units(table).to_pylist(), strict=True))

    return frozenset(s for s, unit in site.cached("section_units", of_all).items() if unit in units)


async def answer(request: Request, site: Site) -> Response:
    """Return a stream where the client takes one, else what is new since its mark.

    Raises
    ------
    SignInNeeded, NotAllowed
        Drives are shown to offices only.
    """
    mark = request.headers.get("last-event-id") or request.query_params.get("after", "")
    await run_in_threadpool(site.refresh)
    feed = await run_in_threadpool(feed_of, request, site, mark)
    if feed is None:
        require(request, "live.read")
    assert feed is not None  # or it was refused
    if "text/event-stream" in request.headers.get("accept", ""):
        stream = _stream(request, feed)
        return StreamingResponse(stream, media_type="text/event-stream", headers=_UNKEPT)
    news = await run_in_threadpool(feed.read)
    body = msgspec.json.encode({"events": news, "after": feed.mark})
    return Response(body, media_type="application/json", headers=_UNKEPT)


async def _stream(request: Request, feed: Feed) -> AsyncIterator[bytes]:
    """Yield events as they come, and a sign of life where none does."""
    yield b"retry: 100\n\n"
    begun = told = time.monotonic()
    while not ending.is_set() and not await request.is_disconnected():
        news = await run_in_threadpool(feed.read)
        for left, event in zip(range(len(news) - 1, -1, -1), news, strict=True):
            known = b"" if left else b"id: " + feed.mark.encode() + b"\n"  # a mark stands after all it holds
            yield known + b"data: " + msgspec.json.encode(event) + b"\n\n"
        now = time.monotonic()
        if now - begun > _LONGEST_S:
            return
        if news:
            told = now
        elif now - told > _ALIVE_S:
            yield b": alive\n\n"
            told = now
        await asyncio.sleep(_LOOK_S)
