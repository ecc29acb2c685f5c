"""contado pavement read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.verbs.pavement._dialect import accepted

if TYPE_CHECKING:
    from contado.engines.pavement.telemetry.drive import Aligned, Rejected

__all__ = ["VERB", "ReadAnswer", "ReadRequest", "RejectedDrive"]


class ReadRequest(Request, frozen=True, kw_only=True):
    """Drives in, what each is worth out."""

    path: Annotated[
        Path, argument("folder of drives, one file of a drive, or NAME of NAME_acc and NAME_gnss")
    ]
    columns: Annotated[
        Path | None, option("further column maps (TOML): format, part, name, quantity, axis, unit")
    ] = None
    out: Annotated[
        Path | None, option("folder for NAME_acc.parquet and NAME_gnss.csv, as `pavement process` reads them")
    ] = None
    drop_bad: Annotated[
        bool,
        option(
            "drop and count fixes at impossible positions instead of refusing the drive",
            question_it="Scartare le posizioni impossibili?",
            question_en="Drop impossible positions?",
        ),
    ] = False


class Dropped(msgspec.Struct, kw_only=True):
    """Rows of a drive's files that were dropped by one rule."""

    rule: str
    count: int


class Mount(msgspec.Struct, kw_only=True):
    """Unit vector of the reading at rest in sensor axes, with its standard error."""

    gravity_axis: list[float]
    sd_deg: float


class RemountFact(msgspec.Struct, kw_only=True):
    """A time at which somebody moved the sensor."""

    t_s: float
    angle_deg: float


class DriveRead(msgspec.Struct, kw_only=True):
    """One drive."""

    drive: str
    vehicle: str
    format: str
    files: list[str]
    samples: int
    fixes: int
    fixes_dropped: int
    dropped: list[Dropped]
    fs_hz: float
    duration_s: float
    distance_m: float
    speed_mean_m_s: float | None
    unit: Literal["m_s2", "g"]
    mount: Mount
    remounts: list[RemountFact]
    clock_offset_s: float
    raw_sd_m_s2: float | None
    roughness_m_km: float | None
    roughness_low_m_km: float | None
    roughness_high_m_km: float | None
    calibrated: bool
    flags: list[str]


class RejectedDrive(msgspec.Struct, kw_only=True):
    """A drive that cannot be used."""

    file: str
    rule: str
    row: int | None
    message: str
    hint: str

    @classmethod
    def of(cls, one: Rejected) -> RejectedDrive:
        """Return the row of an answer."""
        return cls(file=one.file, rule=one.rule, row=one.row, message=one.message, hint=one.hint)


class ReadAnswer(LabelledAnswer, kw_only=True):
    """The drives that can be used and those that cannot."""

    drives: list[DriveRead]
    rejected: list[RejectedDrive]
    compute_s: float


def _run(request: ReadRequest, context: Context) -> ReadAnswer:
    import time

    from contado.engines.pavement.telemetry.align import align_all
    from contado.engines.pavement.telemetry.read import nothing_readable, read_drives
    from contado.engines.pavement.telemetry.write import write_drives

    found = read_drives(request.path, request.columns, drop_bad=request.drop_bad)
    if context.progress:
        context.progress("read", len(found.drives), len(found.drives))
    start = time.perf_counter()
    aligned, unaligned = align_all(found.drives)
    rejected = [*found.rejected, *unaligned]
    if not aligned:
        raise nothing_readable(request.path, rejected)
    drives = [_drive(one) for one in aligned]
    seconds = time.perf_counter() - start
    told = [*found.findings, *(finding for one in aligned for finding in one.findings)]
    findings = accepted(context, told, rejected)
    if request.out is not None:
        write_drives(aligned, request.out)
    return ReadAnswer(
        label=found.label,
        drives=drives,
        rejected=[RejectedDrive.of(one) for one in rejected],
        compute_s=seconds,
        findings=findings,
    )


def _drive(aligned: Aligned) -> DriveRead:
    from dataclasses import asdict

    from contado.engines.pavement.telemetry.summary import main_piece, summarise

    drive, piece = aligned.drive, main_piece(aligned)
    return DriveRead(
        drive=drive.name,
        vehicle=drive.vehicle,
        format=drive.format,
        files=list(drive.files),
        samples=drive.n_samples_raw,
        fixes=drive.n_fixes_raw,
        fixes_dropped=drive.fixes_dropped,
        dropped=[Dropped(rule=rule, count=count) for rule, count in drive.dropped.items()],
        fs_hz=drive.fs_hz,
        unit=drive.unit,
        mount=Mount(gravity_axis=piece.gravity_axis.tolist(), sd_deg=piece.sd_deg),
        remounts=[RemountFact(t_s=t_s, angle_deg=angle) for t_s, angle in aligned.remounts],
        clock_offset_s=aligned.clock_offset_s,
        calibrated=False,
        flags=list(aligned.flags),
        **asdict(summarise(aligned)),
    )


def _text(answer: ReadAnswer, lang: Literal["it", "en"]) -> str:
    """Write one line a drive; roughness is what an uncalibrated car says."""
    words = {"it": ("rugosità", "scartato", "etichetta"), "en": ("roughness", "rejected", "label")}[lang]
    lines = [f"{words[2]} {answer.label}"]
    for drive in answer.drives:
        rough = "-"
        if drive.roughness_m_km is not None:
            rough = f"{drive.roughness_m_km:.2f} ({drive.roughness_low_m_km:.2f}-{drive.roughness_high_m_km:.2f}) m/km"
        lines.append(
            f"{drive.drive}: {drive.samples} / {drive.fixes} ({drive.fixes_dropped}), {drive.fs_hz:.1f} Hz, "
            f"{drive.distance_m / 1000:.2f} km, {words[0]} {rough}, {', '.join(drive.flags) or '-'}"
        )
    lines += [f"{words[1]} {one.file}: {one.rule}: {one.message} {one.hint}" for one in answer.rejected]
    return "\n".join(lines)


VERB = Verb(
    name="pavement read",
    help="Read drives as phones and loggers write them",
    request=ReadRequest,
    answer=ReadAnswer,
    run=_run,
    text=_text,
    examples=("contado pavement read drives/ --json", "contado pavement read phone/ --out drives/"),
)
