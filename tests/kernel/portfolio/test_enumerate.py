"""Optima by listing: equal to all 2^n sets, whatever prices the relaxation gives."""

import itertools

import numpy as np
import pytest

from contado.kernel.portfolio import enumerate as listing
from contado.kernel.portfolio.enumerate import Enumeration
from contado.kernel.portfolio.price_loops import path_of
from contado.kernel.solver import RowBuilder

pytestmark = pytest.mark.skipif(path_of() != "compiled", reason="the loops are compiled by numba alone")


def model(seed, n=10):
    """Rows of both senses and signs, a few columns fixed."""
    rng = np.random.default_rng(seed)
    rows = RowBuilder()
    for sense in ("upper", "lower", "both"):
        a = rng.integers(-4, 9, n).astype(float)
        middle = float(a.sum() // 2) + float(rng.integers(-3, 12 if sense == "lower" else 4))
        sides = {"lower": {"lower": middle}, "upper": {"upper": middle}}
        rows.add(range(n), a, **sides.get(sense, {"lower": middle - 6, "upper": middle + 6}))
    upper = np.where(np.arange(n) == 3, 0.0, 1.0)
    return rows.finish(cost=rng.integers(-5, 20, n).astype(float), upper=upper, integer=[True] * n)


def by_hand(made):
    """Best value over all 0-1 vectors, None where none keeps the rows."""
    dense, best = made.dense(), None
    for x in itertools.product(*[(0.0, 1.0)[: 1 + int(u)] for u in made.upper]):
        act = dense @ np.array(x)
        if (act <= made.row_upper).all() and (act >= made.row_lower).all():
            value = float(made.cost @ np.array(x))
            best = value if best is None else max(best, value)
    return best


def test_equal_to_all_sets():
    one, without = Enumeration(), 0
    for seed in range(60):
        made = model(seed)
        assert one.fits(made)
        ended, x = one.best(made)
        truth = by_hand(made)
        assert ended
        without += truth is None
        assert (x is None) == (truth is None)
        if x is not None:
            act = made.dense() @ x
            assert float(made.cost @ x) == pytest.approx(truth, abs=1e-9)
            assert (act <= made.row_upper + 1e-9).all()
            assert (act >= made.row_lower - 1e-9).all()
    assert 3 <= without <= 50


def test_a_search_too_long_is_given_up_and_after_a_few_not_tried(monkeypatch):
    monkeypatch.setattr(listing, "_MOST", 1)
    one, tried = Enumeration(), 0
    for seed in range(60):
        made = model(seed, n=14)
        if one.fits(made):
            tried += 1
            one.best(made)
    assert one.given_up >= 3
    assert tried < 60


def test_only_binary_programmes_of_few_rows_fit():
    rows = RowBuilder()
    rows.add([0, 1], [1.0, 1.0], upper=1.0)
    assert not Enumeration().fits(rows.finish(cost=[1, 1], upper=[1, 2], integer=[True, True]))
    assert not Enumeration().fits(rows.finish(cost=[1, 1], upper=[1, 1], integer=[True, False]))
    for _ in range(12):
        rows.add([0, 1], [1.0, 1.0], upper=1.0)
    assert not Enumeration().fits(rows.finish(cost=[1, 1], upper=[1, 1], integer=[True, True]))
