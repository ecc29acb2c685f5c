"""Change between two days: what the two states share does not count in the difference."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from contado.engines.pavement import fuse
from contado.engines.pavement.state.change import Level, difference, level_of
from contado.engines.pavement.state.settings import FuseSettings

FIRST, LAST = date(2026, 3, 1), date(2026, 9, 1)
CALIBRATION, NOISE = 0.1, 0.08


def drive(name, car, on, iri, cells=20, sd_cal=CALIBRATION):
    moment = pd.Timestamp(on, tz="UTC") + pd.Timedelta(hours=9)
    return pa.table(
        {
            "section_id": ["S1"] * cells,
            "cell": np.arange(cells),
            "drive_id": [name] * cells,
            "t_utc": pa.array([moment] * cells, pa.timestamp("us", "UTC")),
            "iri_m_km": np.full(cells, iri),
            "sd_log": np.full(cells, NOISE),
            "vehicle_id": [car] * cells,
            "sd_cal_log": np.full(cells, sd_cal),
        }
    )


def level(drives, on, works=None):
    found = fuse(drives, on=on, works=works)
    cells = found.cells.to_pandas()
    measured = cells.dropna(subset=["iri_m_km"])
    lives = [d for d in measured["life_from"] if d]
    return level_of(
        found.errors,
        measured.index.to_numpy(),
        measured["iri_m_km"].to_numpy(),
        (measured["to_m"] - measured["from_m"]).to_numpy(),
        on=on,
        renewed_on=max(lives, default=None),
    )


def half(before, after):
    step, low, high = difference(before, after, FuseSettings())
    assert high - step == pytest.approx(step - low)
    return high - step


def test_the_parts_make_up_the_variance_of_a_cell():
    drives = [drive("d0", "a", FIRST, 2.0, cells=1), drive("d1", "b", LAST, 2.1, cells=1, sd_cal=0.05)]
    found, one = fuse(drives, on=LAST).cells, level(drives, LAST)
    total = one.own_variance + sum(w * one.shared[v] for v, w in one.pull.items())
    assert total == pytest.approx(found["sd_log"][0].as_py() ** 2)
    assert sum(one.pull.values()) == pytest.approx(1.0)
    assert one.cells == 1


def test_without_a_new_pass_only_what_the_road_may_do_counts():
    drives = [drive("d0", "a", FIRST, 2.0)]
    before, after = level(drives, FIRST), level(drives, LAST)
    years = (LAST - FIRST).days / 365.25
    settings = FuseSettings()
    moved = settings.drift_sd**2 * years + (settings.growth_sd_per_y * years) ** 2
    assert half(before, after) == pytest.approx(1.645 * after.iri_m_km * (moved / 20) ** 0.5, rel=0.15)


def test_the_calibration_of_the_same_car_cancels_and_of_another_does_not():
    first = drive("d0", "a", FIRST, 2.0)
    same, other = (
        half(level([first], FIRST), level([first, drive("d1", car, LAST, 2.4)], LAST)) for car in "ab"
    )
    assert same < 0.3 * other
    # what is told of the road is the mean of both cars in the end, of the first alone before
    assert other == pytest.approx(1.645 * 2.2 * CALIBRATION / 2**0.5, rel=0.1)


def test_a_factor_common_to_both_days_moves_the_difference_by_its_share():
    one = Level(on=FIRST, iri_m_km=6.0, own_variance=0.0, cells=1, pull={"a": 1.0}, shared={"a": 0.01})
    two = Level(on=LAST, iri_m_km=2.0, own_variance=0.0, cells=1, pull={"a": 1.0}, shared={"a": 0.01})
    assert half(one, two) == pytest.approx(1.645 * (6.0 - 2.0) * 0.1, rel=1e-3)


def test_works_end_what_the_cells_have_in_common():
    done = date(2026, 6, 1)
    works = pa.table({"section_id": ["S1"], "from_m": [0.0], "to_m": [400.0], "date": [done]})
    drives = [drive("d0", "a", FIRST, 4.0), drive("d1", "a", LAST, 1.5)]
    before, after = level(drives, FIRST, works), level(drives, LAST, works)
    assert (before.renewed_on, after.renewed_on) == (None, date(2026, 6, 2))
    step, low, high = difference(before, after, FuseSettings())
    assert step == pytest.approx(1.5 - 4.0, rel=0.02)
    # the car's error acts on both levels, so on their difference, not on each by itself
    own = 1.645 * (NOISE / 20**0.5) * (1.5**2 + 4.0**2) ** 0.5
    shared = 1.645 * CALIBRATION * (4.0 - 1.5)
    assert high - low == pytest.approx(2 * np.hypot(own, shared), rel=0.05)


def test_parts_are_kept_as_json():
    one = level([drive("d0", "a", FIRST, 2.0), drive("d1", "b", FIRST, 2.1)], FIRST)
    assert Level.of_parts(one.parts(), on=one.on, iri_m_km=one.iri_m_km) == one
    renewed = Level(on=LAST, iri_m_km=2.0, own_variance=0.1, cells=3.0, renewed_on=FIRST)
    assert Level.of_parts(renewed.parts(), on=LAST, iri_m_km=2.0) == renewed


def test_the_mean_over_cells_is_known_as_well_as_their_number_and_the_cars_allow():
    one, many = (level([drive("d0", "a", FIRST, 2.0, cells=n)], FIRST) for n in (1, 25))
    (low, high), (wide_low, wide_high) = many.interval(), one.interval()
    own = (NOISE**2 / 25 + CALIBRATION**2) ** 0.5
    assert np.log(high / low) / 2 == pytest.approx(1.645 * own, rel=0.02)
    assert wide_low < low < 2.0 < high < wide_high


def test_what_no_pass_can_know_of_a_surface_is_the_same_on_both_days():
    first, last = (
        drive(f"d{k}", "a", on, 2.0).append_column("sd_model_log", pa.array(np.full(20, 0.05)))
        for k, on in enumerate((FIRST, LAST))
    )
    before, after = level([first], FIRST), level([first, last], LAST)
    assert before.model_variance == pytest.approx(0.05**2 / 20)
    passes = [drive("d0", "a", FIRST, 2.0), drive("d1", "a", LAST, 2.0)]
    assert half(before, after) < half(level(passes[:1], FIRST), level(passes, LAST))
    works = pa.table({"section_id": ["S1"], "from_m": [0.0], "to_m": [400.0], "date": [date(2026, 6, 1)]})
    assert half(before, level([first, last], LAST, works)) > 1.5 * half(before, after)
