"""An invented survey of one road: every class, an uncertain one, a piece nobody could measure."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

ON = dt.date(2026, 4, 10)
IRI = (1.5, 1.6, 2.9, 3.0, 4.2, 4.3, 7.5, 8.0, None, 2.2)
"""A A B B C C D D unknown and, with its interval, A or B."""
NARROW, WIDE = 1.03, 1.3


def cells() -> list[dict]:
    """Cells of 100 m as `process` answers them."""
    rows = []
    for k, iri in enumerate(IRI):
        width = WIDE if k == len(IRI) - 1 else NARROW
        rows.append(
            {
                "from_m": 100.0 * k,
                "to_m": 100.0 * (k + 1),
                "iri_m_km": iri,
                "low_m_km": None if iri is None else iri / width,
                "high_m_km": None if iri is None else iri * width,
                "passes": 0 if iri is None else 4,
                "vehicles": 0 if iri is None else 2,
                "state": "not_measurable" if iri is None else "measured",
            }
        )
    return rows


def spot(chainage_m: float, kind: str, passes: int = 4, severity: float = 20.0) -> dict:
    """An anomaly as `process` answers it."""
    lon, lat = place(chainage_m)
    return {
        "chainage_m": chainage_m,
        "lon": lon,
        "lat": lat,
        "kind": kind,
        "height_mm": -20.0,
        "severity": severity,
        "p_exists": 0.99 if passes > 1 else 0.6,
        "passes": passes,
        "passes_possible": 4,
    }


def place(chainage_m: float) -> tuple[float, float]:
    """Where the road lies: straight to the north-east from a point near Milano."""
    return 9.0 + 9e-6 * chainage_m, 45.4 + 6.3e-6 * chainage_m


def answer(**changes) -> dict:
    """The answer of `contado pavement process --json`."""
    line = [(*place(m), m) for m in np.arange(0.0, 1001.0, 50.0).tolist()]
    made = {
        "label": "simulated",
        "section_id": "SP1",
        "last_on": ON.isoformat(),
        "drives": [{"drive": "car1_pass1"}, {"drive": "car1_pass2"}],
        "vehicles": [{"vehicle": "car1", "scale": 1.02, "sd_log": 0.13, "calibrated": False}],
        "cells": cells(),
        "anomalies": [spot(650.0, "pothole"), spot(120.0, "manhole", passes=1, severity=0.0)],
        "line": line,
        "findings": [],
    }
    return made | changes


def write_answer(path: Path, **changes) -> Path:
    """The answer as a file."""
    path.write_text(json.dumps(answer(**changes)), encoding="utf-8")
    return path


def observations(days=(ON, ON), *, geometry: bool = True):
    """Table ``pavement_cell_obs`` of a drive a day, as `process` writes it."""
    from contado.engines.pavement.road.lines import Line
    from contado.engines.pavement.views.geometry import with_cells
    from contado.kernel import tables

    rows = [
        {
            "section_id": "SP1",
            "cell": k,
            "drive_id": f"car{d}_pass1",
            "t_utc": dt.datetime.combine(day, dt.time(9), dt.UTC) + dt.timedelta(minutes=d),
            "iri_m_km": None if iri is None else iri * math.exp(0.01 * d),
            "sd_log": None if iri is None else 0.02,
            "coverage": 1.0,
            "label": "simulated",
            "vehicle_id": f"car{d}",
            "sd_cal_log": 0.03,
            "cell_m": 100.0,
        }
        for d, day in enumerate(days, 1)
        for k, iri in enumerate(IRI)
    ]
    table = tables.from_rows("pavement_cell_obs", rows)
    if not geometry:
        return table
    lon, lat, chainage = np.array(answer()["line"]).T
    return with_cells(table, Line(lon=lon, lat=lat, chainage_m=chainage))


def write_state(folder: Path, on: dt.date = ON, **options) -> Path:
    """``cell_state.parquet`` of the observations on a day, as `fuse` writes it."""
    from contado.engines.pavement.state import fusion
    from contado.engines.pavement.views import geometry
    from contado.kernel import tables

    observed = observations(**options)
    fused = fusion.fuse([observed], on=on)
    path = folder / "cell_state.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    placed = geometry.carried([observed], fused.cells)
    tables.write_parquet(tables.conform("pavement_cell_state", placed), path)
    return path
