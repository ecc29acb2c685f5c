"""Drives as partitions: the per-drive stages as routines of `contado.kernel.scale`, a row a drive.

First stage, `trace_batch`: the names of a drive's files in, the drive read, settled and found on the route out.
Between the stages stand the cars, which are fitted to the spectra of all drives. Second stage,
`measure_batch`: traces in, what each drive felt along the route out. Raw samples stay where they were read;
what travels is the vertical acceleration with its place on the route. The arithmetic is that of `process`,
drive by drive, so the answer is the same to the bit on every engine.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
import numpy as np
import pyarrow as pa

from contado.engines.pavement.measuring import onroute
from contado.engines.pavement.measuring.felt import pass_of
from contado.engines.pavement.measuring.measure import Pass, Spectra, Trace
from contado.engines.pavement.measuring.processing import process, trace_drive
from contado.engines.pavement.measuring.sampling import EvenSamples
from contado.engines.pavement.telemetry.align import align_all
from contado.engines.pavement.telemetry.drive import Aligned, Drive, DriveSet, Piece, Rejected, Unit
from contado.engines.pavement.telemetry.group import Group
from contado.engines.pavement.telemetry.read import collect, nothing_readable, read_group, refusal_of
from contado.kernel import scale
from contado.kernel.errors import DataError, Finding
from contado.kernel.labels import Label
from contado.kernel.scale import lists

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.anomalies.fixtures import Fixture
    from contado.engines.pavement.cars.vehicles import TransferFunction
    from contado.engines.pavement.measuring.onroute import RouteFrame
    from contado.engines.pavement.measuring.processing import ProcessResult
    from contado.engines.pavement.measuring.survey import Reference, Vehicle
    from contado.engines.pavement.telemetry.columns import Format, Kind
    from contado.engines.pavement.telemetry.read import Listing
    from contado.kernel.progress import Progress
    from contado.kernel.scale import Engine
    from contado.kernel.territory import Network, Route

    Floats = NDArray[np.float64]

__all__ = [
    "Measuring",
    "Tracing",
    "group_of",
    "listed",
    "measure_batch",
    "process_files",
    "trace_batch",
]

_SAMPLES: Final = {
    "vertical_m_s2": pa.float64(),
    "chainage_m": pa.float64(),
    "speed_m_s": pa.float64(),
    "position_sd_m": pa.float64(),
    "clipped": pa.bool_(),
}
_ROLL: Final = "roll_rad_s"
"""Samples too, but of drives with a gyroscope only."""
_SPECTRA: Final = ("log_power", "spectra_speed", "spectra_count")
_GRIDS: Final = tuple(field.name for field in dataclasses.fields(Pass) if field.name != "fs_hz")
_NONE: Final = np.empty(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """Context of the first stage."""

    frame: RouteFrame
    known: Mapping[str, Format]
    label: Label
    drop_bad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """Context of the second stage: the car of each vehicle and the length of the route."""

    cars: Mapping[str, TransferFunction]
    length_m: float


class _Facts(msgspec.Struct, kw_only=True):
    """What is known of a settled drive beside its samples."""

    name: str
    vehicle: str
    label: Label
    sha256: str
    start_utc: str | None
    unit: Unit
    fs_hz: float
    n_samples_raw: int
    n_fixes_raw: int
    format: str
    files: tuple[str, ...]
    fixes_dropped: int
    dropped: dict[str, int]
    drive_flags: tuple[str, ...]
    drive_findings: tuple[Finding, ...]
    pieces: tuple[tuple[float, float, tuple[float, float, float], float], ...]
    remounts: tuple[tuple[float, float], ...]
    clock_offset_s: float
    flags: tuple[str, ...]
    findings: tuple[Finding, ...]
    first_s: float
    even_hz: float


_OF_DRIVE: Final = (
    "name", "vehicle", "label", "sha256", "start_utc", "unit", "fs_hz", "n_samples_raw", "n_fixes_raw",
    "format", "files", "fixes_dropped",
)  # fmt: skip


def process_files(  # noqa: PLR0913 - each is one fact of a run
    found: Listing,
    network: Network,
    route: Route,
    reference: Reference | None = None,
    vehicles: Mapping[str, Vehicle] | None = None,
    cell_m: float = 100.0,
    *,
    section_id: str = "route",
    drop_bad: bool = False,
    engine: Engine = "local",
    progress: Progress | None = None,
    fixtures: Sequence[Fixture] = (),
) -> tuple[ProcessResult, tuple[Rejected, ...]]:
    """Read and process the drives of a listing where the engine works; return also those that are no use.

    ``drop_bad`` leaves out and counts what is impossible: fixes, and whole drives that cannot be read.

    Raises
    ------
    DataError
        A drive cannot be read, or with ``drop_bad`` not one can: rule, row and hint of the first.
    ExtraMissing
        The engine is not installed.
    """
    if not found.groups:
        raise nothing_readable(found.path, ())
    context = Tracing(
        frame=onroute.frame_of(network, route), known=found.known, label=found.label, drop_bad=drop_bad
    )
    rows = scale.run(trace_batch, listed(found), context, engine=engine, progress=progress)
    outcomes = [_outcome(row) for row in _rows(rows)]
    drives = collect(found, [o if isinstance(o, Rejected) else o.aligned.drive for o in outcomes])
    if drives.rejected and not drop_bad:
        error = refusal_of(drives.rejected)
        error.hint = f"{error.hint}; --drop-bad leaves the drive out and answers the others"
        raise error
    traces = [o for o in outcomes if not isinstance(o, Rejected)]
    result = process(
        drives,
        network,
        route,
        reference=reference,
        vehicles=vehicles,
        cell_m=cell_m,
        section_id=section_id,
        traced=_of(drives, traces),
        measuring=lambda some, cars, length_m: _measured(some, cars, length_m, engine),
        fixtures=fixtures,
    )
    seconds = float(np.sum(rows["cpu_s"].to_numpy()))
    return dataclasses.replace(result, compute_s=result.compute_s + seconds), drives.rejected


def trace_batch(drives: pa.RecordBatch, context: Tracing) -> pa.RecordBatch:
    """Read, settle and place drives.

    Rows ``row_id, name, format, kinds, files`` in; out ``row_id``, the samples on their even clock
    (``vertical_m_s2, chainage_m, speed_m_s, position_sd_m, clipped, roll_rad_s``), the sums of spectra, ``facts``, or
    ``refused``, and ``cpu_s`` of the work without reading.
    """
    outcomes, seconds = [], []
    for row in drives.to_pylist():
        drive = read_group(group_of(row), context.known, label=context.label, drop_bad=context.drop_bad)
        start = time.thread_time()
        outcomes.append(drive if isinstance(drive, Rejected) else _traced(drive, context.frame))
        seconds.append(time.thread_time() - start)
    return _packed(drives.column("row_id"), outcomes).append_column("cpu_s", pa.array(seconds, pa.float64()))


def measure_batch(traces: pa.RecordBatch, context: Measuring) -> pa.RecordBatch:
    """Look through the cars: rows of `trace_batch` in, ``row_id``, the arrays of `Pass` and ``fs_hz`` out."""
    found = [_trace(row) for row in _rows(pa.table(traces))]
    passes = [pass_of(t, context.cars[t.aligned.drive.vehicle], context.length_m) for t in found]
    return pa.record_batch(
        {
            "row_id": traces.column("row_id"),
            **{name: lists.of([getattr(p, name) for p in passes], pa.float64()) for name in _GRIDS},
            "fs_hz": pa.array([p.fs_hz for p in passes], pa.float64()),
        }
    )


def listed(found: Listing) -> list[pa.RecordBatch]:
    """Return a part for each drive: its name, format and files."""
    return [
        pa.record_batch(
            {
                "row_id": pa.array([number], pa.int64()),
                "name": pa.array([one.name]),
                "format": pa.array([one.format], pa.string()),
                "kinds": pa.array([list(one.files)], pa.list_(pa.string())),
                "files": pa.array([[str(p.resolve()) for p in one.files.values()]], pa.list_(pa.string())),
            }
        )
        for number, one in enumerate(found.groups)
    ]


def group_of(row: Mapping[str, Any]) -> Group:
    """Return the drive that a row of `listed` names."""
    kinds = cast("list[Kind]", row["kinds"])
    files = dict(zip(kinds, (Path(file) for file in row["files"]), strict=True))
    return Group(name=row["name"], format=row["format"], files=files)


def _traced(drive: Drive, frame: RouteFrame) -> Trace | Rejected:
    settled, refused = align_all([drive])
    if refused:
        return refused[0]
    try:
        return trace_drive(drive, frame, settled[0])
    except DataError as error:
        return Rejected(
            file=drive.files[-1],
            rule=error.rule,
            row=error.rows[0] if error.rows else None,
            message=error.message,
            hint=error.hint,
        )


def _measured(
    traces: Sequence[Trace], cars: Mapping[str, TransferFunction], length_m: float, engine: Engine
) -> list[Pass]:
    parts = [_packed(pa.array([number], pa.int64()), [one]) for number, one in enumerate(traces)]
    found = scale.run(measure_batch, parts, Measuring(cars=cars, length_m=length_m), engine=engine)
    return [
        Pass(**{name: row[name].values.to_numpy() for name in _GRIDS}, fs_hz=row["fs_hz"].as_py())
        for row in _rows(found)
    ]


def _of(drives: DriveSet, traces: Sequence[Trace]) -> dict[str, Trace]:
    """Return the traces of the drives that are used, with the flags that the set gave them."""
    by_name = {one.aligned.drive.name: one for one in traces}
    found = {}
    for drive in drives.drives:
        one = by_name[drive.name]
        flags = tuple(dict.fromkeys((*drive.flags, *one.aligned.flags)))
        aligned = dataclasses.replace(one.aligned, drive=drive, flags=flags)
        found[drive.name] = dataclasses.replace(one, aligned=aligned)
    return found


def _packed(row_id: pa.Array, outcomes: Sequence[Trace | Rejected]) -> pa.RecordBatch:
    """Return rows of traces and refusals."""
    known = [None if isinstance(one, Rejected) else one for one in outcomes]
    columns: dict[str, pa.Array] = {"row_id": row_id}
    for name, kind in _SAMPLES.items():
        columns[name] = lists.of([_NONE if t is None else _samples(t, name) for t in known], kind)
    rolled = [None if t is None else t.even.roll_rad_s for t in known]
    columns[_ROLL] = lists.of([_NONE if r is None else r for r in rolled], pa.float64())
    for name in _SPECTRA:
        columns[name] = lists.of([_NONE if t is None else _spectrum(t, name) for t in known], pa.float64())
    facts = [None if t is None else msgspec.msgpack.encode(_facts(t)) for t in known]
    refused = [msgspec.msgpack.encode(o) if isinstance(o, Rejected) else None for o in outcomes]
    columns |= {"facts": pa.array(facts, pa.binary()), "refused": pa.array(refused, pa.binary())}
    return pa.record_batch(columns)


def _samples(one: Trace, name: str) -> NDArray[Any]:
    holder = one.even if name in ("vertical_m_s2", "clipped") else one
    values: NDArray[Any] = getattr(holder, name)
    return values


def _spectrum(one: Trace, name: str) -> Floats:
    values: Floats = getattr(one.spectra, name.removeprefix("spectra_"))
    return values.ravel()


def _facts(one: Trace) -> _Facts:
    aligned, drive = one.aligned, one.aligned.drive
    return _Facts(
        **{name: getattr(drive, name) for name in _OF_DRIVE},
        dropped=dict(drive.dropped),
        drive_flags=drive.flags,
        drive_findings=drive.findings,
        pieces=tuple((p.from_s, p.to_s, _xyz(p.gravity_axis), float(p.sd_deg)) for p in aligned.pieces),
        remounts=aligned.remounts,
        clock_offset_s=float(aligned.clock_offset_s),
        flags=aligned.flags,
        findings=aligned.findings,
        first_s=float(one.even.t_s[0]),
        even_hz=one.even.fs_hz,
    )


def _xyz(axis: Floats) -> tuple[float, float, float]:
    return float(axis[0]), float(axis[1]), float(axis[2])


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Yield the rows; a list stays an Arrow array."""
    columns = {name: table[name] for name in table.column_names}
    for k in range(table.num_rows):
        yield {name: column[k] for name, column in columns.items()}


def _outcome(row: Mapping[str, Any]) -> Trace | Rejected:
    if (said := row["refused"].as_py()) is not None:
        return msgspec.msgpack.decode(said, type=Rejected)
    return _trace(row)


def _trace(row: Mapping[str, Any]) -> Trace:
    facts = msgspec.msgpack.decode(row["facts"].as_py(), type=_Facts)
    arrays = {name: row[name].values.to_numpy(zero_copy_only=False) for name in (*_SAMPLES, _ROLL, *_SPECTRA)}
    power, speed, count = (arrays[name] for name in _SPECTRA)
    times = facts.first_s + np.arange(len(arrays["vertical_m_s2"])) / facts.even_hz
    return Trace(
        aligned=_aligned(facts),
        even=EvenSamples(
            t_s=times,
            vertical_m_s2=arrays["vertical_m_s2"],
            clipped=arrays["clipped"],
            fs_hz=facts.even_hz,
            roll_rad_s=arrays[_ROLL] if len(arrays[_ROLL]) else None,
        ),
        chainage_m=arrays["chainage_m"],
        speed_m_s=arrays["speed_m_s"],
        position_sd_m=arrays["position_sd_m"],
        spectra=Spectra(log_power=power.reshape(len(count), -1), speed=speed, count=count),
    )


def _aligned(facts: _Facts) -> Aligned:
    """Return the settled drive without its samples."""
    drive = Drive(
        **{name: getattr(facts, name) for name in _OF_DRIVE},
        dropped=facts.dropped,
        flags=facts.drive_flags,
        findings=facts.drive_findings,
        t_s=_NONE,
        acc_m_s2=np.empty((0, 3)),
        fix_t_s=_NONE,
        lon=_NONE,
        lat=_NONE,
        speed_m_s=_NONE,
        hdop=_NONE,
    )
    return Aligned(
        drive=drive,
        pieces=tuple(
            Piece(from_s=a, to_s=b, gravity_axis=np.array(axis), sd_deg=sd) for a, b, axis, sd in facts.pieces
        ),
        remounts=facts.remounts,
        vertical_m_s2=_NONE,
        heading_m_s2=_NONE,
        clock_offset_s=facts.clock_offset_s,
        t_s=_NONE,
        clipped=np.empty(0, np.bool_),
        flags=facts.flags,
        findings=facts.findings,
    )
