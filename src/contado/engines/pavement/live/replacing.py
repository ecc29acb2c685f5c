"""The end of a live drive: the batch run over all its messages, the same as `contado pavement load`."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from contado.engines.pavement.ingest import load, privacy
from contado.engines.pavement.live import chunk as chunks
from contado.engines.pavement.live import files
from contado.kernel.dates import local
from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from contado.engines.pavement.ingest.load import Loaded
    from contado.engines.pavement.live.device import Device
    from contado.kernel.labels import Label
    from contado.kernel.workspace import Workspace

__all__ = ["replace"]

_OF_THE_ROADS: Final = frozenset({"no_sections", "network_unreadable", "route_off_network"})
"""Rules of what the workspace lacks; the drive itself may be sound."""


def replace(workspace: Workspace, path: Path, device: Device, sent: str) -> Loaded:
    """Run the batch over one drive and forget what it told while it went on.

    Parameters
    ----------
    path
        Folder of the drive.
    device
        What sent it.
    sent
        Identity of all that was sent (`contado.engines.pavement.ingest.identity`).

    Raises
    ------
    DataError
        The workspace lacks the roads (rules of `contado.engines.pavement.ingest.load.routes_of`); the messages
        are kept. What is wrong with the drive itself is no error: it is rejected.
    """
    pair = path / "pair"
    outcome: dict[str, Any] = {"state": "loaded"}
    loaded = None
    try:
        sets = _pair(path, pair, device)
        on = local.today(workspace.settings.territory.timezone)
        loaded = load.load(workspace, sets, on=on, live=sent)
        if loaded.loaded:
            _keep_signals(workspace, sets, loaded, pair)
        if loaded.rejected:
            outcome = {"state": "rejected", "rule": loaded.rejected[0].rule}
    except DataError as error:
        if error.rule in _OF_THE_ROADS:
            raise
        outcome = {"state": "rejected", "rule": error.rule}
    finally:
        shutil.rmtree(pair, ignore_errors=True)
    event = {"drive": path.name, "at": datetime.now(UTC).isoformat(timespec="milliseconds"), **outcome}
    files.append(path / "events", msgspec.json.encode(event))
    files.write(path / "done", b"")
    shutil.rmtree(path / "chunks", ignore_errors=True)
    return loaded or _nothing(device, outcome["rule"])


def _keep_signals(workspace: Workspace, sets: list[Any], loaded: Loaded, pair: Path) -> None:
    """Keep the raw signal of a drive until its day."""
    settings = workspace.settings
    today = local.today(settings.territory.timezone)
    for drive in (d for s in sets for d in s.drives):
        until = privacy.retention_until(drive, settings)
        if until < today:
            continue
        folder = workspace.path / privacy.signals_folder(until)
        folder.mkdir(parents=True, exist_ok=True)
        for file in pair.glob("*.parquet"):
            part = file.stem.rpartition("_")[2]
            file.replace(folder / f"{loaded.ids[drive.sha256]}_{part}.parquet")


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


def _nothing(device: Device, rule: str) -> Loaded:
    """Return the result of a drive of which nothing could be used."""
    from contado.engines.pavement.telemetry.drive import Rejected

    refused = Rejected(file=device.device_id, rule=rule, row=None, message="Nothing of it could be used.")
    return load.Loaded(
        drives=1, loaded=0, unchanged=0, rejected=(refused,), cells=0, anomalies=0, cells_changed=0,
        anomalies_changed=0,
        label=device.label, findings=(), compute_s=0.0,
    )  # fmt: skip
