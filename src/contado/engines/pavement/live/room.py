"""The room of the drives that go on: folder ``live/`` of a workspace, shared by all processes that serve it.

::

    live/DRIVE.lock         one writer at a time
    live/DRIVE/drive.json   device, pseudonym of the car, label
    live/DRIVE/chunks/      the messages, checked and without what lies in a privacy zone
    live/DRIVE/journal      one line a message in the order of arrival
    live/DRIVE/events       one line for each message that was worked off: what it changed
    live/DRIVE/ended        the drive has ended; ``done`` beside it: the batch run has replaced it

What a process keeps in memory is made from these files, so any other can go on where it stopped.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from contado.engines.pavement.ingest import load, privacy
from contado.engines.pavement.live import chunk as chunks
from contado.engines.pavement.live.feed import FOLDER
from contado.engines.pavement.live.running import RunningPass, Streets, rehearse
from contado.kernel.dates import local
from contado.kernel.errors import DataError, Finding, UsageError
from contado.kernel.identifiers import keyed_hash
from contado.kernel.workspace import Workspace, held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contado.kernel.labels import Label

__all__ = ["Device", "Room", "Taken", "finish_due"]

KEPT_S: Final = 86_400.0
"""How long the answer to a repeated message is known after a drive was replaced [s]."""
_MOST_WAITING: Final = 600
_MOST_RUNNING: Final = 64
Stamp = tuple[int, ...]
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """What sends: its name, the pseudonym of its car, how its data are born."""

    device_id: str
    vehicle_id: str
    label: Literal["estimated", "simulated"] = "estimated"


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
        self._streets: tuple[Stamp, Streets] | None = None
        self._zones: tuple[Stamp, Any] | None = None

    # ------------------------------------------------------------ messages
    def take(
        self, device: Device, drive: str, number: int, content: bytes, *, kind: str, key: str, last: bool
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

        Raises
        ------
        UsageError
            ``bad_value`` (name or number), ``key_reused`` (the key or number stands for another message),
            ``drive_ended``, ``too_many_waiting``.
        DataError
            The message cannot be read; nothing of it was kept.
        """
        _check(drive, number)
        name = keyed_hash(self.workspace.settings.workspace.key, f"{device.device_id}\n{drive}")
        line = _Line(n=number, key=_hash(key.encode()), sha256=_hash(content), last=last)
        with self._alone(name):
            state = self._open(name, device)
            if self._repeats(state, line):
                return Taken(state="unchanged", chunk=number, applied=state.applied)
            if (state.path / "ended").exists():
                raise _refused("drive_ended", f"Drive {drive!r} has ended.", "begin another drive", "drive")
            parsed = chunks.parse(content, f"chunk {number}.{kind}")
            findings = list(parsed.measured().findings)  # or it is refused before anything is kept
            kept = parsed.outside(self.zones())
            _write(state.path / "chunks" / f"{number:06d}.parquet", kept.content())
            _append(state.path / "journal", msgspec.json.encode(line))
            self._catch_up(state)
            events = self._work_off(state)
        done = number <= state.applied
        return Taken(
            state="taken" if done else "waits",
            chunk=number,
            applied=state.applied,
            cells=sum(len(e["cells"]) for e in events),
            anomalies=sum(len(e["anomalies"]) for e in events),
            findings=findings,
        )

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
        if not (state.path / "drive.json").exists():
            (state.path / "chunks").mkdir(parents=True, exist_ok=True)
            _write(state.path / "drive.json", msgspec.json.encode(device))
        self._catch_up(state)
        if (state.path / "ended").exists():
            state.applied = state.told
        else:
            self._work_off(state)
        return state

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
        waiting = len(state.lines) - state.applied
        if before is None and (waiting >= _MOST_WAITING or line.n > state.applied + _MOST_WAITING):
            raise _refused(
                "too_many_waiting",
                f"Message {line.n} is too far ahead of {state.applied}.",
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
            state.told = max(state.told, _last_told(events))
            state.events_bytes = events.stat().st_size

    def _work_off(self, state: _Drive) -> list[dict[str, Any]]:
        """Apply the messages that are in order; write the events of those that no process has told of."""
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
                _append(state.path / "events", msgspec.json.encode(event))
                events.append(event)
                state.told = number
                state.events_bytes = (state.path / "events").stat().st_size
        if state.last is not None and state.applied >= state.last:
            self._end(state.path)
        return events

    def streets(self) -> Streets:
        """Return network and sections, read again when their tables have changed."""
        tables = ("road_link", "pavement_lrs_section")
        stamp = _stamp([f for t in tables for f in self.workspace.files_of(t)])
        with self._lock:
            if self._streets is None or self._streets[0] != stamp:
                self._streets = (stamp, Streets.of(self.workspace))
            return self._streets[1]

    def warm(self) -> None:
        """Read and compile what messages need, so that the first one does not wait for it."""
        rehearse(self.streets())
        self.zones()

    def zones(self) -> Any:
        """Return the privacy zones, read again when their layer has changed."""
        stamp = _stamp([self.workspace.path / "layers" / f"{privacy.LAYER}.parquet"])
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
            _write(path / "ended", b"")

    def due(self) -> bool:
        """Whether a drive waits for its batch run, or was silent for so long that it counts as ended."""
        return any(self._state_of(path) in {"ended", "silent", "old"} for path in self._folders())

    def _folders(self) -> list[Path]:
        return sorted(p for p in self.path.glob("*") if p.is_dir())

    def _state_of(self, path: Path) -> Literal["running", "silent", "ended", "done", "old"]:
        if (done := path / "done").exists():
            return "old" if _age_s(done) > KEPT_S else "done"
        if (path / "ended").exists():
            return "ended"
        silent = _age_s(path / "journal") > self.workspace.settings.pavement.live_silent_s
        return "silent" if silent else "running"

    def finish(self) -> list[load.Loaded]:
        """Replace every drive that has ended by its batch run, the same as `contado pavement load`."""
        loaded = []
        for path in self._folders():
            state = self._state_of(path)
            if state == "old":
                shutil.rmtree(path, ignore_errors=True)
            elif state in {"ended", "silent"}:
                with self._alone(path.name):
                    if (path / "done").exists():
                        continue
                    self._end(path)
                    loaded.append(self._replace(path))
        return loaded

    def _replace(self, path: Path) -> load.Loaded:
        """Run the batch over one drive and forget what it told while it went on."""
        device = msgspec.json.decode((path / "drive.json").read_bytes(), type=Device)
        pair = path / "pair"
        outcome: dict[str, Any] = {"state": "loaded"}
        loaded = None
        try:
            sets = _pair(path, pair, device)
            on = local.today(self.workspace.settings.territory.timezone)
            loaded = load.load(self.workspace, sets, on=on, pseudonymous=True)
            if loaded.loaded:
                self._keep_signals(sets, pair)
            if loaded.rejected:
                outcome = {"state": "rejected", "rule": loaded.rejected[0].rule}
        except DataError as error:
            outcome = {"state": "rejected", "rule": error.rule}
        finally:
            shutil.rmtree(pair, ignore_errors=True)
        event = {"drive": path.name, "at": datetime.now(UTC).isoformat(timespec="milliseconds"), **outcome}
        _append(path / "events", msgspec.json.encode(event))
        _write(path / "done", b"")
        shutil.rmtree(path / "chunks", ignore_errors=True)
        return loaded or _nothing(device, outcome["rule"])

    def _keep_signals(self, sets: list[Any], pair: Path) -> None:
        """Keep the raw signal of a drive until its day."""
        settings = self.workspace.settings
        today = local.today(settings.territory.timezone)
        for drive in (d for s in sets for d in s.drives):
            until = privacy.retention_until(drive, settings)
            if until < today:
                continue
            folder = self.workspace.path / privacy.signals_folder(until)
            folder.mkdir(parents=True, exist_ok=True)
            name = keyed_hash(settings.workspace.key, drive.sha256)
            for file in pair.glob("*.parquet"):
                part = file.stem.rpartition("_")[2]
                file.replace(folder / f"{name}_{part}.parquet")


def finish_due(path: str) -> None:
    """Open the workspace at a path and finish what is due: the work of a child process."""
    Room(Workspace.open(path)).finish()


def _pair(path: Path, pair: Path, device: Device) -> list[Any]:
    """Write the messages of a drive, in their order, as the two files of a drive; read them back."""
    import pyarrow.parquet as pq

    parts = [chunks.Chunk.load(file) for file in sorted((path / "chunks").glob("*.parquet"))]
    if not parts:
        raise DataError("The drive holds no message.", rule="empty_file", hint="nothing to do")
    samples, fixes = chunks.joined(parts)
    pair.mkdir(exist_ok=True)
    name = f"{device.vehicle_id}_pass1"
    pq.write_table(samples, pair / f"{name}_acc.parquet")
    pq.write_table(fixes, pair / f"{name}_gnss.parquet")
    label: Label = device.label
    (pair / "meta.json").write_text(msgspec.json.encode({"label": label}).decode(), encoding="utf-8")
    return load.read_folders(pair)


def _nothing(device: Device, rule: str) -> load.Loaded:
    """Return the result of a drive of which nothing could be used."""
    from contado.engines.pavement.telemetry.drive import Rejected

    refused = Rejected(file=device.device_id, rule=rule, row=None, message="Nothing of it could be used.")
    return load.Loaded(
        drives=1, loaded=0, unchanged=0, rejected=(refused,), cells=0, anomalies=0, states_changed=0,
        label=device.label, findings=(), compute_s=0.0,
    )  # fmt: skip


def _check(drive: str, number: int) -> None:
    if not _NAME.fullmatch(drive):
        raise _refused(
            "bad_value", f"{drive[:64]!r} cannot name a drive.", "letters, digits, _ . : -", "drive"
        )
    if number < 1:
        raise _refused("bad_value", f"A message has no number {number}.", "count from 1", "chunk")


def _refused(rule: str, message: str, hint: str, name: str) -> UsageError:
    return UsageError(message, rule=rule, hint=hint, field=name)


def _stamp(files: list[Path]) -> Stamp:
    """Return what changes when a file is written."""
    return tuple(f.stat().st_mtime_ns if f.is_file() else 0 for f in files)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _age_s(file: Path) -> float:
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, durably."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _append(path: Path, line: bytes) -> None:
    """Append a line in one step, durably; a line cut by a crash is closed first."""
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else b"\n" + line
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _last_told(events: Path) -> int:
    """Return the number of the message whose event was written last, 0 without one."""
    try:
        with events.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - (1 << 20)))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return 0
    for text in reversed(lines):
        with contextlib.suppress(msgspec.DecodeError):
            return int(msgspec.json.decode(text).get("chunk", 0))
    return 0
