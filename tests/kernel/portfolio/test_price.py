"""The price method on small programmes: against enumeration, at the borders, and its numpy twin."""

import itertools

import numpy as np
import pytest

from contado.kernel.errors import InfeasibleProgramme
from contado.kernel.portfolio import price_dual, price_kernels, price_plain
from contado.kernel.portfolio.options import Options
from contado.kernel.portfolio.price import FloorConflict, solve_options


def small(seed, sites=6, floors=0, times=1):
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
        budget_eur=times * np.array([120.0, 140.0]),
        municipality=place,
        floor_eur=np.full(floors, times * 40.0) if floors else None,
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


@pytest.mark.parametrize("budgets", [[0.0, 0.0], [0.0, 200.0], [1e-2, 0.0]])
def test_budgets_of_nothing_buy_nothing(budgets):
    options = Options.from_arrays(
        site=np.array([0, 1, 1]),
        benefit_eur=np.array([10.0, 5.0, 7.0]),
        budget=np.array([[0], [1], [0]]),
        cost_eur=np.array([[100.0], [50.0], [50.0]]),
        budget_eur=np.array(budgets),
    )
    result = solve_options(options, gap_share=1e-3)
    assert result.value_eur == pytest.approx(enumerated(options))
    assert (result.value_eur > 0) == (budgets[1] > 0)


class AskedAt:
    """A person who asks for the end at a given look at the clock."""

    def __init__(self, look):
        self.left = look

    @property
    def requested(self):
        self.left -= 1
        return self.left <= 0


@pytest.mark.parametrize("look", [1, 2, 5, 9, 14])
def test_a_search_that_was_ended_ends_there_again(look):
    options = small(5, sites=400, times=40)
    ended = solve_options(options, gap_share=1e-9, method="price", cancel=AskedAt(look))
    again = solve_options(options, gap_share=1e-9, method="price", stop_after=ended.stop_after)
    rows = np.flatnonzero(np.isin(options.source_row, ended.chosen))
    assert (options.use(rows) <= options.limit).all()
    assert ended.value_eur <= ended.bound_eur
    assert ended.stop_after == look
    assert (again.chosen, again.prices, again.stop_after) == (ended.chosen, ended.prices, ended.stop_after)


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


def test_the_numpy_path_gives_the_same_prices_as_the_compiled_one():
    options = small(2, sites=60, floors=3)
    compiled = price_dual.dual_prices(options, gap_share=1e-3, path="compiled")
    plain = price_dual.dual_prices(options, gap_share=1e-3, path="numpy")
    assert plain.bound == pytest.approx(compiled.bound, rel=1e-6)
    assert plain.prices == pytest.approx(compiled.prices, rel=0.01)


@pytest.mark.parametrize("seed", range(4))
def test_the_numpy_path_gives_a_plan_as_near_to_the_bound(seed):
    options = small(seed, sites=400, floors=3, times=60)
    compiled, plain = (
        solve_options(options, gap_share=1e-5, method="price", path=path) for path in ("compiled", "numpy")
    )
    assert (compiled.solver, plain.solver) == ("price method, compiled", "price method, numpy")
    chosen = np.searchsorted(np.sort(options.source_row), plain.chosen)
    used = options.use(np.argsort(options.source_row)[chosen])
    assert (used <= options.limit).all()
    assert plain.gap_share <= 2 * compiled.gap_share


def state_of(seed):
    """A programme halfway through its rounding, as the arguments of the loops."""
    options, rng = small(seed, sites=80, floors=4), np.random.default_rng(seed)
    kept, nothing = rng.random(options.n_options) < 0.7, rng.random(options.n_sites) < 0.7
    sites, start, number = price_plain.alternatives_of(options.ptr, kept, nothing)
    choice = options.ptr[:-1] + rng.integers(0, np.diff(options.ptr) + 1)
    choice[choice == options.ptr[1:]] = -1
    slack = np.append(options.limit - options.use(choice[choice >= 0]), 0.0)
    alternatives = (sites, start, number, choice, slack, options.row, options.amount)
    loss = rng.random(options.n_options) * 1e6
    return options, (kept, nothing), alternatives, (loss, rng.random(options.n_sites) * 1e6)


@pytest.mark.parametrize("seed", range(5))
def test_each_numpy_loop_does_what_the_compiled_one_does(seed):
    options, (kept, nothing), alternatives, (loss, _) = state_of(seed)
    for mine, theirs in zip(
        price_plain.alternatives_of(options.ptr, kept, nothing),
        price_kernels.alternatives_of(options.ptr, kept, nothing),
        strict=True,
    ):
        assert mine.tolist() == theirs.tolist()
    marks = [np.zeros(options.n_options, dtype=bool) for _ in range(2)]
    for module, mark in zip((price_plain, price_kernels), marks, strict=True):
        module.per_row(options.row, options.amount, loss, options.n_rows, 5, mark)
    assert marks[0].tolist() == marks[1].tolist()
    gains = [np.empty(len(alternatives[2])) for _ in range(2)]
    found = [
        module.gains(*alternatives, options.benefit, gain)
        for module, gain in zip((price_plain, price_kernels), gains, strict=True)
    ]
    assert found[0] == found[1]
    assert gains[0] == pytest.approx(gains[1])


@pytest.mark.parametrize("seed", range(5))
def test_numpy_repairs_and_switches_as_the_compiler_does(seed):
    options, _, alternatives, losses = state_of(seed)
    nb, m = options.n_budgets, options.n_rows
    ends = []
    for module in (price_plain, price_kernels):
        sites, start, number, choice, slack, *rest = (a.copy() for a in alternatives)
        lacking = module.repair(sites, start, number, choice, slack, *rest, *losses, nb, m, 0, nb, 50)
        lacking += module.repair(sites, start, number, choice, slack, *rest, *losses, 0, nb, 0, 0, 50)
        gain = np.empty(len(number))
        module.gains(sites, start, number, choice, slack, *rest, options.benefit, gain)
        best = np.argsort(-gain, kind="stable")[: np.count_nonzero(gain)]
        of = np.repeat(sites, np.diff(start))
        module.switch(of[best], number[best], choice, slack, *rest, options.benefit)
        ends.append((lacking, choice.tolist(), slack.tolist()))
    assert ends[0][0] == pytest.approx(ends[1][0])
    assert ends[0][1] == ends[1][1]
    assert ends[0][2] == pytest.approx(ends[1][2])


@pytest.mark.parametrize("seed", range(5))
def test_no_site_gains_after_the_sweeps_of_either_path(seed):
    options, _, alternatives, losses = state_of(seed)
    spare, short = np.full(options.n_rows + 1, 0.2), np.full(options.n_rows + 1, 0.9)
    aim = np.zeros(options.n_rows + 1)
    for mine, other in ((price_plain, price_kernels), (price_kernels, price_plain)):
        sites, start, number, choice, slack, *rest = (a.copy() for a in alternatives)
        given = (sites, start, number, choice, slack, *rest, *losses, spare, short, aim)
        assert mine.sweep(*given) > 0
        while mine.sweep(*given):
            pass
        assert other.sweep(*given) == 0
        assert slack[:-1] == pytest.approx(options.limit - options.use(choice[choice >= 0]))
