"""What a drive is worth, said without a network: rates, lengths, mount, clock and roughness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.engines.pavement.measuring.equalise import roughness
from contado.engines.pavement.telemetry.drive import MAX_FIX_GAP_S, MIN_SPEED_M_S
from contado.engines.pavement.telemetry.quality import sample_speed

if TYPE_CHECKING:
    from contado.engines.pavement.telemetry.drive import Aligned, Drive, Piece

__all__ = ["Summary", "distance_m", "main_piece", "raw_sd_m_s2", "summarise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Figures of one drive; None where unknown."""

    duration_s: float
    distance_m: float
    speed_mean_m_s: float | None
    raw_sd_m_s2: float | None
    """Standard deviation of the vertical acceleration at 4.5 m/s and more [m/s2]: depends on speed."""
    roughness_m_km: float | None
    """Speed-corrected roughness as an uncalibrated nominal car sees it [m/km], with its 90 % interval."""
    roughness_low_m_km: float | None
    roughness_high_m_km: float | None


def summarise(aligned: Aligned) -> Summary:
    """Return the figures of a drive that is aligned."""
    drive = aligned.drive
    speed = drive.speed_m_s[np.isfinite(drive.speed_m_s)]
    rough = roughness(aligned)
    return Summary(
        duration_s=float(drive.t_s[-1] - drive.t_s[0]),
        distance_m=distance_m(drive),
        speed_mean_m_s=float(speed.mean()) if speed.size else None,
        raw_sd_m_s2=raw_sd_m_s2(aligned),
        roughness_m_km=rough.mean,
        roughness_low_m_km=rough.low,
        roughness_high_m_km=rough.high,
    )


def distance_m(drive: Drive) -> float:
    """Integrate the speed of the fixes [m]; a gap of more than 5 s adds nothing."""
    known = np.isfinite(drive.speed_m_s)
    step = np.diff(drive.fix_t_s[known])
    mean = (drive.speed_m_s[known][1:] + drive.speed_m_s[known][:-1]) / 2
    return float((mean * step)[step <= MAX_FIX_GAP_S].sum())


def raw_sd_m_s2(aligned: Aligned) -> float | None:
    """Return the unfiltered standard deviation of the vertical at 4.5 m/s and more [m/s2]."""
    moving = sample_speed(aligned.drive, aligned.t_s) >= MIN_SPEED_M_S
    vertical = aligned.vertical_m_s2[moving & np.isfinite(aligned.vertical_m_s2)]
    return float(vertical.std()) if len(vertical) > 1 else None


def main_piece(aligned: Aligned) -> Piece:
    """Return the longest part with one mount."""
    return max(aligned.pieces, key=lambda piece: piece.to_s - piece.from_s)
