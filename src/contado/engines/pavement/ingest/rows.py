"""Rows of the tables about drives themselves: what they are, and how their sensors sat."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from contado.engines.pavement.ingest import arrivals, privacy
from contado.engines.pavement.ingest.calibrated import UNCALIBRATED
from contado.engines.pavement.ingest.identity import drive_of_piece
from contado.kernel import tables

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from contado.engines.pavement.ingest.arrivals import Known
    from contado.engines.pavement.telemetry.drive import Aligned
    from contado.kernel.settings import Settings

__all__ = ["SOURCE_ID", "added", "dated", "drives", "instants", "mountings", "source"]

SOURCE_ID = "pavement_drives"
"""Source of everything that drives told."""


def drives(
    settled: Sequence[Aligned],
    fresh: Mapping[str, pa.Table],
    known: Mapping[str, Known],
    calibrated: Collection[str],
    settings: Settings,
) -> list[dict[str, Any]]:
    """Return rows of ``pavement_drive``; of what the live door dropped a part, the hash of the files is not known.

    A drive whose car is none of the ``calibrated`` ones is flagged.
    """
    cells: dict[str, int] = defaultdict(int)
    for name, iri in zip(*(fresh["cell_obs"][c].to_pylist() for c in ("drive_id", "iri_m_km")), strict=True):
        cells[drive_of_piece(name)] += iri is not None
    found = []
    for aligned in settled:
        drive, whose = aligned.drive, known[aligned.drive.name]
        start = privacy.start_of(drive)
        span = timedelta(seconds=float(drive.fix_t_s[-1])) if drive.fix_t_s.size else timedelta()
        found.append(
            {
                "drive_id": drive.name,
                "vehicle_id": drive.vehicle,
                "identity": whose.identity,
                "sha256": whose.sha256,
                "start_utc": start,
                "end_utc": None if start is None else start + span,
                "n_samples": drive.n_samples_raw,
                "n_fixes": drive.n_fixes_raw,
                "cells": cells[drive.name],
                "flags": [
                    *aligned.flags,
                    *["privacy_zone"] * (whose.sha256 is None),
                    *["no_date"] * (start is None),
                    *[UNCALIBRATED] * (drive.vehicle not in calibrated),
                ],
                "retention_until": privacy.retention_until(drive, settings),
                "label": drive.label,
                "source_id": SOURCE_ID,
            }
        )
    return found


def instants(old: Mapping[str, pa.Table], ids: Collection[str]) -> dict[str, datetime]:
    """Return when some drives first measured or felt something, as the tables of observations have it."""
    found: dict[str, datetime] = {}
    for name in ("cell_obs", "anomaly_obs"):
        known = arrivals.of_drives(old[name], ids, inside=True).select(["drive_id", "t_utc"])
        for row in known.to_pylist():
            if row["t_utc"] is not None:
                drive = drive_of_piece(row["drive_id"])
                found[drive] = min(found.get(drive, row["t_utc"]), row["t_utc"])
    return found


def dated(observed: pa.Table, since: Mapping[str, datetime], otherwise: datetime) -> pa.Table:
    """Return observations, each with an instant: of an undated drive the one that it had before, else ``otherwise``.

    So the day of a drive without a date is settled when it is first loaded, and no later day moves it.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    column = observed.schema.get_field_index("t_utc")
    if observed["t_utc"].null_count == 0:
        return observed
    settled = [since.get(drive_of_piece(drive), otherwise) for drive in observed["drive_id"].to_pylist()]
    kind = observed.schema.field(column).type
    filled = pc.coalesce(observed["t_utc"], pa.chunked_array([pa.array(settled, kind)]))
    return observed.set_column(column, observed.schema.field(column), filled)


def mountings(settled: Sequence[Aligned]) -> list[dict[str, Any]]:
    """Return how the sensor sat, a row for each stretch between two re-mounts."""
    found = []
    for aligned in settled:
        start = privacy.start_of(aligned.drive)
        for number, piece in enumerate(aligned.pieces):
            times = [
                None if start is None else start + timedelta(seconds=t) for t in (piece.from_s, piece.to_s)
            ]
            found.append(
                {
                    "drive_id": aligned.drive.name,
                    "piece": number,
                    "vehicle_id": aligned.drive.vehicle,
                    **dict(zip(("axis_x", "axis_y", "axis_z"), piece.gravity_axis.tolist(), strict=True)),
                    "sd_deg": piece.sd_deg,
                    "fs_hz": aligned.drive.fs_hz,
                    "valid_from": times[0],
                    "valid_to": times[1],
                }
            )
    return found


def source(settled: Sequence[Aligned]) -> pa.Table:
    """Return the row of table ``source`` for what drives told."""
    simulated = any(a.drive.label == "simulated" for a in settled)
    title = "Simulated drives" if simulated else "Drives of cars with an accelerometer and a GNSS receiver"
    row = {"source_id": SOURCE_ID, "title": title, "publisher": "the body"}
    return tables.from_rows("source", [row])


def added(old: pa.Table, name: str, rows: list[dict[str, Any]], *, twice: Collection[str] = ()) -> pa.Table:
    """Return a table with further rows; drives that came ``twice`` are flagged."""
    import pyarrow as pa

    if twice:
        return tables.from_rows(name, arrivals.flagged([*old.to_pylist(), *rows], twice))
    return pa.concat_tables([old, tables.from_rows(name, rows)], promote_options="permissive")
