"""Privacy: zones where nothing is kept, and positions and raw signals that are deleted at their day.

The zones are the polygons of the workspace's layer ``privacy_zones`` (homes, depots). Positions stand in
shares of table ``pavement_fix`` and raw signals of live drives in folders of ``signals/``, one for each
retention day, so that what has outlived its day is a whole file. Messages of drives that never ended lie in the
folders of these drives.
"""

from __future__ import annotations

import dataclasses
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.engines.pavement.ingest import arrivals, traverse
from contado.engines.pavement.live import outlived
from contado.kernel import tables
from contado.kernel.dates import local
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.drive import Aligned, Drive
    from contado.kernel.settings import Settings
    from contado.kernel.territory.matching.result import MatchResult
    from contado.kernel.workspace import Commit, Workspace, WorkspaceView

__all__ = [
    "LAYER",
    "SIGNALS",
    "Deleted",
    "apply_retention",
    "fixes",
    "hidden",
    "keep",
    "retention_until",
    "signals_folder",
    "start_of",
    "without",
    "zones",
]

LAYER: Final = "privacy_zones"
SIGNALS: Final = "signals"
"""Folder of the raw signals, in folders named after the last day they are kept."""
_FIX: Final = "pavement_fix"
_SHARE: Final = "until-"


def zones(workspace: WorkspaceView) -> Any:
    """Return the union of the zones, or None where the workspace has none."""
    import shapely

    if LAYER not in {info.id for info in workspace.layers()}:
        return None
    shapes = shapely.from_wkb(workspace.layer(LAYER)["geometry"].to_numpy(zero_copy_only=False))
    area = shapely.union_all(shapes)
    shapely.prepare(area)
    return area


def hidden(t_s: NDArray[np.float64], fix_t_s: NDArray[np.float64], inside: NDArray[np.bool_]) -> Any:
    """Return which of the times ``t_s`` lie next to a fix in a zone, bool[n]; ``inside`` bool[m], m > 0."""
    nearest = np.clip(np.searchsorted(fix_t_s, t_s), 0, inside.size - 1)
    return inside[nearest] | inside[np.maximum(nearest - 1, 0)]


def without(aligned: Aligned, area: Any) -> Aligned:
    """Return a drive without its fixes in the zones; samples between dropped fixes are not measured."""
    if area is None:
        return aligned
    import shapely

    drive = aligned.drive
    inside = shapely.contains_xy(area, drive.lon, drive.lat)
    if not inside.any():
        return aligned
    unseen = hidden(aligned.t_s, drive.fix_t_s, inside)
    vertical = np.where(unseen, np.nan, aligned.vertical_m_s2)
    roll = None if aligned.roll_rad_s is None else np.where(unseen, np.nan, aligned.roll_rad_s)
    kept_columns = ("fix_t_s", "lon", "lat", "speed_m_s", "hdop")
    kept = dataclasses.replace(drive, **{name: getattr(drive, name)[~inside] for name in kept_columns})
    flags = (*aligned.flags, "privacy_zone")
    return dataclasses.replace(aligned, drive=kept, vertical_m_s2=vertical, roll_rad_s=roll, flags=flags)


def start_of(drive: Drive) -> datetime | None:
    """Return the instant of a drive's start; None where it has no date."""
    return None if drive.start_utc is None else datetime.fromisoformat(drive.start_utc).replace(tzinfo=UTC)


def retention_until(drive: Drive, settings: Settings) -> date:
    """Return the last day on which a drive's positions and raw signals are kept."""
    start = start_of(drive) or datetime.now(UTC)
    begun = local.legal_day(start, settings.territory.timezone)
    return begun + timedelta(days=settings.pavement.retention_d)


def fixes(settled: Sequence[Aligned], found: MatchResult, settings: Settings) -> pa.Table:
    """Return table ``pavement_fix`` of drives, as they were matched; outlived ones are left out."""
    import pyarrow as pa

    today = local.today(settings.territory.timezone)
    parts = [tables.empty(_FIX)]
    for aligned, mine in zip(settled, traverse.points_of(found, len(settled)), strict=True):
        until = retention_until(aligned.drive, settings)
        if until >= today:
            parts.append(_fixes_of(aligned.drive, found, mine, until, settings))
    return pa.concat_tables(parts, promote_options="permissive")


def _fixes_of(
    drive: Drive, found: MatchResult, mine: NDArray[np.int64], until: date, settings: Settings
) -> pa.Table:
    import pyarrow as pa

    used = found.used[mine]

    def known(values: Any) -> pa.Array:
        return pa.array(values, mask=~used)

    count = drive.fix_t_s.size
    columns = {
        "drive_id": [drive.name] * count,
        "t_s": drive.fix_t_s,
        "lon": drive.lon,
        "lat": drive.lat,
        "speed_m_s": pa.array(drive.speed_m_s, from_pandas=True),
        "hdop": pa.array(drive.hdop, from_pandas=True),
        "link_id": known(found.network.link_id[np.maximum(found.edge[mine], 0)]),
        "offset_m": known(found.offset_m[mine]),
        "sigma_m": [settings.pavement.sigma_m] * count,
        "match_prob": known(found.match_prob[mine]),
        "retention_until": pa.array([until] * count, pa.date32()),
    }
    return tables.conform(_FIX, pa.table(columns))


def keep(commit: Commit, workspace: Workspace, found: pa.Table, *, instead: Collection[str] = ()) -> None:
    """Add positions to the shares of their retention days; what was there of the drives ``instead`` goes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    days = pc.unique(found["retention_until"]).to_pylist()
    shares = {
        f"{_SHARE}{day}": [found.filter(pc.equal(found["retention_until"], pa.scalar(day, pa.date32())))]
        for day in days
    }
    for file in sorted((workspace.path / "tables" / _FIX).glob(f"{_SHARE}*.parquet")):
        if file.stem in shares or instead:
            old = tables.conform(_FIX, tables.read(file).table)
            left = arrivals.of_drives(old, instead, inside=False)
            if file.stem in shares or left.num_rows < old.num_rows:
                shares.setdefault(file.stem, []).insert(0, left)
    for name, parts in shares.items():
        commit.table(_FIX, pa.concat_tables(parts, promote_options="permissive"), practice=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """What a run of the retention deleted: positions of so many drives, files of raw signals, their bytes.

    ``unended``: drives that never ended; their messages are among the files of raw signals.
    """

    fixes: int = 0
    drives: int = 0
    signals: int = 0
    bytes: int = 0
    unended: int = 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """One note, where anything was deleted."""
        if not (self.fixes or self.signals or self.unended):
            return ()
        among = (
            f", among them the messages of {self.unended} drives that never ended," if self.unended else ""
        )
        message = (
            f"{self.fixes} positions of {self.drives} drives and {self.signals} files of raw signals "
            f"({self.bytes} bytes){among} had outlived their retention day and were deleted; "
            "cells and anomalies stay."
        )
        return (Finding(severity="note", rule="retention_applied", message=message, action="dropped"),)


def apply_retention(workspace: Workspace, *, on: date | None = None, unended: bool = True) -> Deleted:
    """Delete positions and raw signals whose last day is before ``on`` (today in the territory by default).

    Parameters
    ----------
    unended
        Whether drives of the live room that never ended are looked at too; not where these are just being ended.
    """
    import pyarrow.compute as pc

    day = on or local.today(workspace.settings.territory.timezone)
    shares = list(_outlived((workspace.path / "tables" / _FIX).glob(f"{_SHARE}*.parquet"), day))
    found = [tables.read(file).table for file in shares]
    if shares:
        with workspace.commit(lock=[f"tables/{_FIX}"]) as commit:
            for file in shares:
                commit.remove(file.relative_to(workspace.path).as_posix())
    kept = _delete_signals(workspace, day)
    live = outlived.delete(workspace, day) if unended else []
    sizes = [size for part in (kept, *live) for size in part]
    return Deleted(
        fixes=sum(t.num_rows for t in found),
        drives=sum(len(pc.unique(t["drive_id"])) for t in found),
        signals=len(sizes),
        bytes=sum(sizes),
        unended=len(live),
    )


def _delete_signals(workspace: Workspace, day: date) -> list[int]:
    """Delete the raw signals whose last day is before ``day``; return the sizes of their files."""
    sizes: list[int] = []
    for folder in _outlived((workspace.path / SIGNALS).glob(f"{_SHARE}*"), day):
        sizes += [file.stat().st_size for file in folder.iterdir()]
        shutil.rmtree(folder)
    return sizes


def signals_folder(until: date) -> str:
    """Return the folder of raw signals that are kept until a day, below the workspace."""
    return f"{SIGNALS}/{_SHARE}{until.isoformat()}"


def _outlived(paths: Iterator[Path], on: date) -> Iterator[Path]:
    for path in sorted(paths):
        if date.fromisoformat(path.stem.removeprefix(_SHARE)) < on:
            yield path
