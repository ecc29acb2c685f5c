"""Traversals: which points are whose."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from contado.engines.pavement.ingest import traverse


@pytest.mark.parametrize("shuffled", [False, True])
def test_the_points_of_a_drive_are_those_with_its_number_in_their_order(shuffled):
    rng = np.random.default_rng(2)
    trip = np.sort(rng.integers(0, 40, 500))
    trip = trip[(trip != 7) & (trip != 39)]  # drives without a point, one of them the last
    trip = rng.permutation(trip) if shuffled else trip
    found = SimpleNamespace(traces=SimpleNamespace(trip=trip))
    points = traverse.points_of(found, 40)
    assert [p.tolist() for p in points] == [np.flatnonzero(trip == k).tolist() for k in range(40)]
    assert not points[7].size
    assert not points[39].size
