"""Shares and how well a sample knows them."""

from __future__ import annotations

import numpy as np
import pytest

from contado.kernel.monitoring.proportion import sample_for, wilson


def test_ends_are_where_the_score_test_turns():
    for hits, n in ((0, 10), (7, 10), (10, 10), (39, 45)):
        for end in wilson(hits, n):
            if 0 < end < 1 - 1e-12:
                z = abs(hits / n - end) / np.sqrt(end * (1 - end) / n)
                assert z == pytest.approx(1.959964, abs=1e-5)


def test_none_of_ten_has_the_closed_form():
    z2 = 1.959963984540054**2
    assert wilson(0, 10) == (0.0, pytest.approx(z2 / (10 + z2)))


@pytest.mark.parametrize("half", [0.1, 0.05, 0.02])
def test_the_sample_is_the_least_that_is_narrow_enough(half):
    def width(n):
        low, high = wilson(0.9 * n, n)
        return (high - low) / 2

    n = sample_for(half, 0.9)
    assert width(n) <= half < width(n - 1)
