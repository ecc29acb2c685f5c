"""The room of the drives that go on: folder ``live/`` of a workspace, shared by all processes that serve it.

::

    live/DRIVE.lock         one writer at a time
    live/DRIVE/drive.json   device, pseudonym of the car, label
    live/DRIVE/chunks/      the messages, checked and without what lies in a privacy zone
    live/DRIVE/journal      one line a message in the order of arrival
    live/DRIVE/events       one line for each message that was worked off: what it changed
    live/DRIVE/ended        the drive has ended; ``done`` beside it: the batch run has replaced it
    live/DRIVE/tries        batch runs that were begun, and how those failed that did (`tries`)

What a process keeps in memory is made from these files, so any other can go on where it stopped. The kernels
are imported where a message is worked off, not where one is kept: that needs none of them.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from contado.engines.pavement.ingest import identity, privacy
from contado.engines.pavement.live import chunk as chunks
from contado.engines.pavement.live import files, tries
from contado.engines.pavement.live.device import Device
from contado.engines.pavement.live.feed import FOLDER
from contado.kernel.dates import local
from contado.kernel.errors import ContadoError, Finding, Locked, UsageError
from contado.kernel.identifiers import keyed_hash
from contado.kernel.workspace import Workspace, held
from contado.kernel.workspace.layout import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contado.engines.pavement.ingest.load import Loaded
    from contado.engines.pavement.live.running import RunningPass, Streets
    from contado.engines.pavement.live.tries import Failed

__all__ = ["Room", "Taken", "finish_due", "give_way"]

KEPT_S: Final = 86_400.0
"""How long the answer to a repeated message is known after a drive was replaced [s]."""
_DUE: Final = frozenset({"ended", "silent", "old"})
"""States of drives of which something is to be done."""
_MOST_WAITING: Final = 600
_MOST_RUNNING: Final = 64
_NICE: Final = 10
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message.

    ``state``: taken, waits (an earlier one is missing), unchanged (it was there already). ``applied`` =
    number of the last message that was worked off; cells and anomalies are those that changed.
    """

    state: Literal["taken", "waits", "unchanged"]
    chunk: int
    applied: int
    cells: int = 0
    anomalies: int = 0
    findings: list[Finding] = []


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal."""

    n: int
    key: str
    sha256: str
    last: bool
    rows: str = "0"
    """Identity of its rows, before any was dropped."""


@dataclass(kw_only=True)
class _Drive:
    """One drive as this process knows it."""

    path: Path
    device: Device
    lines: dict[int, _Line] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    read_bytes: int = 0
    applied: int = 0
    told: int = 0
    """Message whose event was written last, in a file of `events_bytes`."""
    events_bytes: int = 0
    running: RunningPass | None = None

    @property
    def reached(self) -> int:
        """Last message that was worked off, by whichever process."""
        return max(self.applied, self.told)

    @property
    def last(self) -> int | None:
        return next((line.n for line in self.lines.values() if line.last), None)


class Room:
    """Takes the messages of drives; see the module.

    Parameters
    ----------
    workspace
        With a street network and sections.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.path = workspace.path / FOLDER
        self._drives: dict[str, _Drive] = {}
        self._lock = threading.RLock()
        self._streets: tuple[files.Stamp, files.Stamp, Streets] | None = None
        self._zones: tuple[files.Stamp, Any] | None = None

    # ------------------------------------------------------------ messages
    def take(
        self,
        device: Device,
        drive: str,
        number: int,
        content: bytes,
        *,
        kind: str,
        key: str,
        last: bool,
        later: bool = False,
    ) -> Taken:
        """Take one message of a drive: check it, keep it without what is private, work off what is in order.

        Parameters
        ----------
        drive
            Name that the device gave the drive.
        number
            Number of the message within the drive, from 1.
        content
            CSV or Parquet (see `contado.engines.pavement.live.chunk`).
        kind
            csv or parquet.
        key
            What the device calls this message; the same key is the same message.
        last
            Whether the drive ends with it.
        later
            Whether it is only kept, for `work_off` or a later message to work off.

        Raises
        ------
        UsageError
            ``bad_value`` (name or number), ``key_reused`` (the key or number stands for another message),
            ``drive_ended``, ``too_many_waiting``.
        DataError
            The message cannot be read; nothing of it was kept.
        """
        _check(drive, number)
        parsed = chunks.parse(content, f"chunk {number}.{kind}")
        name = keyed_hash(self.workspace.settings.workspace.key, f"{device.device_id}\n{drive}")
        line = _Line(n=number, key=files.digest(key.encode()), sha256=files.digest(content), last=last)
        with self._alone(name):
            state = self._open(name, device)
            if not later:
                self._go_on(state)
            if self._repeats(state, line):
                return Taken(state="unchanged", chunk=number, applied=state.reached)
            if (state.path / "ended").exists():
                raise _refused("drive_ended", f"Drive {drive!r} has ended.", "begin another drive", "drive")
            findings = self._keep(state, line, parsed)
            self._catch_up(state)
            events = [] if later else self._work_off(state)
        done = number <= state.reached
        return Taken(
            state="taken" if done else "waits",
            chunk=number,
            applied=state.reached,
            cells=sum(len(e["cells"]) for e in events),
            anomalies=sum(len(e["anomalies"]) for e in events),
            findings=findings,
        )

    def _keep(self, state: _Drive, line: _Line, parsed: chunks.Chunk) -> list[Finding]:
        """Keep what of a message is not private; the first one that is kept makes the drive's folder."""
        part, key = parsed.measured(), self.workspace.settings.workspace.key
        rows = identity.of_rows(key, part.t_s, part.acc, part.fix_t_s, part.lon, part.lat)
        kept = parsed.outside(self.zones())
        if not (state.path / "drive.json").exists():
            (state.path / "chunks").mkdir(parents=True, exist_ok=True)
            files.write(state.path / "drive.json", msgspec.json.encode(state.device))
        files.write(state.path / "chunks" / f"{line.n:06d}.parquet", kept.content())
        files.append(state.path / "journal", msgspec.json.encode(msgspec.structs.replace(line, rows=rows)))
        return list(part.findings)

    @contextlib.contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Let one thread of one process at a time work on a drive."""
        wait_s = self.workspace.settings.workspace.lock_wait_s
        with held(self.workspace.path, f"{FOLDER}/{name}", wait_s=wait_s, findings=[]):
            yield

    def _open(self, name: str, device: Device) -> _Drive:
        """Return what is known of a drive, brought up to its journal."""
        with self._lock:
            state = self._drives.get(name)
            if state is None or not state.path.is_dir():
                while len(self._drives) >= _MOST_RUNNING:
                    self._drives.pop(next(iter(self._drives)))
                state = self._drives[name] = _Drive(path=self.path / name, device=device)
        self._catch_up(state)
        return state

    def _go_on(self, state: _Drive) -> None:
        """Bring a drive up to what other processes have worked off, or kept."""
        if (state.path / "ended").exists():
            state.applied = state.told
        else:
            self._work_off(state)

    def work_off(self) -> None:
        """Work off what was only kept, of every drive; what is wrong is told to who sends the next message."""
        for path in self._folders():
            if (path / "ended").exists() or not (path / "journal").exists():
                continue
            with contextlib.suppress(ContadoError), self._alone(path.name):
                device = msgspec.json.decode((path / "drive.json").read_bytes(), type=Device)
                state = self._open(path.name, device)
                if state.told + 1 in state.lines:
                    self._go_on(state)

    @staticmethod
    def _repeats(state: _Drive, line: _Line) -> bool:
        """Whether a message is there already.

        Raises
        ------
        UsageError
            Its key or its number stands for another message.
        """
        before = state.lines.get(line.n)
        if state.keys.get(line.key, line.n) != line.n or (before and before.sha256 != line.sha256):
            raise _refused(
                "key_reused",
                f"Message {line.n} or its key was sent before with other content.",
                "give every message a number and a key of its own",
                "chunk",
            )
        waiting = len(state.lines) - state.reached
        if before is None and (waiting >= _MOST_WAITING or line.n > state.reached + _MOST_WAITING):
            raise _refused(
                "too_many_waiting",
                f"Message {line.n} is too far ahead of {state.reached}.",
                "send the missing messages first",
                "chunk",
            )
        return before is not None

    def _catch_up(self, state: _Drive) -> None:
        """Read what was added to the journal and to the events, by whichever process."""
        journal = state.path / "journal"
        if journal.exists():
            with journal.open("rb") as file:
                file.seek(state.read_bytes)
                news = file.read()
            whole = news[: news.rfind(b"\n") + 1]
            state.read_bytes += len(whole)
            for text in whole.splitlines():
                with contextlib.suppress(msgspec.DecodeError):  # cut by a crash: the device sends it again
                    line = msgspec.json.decode(text, type=_Line)
                    state.lines[line.n], state.keys[line.key] = line, line.n
        events = state.path / "events"
        if events.exists() and events.stat().st_size != state.events_bytes:
            state.told = max(state.told, files.last_told(events))
            state.events_bytes = events.stat().st_size

    def _work_off(self, state: _Drive) -> list[dict[str, Any]]:
        """Apply the messages that are in order; write the events of those that no process has told of."""
        from contado.engines.pavement.live.running import RunningPass

        events = []
        while state.applied + 1 in state.lines:
            number = state.applied + 1
            if state.running is None:
                state.running = RunningPass(self.streets(), state.device.vehicle_id, state.device.label)
            part = chunks.Chunk.load(state.path / "chunks" / f"{number:06d}.parquet")
            update = state.running.advance(part.measured())
            state.applied = number
            if number > state.told:
                event = {
                    "drive": state.path.name,
                    "chunk": number,
                    "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                    "state": "running",
                    "cells": update.cells,
                    "anomalies": update.anomalies,
                    "gone": update.gone,
                    "unmatched": update.unmatched,
                }
                files.append(state.path / "events", msgspec.json.encode(event))
                events.append(event)
                state.told = number
                state.events_bytes = (state.path / "events").stat().st_size
        if state.last is not None and state.applied >= state.last:
            self._end(state.path)
        return events

    def streets(self) -> Streets:
        """Return network, sections, cars, settings and condition classes: what of them has changed is read again.

        The network, which takes long, only when its own tables or the settings have changed.
        """
        from contado.engines.pavement.live.running import Streets

        with self._lock:
            roads = self._stamp("road_link", "pavement_lrs_section")
            cars = (*self._stamp("pavement_vehicle"), self._today())
            if self._streets is None or self._streets[0] != roads:
                self.workspace = Workspace.open(self.workspace.path)  # its settings may be others now
                self._streets = (roads, cars, Streets.of(self.workspace))
            elif self._streets[1] != cars:
                self._streets = (roads, cars, self._streets[2].updated(self.workspace))
            return self._streets[2]

    def _stamp(self, *names: str) -> files.Stamp:
        """Return what changes with the settings or one of some tables."""
        tables = [file for name in names for file in self.workspace.files_of(name)]
        return files.stamp([self.workspace.path / SETTINGS, *tables])

    def _today(self) -> int:
        return local.today(self.workspace.settings.territory.timezone).toordinal()

    def warm(self) -> None:
        """Read what messages need of the workspace, where it knows roads, so that the first one does not wait."""
        self.zones()
        with contextlib.suppress(ContadoError):  # told to whoever sends a message
            self.streets()

    def zones(self) -> Any:
        """Return the privacy zones, read again when their layer has changed."""
        stamp = files.stamp([self.workspace.path / "layers" / f"{privacy.LAYER}.parquet"])
        with self._lock:
            if self._zones is None or self._zones[0] != stamp:
                self._zones = (stamp, privacy.zones(self.workspace))
            return self._zones[1]

    # ------------------------------------------------------------ the end
    def _end(self, path: Path) -> None:
        """Mark a drive as ended and forget it."""
        with self._lock:
            self._drives.pop(path.name, None)
        if not (path / "ended").exists():
            files.write(path / "ended", b"")

    def due(self) -> bool:
        """Whether a drive waits for its batch run, or was silent for so long that it counts as ended."""
        return any(self._state_of(path) in _DUE for path in self._folders())

    def _folders(self) -> list[Path]:
        return sorted(p for p in self.path.glob("*") if p.is_dir())

    def _state_of(self, path: Path) -> Literal["running", "silent", "ended", "waits", "done", "old"]:
        if (done := path / "done").exists():
            return "old" if files.age_s(done) > KEPT_S else "done"
        if tries.waits(path):
            return "waits"
        if (path / "ended").exists():
            return "ended"
        if files.silence_s(path) <= self.workspace.settings.pavement.live_silent_s:
            return "running"
        return "silent" if (path / "journal").exists() else "old"  # nothing was ever taken

    def finish(self) -> list[Loaded | Failed]:
        """Replace every drive that has ended by its batch run, the same as `contado pavement load`.

        One whose run fails keeps its messages, is told and waits for the next try; the others have their turn.
        """
        due = [path for path in self._folders() if self._state_of(path) in _DUE]
        return [done for path in due if (done := self._finished(path)) is not None]

    def _finished(self, path: Path) -> Loaded | Failed | None:
        """Replace a drive, or forget an old one; None where there is nothing to tell, or another process has it."""
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(self._alone(path.name))
            except Locked:
                return None
            state = self._state_of(path)  # another process may have been quicker
            if state == "old":
                shutil.rmtree(path, ignore_errors=True)
            elif state in _DUE:
                tries.begin(path)
                try:
                    return self._replaced(path)
                except Exception as error:  # noqa: BLE001 - whatever it was, the other drives must not wait for it
                    return tries.failed(path, error)
        return None

    def _replaced(self, path: Path) -> Loaded:
        """Replace a drive by its batch run."""
        from contado.engines.pavement.live.replacing import replace

        device = msgspec.json.decode((path / "drive.json").read_bytes(), type=Device)
        lines = self._open(path.name, device).lines.values()
        self._end(path)
        return replace(self.workspace, path, device, identity.joined(line.rows for line in lines))


def finish_due(path: str) -> None:
    """Open the workspace at a path and finish what is due: the work of a child process that gives way to others."""
    give_way()
    Room(Workspace.open(path)).finish()


def give_way() -> None:
    """Let other processes go first from now on, where the system knows priorities."""
    if hasattr(os, "nice"):
        os.nice(_NICE)


def _check(drive: str, number: int) -> None:
    if not _NAME.fullmatch(drive):
        raise _refused(
            "bad_value", f"{drive[:64]!r} cannot name a drive.", "letters, digits, _ . : -", "drive"
        )
    if number < 1:
        raise _refused("bad_value", f"A message has no number {number}.", "count from 1", "chunk")


def _refused(rule: str, message: str, hint: str, name: str) -> UsageError:
    return UsageError(message, rule=rule, hint=hint, field=name)
