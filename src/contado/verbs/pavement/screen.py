"""contado pavement screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.scale import Engine
from contado.verbs.pavement._dialect import accepted
from contado.verbs.pavement.read import RejectedDrive

if TYPE_CHECKING:
    from contado.engines.pavement.measuring.screening import Screened

__all__ = ["VERB", "ScreenAnswer", "ScreenRequest"]


class ScreenRequest(Request, frozen=True, kw_only=True):
    """An archive of drives in, how hard and where each shook out; no network is needed."""

    path: Annotated[
        Path, argument("folder of drives, one file of a drive, or NAME of NAME_acc and NAME_gnss")
    ]
    cell_m: Annotated[
        float, option("length of a cell along the drive's own way", unit="m", ge=5, le=10_000)
    ] = 100.0
    drop_bad: Annotated[bool, option("drop and count fixes at impossible positions")] = False
    engine: Annotated[
        Engine,
        option(
            "where the drives are read: on threads here, or on Dask or Spark; the answer is the same to the bit"
        ),
    ] = "local"
    out: Annotated[Path | None, option("folder for screen_cells.parquet and screen_events.parquet")] = None


class DriveScreened(msgspec.Struct, kw_only=True):
    """One drive; ``rms_m_s2`` of the vertical acceleration, 0.5 to 20 Hz, depends on car and speed."""

    drive: str
    vehicle: str
    samples: int
    unit: Literal["m_s2", "g"]
    fs_hz: float
    distance_m: float
    cells: int
    events: int
    rms_m_s2: float | None


class ScreenAnswer(LabelledAnswer, kw_only=True):
    """The drives that can be used and those that cannot."""

    drives: list[DriveScreened]
    rejected: list[RejectedDrive]
    samples: int
    files: list[Path] = msgspec.field(default_factory=list)
    compute_s: float


def _run(request: ScreenRequest, context: Context) -> ScreenAnswer:
    from contado.engines.pavement.measuring.screening import screen_drives
    from contado.engines.pavement.telemetry.read import survey

    found = screen_drives(
        survey(request.path),
        cell_m=request.cell_m,
        drop_bad=request.drop_bad,
        engine=request.engine,
        progress=context.progress,
    )
    findings = accepted(context, found.findings, found.rejected)
    return ScreenAnswer(
        label=found.label,
        drives=[msgspec.convert(d, DriveScreened, from_attributes=True) for d in found.drives],
        rejected=[RejectedDrive.of(one) for one in found.rejected],
        samples=sum(d.samples for d in found.drives),
        files=_write(found, request.out) if request.out else [],
        compute_s=found.compute_s,
        findings=findings,
    )


def _write(found: Screened, folder: Path) -> list[Path]:
    from contado.kernel import tables

    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / "screen_cells.parquet", folder / "screen_events.parquet"]
    for table, path in zip((found.cells, found.events), files, strict=True):
        tables.write_parquet(table, path)
    return files


VERB = Verb(
    name="pavement screen",
    help="Pass over an archive of drives: where each shook, without a network",
    request=ScreenRequest,
    answer=ScreenAnswer,
    run=_run,
    extra="roads",
    needs=("numba",),
    examples=("contado pavement screen archive/ --cell-m 100 --out screened --json",),
)
