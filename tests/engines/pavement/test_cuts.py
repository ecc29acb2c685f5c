"""Forced cuts: where a known value changes, which works count for a cell, at which cell a cut acts."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from contado.engines.pavement.cuts import Cut, at_cell_ends, changes, works_of_cells


@pytest.mark.parametrize(
    ("values", "least_m", "expected"),
    [
        (["A", "A", "B", "B"], 0, [200.0]),
        (["A", None, None, "B"], 0, [300.0]),
        (["A", None, "A", "A"], 0, []),
        ([None, "A", "A", None], 0, []),
        (["A", "B", "A", "C"], 0, [100.0, 200.0, 300.0]),
        (["A", "A", "B", "A"], 150, []),
        (["A", "A", "B", "C"], 150, []),
        (["A", "A", "C", "B", "B"], 150, [300.0]),
        ([], 0, []),
    ],
)
def test_only_what_is_known_and_lasts_changes(values, least_m, expected):
    assert changes(values, np.arange(len(values) + 1) * 100.0, least_m=least_m) == expected


def works(from_m, to_m, day, treatment):
    return {"from_m": from_m, "to_m": to_m, "date": date(2025, 1, day), "treatment": treatment}


def test_the_last_works_that_cover_half_a_cell_count():
    start = np.arange(0.0, 200.0, 20.0)
    rows = [works(0, 130, 5, "wearing"), works(60, 100, 2, "patch"), works(151, 200, 5, None)]
    found = works_of_cells(start, start + 20.0, rows)
    wearing, unnamed = (date(2025, 1, 5), "wearing"), (date(2025, 1, 5), None)
    assert found == [wearing] * 7 + [None] + [unnamed] * 2


def test_a_cut_acts_at_the_nearest_end_of_a_cell():
    cuts = [
        Cut(chainage_m=31.0, reason="owner"),
        Cut(chainage_m=38.0, reason="bridge"),
        Cut(chainage_m=0.0, reason="municipality"),
        Cut(chainage_m=90.0, reason="bridge"),
    ]
    end = np.array([20.0, 40.0, 60.0])
    assert at_cell_ends(cuts, 0.0, end) == {40.0: {"owner", "bridge"}}
