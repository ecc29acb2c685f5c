"""The price method on small programmes: against enumeration, at the borders, and its numpy twin."""

import itertools

import numpy as np
import pytest

from contado.kernel.errors import InfeasibleProgramme
from contado.kernel.portfolio import price_dual
from contado.kernel.portfolio.options import Options
from contado.kernel.portfolio.price import FloorConflict, solve_options


def small(seed, sites=6, floors=0):
    """A programme of a few sites with three options each over two budgets."""
    rng = np.random.default_rng(seed)
    site = np.arange(sites).repeat(3)
    cost = np.rint(rng.uniform(10, 100, (3 * sites, 2)))
    place = (np.arange(sites) % floors).repeat(3) if floors else None
    return Options.from_arrays(
        site=site,
        benefit_eur=np.rint(cost.sum(axis=1) * rng.lognormal(0, 0.6, 3 * sites)),
        budget=np.tile([0, 1], (3 * sites, 1)),
        cost_eur=cost,
        budget_eur=np.array([120.0, 140.0]),
        municipality=place,
        floor_eur=np.full(floors, 40.0) if floors else None,
    )


def enumerated(options):
    """The best value [EUR] over all choices, None where none keeps every row."""
    alternatives = [[None, *range(a, b)] for a, b in itertools.pairwise(options.ptr)]
    best = None
    for choice in itertools.product(*alternatives):
        chosen = np.array([o for o in choice if o is not None], dtype=np.int64)
        if (options.use(chosen) <= options.limit).all():
            value = options.benefit[chosen].sum() / 100
            best = value if best is None else max(best, value)
    return best


@pytest.mark.parametrize("floors", [0, 2])
@pytest.mark.parametrize("seed", range(4))
def test_the_best_plan_of_a_small_programme_is_found_and_its_bound_holds(seed, floors):
    options = small(seed, floors=floors)
    result = solve_options(options, gap_share=1e-6)
    assert result.value_eur == pytest.approx(enumerated(options))
    assert result.bound_eur >= result.value_eur - 1e-6
    assert result.status in {"optimal", "claimed"}


def test_the_gap_is_margins_given_up_plus_priced_slack():
    result = solve_options(small(3, sites=40), gap_share=1e-3, method="price")
    parts = result.margins_given_up_eur + result.priced_slack_eur
    assert result.bound_eur - result.value_eur == pytest.approx(parts, rel=1e-9)


def test_any_prices_bound_every_plan():
    options = small(1)
    best = enumerated(options)
    for prices in np.random.default_rng(0).uniform(0, 3, (20, 2)):
        assert options.bound(prices) / 100 >= best


def test_a_floor_above_what_its_sites_could_be_paid_is_named_with_what_it_lacks():
    options = Options.from_arrays(
        site=np.array([0]),
        benefit_eur=np.array([10.0]),
        budget=np.array([[0]]),
        cost_eur=np.array([[5.0]]),
        budget_eur=np.array([100.0]),
        municipality=np.array([0]),
        floor_eur=np.array([8.0]),
        municipalities=["M1"],
    )
    with pytest.raises(FloorConflict) as caught:
        solve_options(options)
    assert caught.value.lacking_eur == {"M1": 3.0}
    assert isinstance(caught.value, InfeasibleProgramme)


def test_floors_that_budgets_cannot_pay_are_named():
    options = Options.from_arrays(
        site=np.arange(2),
        benefit_eur=np.array([10.0, 10.0]),
        budget=np.zeros((2, 1), dtype=int),
        cost_eur=np.array([[50.0], [50.0]]),
        budget_eur=np.array([60.0]),
        municipality=np.arange(2),
        floor_eur=np.array([50.0, 50.0]),
    )
    with pytest.raises(FloorConflict) as caught:
        solve_options(options)
    assert sum(caught.value.lacking_eur.values()) == pytest.approx(40.0, abs=0.01)


def test_nothing_to_choose_from_is_an_empty_plan():
    none = np.zeros((0, 1))
    options = Options.from_arrays(
        site=np.zeros(0, dtype=int),
        benefit_eur=np.zeros(0),
        budget=none.astype(int),
        cost_eur=none,
        budget_eur=np.array([1.0]),
    )
    result = solve_options(options)
    assert (result.status, result.value_eur, result.chosen) == ("empty", 0.0, ())


def test_two_entries_on_one_budget_count_together():
    options = Options.from_arrays(
        site=np.array([0, 1]),
        benefit_eur=np.array([10.0, 4.0]),
        budget=np.array([[0, 0], [0, -1]]),
        cost_eur=np.array([[6.0, 5.0], [10.0, 0.0]]),
        budget_eur=np.array([10.0]),
    )
    assert solve_options(options).chosen == (1,)


def test_the_numpy_pass_gives_the_same_prices_as_the_compiled_one(monkeypatch):
    options = small(2, sites=60, floors=3)
    compiled = price_dual.dual_prices(options, gap_share=1e-3)
    monkeypatch.setattr(price_dual, "COMPILED", False)
    plain = price_dual.dual_prices(options, gap_share=1e-3)
    assert plain.bound == pytest.approx(compiled.bound, rel=1e-6)
    assert plain.prices == pytest.approx(compiled.prices, rel=0.01)
