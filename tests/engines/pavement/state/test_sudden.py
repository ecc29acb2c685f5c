"""Sudden changes that nobody recorded: believed from the third day on, single outliers never."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from contado.engines.pavement.state.change import difference, level_of
from contado.engines.pavement.state.fusion import fuse
from contado.engines.pavement.state.settings import FuseSettings

FIRST = pd.Timestamp("2025-06-01T09:00Z")


def history(levels, *, step_d=7.0, cells=12, sd=0.07, section="S1", seed=0):
    """Return one table of passes at these levels, one each ``step_d`` days by two cars in turn, and the last day."""
    rng = np.random.default_rng(seed)
    moments = [FIRST + pd.Timedelta(days=step_d * k) for k in range(len(levels))]
    rows = [
        (section, c, f"v{k % 2}_{k}", moment, float(level * np.exp(rng.normal(0, sd))), sd, f"v{k % 2}", 0.03)
        for k, (moment, level) in enumerate(zip(moments, levels, strict=True))
        for c in range(cells)
    ]
    names = ["section_id", "cell", "drive_id", "t_utc", "iri_m_km", "sd_log", "vehicle_id", "sd_cal_log"]
    return pa.Table.from_pandas(pd.DataFrame(rows, columns=names), preserve_index=False), moments[-1].date()


def told(levels, **changes):
    table, on = history(levels, **changes)
    fused = fuse([table], on=on)
    return fused, fused.cells["iri_m_km"].to_numpy()


@pytest.mark.parametrize(
    ("old", "new", "count"), [(5.0, 1.5, 3), (5.0, 1.5, 9), (2.0, 4.0, 3), (2.0, 4.0, 9)]
)
def test_a_change_that_three_days_agree_on_is_followed_and_told(old, new, count):
    fused, iri = told([old] * 10 + [new] * count)
    assert iri.mean() == pytest.approx(new, rel=0.05)
    low, high = (fused.cells[n].to_numpy() for n in ("low_m_km", "high_m_km"))
    assert np.mean((low <= new) & (new <= high)) >= 0.8
    [finding] = fused.findings
    assert (finding.rule, finding.row) == ("changed_without_works", "S1")
    assert "12 cells changed since 2025-08-10" in finding.message
    assert ("works not recorded?" in finding.message) == (new < old)
    assert fused.cells["n_passes"].to_pylist() == [count] * 12
    assert set(fused.cells["life_from"].to_pylist()) == {date(2025, 8, 10)}


@pytest.mark.parametrize(
    "levels",
    [
        [5.0] * 10 + [1.5] * 2,
        [5.0] * 6 + [1.5, 1.5, 5.0, 1.5, 1.5] + [5.0] * 2,
        [5.0] * 8 + [1.5, 12.0, 1.5, 12.0],
        [1.5] + [5.0] * 10,
    ],
)
def test_outliers_are_no_change(levels):
    fused, iri = told(levels)
    assert fused.findings == ()
    assert iri.mean() == pytest.approx(5.0, rel=0.12)
    assert fused.cells["life_from"].null_count == 12


def test_passes_of_two_days_are_no_change_however_many_they_are():
    before, _ = history([5.0] * 8)
    after, _ = history([1.5] * 2, step_d=0.05, seed=1)
    late = FIRST + pd.Timedelta(days=70)
    moved = [
        after.set_column(
            3, "t_utc", pa.array([late + pd.Timedelta(days=d, minutes=k) for k in range(24)])
        ).set_column(2, "drive_id", pa.array([f"d{d}_{k // 12}" for k in range(24)]))
        for d in (0, 1)
    ]
    assert fuse([before, *moved], on=(late + pd.Timedelta(days=2)).date()).findings == ()
    third = moved[0].set_column(
        3, "t_utc", pa.array([late + pd.Timedelta(days=2, minutes=k) for k in range(24)])
    )
    found = fuse([before, *moved, third], on=(late + pd.Timedelta(days=3)).date()).findings
    assert [f.rule for f in found] == ["changed_without_works"]


def test_a_road_that_only_worsens_and_drifts_has_not_changed():
    rng = np.random.default_rng(4)
    cells, drives = 800, 24
    x, growth = rng.normal(np.log(2.5), 0.4, cells), rng.normal(0.05, 0.04, cells)
    tables = []
    for k in range(drives):
        x = x + growth / 12 + rng.normal(0, 0.05 * np.sqrt(1 / 12), cells)
        moment = FIRST + pd.Timedelta(days=30.4 * k)
        table = {
            "section_id": ["S1"] * cells,
            "cell": np.arange(cells),
            "drive_id": [f"car{k % 3}_pass{k}"] * cells,
            "t_utc": pa.array([moment] * cells, pa.timestamp("us", "UTC")),
            "iri_m_km": np.exp(x + rng.normal(0, 0.09, cells)),
            "sd_log": np.full(cells, 0.09),
        }
        tables.append(pa.table(table))
    fused = fuse(tables, on=moment.date())
    assert fused.findings == ()


def test_order_and_parts_make_no_difference_to_a_change():
    table, on = history([5.0] * 10 + [1.5] * 4)
    whole = fuse([table], on=on)
    parts = [table.slice(k * 24, 24) for k in range(7)]
    first = fuse(parts[::-2], on=on)
    later = fuse(parts[1::2], on=on, previous=first.cells)
    assert later.cells.drop_columns(["observations"]) == whole.cells.drop_columns(["observations"])
    assert later.findings == whole.findings


def test_after_a_change_the_cells_own_errors_are_new_ones():
    table, on = history([5.0] * 10 + [1.5] * 3)
    eve = date(2025, 8, 9)
    levels = []
    for day in (eve, on):
        fused = fuse([table], on=day)
        iri, since = fused.cells["iri_m_km"].to_numpy(), fused.cells["life_from"][0].as_py()
        length = np.full(iri.size, 20.0)
        levels.append(level_of(fused.errors, np.arange(iri.size), iri, length, on=day, renewed_on=since))
    step, low, high = difference(*levels, FuseSettings())
    assert low < 1.5 - 5.0 * np.exp(0.05 * 70 / 365.25) < high
    assert step == pytest.approx(-3.5, abs=0.2)


def test_sections_beyond_twenty_are_counted_in_one_finding():
    tables = [history([5.0] * 4 + [1.5] * 3, cells=1, section=f"S{k:02d}")[0] for k in range(23)]
    on = history([5.0] * 7)[1]
    found = fuse(tables, on=on).findings
    assert len(found) == 21
    assert found[-1].message.startswith("3 further")
