"""Errors that passes share, over a cell or over cars: how often the intervals hold the truth all the same."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from contado.engines.pavement.calibration import Calibration, consensus, scale_from_reference
from contado.engines.pavement.cells import model_sd
from contado.engines.pavement.fusion import fuse

FIRST = pd.Timestamp("2026-03-01T09:00Z")
ON = date(2026, 4, 20)
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


@pytest.mark.parametrize(("cars", "passes"), [(1, 1), (3, 6), (3, 20)])
def test_what_the_model_cannot_know_of_a_cell_is_not_averaged_out(cars, passes):
    rng = np.random.default_rng(7)
    found = []
    for _ in range(6):
        table, truth = erring(rng, cars=cars, passes=passes, sd_model_log=MODEL)
        found.append(share(fuse([table], on=ON).cells, truth))
    assert 0.85 <= np.mean(found) <= 0.97


def test_observations_that_do_not_tell_the_models_part_are_read_by_how_they_drove():
    rng = np.random.default_rng(8)
    plain, _ = erring(rng, cars=2, passes=10)
    speed, full = pa.array(np.full(plain.num_rows, 14.0)), pa.array(np.ones(plain.num_rows))
    driven = plain.append_column("speed_m_s", speed).append_column("coverage", full)
    told = driven.append_column("sd_model_log", pa.array(np.full(plain.num_rows, MODEL)))
    alone, older, new = (fuse([t], on=ON).cells["sd_log"].to_numpy() for t in (plain, driven, told))
    np.testing.assert_allclose(older, new, rtol=1e-12)
    assert alone.max() < 0.04
    assert older.min() > MODEL


def test_a_state_kept_before_the_models_part_was_told_apart_is_read_with_it():
    table, _ = erring(np.random.default_rng(9), cars=2, passes=10, sd_model_log=MODEL)
    state = fuse([table], on=ON).cells
    rows = state["observations"].combine_chunks()
    flat = rows.flatten()
    names = [f.name for f in flat.type if f.name not in {"sd_model_log", "calibration_shared_with"}]
    bare = pa.StructArray.from_arrays([flat.field(n) for n in names], names)
    kept = pa.ListArray.from_arrays(rows.offsets, bare)
    older = state.set_column(state.column_names.index("observations"), "observations", kept)
    again = fuse([], on=ON, previous=older).cells
    np.testing.assert_allclose(again["sd_log"].to_numpy(), state["sd_log"].to_numpy(), rtol=1e-9)


def test_a_slow_pass_weighs_less_than_a_fast_one():
    speeds = (3.0, 14.0)
    rows = [
        ("S1", 0, f"v_{k}", FIRST + pd.Timedelta(hours=k), iri, 0.0, "v", 0.0, 100.0)
        for k, iri in enumerate((2.4, 2.0))
    ]
    frame = pd.DataFrame(rows, columns=NAMES).assign(coverage=1.0, speed_m_s=speeds)
    model = model_sd(np.array(speeds), np.ones(2), 100.0)
    frame["sd_log"] = np.hypot(0.05, model)
    [cell] = fuse([pa.Table.from_pandas(frame, preserve_index=False)], on=FIRST.date()).cells.to_pylist()
    assert 2.0 < cell["iri_m_km"] < 2.0 + 0.4 / 2 - 0.02


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


@pytest.mark.parametrize("anchor", [False, True])
@pytest.mark.parametrize("cars", [2, 16])
def test_what_cars_are_wrong_by_together_is_not_averaged_out(cars, anchor):
    rng = np.random.default_rng(11)
    found = []
    for _ in range(30):
        table, truth = fleet(rng, cars, anchor)
        found.append(share(fuse([table], on=ON).cells, truth))
    # the common error is one draw a world: 30 worlds have a standard error of 5.5 points
    assert 0.80 <= np.mean(found) <= 0.99


def test_the_interval_is_never_narrower_than_the_best_calibration_and_the_model():
    table, _ = erring(np.random.default_rng(1), cars=9, passes=9, calibration=0.06, sd_model_log=MODEL)
    assert fuse([table], on=ON).cells["sd_log"].to_numpy().min() >= np.hypot(0.06, MODEL)


@pytest.mark.parametrize("cells", [3, 4, 5, 10])
@pytest.mark.parametrize("off", [0.05, 0.08])
def test_a_scale_of_few_surveyed_cells_says_how_little_it_knows(cells, off):
    rng = np.random.default_rng(5)
    inside = []
    for _ in range(800):
        surveyed, wrong = np.exp(rng.normal(0.8, 0.3, cells)), rng.normal(0, off, cells)
        read = [np.log(surveyed) + wrong + rng.normal(0, 0.03, cells) for _ in range(3)]
        found = scale_from_reference(read, surveyed)
        inside.append(abs(np.log(found.scale)) <= 1.645 * found.sd_log)
    assert 0.86 <= np.mean(inside) <= 0.97
