"""A first look at an archive of drives: cells along each drive's own way, and where it shook.

Each drive is passed over once (`telemetry.pass_`), where its files are read: threads, Dask or Spark. Neither
network nor calibration is needed, so it says nothing of roughness: how hard a car shakes depends on the
car and on its speed, which stands beside it. The two clocks of a drive are taken as one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from contado.engines.pavement.measuring.partitions import group_of, listed
from contado.engines.pavement.telemetry import pass_
from contado.engines.pavement.telemetry.drive import Rejected, Unit
from contado.engines.pavement.telemetry.group import vehicle_of
from contado.engines.pavement.telemetry.read import nothing_readable, read_fixes, read_group
from contado.kernel import scale
from contado.kernel.errors import DataError, Finding
from contado.kernel.labels import Label
from contado.kernel.scale import lists

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.columns import Format
    from contado.engines.pavement.telemetry.group import Group
    from contado.engines.pavement.telemetry.read import Listing
    from contado.kernel.progress import Progress
    from contado.kernel.scale import Engine

    Floats = NDArray[np.float64]

__all__ = ["Screened", "ScreenedDrive", "Screening", "screen_batch", "screen_drives"]

_AXES: Final = ("ax", "ay", "az")
_CELL: Final = {
    "count": pa.int64(),
    "rms_m_s2": pa.float64(),
    "speed_m_s": pa.float64(),
    "first_s": pa.float64(),
    "cell_lon": pa.float64(),
    "cell_lat": pa.float64(),
}
_EVENT: Final = ("event_t_s", "event_distance_m", "event_peak_m_s2", "event_lon", "event_lat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """Context of `screen_batch`."""

    known: Mapping[str, Format]
    label: Label
    drop_bad: bool
    cell_m: float


class ScreenedDrive(msgspec.Struct, frozen=True, kw_only=True):
    """What one drive told; ``rms_m_s2`` over its samples at measurable speed, None without one."""

    drive: str
    vehicle: str
    label: Label
    samples: int
    unit: Unit
    fs_hz: float
    distance_m: float
    cells: int
    events: int
    rms_m_s2: float | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """All drives, their cells and events as tables, and the drives that cannot be used."""

    drives: tuple[ScreenedDrive, ...]
    rejected: tuple[Rejected, ...]
    cells: pa.Table
    """drive, from_m, to_m, t_s, lon, lat, samples, rms_m_s2, speed_m_s; cells without a sample are left out."""
    events: pa.Table
    """drive, distance_m, t_s, lon, lat, peak_m_s2."""
    label: Label
    findings: tuple[Finding, ...]
    compute_s: float
    """Processor seconds on all threads and machines, without reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Samples:
    """A drive as the pass takes it."""

    t_s: Floats
    axes: tuple[Floats, ...]
    fix_t_s: Floats
    lon: Floats
    lat: Floats
    speed_m_s: Floats
    label: Label


def screen_drives(
    found: Listing,
    *,
    cell_m: float = 100.0,
    drop_bad: bool = False,
    engine: Engine = "local",
    progress: Progress | None = None,
) -> Screened:
    """Pass over the drives of a listing where the engine works; the same bits on every engine.

    Raises
    ------
    DataError
        Not one drive can be used: rule, row and hint of the first.
    ExtraMissing
        The engine is not installed.
    """
    if not found.groups:
        raise nothing_readable(found.path, ())
    context = Screening(known=found.known, label=found.label, drop_bad=drop_bad, cell_m=cell_m)
    rows = scale.run(screen_batch, listed(found), context, engine=engine, progress=progress)
    rejected = tuple(_decoded(rows["refused"], Rejected))
    drives = tuple(_decoded(rows["facts"], ScreenedDrive))
    if not drives:
        raise nothing_readable(found.path, rejected)
    return Screened(
        drives=drives,
        rejected=rejected,
        cells=_cells(rows, drives, cell_m),
        events=_events(rows, drives),
        label="simulated" if any(d.label == "simulated" for d in drives) else found.label,
        findings=(*found.findings, *(f for d in drives for f in d.findings)),
        compute_s=float(np.sum(rows["cpu_s"].to_numpy())),
    )


def screen_batch(drives: pa.RecordBatch, context: Screening) -> pa.RecordBatch:
    """Read and pass over drives: rows of `partitions.listed` in, a row of lists a drive out."""
    outcomes, seconds = [], []
    for row in drives.to_pylist():
        one = group_of(row)
        read = _read(one, context)
        start = time.thread_time()
        try:
            outcomes.append(read if isinstance(read, Rejected) else _screened(one, read, context))
        except pass_.Unsorted:
            outcomes.append(_again(one, context))
        except DataError as error:
            outcomes.append(_rejected(one, error))
        seconds.append(time.thread_time() - start)
    known: list[dict[str, Any]] = [{} if isinstance(o, Rejected) else o for o in outcomes]
    refused = [msgspec.msgpack.encode(o) if isinstance(o, Rejected) else None for o in outcomes]
    return pa.record_batch(
        {
            "row_id": drives.column("row_id"),
            "facts": pa.array([k.get("facts") for k in known], pa.binary()),
            "refused": pa.array(refused, pa.binary()),
            **{
                name: lists.of([k.get(name, ()) for k in known], kind)
                for name, kind in (_CELL | dict.fromkeys(_EVENT, pa.float64())).items()
            },
            "cpu_s": pa.array(seconds, pa.float64()),
        }
    )


def _read(one: Group, context: Screening) -> _Samples | Rejected:
    """Read what the pass needs; a pair's Parquet file is taken as it stands, all else is cleaned first."""
    path = one.files.get("acceleration")
    if one.format == "pair" and "location" in one.files and path is not None and path.suffix == ".parquet":
        fixes = read_fixes(one, context.known, drop_bad=context.drop_bad)
        if isinstance(fixes, Rejected):
            return fixes
        if (found := _plain(path, context.label)) is not None:
            (t_s, *axes), label = found
            columns = fixes.columns
            return _Samples(
                t_s=t_s,
                axes=tuple(axes),
                fix_t_s=columns["time"],
                lon=columns["longitude"],
                lat=columns["latitude"],
                speed_m_s=columns["speed"],
                label=label,
            )
    return _cleaned(one, context)


def _plain(path: Path, label: Label) -> tuple[list[Floats], Label] | None:
    """Return time and axes of a Parquet file with their label; None where they are not all plain numbers."""
    import pyarrow.parquet as pq

    from contado.engines.pavement.telemetry.textfile import RawFile

    names = ["t_s", *_AXES]
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            if not set(names) <= set(file.schema_arrow.names):
                return None
            table = file.read(columns=names, use_threads=False)
    except (pa.ArrowException, OSError):
        return None
    plain = all(pa.types.is_floating(c.type) and not c.null_count for c in table.columns)
    if not plain or table.num_rows < 2:
        return None
    simulated = RawFile(name=path.name, table=table, first_row=1).simulated
    arrays = [column.combine_chunks().to_numpy() for column in table.columns]
    return [arrays[0].astype(np.float64, copy=False), *arrays[1:]], "simulated" if simulated else label


def _cleaned(one: Group, context: Screening) -> _Samples | Rejected:
    drive = read_group(one, context.known, label=context.label, drop_bad=context.drop_bad)
    if isinstance(drive, Rejected):
        return drive
    return _Samples(
        t_s=drive.t_s,
        axes=tuple(np.ascontiguousarray(axis) for axis in drive.acc_m_s2.T),
        fix_t_s=drive.fix_t_s,
        lon=drive.lon,
        lat=drive.lat,
        speed_m_s=drive.speed_m_s,
        label=drive.label,
    )


def _again(one: Group, context: Screening) -> dict[str, Any] | Rejected:
    """Pass over a drive whose samples have to be cleaned first."""
    read = _cleaned(one, context)
    try:
        return read if isinstance(read, Rejected) else _screened(one, read, context)
    except DataError as error:
        return _rejected(one, error)


def _rejected(one: Group, error: DataError) -> Rejected:
    file = next(iter(one.files.values())).name
    row = error.rows[0] if error.rows else None
    return Rejected(file=file, rule=error.rule, row=row, message=error.message, hint=error.hint)


def _screened(one: Group, read: _Samples, context: Screening) -> dict[str, Any]:
    """Return the row of a drive."""
    file = next(iter(one.files.values())).name
    told = pass_.screen(read.t_s, read.axes, read.fix_t_s, read.speed_m_s, cell_m=context.cell_m, file=file)
    seen = told.count > 0
    power = float(np.sum(told.count[seen] * told.rms_m_s2[seen] ** 2))
    facts = ScreenedDrive(
        drive=one.name,
        vehicle=vehicle_of(one.name) or one.name,
        label=read.label,
        samples=len(read.t_s),
        unit=told.unit,
        fs_hz=told.fs_hz,
        distance_m=told.distance_m,
        cells=int(seen.sum()),
        events=len(told.event_t_s),
        rms_m_s2=float(np.sqrt(power / told.count.sum())) if seen.any() else None,
        findings=told.findings,
    )
    return {
        "facts": msgspec.msgpack.encode(facts),
        "count": told.count,
        "rms_m_s2": told.rms_m_s2,
        "speed_m_s": told.speed_m_s,
        "first_s": told.first_s,
        "cell_lon": np.interp(told.first_s, read.fix_t_s, read.lon),
        "cell_lat": np.interp(told.first_s, read.fix_t_s, read.lat),
        "event_t_s": told.event_t_s,
        "event_distance_m": told.event_distance_m,
        "event_peak_m_s2": told.event_peak_m_s2,
        "event_lon": np.interp(told.event_t_s, read.fix_t_s, read.lon),
        "event_lat": np.interp(told.event_t_s, read.fix_t_s, read.lat),
    }


def _decoded(column: pa.ChunkedArray, kind: type[Any]) -> list[Any]:
    return [msgspec.msgpack.decode(cell, type=kind) for cell in column.to_pylist() if cell is not None]


def _sizes(column: pa.ChunkedArray, facts: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return the lengths of the lists of the drives that were used."""
    lengths = column.combine_chunks().filter(facts.is_valid().combine_chunks()).value_lengths()
    sizes: NDArray[np.int64] = lengths.to_numpy().astype(np.int64)
    return sizes


def _cells(rows: pa.Table, drives: Sequence[ScreenedDrive], cell_m: float) -> pa.Table:
    sizes = _sizes(rows["count"], rows["facts"])
    cell = np.concatenate([np.arange(size) for size in sizes]) if len(sizes) else np.empty(0)
    name = np.repeat([d.drive for d in drives], sizes)
    found = {column: lists.joined(rows[column]) for column in _CELL}
    seen = found["count"] > 0
    return pa.table(
        {
            "drive": name[seen],
            "from_m": cell[seen] * cell_m,
            "to_m": (cell[seen] + 1) * cell_m,
            "t_s": found["first_s"][seen],
            "lon": found["cell_lon"][seen],
            "lat": found["cell_lat"][seen],
            "samples": found["count"][seen],
            "rms_m_s2": found["rms_m_s2"][seen],
            "speed_m_s": found["speed_m_s"][seen],
        }
    )


def _events(rows: pa.Table, drives: Sequence[ScreenedDrive]) -> pa.Table:
    t_s, distance, peak, lon, lat = (lists.joined(rows[column]) for column in _EVENT)
    name = np.repeat([d.drive for d in drives], _sizes(rows["event_t_s"], rows["facts"]))
    return pa.table(
        {
            "drive": pa.array(name, pa.string()),
            "distance_m": distance,
            "t_s": t_s,
            "lon": lon,
            "lat": lat,
            "peak_m_s2": peak,
        }
    )
