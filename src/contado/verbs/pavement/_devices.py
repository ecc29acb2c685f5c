"""The devices of a workspace: tokens in its records, what a reader may know in table ``pavement_device``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from contado.kernel import tables
from contado.kernel.dates import local

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.kernel.records.devices import KnownDevice
    from contado.kernel.workspace import Workspace

__all__ = ["write_table"]


def write_table(
    workspace: Workspace, devices: Sequence[KnownDevice], rates_hz: Mapping[str, float | None]
) -> None:
    """Write table ``pavement_device`` from the records; ``rates_hz`` replaces what it says of some."""
    known = {r["device_id"]: r["fs_hz"] for r in workspace.read("pavement_device").to_pylist()} | dict(
        rates_hz
    )
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
    with workspace.commit() as commit:
        commit.table("pavement_device", tables.from_rows("pavement_device", rows))
