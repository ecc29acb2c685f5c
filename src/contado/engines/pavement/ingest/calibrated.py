"""What has calibrated cars is remembered for good: such a stretch can never check them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from contado.engines.pavement.ingest.fleet import surveys
from contado.kernel import tables

if TYPE_CHECKING:
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
    driven = set(cell_obs["section_id"].to_pylist())
    for section, reference in surveys(workspace).items():
        if section in driven:
            for a, b in zip(reference.from_m.tolist(), reference.to_m.tolist(), strict=True):
                row = {"section_id": section, "from_m": a, "to_m": b, "source_id": source_id}
                rows.setdefault((section, a, b), row)
    return tables.sort(CALIBRATED_ON, tables.from_rows(CALIBRATED_ON, rows.values()))
