"""Errors that passes share, over a cell or over cars: how often the intervals hold the truth all the same."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from contado.engines.pavement.measuring.cells import model_sd
from contado.engines.pavement.state.fusion import fuse
from invented.erring import FIRST, MODEL, NAMES, erring, fleet, scales_inside, share

ON = date(2026, 4, 20)


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


@pytest.mark.parametrize("anchor", [False, True])
def test_what_cars_are_wrong_by_together_is_not_averaged_out(anchor):
    rng = np.random.default_rng(11)
    found = []
    for _ in range(30):
        table, truth = fleet(rng, 12, anchor)
        found.append(share(fuse([table], on=ON).cells, truth))
    # the common error is one draw a world: 30 worlds have a standard error of 5.5 points; averaged out, it would be 50 %
    assert 0.75 <= np.mean(found) <= 0.99


def test_the_interval_is_never_narrower_than_the_best_calibration_and_the_model():
    table, _ = erring(np.random.default_rng(1), cars=9, passes=9, calibration=0.06, sd_model_log=MODEL)
    assert fuse([table], on=ON).cells["sd_log"].to_numpy().min() >= np.hypot(0.06, MODEL)


@pytest.mark.parametrize("cells", [3, 5])
@pytest.mark.parametrize("off", [0.05, 0.08])
def test_a_scale_of_few_surveyed_cells_says_how_little_it_knows(cells, off):
    assert 0.86 <= scales_inside(np.random.default_rng(5), cells, off, 800) <= 0.97
