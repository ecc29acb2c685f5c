"""Pairs of files that appear in a folder: taken when they are complete and unchanged, then loaded."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from contado.engines.pavement.ingest import load
from contado.engines.pavement.live.feed import FOLDER
from contado.engines.pavement.live.room import Room
from contado.engines.pavement.telemetry.columns import formats
from contado.engines.pavement.telemetry.group import grouped, listed
from contado.engines.pavement.telemetry.read import read_drives
from contado.kernel.errors import DataError
from contado.kernel.identifiers import keyed_hash

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from contado.engines.pavement.telemetry.columns import Format
    from contado.engines.pavement.telemetry.drive import Drive, DriveSet, Rejected
    from contado.engines.pavement.telemetry.group import Group
    from contado.kernel.errors import Finding
    from contado.kernel.labels import Label
    from contado.kernel.workspace import Workspace

__all__ = ["Arrived", "Watcher"]

State = Literal["loaded", "unchanged", "rejected", "incomplete"]
Stamp = tuple[tuple[str, int, int], ...]
_LABEL: Final = "estimated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What became of one drive; ``anomalies`` and ``states_changed`` are those of the run that took it."""

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


@dataclass(kw_only=True)
class Watcher:
    """Looks at a folder and the folders in it; each look takes what has not changed since the look before.

    Attributes
    ----------
    columns
        Further column maps.
    """

    workspace: Workspace
    folder: Path
    columns: Path | None = None
    _seen: dict[str, Stamp] = field(default_factory=dict)
    _done: dict[str, Stamp] = field(default_factory=dict)

    def look(self, on: date) -> list[Arrived]:
        """Take the drives that are complete and unchanged, and those of the live room that have ended."""
        ready = []
        before, self._seen = self._seen, {}
        for key, group in self._groups():
            stamp = _stamp(group)
            self._seen[key] = stamp
            if before.get(key) == stamp and self._done.get(key) != stamp and not self._lacks(group):
                ready.append(group)
                self._done[key] = stamp
        return [*(self._loaded(ready, on) if ready else []), *self._ended()]

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
            groups, _ = grouped(listed(place), known)
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

    def _loaded(self, groups: Sequence[Group], on: date) -> list[Arrived]:
        """Load drives together, as `contado pavement load` does a folder."""
        sets: list[DriveSet] = []
        arrived: list[Arrived] = []
        for group in groups:
            try:
                sets.append(read_drives(next(iter(group.files.values())), self.columns))
            except DataError as error:
                arrived.append(_rejected(group.name, error.rule, error.message, _LABEL))
        if not sets:
            return arrived
        known = set(self.workspace.read("pavement_drive")["sha256"].to_pylist())
        loaded = load.load(self.workspace, sets, on=on)
        rows = {r["drive_id"]: r for r in self.workspace.read("pavement_drive").to_pylist()}
        key = self.workspace.settings.workspace.key
        refused = {r.file: r for r in loaded.rejected}
        drives = [d for s in sets for d in s.drives]
        for drive in drives:
            arrived.append(_arrived(drive, keyed_hash(key, drive.sha256), known, refused, rows, loaded))
            known.add(drive.sha256)
        told = {f for d in drives for f in d.findings}
        of_run = tuple(f for f in loaded.findings if f not in told)
        arrived[-1] = dataclasses.replace(arrived[-1], findings=(*arrived[-1].findings, *of_run))
        return arrived

    def _ended(self) -> list[Arrived]:
        """Finish the drives of the live room that have ended."""
        room = Room(self.workspace)
        return [_finished(done) for done in room.finish()] if room.due() else []


def _finished(done: load.Loaded) -> Arrived:
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
    drive_id: str,
    known: set[str],
    refused: dict[str, Rejected],
    rows: dict[str, dict[str, int]],
    loaded: load.Loaded,
) -> Arrived:
    lost = next((refused[f] for f in drive.files if f in refused), None)
    if lost is not None:
        return _rejected(drive.name, lost.rule, lost.message, drive.label)
    return Arrived(
        drive=drive.name,
        state="unchanged" if drive.sha256 in known else "loaded",
        label=drive.label,
        drive_id=drive_id,
        cells=rows[drive_id]["cells"] or 0,
        anomalies=loaded.anomalies,
        states_changed=loaded.states_changed,
        findings=drive.findings,
    )


def _rejected(drive: str, rule: str, message: str, label: Label) -> Arrived:
    return Arrived(drive=drive, state="rejected", label=label, rule=rule, message=message)


def _stamp(group: Group) -> Stamp:
    return tuple(
        (path.name, stat.st_size, stat.st_mtime_ns)
        for path in sorted(group.files.values()) if (stat := path.stat())
    )  # fmt: skip
