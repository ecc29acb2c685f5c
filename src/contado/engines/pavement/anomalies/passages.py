"""Observations of processed drives -> passages: what was noticed, and where it would have been."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from contado.engines.pavement.anomalies.life import Passage, Sighting

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

__all__ = ["passages_of"]

SECONDS_PER_DAY = 86_400.0


def passages_of(cell_obs: pa.Table, anomaly_obs: pa.Table) -> list[Passage]:
    """Return a passage for each drive and section, in order of time.

    Parameters
    ----------
    cell_obs
        Table ``pavement_cell_obs``: a cell with an IRI was measured, so what is not felt there counts.
    anomaly_obs
        Table ``pavement_anomaly_obs`` of the same drives.
    """
    covered: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    begun: dict[tuple[str, str], float] = {}
    for row in cell_obs.to_pylist():
        key = (row["section_id"], row["drive_id"])
        begun[key] = min(begun.get(key, float("inf")), _day(row["t_utc"]))
        if row["iri_m_km"] is not None:
            covered[key].append((row["cell"] * row["cell_m"], (row["cell"] + 1) * row["cell_m"]))
    felt: dict[tuple[str, str], list[Sighting]] = defaultdict(list)
    for row in anomaly_obs.to_pylist():
        sighting = Sighting(
            chainage_m=row["chainage_m"],
            kind=row["kind"],
            height_mm=row["height_mm"],
            severity=row["severity"],
            fixture_id=row.get("fixture_id"),
            second_axle=row.get("second_axle"),
            side=row.get("side"),
        )
        felt[row["section_id"], row["drive_id"]].append(sighting)
    passages = [
        Passage(
            drive_id=drive,
            section_id=section,
            day=day,
            covered_m=tuple(covered[section, drive]),
            sightings=tuple(felt[section, drive]),
        )
        for (section, drive), day in begun.items()
    ]
    return sorted(passages, key=lambda p: (p.day, p.section_id, p.drive_id))


def _day(instant: datetime | None) -> float:
    """Return days since 1970; 0 for a drive without a date, which so counts as the oldest."""
    return 0.0 if instant is None else instant.timestamp() / SECONDS_PER_DAY
