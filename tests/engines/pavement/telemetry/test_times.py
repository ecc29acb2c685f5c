"""Times as loggers write them."""

from __future__ import annotations

import numpy as np
import pytest

from contado.engines.pavement.telemetry.columns import Column
from contado.engines.pavement.telemetry.textfile import open_raw
from contado.engines.pavement.telemetry.times import seconds, start_utc
from contado.kernel.errors import DataError


def read(folder, unit, cells):
    path = folder / "t.csv"
    path.write_text("\n".join(["t,x", *(f"{cell},1" for cell in cells)]) + "\n")
    return seconds(open_raw(path), "t", Column(name=("t",), quantity="time", unit=unit))


@pytest.mark.parametrize(
    ("unit", "cells", "expected"),
    [
        ("s", ["1.5", "2.5"], [1.5, 2.5]),
        ("ms", ["1500", "2500"], [1.5, 2.5]),
        ("ns", ["1500000000", "2500000000"], [1.5, 2.5]),
        ("hms", ["16:22:42:557", "16:22:43:057", "16:22:42:600"], [0, 0.5, 0.043]),
        ("hms", ["9:05:01", "9:05:02.25"], [0, 1.25]),
        ("hms", ["23:59:59:500", "00:00:00:250", "23:59:59:900"], [0, 0.75, 0.4]),
        ("iso", ["2026-03-02T09:11:00Z", "2026-03-02 09:11:01.5"], [0, 1.5]),
    ],
)
def test_every_unit_is_seconds(tmp_path, unit, cells, expected):
    assert np.allclose(read(tmp_path, unit, cells), expected)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["23:59:59:000", "", "00:00:01:000", "00:00:02:000"], [0, np.nan, 2, 3]),
        (["", "23:59:59:000", "", "", "00:00:01:000", "", "23:59:59:500"], [np.nan, 0, np.nan, np.nan, 2, np.nan, 0.5]),
        (["", ""], [np.nan, np.nan]),
    ],
)  # fmt: skip
def test_midnight_is_crossed_beside_an_empty_cell_too(tmp_path, cells, expected):
    assert np.array_equal(read(tmp_path, "hms", cells), expected, equal_nan=True)


def test_an_empty_time_is_unknown(tmp_path):
    assert np.isnan(read(tmp_path, "hms", ["16:22:42:557", ""])).tolist() == [False, True]


@pytest.mark.parametrize("unit", ["hms", "iso"])
def test_a_word_is_no_time(tmp_path, unit):
    good = {"hms": "16:22:42:557", "iso": "2026-03-02T09:11:00"}[unit]
    with pytest.raises(DataError) as caught:
        read(tmp_path, unit, [good, "noon"])
    assert (caught.value.rule, caught.value.rows) == ("not_a_number", (3,))


def test_start_is_the_instant_of_zero():
    assert start_utc("2026-03-02T09:11:05Z", 5.0) == "2026-03-02T09:11:00Z"
    assert start_utc("2026-03-02T09:11:05.250Z", 5.0) == "2026-03-02T09:11:00.250000Z"
    assert start_utc("2026-03-02T10:11:05+01:00", 5.0) == "2026-03-02T09:11:00Z"
    assert start_utc("2026-03-02 10:11:05+0100", 5.0) == "2026-03-02T09:11:00Z"
    assert start_utc("yesterday", 5.0) is None
    assert start_utc(None, 5.0) is None
