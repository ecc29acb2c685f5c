"""Exchanges between pairs of sites: never worse, never over a row, and better where one move alone is not possible."""

from __future__ import annotations

import numpy as np
import pytest

from contado.kernel.portfolio.exchange import exchanged
from contado.kernel.portfolio.options import Options


def options(site, benefit, cost, budget):
    return Options.from_arrays(
        site=np.array(site),
        benefit_eur=np.array(benefit, float),
        budget=np.zeros((len(site), 1), np.int64),
        cost_eur=np.array(cost, float)[:, None],
        budget_eur=np.array([budget], float),
    )


def rows(found, chosen):
    return sorted(found.source_row[chosen].tolist())


def test_a_dearer_option_is_paid_by_a_cheaper_one():
    # sites 0 and 1: a cheap and a dear option each; the budget allows one dear and one cheap
    made = options([0, 0, 1, 1], [10, 19, 10, 15], [10, 20, 10, 18], 30)
    start = np.flatnonzero(np.isin(made.source_row, [0, 3]))
    assert rows(made, exchanged(made, np.array([0.9]), start)) == [1, 2]


def test_the_best_plan_stays():
    made = options([0, 1], [10, 10], [10, 10], 10)
    start = np.flatnonzero(made.source_row == 0)
    assert rows(made, exchanged(made, np.array([1.0]), start)) == [0]


@pytest.mark.parametrize("seed", range(10))
def test_never_worse_and_never_over_a_budget(seed):
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(12), 4)
    cost = rng.uniform(1, 20, site.size)
    made = Options.from_arrays(
        site=site,
        benefit_eur=cost * rng.uniform(0.5, 2, site.size),
        budget=rng.integers(0, 3, (site.size, 1)),
        cost_eur=cost[:, None],
        budget_eur=np.full(3, 30.0),
    )
    start = np.zeros(0, np.int64)
    found = exchanged(made, np.full(3, 1.0), start)
    assert (made.use(found) <= made.limit).all()
    assert np.unique(made.site[found]).size == found.size
    again = exchanged(made, np.full(3, 1.0), found)
    assert made.benefit[again].sum() == made.benefit[found].sum() > 0
