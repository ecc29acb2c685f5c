"""contado pavement watch."""

from __future__ import annotations

import signal
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from contado.kernel.dates import today
from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.errors import UsageError
from contado.verbs.pavement._dialect import accepted, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contado.engines.pavement.live.watching import Arrived, Watcher

_LOOK_S = 1.0
"""Time between two looks: a file that grows changes within it."""


class WatchRequest(Request, frozen=True, kw_only=True):
    """A folder into which drives are written."""

    folder: Annotated[Path, argument("folder to watch; those in it too")]
    once: Annotated[bool, option("take what is there now, then end")] = False
    columns: Annotated[Path | None, option("column maps of further logs (TOML)")] = None
    delete: Annotated[
        Literal["never", "outlived", "loaded"],
        option(
            "when files of drives that are in the workspace are deleted: past their retention day, or at once"
        ),
    ] = "never"


class WatchAnswer(LabelledAnswer, kw_only=True):
    """One drive, on a line of its own.

    ``anomalies`` known and ``states_changed`` after the run that took it; a drive of the live room is
    called ``live``. ``incomplete`` is told with ``once`` only, ``failed`` of a live drive whose batch run is tried
    again. ``deleted`` files of the drive were deleted from the folder.
    """

    drive: str
    state: Literal["loaded", "unchanged", "rejected", "incomplete", "failed"]
    drive_id: str | None
    cells: int
    anomalies: int
    states_changed: int
    rule: str | None
    message: str | None
    deleted: int


def _run(request: WatchRequest, context: Context) -> WatchAnswer:
    stop = _on_sigterm()
    from contado.engines.pavement.live.watching import Arrived, Watcher
    from contado.kernel.workspace import Workspace

    assert context.workspace is not None
    if not request.folder.is_dir():
        raise UsageError(
            f"There is no folder {request.folder.name}.",
            rule="file_not_found",
            hint="create it, then watch it",
            field="folder",
        )
    workspace = Workspace.open(context.workspace)
    watcher = Watcher(
        workspace=workspace,
        folder=request.folder,
        columns=request.columns,
        delete=request.delete,
        accept=partial(accepted, context) if context.strict else None,
    )
    answer = _line(Arrived(drive="", state="unchanged", label="estimated"))
    for arrived in _drives(watcher, stop, once=request.once):
        answer = _line(arrived)
        if context.announce is not None:
            context.announce(answer)
    return answer


def _on_sigterm() -> threading.Event:
    """Return what SIGTERM sets; a look under way is finished first."""
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
    return stop


def _drives(watcher: Watcher, stop: threading.Event, *, once: bool) -> Iterator[Arrived]:
    watcher.look(today())
    while not stop.wait(_LOOK_S):
        yield from watcher.look(today())
        if once:
            yield from watcher.incomplete()
            return


def _line(arrived: Arrived) -> WatchAnswer:
    return WatchAnswer(
        label=arrived.label,
        findings=named(arrived.findings),
        drive=arrived.drive,
        state=arrived.state,
        drive_id=arrived.drive_id,
        cells=arrived.cells,
        anomalies=arrived.anomalies,
        states_changed=arrived.states_changed,
        rule=arrived.rule,
        message=arrived.message,
        deleted=arrived.deleted,
    )


VERB = Verb(
    name="pavement watch",
    help="Bring drives into the workspace as their files appear",
    request=WatchRequest,
    answer=WatchAnswer,
    run=_run,
    extra="roads",
    needs=("numba",),
    workspace=True,
    lines=True,
    examples=(
        "contado pavement watch incoming -w milano",
        "contado pavement watch incoming --once -w milano",
        "contado pavement watch incoming --delete outlived -w milano",
    ),
)
