"""Forced cuts: where a known value changes, which works count for a cell, at which cell a cut acts."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from contado.engines.pavement.segmentation.cuts import Cut, at_cell_ends, changes, works_of_cells
from contado.engines.pavement.segmentation.segments import segment


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


def test_a_cut_acts_at_the_nearest_edge_of_a_cell():
    cuts = [
        Cut(chainage_m=31.0, reason="owner"),
        Cut(chainage_m=38.0, reason="bridge"),
        Cut(chainage_m=0.0, reason="municipality"),
        Cut(chainage_m=9.0, reason="works"),
        Cut(chainage_m=90.0, reason="bridge"),
    ]
    start = np.array([0.0, 20.0, 40.0])
    assert at_cell_ends(cuts, start, start + 20.0) == {40.0: {"owner", "bridge"}}


@pytest.mark.parametrize(
    ("gap_m", "place", "ends", "reasons"),
    [
        (0.0, 1.0, [1000.0], {}),
        (0.0, 999.0, [1000.0], {}),
        (0.0, 11.0, [20.0, 1000.0], {20.0: {"owner"}}),
        (200.0, 401.0, [400.0, 1000.0], {400.0: {"owner"}}),
        (200.0, 560.0, [400.0, 1000.0], {400.0: {"owner"}}),
        (200.0, 611.0, [400.0, 620.0, 1000.0], {620.0: {"owner"}}),
    ],
)
def test_segments_end_where_their_cuts_are_told(gap_m, place, ends, reasons):
    """Both edges of a gap, here behind 400 m, are one place to cut; the gap ends a segment anyhow."""
    start = np.concatenate([np.arange(0.0, 400.0, 20.0), np.arange(400.0 + gap_m, 1000.0, 20.0)])
    found = segment(start, start + 20.0, np.full(start.size, 2.0), cuts_m=[place])
    assert found.to_m.tolist() == ends
    assert at_cell_ends([Cut(chainage_m=place, reason="owner")], start, start + 20.0) == reasons
