"""What has calibrated cars is remembered for good: such a stretch can never check them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from contado.engines.pavement.ingest.fleet import surveys
from contado.kernel import tables

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa

    from contado.kernel.workspace import WorkspaceView

__all__ = ["CALIBRATED_ON", "calibrated_on"]

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
