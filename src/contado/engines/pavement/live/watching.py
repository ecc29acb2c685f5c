"""Pairs of files that appear in a folder: taken when they are complete and unchanged, then loaded.

Nobody's file is deleted unasked. Whoever asks for it has the files of drives that are in the workspace deleted, at once
or when the retention day of the drive has passed.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from contado.engines.pavement.ingest import load, privacy
from contado.engines.pavement.live.feed import FOLDER
from contado.engines.pavement.live.room import Room
from contado.engines.pavement.live.tries import Failed
from contado.engines.pavement.telemetry.columns import formats
from contado.engines.pavement.telemetry.group import grouped, listed
from contado.engines.pavement.telemetry.read import read_drives
from contado.kernel.dates import local
from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from contado.engines.pavement.telemetry.columns import Format
    from contado.engines.pavement.telemetry.drive import Drive, DriveSet, Rejected
    from contado.engines.pavement.telemetry.group import Group
    from contado.kernel.labels import Label
    from contado.kernel.workspace import Workspace

__all__ = ["Arrived", "Delete", "Watcher"]

Delete = Literal["never", "outlived", "loaded"]
"""When the files of a drive that is in the workspace are deleted from the folder."""

State = Literal["loaded", "unchanged", "rejected", "incomplete", "failed"]
Stamp = tuple[tuple[str, int, int], ...]
_LABEL: Final = "estimated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What became of one drive; ``anomalies`` and ``states_changed`` (of cells too) are those of the run that took it.

    ``deleted`` is the number of its files that were deleted from the folder.
    """

    drive: str
    state: State
    label: Label
    drive_id: str | None = None
    cells: int = 0
    anomalies: int = 0
    states_changed: int = 0
    rule: str | None = None
    message: str | None = None
    findings: tuple[Finding, ...] = ()
    deleted: int = 0


class _Came(NamedTuple):
    """Files of a drive as they were read."""

    read: DriveSet
    group: Group
    stamp: Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """Files of a drive that is in the workspace, as they were when it was taken."""

    group: Group
    stamp: Stamp
    drive_id: str
    until: date
    label: Label


@dataclass(kw_only=True)
class Watcher:
    """Looks at a folder and the folders in it; each look takes what has not changed since the look before.

    Attributes
    ----------
    columns
        Further column maps.
    delete
        When files are deleted from the folder.
    accept
        Raises where a drive is to be rejected for what was noticed in it; then each drive is loaded by itself.
    """

    workspace: Workspace
    folder: Path
    columns: Path | None = None
    delete: Delete = "never"
    accept: Callable[[Sequence[Finding]], object] | None = None
    _seen: dict[str, Stamp] = field(default_factory=dict)
    _done: dict[str, Stamp] = field(default_factory=dict)
    _held: list[_Held] = field(default_factory=list)

    def look(self, on: date) -> list[Arrived]:
        """Take the drives that are complete and unchanged, and those of the live room that have ended."""
        ready = {}
        before, self._seen = self._seen, {}
        for key, group in self._groups():
            if (stamp := _stamp(group)) is None:  # renamed since it was listed: the next look finds it
                continue
            self._seen[key] = stamp
            if before.get(key) == stamp and self._done.get(key) != stamp and not self._lacks(group):
                ready[key] = group
                self._done[key] = stamp
        return [*(self._loaded(ready, on) if ready else []), *self._outlived(), *self._ended()]

    def incomplete(self) -> list[Arrived]:
        """Return the drives of which a file is missing."""
        return [
            Arrived(
                drive=group.name, state="incomplete", label=_LABEL, rule="pair_incomplete",
                message=f"{group.name} waits for its {lacks} file.",
            )
            for _, group in self._groups() if (lacks := self._lacks(group))
        ]  # fmt: skip

    def _groups(self) -> list[tuple[str, Group]]:
        """Return the drives of the folder and of the folders in it, each with a key of its own."""
        places = [self.folder, *sorted(p for p in self.folder.rglob("*") if p.is_dir())]
        known = self._formats()
        found = []
        for place in places:
            try:
                groups, _ = grouped(listed(place), known)
            except (DataError, FileNotFoundError):
                if place == self.folder:
                    raise
                continue  # a folder inside has gone since it was listed
            found += [(f"{place.relative_to(self.folder)}/{g.format}/{g.name}", g) for g in groups]
        return found

    def _formats(self) -> dict[str, Format]:
        return formats(self.columns)

    def _lacks(self, group: Group) -> str:
        """Return the kind of a file that is missing, empty where the drive is whole."""
        if group.format is None:
            return ""
        parts = self._formats()[group.format].part
        return next((p.kind for p in parts if not p.optional and p.kind not in group.files), "")

    def _read(self, key: str, group: Group) -> DriveSet | DataError | None:
        """Return a drive, or why it cannot be used; None where its files have changed meanwhile: another look."""
        try:
            return read_drives(next(iter(group.files.values())), self.columns)
        except (DataError, FileNotFoundError) as error:
            if isinstance(error, DataError) and _stamp(group) == self._done[key]:
                return error
            del self._done[key]
            return None

    def _loaded(self, groups: Mapping[str, Group], on: date) -> list[Arrived]:
        """Load drives together, as `contado pavement load` does a folder."""
        arrived: list[Arrived] = []
        came: list[_Came] = []
        for key, group in groups.items():
            found = self._read(key, group)
            if isinstance(found, DataError):
                arrived.append(_rejected(group.name, found.rule, found.message, _LABEL))
            elif found is not None:
                came.append(_Came(found, group, self._done[key]))
        runs = [came] if self.accept is None else [[one] for one in came]
        return [*arrived, *(line for run in runs if run for line in self._run(run, on))]

    def _run(self, run: Sequence[_Came], on: date) -> list[Arrived]:
        """Load the drives of one run, or reject them for what is noticed in them."""
        prepared = load.prepare(self.workspace, [one.read for one in run])
        if (refusal := self._refusal(run, prepared)) is not None:
            return [_rejected(one.group.name, refusal.rule, refusal.message, one.read.label) for one in run]
        loaded = load.put(self.workspace, prepared, on=on)
        arrived: list[Arrived] = []
        rows = {r["drive_id"]: r for r in self.workspace.read("pavement_drive").to_pylist()}
        refused = {r.sha256: r for r in loaded.rejected}
        told_of: set[str] = set()
        came = [(drive, group, stamp) for read, group, stamp in run for drive in read.drives]
        for drive, group, stamp in came:
            one = _arrived(drive, refused, rows, loaded, told_of)
            told_of.add(drive.sha256)
            if one.drive_id is not None:
                until = rows[one.drive_id]["retention_until"]
                held = _Held(group=group, stamp=stamp, drive_id=one.drive_id, until=until, label=one.label)
                one = self._kept_or_not(one, held)
            arrived.append(one)
        told = {f for drive, *_ in came for f in drive.findings}
        of_run = tuple(f for f in loaded.findings if f not in told)
        arrived[-1] = dataclasses.replace(arrived[-1], findings=(*arrived[-1].findings, *of_run))
        return arrived

    def _refusal(self, run: Sequence[_Came], prepared: load.Prepared) -> DataError | None:
        """Return why the drives of a run shall not be loaded; a drive that is rejected anyway says so itself."""
        if self.accept is None or prepared.rejected:
            return None
        settings, today = self.workspace.settings, self._today()
        untils = [(o.group, privacy.retention_until(d, settings)) for o in run for d in o.read.drives]
        stay = self.delete == "never"
        try:
            self.accept([*prepared.findings, *(_outlived(*one) for one in untils if stay and one[1] < today)])
        except DataError as error:
            return error
        return None

    def _today(self) -> date:
        return local.today(self.workspace.settings.territory.timezone)

    def _kept_or_not(self, one: Arrived, held: _Held) -> Arrived:
        """Delete the files of a drive where that was asked for; say so where they have outlived their day."""
        past = held.until < self._today()
        if self.delete == "loaded" or (past and self.delete == "outlived"):
            return self._deleted(one, held)
        if self.delete == "outlived":
            self._held.append(held)
        elif past:
            return dataclasses.replace(one, findings=(*one.findings, _outlived(held.group, held.until)))
        return one

    def _outlived(self) -> list[Arrived]:
        """Delete the files that were held and have outlived their day meanwhile."""
        today = self._today()
        past = [held for held in self._held if held.until < today]
        self._held = [held for held in self._held if held.until >= today]
        return [
            self._deleted(
                Arrived(drive=held.group.name, state="unchanged", label=held.label, drive_id=held.drive_id),
                held,
            )
            for held in past
        ]

    def _deleted(self, one: Arrived, held: _Held) -> Arrived:
        """Delete the files of a drive, unless they have changed since it was taken; the audit chain says so."""
        from contado.kernel import records
        from contado.kernel.records import audit

        files = sorted(held.group.files.values())
        if any(not file.is_file() for file in files) or _stamp(held.group) != held.stamp:
            return one
        size = sum(size for _, size, _ in held.stamp)
        for file in files:
            file.unlink(missing_ok=True)
        scope = records.Scope.system("pavement.watch")
        with records.open_store(self.workspace) as store, store.writing(scope) as session:
            counts = {"files": len(files), "bytes": size}
            audit.append(session, "retention.applied", f"drive:{held.drive_id}", counts)
        finding = Finding(
            severity="note",
            rule="files_deleted",
            message=f"{', '.join(file.name for file in files)} ({size} bytes) deleted from the watched folder; "
            f"drive {held.drive_id} is in the workspace.",
            action="dropped",
        )
        return dataclasses.replace(one, deleted=len(files), findings=(*one.findings, finding))

    def _ended(self) -> list[Arrived]:
        """Finish the drives of the live room that have ended."""
        room = Room(self.workspace)
        return [_finished(done) for done in room.finish()] if room.due() else []


def _outlived(group: Group, until: date) -> Finding:
    return Finding(
        severity="warning",
        rule="files_outlived",
        message=f"The files of {group.name} are in the folder beyond their retention day, {until}.",
        hint="delete them, or give --delete outlived",
        action="kept",
    )


def _finished(done: load.Loaded | Failed) -> Arrived:
    if isinstance(done, Failed):
        return Arrived(
            drive=FOLDER, state="failed", label=_LABEL, rule=done.rule, message=done.message,
            findings=(done.finding,),
        )  # fmt: skip
    if done.rejected:
        return _rejected(FOLDER, done.rejected[0].rule, done.rejected[0].message, done.label)
    return Arrived(
        drive=FOLDER,
        state="loaded" if done.loaded else "unchanged",
        label=done.label,
        cells=done.cells,
        anomalies=done.anomalies,
        states_changed=done.states_changed,
        findings=done.findings,
    )


def _arrived(
    drive: Drive,
    refused: Mapping[str | None, Rejected],
    rows: dict[str, dict[str, Any]],
    loaded: load.Loaded,
    told_of: Container[str],
) -> Arrived:
    """Say what became of a drive; ``refused`` by the hash of a drive's content, which a file's name does not tell.

    The second copy of one that was ``told_of`` is unchanged.
    """
    if (lost := refused.get(drive.sha256)) is not None:
        return _rejected(drive.name, lost.rule, lost.message, drive.label)
    drive_id = loaded.ids[drive.sha256]
    fresh = drive_id in loaded.written and drive.sha256 not in told_of
    return Arrived(
        drive=drive.name,
        state="loaded" if fresh else "unchanged",
        label=drive.label,
        drive_id=drive_id,
        cells=rows[drive_id]["cells"] or 0,
        anomalies=loaded.anomalies,
        states_changed=loaded.states_changed,
        findings=drive.findings,
    )


def _rejected(drive: str, rule: str, message: str, label: Label) -> Arrived:
    return Arrived(drive=drive, state="rejected", label=label, rule=rule, message=message)


def _stamp(group: Group) -> Stamp | None:
    """Return what changes with the files of a drive; None where one of them is not there any more."""
    try:
        stats = [(path.name, path.stat()) for path in sorted(group.files.values())]
    except FileNotFoundError:
        return None
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)
