"""Invented passes that share errors: of the model over a cell, of a calibration over cars; few surveyed cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from contado.engines.pavement.measuring.calibration import Calibration, consensus, scale_from_reference

FIRST = pd.Timestamp("2026-03-01T09:00Z")
RANDOM, MODEL = 0.07, 0.05
NAMES = [
    "section_id",
    "cell",
    "drive_id",
    "t_utc",
    "iri_m_km",
    "sd_log",
    "vehicle_id",
    "sd_cal_log",
    "cell_m",
]


def share(cells, truth):
    """Return the share of cells of a state whose interval holds the truth."""
    low, high = (cells[n].to_numpy() for n in ("low_m_km", "high_m_km"))
    return float(np.mean((low <= truth) & (truth <= high)))


def erring(rng, *, cars, passes, cells=60, cell_m=100.0, calibration=0.02, **further):
    """Return passes of calibrated cars whose model errs on each cell, the same for all, and the true IRI."""
    truth, model = rng.normal(0.8, 0.3, cells), rng.normal(0, MODEL, cells)
    bias = rng.normal(0, calibration, cars)
    sd = float(np.hypot(RANDOM, MODEL))
    rows = [
        (
            "S1",
            c,
            f"v{v}_{p}",
            FIRST + pd.Timedelta(days=p, hours=v),
            float(iri),
            sd,
            f"v{v}",
            calibration,
            cell_m,
        )
        for v in range(cars)
        for p in range(passes)
        for c, iri in enumerate(np.exp(truth + model + bias[v] + rng.normal(0, RANDOM, cells)))
    ]
    frame = pd.DataFrame(rows, columns=NAMES).assign(**further)
    return pa.Table.from_pandas(frame, preserve_index=False), np.exp(truth)


def fleet(rng, cars, anchor, *, passes=3, cells=20, noise=0.05):
    """Return passes of cars that nobody calibrated, or that one calibrated car calibrates, and the true IRI."""
    truth, bias = rng.normal(0.8, 0.3, cells), rng.normal(0, 0.18, cars)
    read = {
        f"v{v}": [truth + bias[v] + rng.normal(0, noise, cells) for _ in range(passes)] for v in range(cars)
    }
    known = {}
    if anchor:
        wrong = float(np.exp(-bias[0] + rng.normal(0, 0.05)))
        known["v0"] = Calibration(scale=wrong, sd_log=0.05, calibrated=True, on=FIRST.date())
    told = consensus(read, known)
    rows = [
        ("S1", c, f"{v}_{p}", FIRST + pd.Timedelta(days=p, hours=int(v[1:])), float(np.exp(y) * told[v].scale),
         noise, v, told[v].sd_log, 100.0, told[v].shared_with)
        for v, logs in read.items()
        for p, log in enumerate(logs)
        for c, y in enumerate(log)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=[*NAMES, "calibration_shared_with"])
    return pa.Table.from_pandas(frame, preserve_index=False), np.exp(truth)


def scales_inside(rng, cells, off, worlds):
    """Return how often the 90 % interval of a scale holds the true one; surveyed cells are ``off`` by that sd."""
    inside = []
    for _ in range(worlds):
        surveyed, wrong = np.exp(rng.normal(0.8, 0.3, cells)), rng.normal(0, off, cells)
        read = [np.log(surveyed) + wrong + rng.normal(0, 0.03, cells) for _ in range(3)]
        found = scale_from_reference(read, surveyed)
        inside.append(abs(np.log(found.scale)) <= 1.645 * found.sd_log)
    return float(np.mean(inside))
