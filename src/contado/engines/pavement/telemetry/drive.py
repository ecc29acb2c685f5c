"""What a drive is: as it was read, and as it stands after units, mount and clock were settled.

Arrays are numpy float64; ``n`` counts acceleration samples, ``m`` position fixes. Unknown is NaN inside
arrays and None elsewhere. Times count seconds from the first row of the file they come from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import numpy as np
    from numpy.typing import NDArray

    from contado.kernel.labels import Label

    Floats = NDArray[np.float64]

__all__ = [
    "G_M_S2",
    "MAX_FIX_GAP_S",
    "MIN_SPEED_M_S",
    "Aligned",
    "Drive",
    "DriveSet",
    "Piece",
    "Rejected",
    "Remount",
    "Unit",
]

Unit = Literal["m_s2", "g"]
Remount = tuple[float, float]
"""Time of a re-mount on the clock of the fixes [s] and the angle the gravity axis turned [deg]."""

G_M_S2 = 9.80665  # standard gravity, ISO 80000-3
MIN_SPEED_M_S = 4.5
"""Below this speed the road is `not_measurable` [m/s]."""
MAX_FIX_GAP_S = 5.0
"""A time without fixes longer than this is never bridged [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """One drive as read: cleaned, in SI units, nothing interpreted yet."""

    name: str
    vehicle: str
    label: Label
    sha256: str
    """Hash of the numbers of both files: independent of file names and encoding."""
    t_s: Floats
    """Time of each sample on the accelerometer's own clock, strictly increasing [s], f8[n]."""
    acc_m_s2: Floats
    """Reading of the accelerometer (specific force) in sensor axes x, y, z [m/s2], f8[n, 3]."""
    gyro_rad_s: Floats | None = None
    """Turning rate in sensor axes at the same samples [rad/s], f8[n, 3]."""
    fix_t_s: Floats
    """Time of each fix on the receiver's own clock, strictly increasing [s], f8[m]."""
    lon: Floats
    lat: Floats
    speed_m_s: Floats
    """Speed over ground [m/s], f8[m]; NaN = unknown."""
    hdop: Floats
    start_utc: str | None = None
    """UTC of t = 0 of the fixes, ISO 8601."""
    unit: Unit
    """Unit in which the file stood."""
    fs_hz: float
    """Median sampling rate [Hz]."""
    n_samples_raw: int
    n_fixes_raw: int
    format: str = "pair"
    """Name of the column map it was read with."""
    files: tuple[str, ...] = ()
    fixes_dropped: int = 0
    """Rows of fixes that were dropped, each counted once."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Rows of the files that were dropped, by rule."""
    flags: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def day(self) -> date | None:
        """Day it started (UTC); None where the drive has no date."""
        return None if self.start_utc is None else datetime.fromisoformat(self.start_utc).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A drive that cannot be used: the file at fault, the rule, the first row (header = 1) and why."""

    file: str
    rule: str
    row: int | None
    message: str
    hint: str = ""
    sha256: str | None = None
    """Hash of the numbers of both files (`Drive`), where they could be read."""

    def as_finding(self) -> Finding:
        """Return the same as a warning: what was read beside it goes on without it."""
        return Finding(
            severity="warning",
            rule=self.rule,
            message=self.message,
            table=self.file,
            row=self.row,
            hint=self.hint,
            action="dropped",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveSet:
    """The drives of a folder or file, what was rejected, and the label of the whole."""

    drives: tuple[Drive, ...]
    rejected: tuple[Rejected, ...] = ()
    label: Label = "estimated"
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a drive with one mount."""

    from_s: float
    to_s: float
    gravity_axis: Floats
    """Unit vector of the reading at rest, in sensor axes, f8[3]."""
    sd_deg: float
    """Standard error of the axis [deg]; a bias of the sensor, which nothing tells from tilt, is not in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """A drive whose mount and clock are settled: vertical and heading acceleration on the fixes' clock."""

    drive: Drive
    pieces: tuple[Piece, ...]
    remounts: tuple[Remount, ...]
    vertical_m_s2: Floats
    """Upward acceleration without gravity [m/s2], f8[n]; NaN where it must not be used: around a re-mount
    or a jump of the clock, and everywhere where the sensor is loose."""
    heading_m_s2: Floats
    """Forward acceleration [m/s2], f8[n]; NaN where the heading axis is unknown."""
    roll_rad_s: Floats | None = None
    """Roll rate about the heading axis, left side up, without its mean [rad/s], f8[n]; NaN where the heading
    axis is unknown or the vertical must not be used. None without a gyroscope."""
    clock_offset_s: float
    """How far the accelerometer's clock is ahead of the fixes' [s]: ``t_s`` is its time less this offset. After
    a jump of a clock, the offset that held longest."""
    t_s: Floats
    """Time of each sample on the clock of the fixes [s], f8[n]."""
    clipped: NDArray[np.bool_]
    """Whether a sample stands at the end of the sensor's range, bool[n]."""
    flags: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
