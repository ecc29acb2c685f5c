"""Rows that cannot be used."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contado.engines.pavement.telemetry.clean import clean_fixes, clean_samples, great_circle_m
from contado.kernel.errors import DataError


def fixes(lon, lat, **more):
    n = len(lon)
    table = {"row": np.arange(n) + 2.0, "time": np.arange(n, dtype=float), "longitude": lon, "latitude": lat}
    table |= {key: np.full(n, np.nan) for key in ("speed", "accuracy", "hdop")}
    return {key: np.asarray(values, float) for key, values in (table | more).items()}


@given(st.lists(st.one_of(st.floats(-5, 5), st.just(float("nan"))), max_size=40))
def test_every_row_is_left_or_counted_and_times_increase(times):
    columns = {"row": np.arange(len(times)) + 2.0, "time": np.array(times, float), "x": np.zeros(len(times))}
    cleaned = clean_samples(columns, file="f")
    left = cleaned.columns["time"]
    assert len(left) + cleaned.dropped.get("rows_dropped", 0) == len(times)
    assert (np.diff(left) > 0).all()
    assert set(left) == {t for t in times if t == t}  # noqa: PLR0124 - nan differs from itself


def test_an_excursion_is_dropped_and_both_sides_stay():
    lon = np.full(20, 9.19)
    lon[8:11] = 13.0
    cleaned = clean_fixes(fixes(lon, np.full(20, 45.46)), file="f", drop_bad=True)
    assert cleaned.dropped == {"impossible_jump": 3}
    assert len(cleaned.columns["time"]) == 17


def test_a_first_fix_far_away_is_the_one_that_is_wrong():
    lon = np.full(20, 9.19)
    lon[0] = 2.0
    with pytest.raises(DataError) as caught:
        clean_fixes(fixes(lon, np.full(20, 45.46)), file="f")
    assert (caught.value.rule, caught.value.rows) == ("impossible_jump", (2,))


def test_a_ferry_or_a_long_tunnel_is_no_jump():
    time = np.array([0.0, 1.0, 1801.0, 1802.0])
    cleaned = clean_fixes(fixes([9.1, 9.1, 9.6, 9.6], np.full(4, 45.46), time=time), file="f")
    assert len(cleaned.columns["time"]) == 4


def test_zero_zero_is_ordinary_only_before_a_phones_first_fix():
    lon, lat = np.array([0, 0, 9.1, 9.1]), np.array([0, 0, 45.0, 45.0])
    assert clean_fixes(fixes(lon, lat), file="f", phone=True).dropped == {"impossible_position": 2}
    with pytest.raises(DataError):
        clean_fixes(fixes(lon, lat), file="f", phone=False)
    with pytest.raises(DataError) as caught:
        clean_fixes(fixes(lon[::-1].copy(), lat[::-1].copy()), file="f", phone=True)
    assert caught.value.rows == (4, 5)


def test_distance_of_one_degree_of_latitude():
    # 2 pi R / 360 with R = 6371.0088 km
    assert great_circle_m(9.0, 45.0, 9.0, 46.0) == pytest.approx(111_195.1, abs=0.1)
