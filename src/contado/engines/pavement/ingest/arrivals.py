"""Which of the drives that came are new: each is used once, whichever door it came through first.

A drive of the live door may lack what lay in privacy zones. The same drive from its files then takes its place; the
live door never takes the place of what is in.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contado.engines.pavement.ingest import identity
from contado.kernel.errors import Finding
from contado.kernel.identifiers import keyed_hash

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import pyarrow as pa

    from contado.engines.pavement.telemetry.drive import Drive, DriveSet
    from contado.kernel.workspace import WorkspaceView

__all__ = ["FLAG", "Arrivals", "Known", "flagged", "of_drives", "sort_out"]

FLAG = "duplicate_drive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What tells a drive again: its identity, and the hash of its files, None where the live door dropped a part."""

    identity: str
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """What came.

    ``new`` drives under their pseudonyms; ``known`` how they are told again, by pseudonym; ``ids`` the pseudonym of
    every drive that came, by the hash of its content; ``again`` those that are in already with other content;
    ``anew`` new ones that take the place of what they told before; ``unchanged`` how many are in already.
    """

    new: list[Drive]
    known: dict[str, Known]
    ids: dict[str, str]
    again: frozenset[str]
    unchanged: int
    live: bool
    anew: frozenset[str] = frozenset()

    def late(self, drives: pa.Table) -> frozenset[str]:
        """Return the new drives that another process has brought in meanwhile, as table ``pavement_drive`` is now."""
        return frozenset(
            row["drive_id"] for row in drives.to_pylist()
            if row["drive_id"] in self.known and row["drive_id"] not in self.anew
            and (self.live or row["sha256"] is not None)
        )  # fmt: skip

    def findings(self, ids: Iterable[str]) -> tuple[Finding, ...]:
        """Return a note for each drive that came through both doors."""
        return tuple(
            Finding(
                severity="warning",
                rule=FLAG,
                message=f"Drive {name} came live and from its files; it is used once.",
                table="pavement_drive",
                row=name,
                action="dropped" if self.live else "kept",
            )
            for name in sorted(ids)
        )


def sort_out(
    sets: Sequence[DriveSet], workspace: WorkspaceView, live: str | None, anew: frozenset[str] = frozenset()
) -> Arrivals:
    """Tell new drives from those that are in.

    Parameters
    ----------
    live
        Identity of the one drive of the live door, whose car has its pseudonym already; None for files.
    anew
        Drives that are in and are to be measured once more.
    """
    key = workspace.settings.workspace.key
    table = workspace.read("pavement_drive").select(["drive_id", "sha256", "identity"])
    rows = [row for row in table.to_pylist() if row["drive_id"] not in anew]
    ids = {row["sha256"]: row["drive_id"] for row in rows if row["sha256"]}
    whole = {row["identity"]: row["sha256"] is not None for row in rows if row["identity"]}
    new: list[Drive] = []
    known: dict[str, Known] = {}
    came: dict[str, str] = {}
    again = set()
    drives = sorted((d for s in sets for d in s.drives), key=lambda d: (d.sha256, d.name))
    for drive in drives:
        if drive.sha256 not in ids:
            whose = identity.of_drive(key, drive)
            name = identity.drive_id(key, live or whose)
            if (live or whose) in whole and (live or whole[whose]):
                again.add(name)
            else:
                known[name] = Known(
                    identity=live or whose, sha256=drive.sha256 if live in {None, whose} else None
                )
                vehicle = drive.vehicle if live else keyed_hash(key, drive.vehicle)
                new.append(dataclasses.replace(drive, name=name, vehicle=vehicle, findings=()))
            ids[drive.sha256] = name
            whole[live or whose] = True
        came[drive.sha256] = ids[drive.sha256]
    return Arrivals(
        new=new,
        known=known,
        ids=came,
        again=frozenset(again),
        unchanged=len(drives) - len(new),
        live=live is not None,
        anew=anew & known.keys(),
    )


def of_drives(table: pa.Table, ids: Collection[str], *, inside: bool) -> pa.Table:
    """Return the rows of some drives, or all the others; a drive's pieces carry its id and a number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = pc.list_element(pc.split_pattern(table["drive_id"], ".", max_splits=1), 0)
    mine = pc.is_in(names, value_set=pa.array(sorted(ids), pa.string()))
    return table.filter(mine if inside else pc.invert(mine))


def flagged(rows: Iterable[dict[str, Any]], ids: Collection[str]) -> list[dict[str, Any]]:
    """Return rows of ``pavement_drive``, those of ``ids`` flagged as drives that came twice."""
    return [
        row | {"flags": list(dict.fromkeys([*(row["flags"] or ()), FLAG]))} if row["drive_id"] in ids else row
        for row in rows
    ]
