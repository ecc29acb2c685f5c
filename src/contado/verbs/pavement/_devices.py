"""The devices of a workspace: tokens in its records, what a reader may know in table ``pavement_device``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from contado.kernel import tables
from contado.kernel.dates import local

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.kernel.records.devices import KnownDevice
    from contado.kernel.workspace import Commit

__all__ = ["LOCK", "write_table"]

LOCK: Final = "tables/pavement_device"
"""Held while the records are changed and the table is made of them, so that no other change comes between."""


def write_table(
    commit: Commit, devices: Sequence[KnownDevice], rates_hz: Mapping[str, float | None] | None = None
) -> None:
    """Write table ``pavement_device`` from the records; ``rates_hz`` replaces what it says of some.

    The commit holds `LOCK`, and the devices are read in the records' transaction of that commit.
    """
    workspace = commit.workspace
    known = {r["device_id"]: r["fs_hz"] for r in workspace.read("pavement_device").to_pylist()}
    known |= dict(rates_hz or {})
    tz = workspace.settings.territory.timezone

    def day(instant: str) -> object:
        return local.legal_day(datetime.fromisoformat(instant), tz)

    rows = [
        {
            "device_id": d.device_id,
            "vehicle_id": d.subject,
            "fs_hz": known.get(d.device_id),
            "label": d.label,
            "valid_from": day(d.added_at),
            "valid_to": None if d.revoked_at is None else day(d.revoked_at),
        }
        for d in devices
    ]
    commit.table("pavement_device", tables.from_rows("pavement_device", rows))
