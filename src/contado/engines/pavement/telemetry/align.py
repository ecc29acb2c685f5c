"""Mount and clock of a drive settled: vertical and heading acceleration on the clock of the fixes."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.telemetry import clock, mount, quality
from contado.engines.pavement.telemetry.blocks import blocks_of
from contado.engines.pavement.telemetry.drive import Aligned, Piece, Rejected
from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.clock import Clock, Jump
    from contado.engines.pavement.telemetry.drive import Drive, Remount

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["align", "align_all"]

UNRESOLVED_S: Final = 2.0
"""An offset that is larger than this and not sure makes a drive unusable [s]."""
_AROUND_REMOUNT_S: Final = 1.5
_AROUND_JUMP_S: Final = 3.0
_COARSE_S: Final = 1.0  # beyond this the fixes do not tell which seconds were steady
_RESTLESS: Final = 4  # re-mounts, less than _RESTLESS_S apart on average, that nobody makes by hand
_RESTLESS_S: Final = 60.0
_WANDER_DEG: Final = 6.0  # from one 20 s to the next; hills and curves give a phone 1 to 3
_SAME_CLOCK_S: Final = 0.2  # smaller offsets are within the error of the estimate


def align_all(drives: Iterable[Drive]) -> tuple[tuple[Aligned, ...], tuple[Rejected, ...]]:
    """Align drives; one that cannot be aligned is a row of the rejected."""
    aligned, rejected = [], []
    for drive in drives:
        try:
            aligned.append(align(drive))
        except DataError as error:
            file = drive.files[0] if drive.files else drive.name
            row = error.rows[0] if error.rows else None
            rejected.append(
                Rejected(
                    file=file,
                    rule=error.rule,
                    row=row,
                    message=error.message,
                    hint=error.hint,
                    sha256=drive.sha256,
                )
            )
    return tuple(aligned), tuple(rejected)


def align(drive: Drive) -> Aligned:
    """Find mount, re-mounts and clock offset of a drive, and turn its samples accordingly.

    Raises
    ------
    DataError
        ``clock_offset``: the clocks differ by more than 2 s and by how much is not sure, or one of them
        runs back.
    """
    _check_overlap(drive)
    cuts, axes, piece_of, settled, own_t_s = _settled(drive)
    if abs(settled.offset_s) > _COARSE_S and settled.jump is None:
        shifted = dataclasses.replace(drive, t_s=drive.t_s - settled.offset_s)
        cuts, axes, piece_of, again, own_t_s = _settled(shifted)
        cuts = [cut + settled.offset_s for cut in cuts]
        own_t_s = own_t_s + settled.offset_s
        settled = _moved(again, settled.offset_s)
    clipped = quality.clipped_samples(drive.acc_m_s2)
    flags, findings = quality.quality(drive, clipped)
    offset = settled.offset_s
    pieces, remounts = _pieces(drive, axes, cuts, offset)
    t_s = own_t_s - offset
    vertical = _vertical(drive.acc_m_s2, pieces, piece_of)
    _blank(vertical, t_s, [t for t, _ in remounts], _AROUND_REMOUNT_S)
    if settled.jump is not None:
        _blank(vertical, t_s, [settled.jump.at_s], _AROUND_JUMP_S)
    clock_finding = _clock_finding(drive, settled)
    ringing = quality.loose_frequency_hz(vertical, quality.sample_speed(drive, t_s), drive.fs_hz)
    loose = _loose(drive, ringing, remounts)
    if loose is not None:
        vertical[:] = np.nan
    for rule, finding in (
        ("remounted", _remounted(drive, remounts)),
        ("loose_mount", loose),
        ("clock_offset", clock_finding),
    ):
        if finding is not None:
            findings.append(finding)
            if finding.severity == "warning":
                flags.append(rule)
    return Aligned(
        drive=drive,
        pieces=pieces,
        remounts=remounts,
        vertical_m_s2=vertical,
        heading_m_s2=_along(drive.acc_m_s2, settled, piece_of),
        roll_rad_s=_roll(drive, settled, piece_of, vertical),
        clock_offset_s=offset,
        t_s=t_s,
        clipped=clipped,
        flags=tuple(dict.fromkeys((*drive.flags, *flags))),
        findings=(*drive.findings, *findings),
    )


def _check_overlap(drive: Drive) -> None:
    """Refuse files whose times do not meet: one clock counts from its start, the other from somewhere else."""
    shared_s = min(drive.t_s[-1], drive.fix_t_s[-1]) - max(drive.t_s[0], drive.fix_t_s[0])
    shorter_s = min(np.ptp(drive.t_s), np.ptp(drive.fix_t_s))
    if shared_s < 0.5 * shorter_s:
        first, other = (f"{t[0]:.1f} to {t[-1]:.1f} s" for t in (drive.t_s, drive.fix_t_s))
        raise _unresolved(drive, f"the samples run from {first}, the fixes from {other}")


def _settled(drive: Drive) -> tuple[list[float], list[tuple[Floats, float]], Ints, Clock, Floats]:
    """Return re-mounts, axes with errors, piece of each sample, clock, and sample times without a jump."""
    cuts, axes = mount.mounts(blocks_of(drive))
    piece_of = np.searchsorted(np.array(cuts), drive.t_s, side="right")
    settled, own_t_s = _clock(drive, [axis for axis, _ in axes], piece_of)
    return cuts, axes, piece_of, settled, own_t_s


def _moved(settled: Clock, by_s: float) -> Clock:
    return dataclasses.replace(
        settled,
        offset_s=settled.offset_s + by_s,
        low_s=settled.low_s + by_s,
        high_s=settled.high_s + by_s,
    )


def _clock(drive: Drive, axes: Sequence[Floats], piece_of: Ints) -> tuple[Clock, Floats]:
    """Return the clock, its offset as it is to be applied, and the sample times with a jump taken out."""
    settled = clock.settle(drive, axes, piece_of)
    if settled.jump is not None and _leaves_hole(drive, settled.jump):
        return _with_jump(drive, axes, piece_of, settled.jump)
    settled = dataclasses.replace(settled, jump=None)
    if not settled.resolved:
        if settled.low_s > UNRESOLVED_S or settled.high_s < -UNRESOLVED_S:
            raise _unresolved(drive, f"it lies between {settled.low_s:.1f} and {settled.high_s:.1f} s")
        return dataclasses.replace(settled, offset_s=0.0), drive.t_s
    if abs(settled.offset_s) < _SAME_CLOCK_S:
        return dataclasses.replace(settled, offset_s=0.0), drive.t_s
    return settled, drive.t_s


def _with_jump(drive: Drive, axes: Sequence[Floats], piece_of: Ints, jump: Jump) -> tuple[Clock, Floats]:
    """Take the jump out of the sample times, then settle what is left."""
    cut = _place(drive, jump)
    after = np.arange(len(drive.t_s)) >= cut
    kept = jump.late_s if after.mean() > 0.5 else jump.early_s
    mended = drive.t_s - np.where(after, jump.late_s, jump.early_s) + kept
    if not (np.diff(mended) > 0).all():
        raise _unresolved(drive, f"it jumps from {jump.early_s:.2f} s to {jump.late_s:.2f} s and runs back")
    settled = clock.settle(dataclasses.replace(drive, t_s=mended), axes, piece_of)
    offset = settled.offset_s if settled.resolved else kept
    jump = dataclasses.replace(jump, at_s=float(mended[min(cut, len(mended) - 1)] - offset))
    return dataclasses.replace(settled, offset_s=offset, jump=jump), mended


def _around(drive: Drive, jump: Jump) -> tuple[Floats, int]:
    """Return the times of the clock that leapt ahead, within the time the jump may be, and the first's place."""
    if jump.late_s > jump.early_s:
        first, last = np.searchsorted(drive.t_s, [jump.from_s + jump.early_s, jump.to_s + jump.late_s + 1])
        return drive.t_s[first:last], int(first)
    first, last = np.searchsorted(drive.fix_t_s, [jump.from_s, jump.to_s + 1])
    return drive.fix_t_s[first:last], int(first)


def _leaves_hole(drive: Drive, jump: Jump) -> bool:
    """Whether the clock that leapt ahead lacks the time it leapt over; without a hole it did not leap."""
    times, _ = _around(drive, jump)
    if len(times) < 3:
        return False
    step = np.diff(times)
    return bool(step.max() - np.median(step) > abs(jump.late_s - jump.early_s) / 2)


def _place(drive: Drive, jump: Jump) -> int:
    """Return the first sample after a jump: behind the hole that the leaping clock leaves."""
    times, first = _around(drive, jump)
    after = int(np.argmax(np.diff(times))) + 1
    if jump.late_s > jump.early_s:
        return first + after
    return int(np.searchsorted(drive.t_s, times[after] + jump.late_s))


def _unresolved(drive: Drive, why: str) -> DataError:
    return DataError(
        f"{drive.name}: the offset between the clocks of accelerometer and fixes is not resolved: {why}.",
        rule="clock_offset",
        hint="check that both files belong to the same drive, or give them one clock",
        field="t_s",
    )


def _clock_finding(drive: Drive, settled: Clock) -> Finding | None:
    """Say what was found and done about the clocks; nothing where they agree."""
    if settled.jump is not None:
        jump = settled.jump
        message = f"the clock offset jumps from {jump.early_s:.2f} s to {jump.late_s:.2f} s at {jump.at_s:.0f} s; corrected."
    elif settled.offset_s:
        message = (
            f"the accelerometer's clock less the fixes' is {settled.offset_s:.2f} s "
            f"({settled.low_s:.2f} to {settled.high_s:.2f} s); corrected."
        )
    elif not settled.resolved:
        message = "the speed changes too little to compare the clocks; their offset is taken as 0."
    else:
        return None
    found = settled.jump is not None or settled.offset_s != 0
    return Finding(
        severity="warning" if found else "note",
        rule="clock_offset",
        message=f"{drive.name}: {message}",
        table=drive.name,
        action="repaired" if found else "kept",
    )


def _pieces(
    drive: Drive, axes: Sequence[tuple[Floats, float]], cuts: Sequence[float], offset_s: float
) -> tuple[tuple[Piece, ...], tuple[Remount, ...]]:
    """Return pieces and re-mounts on the clock of the fixes."""
    edges = np.array([drive.t_s[0], *cuts, drive.t_s[-1]]) - offset_s
    pieces = tuple(
        Piece(from_s=float(a), to_s=float(b), gravity_axis=axis, sd_deg=sd)
        for a, b, (axis, sd) in zip(edges[:-1], edges[1:], axes, strict=True)
    )
    remounts = tuple(
        (later.from_s, mount.angle_deg(earlier.gravity_axis, later.gravity_axis))
        for earlier, later in pairwise(pieces)
    )
    return pieces, remounts


def _vertical(acc: Floats, pieces: Sequence[Piece], piece_of: Ints) -> Floats:
    """Project on each piece's gravity axis and take the mean (gravity, scale and bias) away."""
    vertical = np.full(len(acc), np.nan)
    for k, piece in enumerate(pieces):
        here = piece_of == k
        if here.any():
            upward = acc[here] @ piece.gravity_axis
            vertical[here] = upward - upward.mean()
    return vertical


def _along(reading: Floats, settled: Clock, piece_of: Ints) -> Floats:
    """Project readings f8[n, 3] on each piece's heading axis, less their median."""
    along = np.full(len(reading), np.nan)
    for k, ahead in enumerate(settled.heading):
        here = piece_of == k
        if ahead is not None and here.any():
            forward = reading[here] @ ahead
            known = forward[np.isfinite(forward)]
            along[here] = forward - (np.median(known) if known.size else 0.0)
    return along


def _roll(drive: Drive, settled: Clock, piece_of: Ints, vertical: Floats) -> Floats | None:
    """Return the turning rate about the heading axis: a rotation that lifts the left side is positive."""
    if drive.gyro_rad_s is None:
        return None
    return np.where(np.isfinite(vertical), _along(drive.gyro_rad_s, settled, piece_of), np.nan)


def _blank(vertical: Floats, t_s: Floats, times: Sequence[float], around_s: float) -> None:
    """Leave out the samples around a time at which something was moved."""
    for time in times:
        vertical[np.abs(t_s - time) <= around_s] = np.nan


def _remounted(drive: Drive, remounts: Sequence[Remount]) -> Finding | None:
    if not remounts:
        return None
    places = ", ".join(f"by {angle:.1f} degrees at {time:.0f} s" for time, angle in remounts)
    message = f"{drive.name}: the sensor was moved {places}; the drive is split there."
    return Finding(severity="warning", rule="remounted", message=message, table=drive.name, action="repaired")


def _loose(drive: Drive, ringing_hz: float | None, remounts: Sequence[Remount]) -> Finding | None:
    """Say why the sensor does not follow the car's body, if it does not."""
    times = [time for time, _ in remounts]
    if ringing_hz is not None:
        why = f"it rings at {ringing_hz:.1f} Hz"
    elif len(times) >= _RESTLESS and times[-1] - times[0] < _RESTLESS_S * (len(times) - 1):
        why = f"its axis moved {len(times)} times"
    elif (wander := mount.wander_deg(blocks_of(drive))) > _WANDER_DEG:
        why = f"its axis wanders by {wander:.0f} degrees"
    else:
        return None
    message = f"{drive.name}: the sensor is loose ({why}); no roughness is given."
    return Finding(
        severity="warning", rule="loose_mount", message=message, table=drive.name, action="dropped"
    )
