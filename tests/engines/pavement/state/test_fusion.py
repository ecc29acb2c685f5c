"""Fusion: order of arrival, repetition, works, vehicles, and intervals that cover."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from contado.engines.pavement.state.fusion import fuse, observations_of
from contado.engines.pavement.state.settings import FuseSettings
from contado.kernel.errors import ColumnNotFound, DataError

ON = date(2027, 6, 30)
NUMBERS = ("iri_m_km", "low_m_km", "high_m_km", "growth_per_y")


def simulated_history(seed=0, *, cells=400, vehicles=4, days=540, drives=12, noise=0.09, spread=0.05):
    """Return observations and the true IRI on the day ``ON``; growth 5 % a year, drift 0.05."""
    rng = np.random.default_rng(seed)
    bias = rng.normal(0, spread, vehicles)
    bias -= bias.mean()
    growth = rng.normal(0.05, 0.03, cells)
    when = np.sort(rng.uniform(0, days, drives)) - days
    x = rng.normal(np.log(2.5), 0.4, cells)
    rows = []
    for d, t in enumerate(when):
        if d:
            dt = (t - when[d - 1]) / 365.25
            x = x + growth * dt + rng.normal(0, 0.05 * np.sqrt(dt), cells)
        v = d % vehicles
        y = x + bias[v] + rng.normal(0, noise, cells)
        stamp = pd.Timestamp(ON, tz="UTC") + pd.Timedelta(days=float(t))
        rows.append(drive(f"car{v}_pass{d}", stamp, np.exp(y), noise))
    dt = -when[-1] / 365.25
    truth = x + growth * dt + rng.normal(0, 0.05 * np.sqrt(dt), cells)
    return rows, np.exp(truth)


def drive(name, stamp, iri, sd, section="S1"):
    n = len(iri)
    return pa.table(
        {
            "section_id": [section] * n,
            "cell": np.arange(n),
            "drive_id": [name] * n,
            "t_utc": pa.array([stamp] * n, pa.timestamp("us", "UTC")),
            "iri_m_km": pa.array(iri, pa.float64(), from_pandas=True),
            "sd_log": np.full(n, sd),
        }
    )


def columns(fused):
    return {name: fused.cells[name].to_numpy() for name in NUMBERS}


def test_intervals_cover_and_the_order_of_arrival_does_not_matter():
    tables, truth = simulated_history()
    one = fuse(tables, on=ON)
    low, high = (one.cells[n].to_numpy() for n in ("low_m_km", "high_m_km"))
    assert 0.85 <= np.mean((low <= truth) & (truth <= high)) <= 0.95
    other = fuse([t.take(pa.array(np.arange(t.num_rows)[::-1])) for t in reversed(tables)], on=ON)
    for name, values in columns(one).items():
        np.testing.assert_allclose(columns(other)[name], values, rtol=1e-9)


def test_going_on_from_a_state_equals_starting_anew():
    tables, _ = simulated_history(cells=30)
    whole = fuse(tables, on=ON)
    late_first = fuse(tables[::2], on=ON, previous=fuse(tables[1::2], on=ON).cells)
    for name, values in columns(whole).items():
        np.testing.assert_allclose(columns(late_first)[name], values, rtol=1e-9)
    assert len(observations_of(late_first.cells)) == 30 * 12


def test_a_repeated_drive_changes_nothing_under_any_name():
    tables, _ = simulated_history(cells=20)
    first = fuse(tables, on=ON)
    again = fuse([tables[3]], on=ON, previous=first.cells)
    assert (again.drives_used, again.drives_repeated) == ((), ("car3_pass3",))
    renamed = tables[3].set_column(2, "drive_id", pa.array(["other_pass1"] * 20))
    twice = fuse([*tables, renamed], on=ON)
    assert twice.drives_repeated == ("other_pass1",)
    for result in (again, twice):
        assert result.cells.drop_columns(["observations"]) == first.cells.drop_columns(["observations"])


def test_works_begin_a_new_life():
    stamp = pd.Timestamp("2027-01-10", tz="UTC")
    before = [drive(f"a_pass{i}", stamp + pd.Timedelta(days=i), [5.0, 5.0, 5.0], 0.1) for i in range(4)]
    after = [drive("a_pass9", pd.Timestamp("2027-06-20", tz="UTC"), [1.2, None, 5.2], 0.1)]
    works = pa.table({"section_id": ["S1"], "from_m": [0.0], "to_m": [39.0], "date": [date(2027, 5, 1)]})
    cells = fuse([*before, *after], on=ON, works=works).cells.to_pylist()
    assert [c["state"] for c in cells] == ["measured", "renewed", "measured"]
    assert cells[0]["iri_m_km"] == pytest.approx(1.2, rel=0.01)
    assert cells[0]["n_passes"] == 1
    assert cells[1]["iri_m_km"] is None
    assert cells[2]["n_passes"] == 5
    assert cells[0]["life_from"] == date(2027, 5, 2)


def test_an_outlying_pass_weighs_less():
    stamp = pd.Timestamp("2027-06-01", tz="UTC")
    iri = np.full(20, 2.0)
    calm = [
        drive(f"{v}_pass{i}", stamp + pd.Timedelta(hours=i), iri + i / 100, 0.1)
        for v in "ab"
        for i in range(3)
    ]
    wild = drive("c_pass1", stamp, np.where(np.arange(20) == 7, 8.0, 2.0), 0.1)
    cells = fuse([*calm, wild], on=ON).cells["iri_m_km"].to_numpy()
    assert cells[7] == pytest.approx(cells[0], rel=0.1)  # the plain mean would be 22 % too high


def test_biases_of_vehicles_are_found_and_shared_calibration_does_not_average_out():
    tables, _ = simulated_history(3, cells=500, vehicles=2, spread=0.2)
    found = fuse(tables, on=ON).vehicle_bias
    true = np.random.default_rng(3).normal(0, 0.2, 2)
    assert found["car0"] - found["car1"] == pytest.approx(true[0] - true[1], abs=0.03)
    many = [
        drive(
            f"a_pass{i}", pd.Timestamp("2027-06-29", tz="UTC") + pd.Timedelta(minutes=i), [2.0 + i / 1e6], 0.1
        )
        for i in range(50)
    ]
    shared = [t.append_column("sd_cal_log", pa.array([0.08])) for t in many]
    alone, held = (fuse(t, on=ON).cells["sd_log"][0].as_py() for t in (many, shared))
    assert alone < 0.03
    assert held > 0.08


def test_unknown_stays_unknown():
    old = drive("x", pd.Timestamp("2027-01-01", tz="UTC"), [2.0, None], 0.1)
    cells = fuse([old], on=ON).cells.to_pylist()
    assert [c["state"] for c in cells] == ["not_driven", "not_measurable"]
    assert [c["n_vehicles"] for c in cells] == [None, 0]
    assert cells[1]["iri_m_km"] is None
    assert cells[1]["growth_per_y"] is None


def test_later_passes_are_set_aside_and_counted():
    late = drive("a_pass1", pd.Timestamp("2027-07-01", tz="UTC"), [2.0, 3.0], 0.1)
    result = fuse([late], on=ON)
    assert result.cells.num_rows == 0
    assert [(f.rule, f.action) for f in result.findings] == [("later_than_on", "row_set_aside")]


def test_an_undated_pass_counts_as_of_the_day():
    [cell] = fuse([drive("a_pass1", None, [2.0], 0.1)], on=ON).cells.to_pylist()
    assert (cell["last_on"], cell["state"], cell["observations"][0]["t_utc"]) == (ON, "measured", None)


def test_no_observation_gives_no_cell():
    assert fuse([], on=ON).cells.num_rows == 0


def test_bad_tables_are_refused():
    good = drive("a_pass1", pd.Timestamp("2027-06-01", tz="UTC"), [2.0], 0.1)
    with pytest.raises(ColumnNotFound, match="sd_log"):
        fuse([good.drop_columns(["sd_log"])], on=ON)
    with pytest.raises(DataError) as caught:
        fuse([drive("a_pass1", pd.Timestamp("2027-06-01", tz="UTC"), [2.0, -1.0], 0.1)], on=ON)
    assert (caught.value.rule, caught.value.rows) == ("iri_not_positive", (2,))
    with pytest.raises(ColumnNotFound, match="observations"):
        observations_of(good)


def test_settings_are_kept():
    stamp = pd.Timestamp("2026-06-30", tz="UTC")
    calm = FuseSettings(growth_per_y=0.0, growth_sd_per_y=0.0, drift_sd=0.0)
    [cell] = fuse([drive("a", stamp, [2.0], 0.1)], on=ON, settings=calm).cells.to_pylist()
    assert cell["iri_m_km"] == pytest.approx(2.0)
    assert cell["sd_log"] == pytest.approx(0.1)


def calibrated(name, days_before, sd_cal, *, section="S1", iri=2.0, sd=0.02):
    stamp = pd.Timestamp(ON, tz="UTC") - pd.Timedelta(days=days_before)
    found = drive(f"car_{name}", stamp, [iri + 1e-6 * days_before], sd, section).append_column(
        "sd_cal_log", pa.array([sd_cal])
    )
    return found.append_column("vehicle_id", pa.array(["car"]))


def test_an_old_calibration_widens_only_its_own_passes():
    new = [calibrated(f"n{k}", k, 0.02) for k in range(20)]
    old = calibrated("old", 700, 0.18, section="S2")
    alone, beside = fuse(new, on=ON).cells, fuse([*new, old], on=ON).cells.to_pylist()
    assert beside[0]["sd_log"] == pytest.approx(alone["sd_log"][0].as_py(), rel=1e-9)
    assert beside[1]["sd_log"] > 0.18


def test_calibrations_of_a_vehicle_do_not_average_out_however_many_eras_there_are():
    for kinds in ((0.08,), (0.08, 0.09, 0.1, 0.12, 0.14, 0.16, 0.18), (0.08, 0.0801, 0.0802, 0.0803)):
        drives = [calibrated(f"n{k}", k, kinds[k % len(kinds)]) for k in range(28)]
        assert fuse(drives, on=ON).cells["sd_log"][0].as_py() > 0.08


def test_a_calibration_that_grows_old_stays_one_error():
    ages = range(0, 360, 30)
    drives = [calibrated(f"n{k}", 360 - k, (0.03**2 + 0.04**2 * k / 365.25) ** 0.5) for k in ages]
    sd = fuse(drives, on=ON).cells["sd_log"][0].as_py()
    assert 0.03 < sd < 0.06


def test_the_bias_of_a_vehicle_is_that_of_its_last_calibration():
    one = [calibrated(f"a{k}", 40 + k, 0.18, iri=2.6, sd=0.01) for k in range(4)]
    one += [calibrated(f"b{k}", k, 0.02, sd=0.01) for k in range(4)]
    found = fuse(one, on=ON)
    assert abs(found.vehicle_bias["car"]) < 0.03
    # the calibrated passes tell how wrong the others were
    assert found.cells["iri_m_km"][0].as_py() == pytest.approx(2.0, rel=0.03)
