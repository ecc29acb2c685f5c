"""The states that follow from everything that was observed: of cells and anomalies, and who met what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.engines.pavement.anomalies.passages import noon
from contado.engines.pavement.ingest import history, rows
from contado.engines.pavement.ingest.rows import SOURCE_ID
from contado.engines.pavement.state.fusion import fuse
from contado.engines.pavement.state.settings import FuseSettings
from contado.kernel import tables
from contado.kernel.dates import local

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime

    import pyarrow as pa

    from contado.engines.pavement.anomalies.life import Change
    from contado.kernel.workspace import WorkspaceView

__all__ = ["States", "states_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """What follows from all observations: states of cells and anomalies, and who met what."""

    cell_obs: pa.Table
    felt: pa.Table
    cells: pa.Table
    anomalies: pa.Table
    met: Sequence[Change]
    vehicle_bias: Mapping[str, float]
    drives_alike: Collection[str]


def states_of(
    workspace: WorkspaceView, cell_obs: pa.Table, felt: pa.Table, since: Mapping[str, datetime], on: date
) -> States:
    """Return the state of the day ``on``, or of the last observation; those without a date count as of that day.

    ``since`` tells of which instant earlier loads counted drives without a date.
    """
    timezone = workspace.settings.territory.timezone
    day = _day(on, cell_obs, timezone)
    cell_obs, felt = (rows.dated(t, since, noon(day, timezone)) for t in (cell_obs, felt))
    fused = fuse(
        [cell_obs],
        on=day,
        works=workspace.read("pavement_works"),
        settings=FuseSettings.of(workspace.settings.pavement),
        timezone=timezone,
    )
    lines = history.lines_of(workspace.read("pavement_lrs_section"))
    last = _day(day, felt, timezone)
    anomalies, met = history.follow(
        cell_obs, felt, on=last, lines=lines, timezone=timezone, source_id=SOURCE_ID
    )
    return States(
        cell_obs=cell_obs,
        felt=felt,
        cells=_sourced("pavement_cell_state", fused.cells.drop_columns(["observations"])),
        anomalies=anomalies,
        met=met,
        vehicle_bias=fused.vehicle_bias,
        drives_alike=fused.drives_alike,
    )


def _day(on: date, observed: pa.Table, timezone: str) -> date:
    import pyarrow.compute as pc

    last = pc.max(observed["t_utc"]).as_py()
    return on if last is None else max(on, local.legal_day(last, timezone))


def _sourced(name: str, table: pa.Table) -> pa.Table:
    import pyarrow as pa

    return tables.conform(name, table.append_column("source_id", pa.array([SOURCE_ID] * table.num_rows)))
