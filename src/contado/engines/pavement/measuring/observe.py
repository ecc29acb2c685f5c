"""Observations that outlive a run: one row a drive and cell, one row a drive and place that it felt."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from contado.engines.pavement.measuring.cells import mean_over
from contado.engines.pavement.measuring.measure import GRID_M
from contado.kernel import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.engines.pavement.anomalies.places import Place
    from contado.engines.pavement.measuring.calibration import Calibration
    from contado.engines.pavement.measuring.cells import CellReadings
    from contado.engines.pavement.measuring.measure import Pass
    from contado.engines.pavement.telemetry.drive import Drive

    Floats = NDArray[np.float64]

__all__ = ["anomaly_obs", "cell_obs"]


def cell_obs(
    passes: Sequence[tuple[Drive, Pass, CellReadings]],
    *,
    calibrations: Mapping[str, Calibration],
    spread: float,
    numbers: Floats,
    cell_m: float,
    start_m: float,
    section_id: str,
) -> pa.Table:
    """Return the table ``pavement_cell_obs``; a cell that a drive did not measure is null there.

    ``sd_log`` is what a single pass may be off; of it ``sd_model_log`` is the same on every pass over the cell.
    ``sd_cal_log`` is the part that all passes of a vehicle share, and those ``calibration_shared_with``.
    """
    start, end = numbers * cell_m - start_m, (numbers + 1) * cell_m - start_m
    rows = []
    for drive, passed, reading in passes:
        calibration = calibrations[drive.vehicle].aged(drive.day)
        power, _ = mean_over(passed.weighted_m_s2, start, end)
        seconds, _ = mean_over(passed.t_s, start, end)
        model = reading.model_sd(calibration.cell_sd_log, cell_m)
        sd = np.hypot(spread, model)
        for k, number in enumerate(numbers):
            known = bool(reading.known[k])
            iri = float(np.exp(reading.log_iri[k])) * calibration.scale if known else None
            rows.append(
                {
                    "section_id": section_id,
                    "cell": int(number),
                    "drive_id": drive.name,
                    "t_utc": _utc(drive, seconds[k]),
                    "iri_m_km": iri,
                    "sd_log": float(sd[k]) if known else None,
                    "aw_m_s2": _number(np.sqrt(power[k])) if known else None,
                    "speed_m_s": _number(reading.speed_m_s[k]),
                    "coverage": float(reading.coverage[k]),
                    "label": drive.label,
                    "vehicle_id": drive.vehicle,
                    "sd_cal_log": calibration.sd_log,
                    "cell_m": cell_m,
                    "sd_model_log": float(model[k]) if known else None,
                    "calibration_shared_with": calibration.shared_with,
                }
            )
    return tables.from_rows("pavement_cell_obs", rows)


def anomaly_obs(
    found: Sequence[Place], passes: Sequence[tuple[Drive, Pass]], start_m: float, section_id: str
) -> pa.Table:
    """Return the table ``pavement_anomaly_obs``: a row for each pass that felt a place."""
    rows = []
    for place in found:
        k = round((place.chainage_m - start_m) / GRID_M)
        told = zip(passes, place.hits, place.echoes, place.sides, strict=True)
        for (drive, passed), felt, twice, side in told:
            if felt:
                rows.append(
                    {
                        "section_id": section_id,
                        "drive_id": drive.name,
                        "chainage_m": place.chainage_m,
                        "t_utc": _utc(drive, passed.t_s[min(k, len(passed.t_s) - 1)]),
                        "kind": place.kind,
                        "height_mm": place.height_mm,
                        "length_m": place.length_m,
                        "side": side or place.side,
                        "second_axle": twice,
                        "severity": place.severity,
                        "criticality": place.criticality,
                        "p_exists": place.p_exists,
                        "position_sd_m": place.position_sd_m,
                        "passes": place.passes,
                        "passes_possible": place.passes_possible,
                        "lon": place.lon,
                        "lat": place.lat,
                        "source": "car",
                        "fixture_id": None,
                        "label": drive.label,
                    }
                )
    return tables.from_rows("pavement_anomaly_obs", rows)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _utc(drive: Drive, seconds: float) -> datetime | None:
    """Return the instant of a time on the drive's own clock; the drive's start where it is unknown."""
    if drive.start_utc is None:
        return None
    start = datetime.fromisoformat(drive.start_utc)
    return start + timedelta(seconds=round(float(seconds), 3)) if np.isfinite(seconds) else start
