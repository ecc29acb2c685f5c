"""Observations of drives, cameras and people -> passages: what was noticed, and where it would have been.

What is later than the day of the state is set aside; a drive without a date counts as of that day, as it does in
`contado.engines.pavement.state.fusion`. In a workspace that day is settled once, when the drive is first loaded.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.engines.pavement.anomalies.life import Passage, Sighting
from contado.engines.pavement.anomalies.sources import sensor_of
from contado.engines.pavement.state.repetition import told_wholly_again
from contado.kernel.dates import local

if TYPE_CHECKING:
    import pyarrow as pa

    Row = dict[str, Any]
    Key = tuple[str, str]
    Stretches = tuple[tuple[float, float], ...]

__all__ = ["MIN_COVERAGE", "covered", "noon", "passages_of"]

MIN_COVERAGE: Final = 0.5
"""Share of a cell that a pass must have measured for its silence about an anomaly to count."""
_DAY_S: Final = 86_400.0
_NOON: Final = time(12)
_OF_CELLS: Final = ("section_id", "drive_id", "cell", "cell_m", "t_utc", "iri_m_km", "coverage")


def noon(on: date, timezone: str = local.ROME) -> datetime:
    """Return the instant of an undated drive that counts as of the legal day ``on``: no clock moves it off the day."""
    return local.place(datetime.combine(on, _NOON), timezone).instant


def passages_of(
    cell_obs: pa.Table, anomaly_obs: pa.Table, *, on: date, timezone: str = local.ROME
) -> list[Passage]:
    """Return one passage a section and drive until the end of a day, by section and drive.

    A drive that tells on a section nothing but what another one of its car told there seconds before or after has
    passed once (`contado.engines.pavement.state.repetition.told_again`).

    Parameters
    ----------
    cell_obs
        Table ``pavement_cell_obs``: a cell with an IRI was measured, so what is not felt there counts.
    anomaly_obs
        Table ``pavement_anomaly_obs``: what cars felt, and what cameras and people told.
    on
        Legal day of the state.
    timezone
        Zone of the legal time.
    """
    end, undated = _midnight(on + timedelta(days=1), timezone), noon(on, timezone)
    measured, day = covered(cell_obs, end=end, undated=undated)
    told: dict[Key, list[Row]] = defaultdict(list)
    for row in anomaly_obs.to_pylist():
        moment = row["t_utc"] or undated
        if moment < end:
            key = (row["section_id"], row["drive_id"])
            day.setdefault(key, moment.timestamp() / _DAY_S)
            told[key].append(row)
    again = told_wholly_again(cell_obs)
    return [
        _passage(key, day[key], measured.get(key, ()), told[key]) for key in sorted(day) if key not in again
    ]


def _midnight(day: date, timezone: str) -> datetime:
    return local.place(datetime.combine(day, time()), timezone).instant


def _passage(key: Key, day: float, measured: Stretches, rows: list[Row]) -> Passage:
    """Return what one drive, camera or person said of one section."""
    fields = ("chainage_m", "kind", "height_mm", "severity")
    further = ("fixture_id", "second_axle", "side")  # of rows told by people they may be absent
    told = sorted(
        (Sighting(**{n: row[n] for n in fields} | {n: row.get(n) for n in further}) for row in rows),
        key=lambda s: (s.chainage_m, s.kind),
    )
    first: Row = rows[0] if rows else {"source": "car"}
    answer = first.get("answer")
    return Passage(
        section_id=key[0],
        drive_id=key[1],
        day=day,
        covered_m=measured,
        sightings=() if answer in {"absent", "repaired"} else tuple(told),
        sensor=sensor_of(first["source"], first.get("kind", "")),
        source=first["source"],
        asked=told[0] if answer else None,
        answer=answer,
        who=first.get("who"),
        photo=first.get("photo"),
        label=first.get("label", "estimated"),
    )


def covered(
    cell_obs: pa.Table, *, end: datetime | None = None, undated: datetime | None = None
) -> tuple[dict[Key, Stretches], dict[Key, float]]:
    """Return the stretches that each drive measured of each section [m], and the day it did [days since 1970].

    Parameters
    ----------
    cell_obs
        Table ``pavement_cell_obs``.
    end
        What is not before it is set aside; None for nothing.
    undated
        When a drive without a date counts as having passed; None to leave it out.
    """
    rows = cell_obs.select(list(_OF_CELLS)).to_pandas()
    if undated is not None:
        rows["t_utc"] = rows["t_utc"].fillna(undated)
    in_time = rows["t_utc"].notna() if end is None else rows["t_utc"] < end
    rows = rows[in_time & rows["iri_m_km"].notna() & (rows["coverage"] >= MIN_COVERAGE)]
    rows = rows.sort_values(["section_id", "drive_id", "cell"], ignore_index=True)
    if rows.empty:
        return {}, {}
    start = rows["cell"].to_numpy(float) * rows["cell_m"].to_numpy(float)
    stop = start + rows["cell_m"].to_numpy(float)
    pass_of = rows.groupby(["section_id", "drive_id"], sort=False).ngroup().to_numpy()
    new = np.concatenate(([True], (np.diff(pass_of) != 0) | (start[1:] > stop[:-1] + 1e-6)))
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(rows)) - 1
    found: dict[Key, Stretches] = {}
    for section, drive, a, b in zip(
        rows["section_id"].iloc[first], rows["drive_id"].iloc[first], start[first], stop[last], strict=True
    ):
        found[section, drive] = (*found.get((section, drive), ()), (float(a), float(b)))
    moment = rows.groupby(["section_id", "drive_id"])["t_utc"].min()
    return found, {key: stamp.timestamp() / _DAY_S for key, stamp in moment.items()}
