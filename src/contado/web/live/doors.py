"""The addresses: a device sends a message of its drive, a page or program hears what drives tell."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from contado.kernel.errors import ContadoError, ExtraMissing
from contado.kernel.records import devices
from contado.kernel.records.scopes import local_administrator
from contado.kernel.records.store import existing
from contado.web.live import events
from contado.web.live.finishing import Finishing
from contado.web.live.warming import Warming, installed
from contado.web.ogc.problems import BadParameter, Problem, of_error, response
from contado.web.security import SignInNeeded

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from fastapi import FastAPI
    from starlette.requests import Request

    from contado.engines.pavement.live.room import Room
    from contado.kernel.records.devices import KnownDevice
    from contado.web.live.warming import State
    from contado.web.site import Site

__all__ = ["register"]

_PARAMETERS: Final = frozenset({"drive", "chunk", "last"})
_PARQUET: Final = b"PAR1"
_STATUS: Final = {"drive_ended": 409, "too_many_waiting": 409, "extra_missing": 503}


class _Desk:
    """What takes the messages of one application."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.finishing = Finishing(site.view.path)
        self.warming = Warming(self.room, self.finishing.start, self.knows_devices)
        self._lock = threading.Lock()
        self._room: Room | None = None

    def knows_devices(self) -> bool:
        """Whether a device may send messages."""
        try:
            store = existing(self.site.view.whole)
        except ContadoError:  # the health page tells of records that cannot be opened
            return False
        if store is None:
            return False
        with store, store.reading(local_administrator()) as session:
            return any(device.revoked_at is None for device in devices.listed(session))

    def room(self) -> Room:
        """Return the live room, opened on the first message.

        Raises
        ------
        ExtraMissing
            The extra ``roads`` is not installed.
        """
        if not installed():
            raise ExtraMissing.from_extra("ingest", "roads", "numba")
        from contado.engines.pavement.live.room import Room
        from contado.kernel.workspace import Workspace

        with self._lock:
            if self._room is None:
                self._room = Room(Workspace.open(self.site.view.path))
            return self._room


def register(app: FastAPI, site: Site, *, ending: ExitStack, warm: bool = False) -> Callable[[], State]:
    """Add both addresses; ``warm`` gets the live engine ready for the first device, until the ``ending``.

    Return what says how ready it is.
    """
    desk = _Desk(site)
    if warm:
        desk.warming.start()
        ending.callback(desk.warming.stop)

    async def ingest(request: Request) -> Response:
        content = b""
        most = site.settings().pavement.live_max_bytes
        async for part in request.stream():
            content += part
            if len(content) > most:
                hint = f"at most {most} bytes a message"
                return response(Problem(413, "The message is too large.", rule="too_large", hint=hint))
        return await run_in_threadpool(_answered, desk, request, content)

    async def hear(request: Request) -> Response:
        return await events.answer(request, site)

    app.add_route("/ingest/pavement/{device}", ingest, methods=["POST"])
    app.add_route("/events/pavement", hear, methods=["GET"])
    return lambda: desk.warming.state


def _answered(desk: _Desk, request: Request, content: bytes) -> Response:
    try:
        return _take(desk, request, content)
    except Problem as problem:
        return response(problem)
    except ContadoError as error:
        found = of_error(error)
        found.status = _STATUS.get(error.rule, found.status)
        return response(found)


def _take(desk: _Desk, request: Request, content: bytes) -> Response:
    """Take one message: who sends it, how often, then the live room."""
    device = _device(request)
    request.app.state.rates.check("device", device.device_id)
    asked = _asked(request)
    from contado.engines.pavement.live.device import Device

    room = desk.room()
    later = desk.warming.hurry()
    taken = room.take(
        Device(device_id=device.device_id, vehicle_id=device.subject, label=device.label),
        content=content,
        kind="parquet" if content.startswith(_PARQUET) else "csv",
        **asked,
        later=later,
    )
    if later and desk.warming.state != "warming":  # it has become warm meanwhile
        room.work_off()
    if not later and (asked["last"] or taken.applied == 1):
        desk.finishing.start(room)
    body = msgspec.json.encode(taken)
    return Response(body, 202 if taken.state == "waits" else 200, media_type="application/json")


def _device(request: Request) -> KnownDevice:
    """Return the device that a request's token belongs to.

    Raises
    ------
    SignInNeeded
        There is no token.
    Problem
        The device is unknown or revoked, or the token is another's: the answer is the same (403).
    """
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise SignInNeeded
    keeper = request.app.state.keeper
    with keeper.store.reading(keeper.scope) as session:
        found = devices.of_token(session, request.path_params["device"], token.strip())
    if found is None:
        raise Problem(
            403,
            "This device may not send, or the token is not its own.",
            rule="device_not_allowed",
            hint="contado pavement device-add gives a device its token",
        )
    return found


def _asked(request: Request) -> dict[str, Any]:
    """Return drive, number, key of the message, and whether the drive ends with it."""
    query = request.query_params
    if unknown := sorted(set(query) - _PARAMETERS):
        raise BadParameter(unknown[0], f"Unknown parameter {unknown[0]!r}.", "drive, chunk, last")
    number = query.get("chunk", "")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise BadParameter("chunk", "chunk is the number of the message, from 1.", "chunk=1")
    last = query.get("last", "false")
    if last not in {"true", "false"}:
        raise BadParameter("last", f"last is true or false, not {last!r}.", "last=true")
    key = request.headers.get("idempotency-key", "").strip()
    if not key:
        raise Problem(
            400,
            "The header Idempotency-Key is missing.",
            rule="idempotency_key_missing",
            hint="send a key of its own with each message, and the same one when it is sent again",
        )
    return {"drive": query.get("drive", ""), "number": int(number), "key": key, "last": last == "true"}
