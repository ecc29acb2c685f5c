"""The door to HiGHS: arrays in, a claim out, a child that is really gone."""

import multiprocessing
import time

import numpy as np
import pytest

from contado.kernel.errors import SolverStopped
from contado.kernel.progress import Cancel
from contado.kernel.solver import Model, RowBuilder, solve, solve_in_child


def knapsack(values, weights, capacity) -> Model:
    rows = RowBuilder()
    rows.add(range(len(values)), weights, upper=capacity)
    return rows.finish(cost=values, upper=[1.0] * len(values), integer=[True] * len(values))


def hard_model(n: int = 400, m: int = 30) -> Model:
    """A multidimensional knapsack that no solver closes in a second."""
    rng = np.random.default_rng(3)
    weights = rng.integers(1, 1000, size=(m, n)).astype(float)
    rows = RowBuilder()
    for row in weights:
        rows.add(range(n), list(row), upper=float(row.sum() / 2))
    return rows.finish(cost=list(weights.mean(axis=0) + rng.random(n)), upper=[1.0] * n, integer=[True] * n)


def test_a_small_knapsack_is_solved_to_its_hand_computed_optimum():
    claim = solve(knapsack([10.0, 13.0, 7.0], [3.0, 4.0, 2.0], 5.0), gap_share=0.0)
    assert (claim.status, claim.value, claim.bound) == ("optimal", 17.0, 17.0)
    assert claim.x.round().tolist() == [1, 0, 1]
    assert claim.gap == 0.0


def test_the_relaxation_gives_row_prices():
    claim = solve(knapsack([10.0, 13.0, 7.0], [3.0, 4.0, 2.0], 5.0).relaxed())
    assert 13 / 4 - 1e-9 <= abs(claim.row_dual[0]) <= 10 / 3 + 1e-9


def test_the_model_shows_its_matrix():
    model = knapsack([1.0, 2.0], [3.0, 4.0], 5.0)
    assert model.dense().tolist() == [[3.0, 4.0]]
    assert (model.n_rows, model.n_columns) == (1, 2)


def test_an_infeasible_model_says_so():
    rows = RowBuilder()
    rows.add([0], [1.0], lower=2.0)
    claim = solve(rows.finish(cost=[1.0], upper=[1.0], integer=[True]))
    assert (claim.status, claim.x, claim.gap) == ("infeasible", None, None)


def test_nan_is_refused_and_not_solved():
    with pytest.raises(SolverStopped):
        solve(knapsack([1.0, float("nan")], [1.0, 1.0], 1.0))


def test_a_child_answers_like_the_solver_here():
    model = knapsack([10.0, 13.0, 7.0], [3.0, 4.0, 2.0], 5.0)
    assert solve_in_child(model, gap_share=0.0).value == solve(model, gap_share=0.0).value


def test_a_child_is_really_gone_after_its_limit_and_its_best_plan_is_kept():
    events = []
    started = time.monotonic()
    claim = solve_in_child(
        hard_model(), gap_share=0.0, time_limit_s=6.0, progress=lambda *a: events.append(a)
    )
    assert time.monotonic() - started < 9.0
    assert claim.status == "feasible"
    assert claim.x is not None
    assert claim.value <= claim.bound
    assert events
    assert events[-1][0] == "solve"
    assert multiprocessing.active_children() == []


def test_a_cancelled_child_gives_back_what_it_has():
    cancel = Cancel()

    def once_it_has_a_plan(*_):
        cancel.request()

    claim = solve_in_child(
        hard_model(), gap_share=0.0, time_limit_s=60.0, cancel=cancel, progress=once_it_has_a_plan
    )
    assert claim.status == "feasible"
    assert claim.seconds < 50.0
