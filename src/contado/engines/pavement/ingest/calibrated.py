"""What has calibrated cars is remembered for good: such a stretch can never check them.

A survey may come after the drives that it could have calibrated. What they told cannot be put right from the cells that
are kept: the survey has stretches of its own, and the height of a defect hangs on the car as well. So it is said which drives
they are, and where their files are given again they are measured anew, as if the survey had been there first.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from contado.engines.pavement.ingest.fleet import surveys
from contado.engines.pavement.ingest.identity import drive_of_piece
from contado.engines.pavement.measuring.calibration import MIN_REFERENCE_CELLS
from contado.kernel import tables
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    import pyarrow as pa

    from contado.kernel.workspace import WorkspaceView

    Row = dict[str, Any]

__all__ = ["CALIBRATED_ON", "UNCALIBRATED", "anew", "calibrated_on", "told"]

UNCALIBRATED: Final = "uncalibrated"
"""Flag of a drive whose car nothing had calibrated when it was measured."""

CALIBRATED_ON: Final = "pavement_calibrated_stretch"
"""Table of the surveyed stretches that have calibrated a car."""


def calibrated_on(workspace: WorkspaceView, cell_obs: pa.Table, source_id: str) -> pa.Table:
    """Return table ``pavement_calibrated_stretch``: what has calibrated, whatever the survey is called later.

    Parameters
    ----------
    workspace
        With the surveys as they are now.
    cell_obs
        What this run measured; its surveyed sections have calibrated.
    source_id
        Source of the rows.
    """
    rows = {(r["section_id"], r["from_m"], r["to_m"]): r for r in workspace.read(CALIBRATED_ON).to_pylist()}
    days = _driven(cell_obs)
    for section, reference in surveys(workspace).items():
        for day in days.get(section, ()):
            held = reference.on(day)
            for a, b in zip(held.from_m.tolist(), held.to_m.tolist(), strict=True):
                row = {"section_id": section, "from_m": a, "to_m": b, "source_id": source_id}
                rows.setdefault((section, a, b), row)
    return tables.sort(CALIBRATED_ON, tables.from_rows(CALIBRATED_ON, rows.values()))


def _driven(cell_obs: pa.Table) -> dict[str, set[date | None]]:
    """Return the days on which each section was driven, as the drives tell them (UTC)."""
    found: dict[str, set[date | None]] = defaultdict(set)
    for section, instant in zip(*(cell_obs[n].to_pylist() for n in ("section_id", "t_utc")), strict=True):
        found[section].add(None if instant is None else instant.date())
    return found


def anew(workspace: WorkspaceView, given: Collection[str]) -> frozenset[str]:
    """Return which drives of the workspace are to be measured anew, of those whose files are ``given`` again.

    They were measured before their car was calibrated, and it is now, or they cover enough of a survey to do it.

    Parameters
    ----------
    given
        Hashes of the content of drives.
    """
    rows = [row for row in _uncalibrated(workspace) if row["sha256"] in given]
    return frozenset(row["drive_id"] for row in _could_be(workspace, rows))


def told(workspace: WorkspaceView, done: int) -> list[Finding]:
    """Say how many drives were measured anew, and which could be.

    Parameters
    ----------
    done
        Drives that were measured anew just now.
    """
    found = []
    if done:
        found.append(
            Finding(
                severity="note",
                rule="measured_anew",
                table="pavement_drive",
                message=f"{done} drives were in before their cars were calibrated; they were measured anew.",
                hint="nothing to do",
                action="repaired",
            )
        )
    if waiting := _could_be(workspace, _uncalibrated(workspace)):
        cars = {row["vehicle_id"] for row in waiting}
        found.append(
            Finding(
                severity="warning",
                rule="measured_uncalibrated",
                table="pavement_drive",
                row=waiting[0]["drive_id"],
                message=f"{len(waiting)} drives of {len(cars)} cars were measured before their cars were calibrated, "
                "and could be now: their roughness and its interval are those of an uncalibrated car.",
                hint="contado pavement load again with the files of these drives: they are measured anew",
                action="kept",
            )
        )
    return found


def _uncalibrated(workspace: WorkspaceView) -> list[Row]:
    """Return the rows of the drives that were measured with a car that nothing had calibrated."""
    cars = workspace.read("pavement_vehicle").select(["vehicle_id", "calibrated"]).to_pylist()
    never = {row["vehicle_id"] for row in cars if not row["calibrated"]}
    drives = (
        workspace.read("pavement_drive").select(["drive_id", "vehicle_id", "sha256", "flags"]).to_pylist()
    )
    return [row for row in drives if row["vehicle_id"] in never or UNCALIBRATED in (row["flags"] or ())]


def _could_be(workspace: WorkspaceView, drives: Sequence[Row]) -> list[Row]:
    """Return the rows of drives whose cars are calibrated now, or would be by what these drives cover of a survey."""
    if not drives:
        return []
    cars = workspace.read("pavement_vehicle").select(["vehicle_id", "calibrated"]).to_pylist()
    ready = {row["vehicle_id"] for row in cars if row["calibrated"]}
    ready |= _covering(workspace, {row["drive_id"]: row["vehicle_id"] for row in drives})
    return [row for row in drives if row["vehicle_id"] in ready]


def _covering(workspace: WorkspaceView, drives: dict[str, str]) -> set[str]:
    """Return the cars that measured enough whole stretches of a survey on these drives (id -> car)."""
    known = surveys(workspace)
    if not known:
        return set()
    names = ["section_id", "cell", "cell_m", "drive_id", "iri_m_km", "t_utc"]
    cells: dict[tuple[str, str], set[int]] = defaultdict(set)
    length: dict[str, float] = {}
    day: dict[tuple[str, str], date | None] = {}
    for section, cell, cell_m, piece, iri, instant in zip(
        *(workspace.read("pavement_cell_obs")[name].to_pylist() for name in names), strict=True
    ):
        if iri is not None and section in known and drive_of_piece(piece) in drives:
            cells[section, piece].add(cell)
            length[section] = cell_m
            day[section, piece] = None if instant is None else instant.date()
    whole: dict[tuple[str, str], set[float]] = defaultdict(set)
    for (section, piece), measured in cells.items():
        step, survey = length[section], known[section].on(day[section, piece])
        for a, b in zip(survey.from_m.tolist(), survey.to_m.tolist(), strict=True):
            if measured.issuperset(range(int(a // step), int(-(-b // step)))):
                whole[section, drives[drive_of_piece(piece)]].add(a)
    return {car for (_, car), stretches in whole.items() if len(stretches) >= MIN_REFERENCE_CELLS}
