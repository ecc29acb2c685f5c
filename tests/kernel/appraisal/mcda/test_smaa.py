"""SMAA-2 (Lahdelma, Salminen 2001) against exact volumes of weight space."""

from itertools import pairwise

import numpy as np
import pytest

from contado.kernel.appraisal import mcda
from contado.kernel.errors import UsageError


def exact(matrix):
    """Rank acceptability and central weights with two criteria: ranks are constant between crossings."""
    x = np.asarray(matrix, dtype=float)
    n = len(x)
    cuts = {0.0, 1.0}
    for i in range(n):
        for j in range(i):
            slope = (x[i, 0] - x[i, 1]) - (x[j, 0] - x[j, 1])
            if slope:
                cuts.add(float(np.clip((x[j, 1] - x[i, 1]) / slope, 0, 1)))
    edges = sorted(cuts)
    places, centre = np.zeros((n, n)), np.zeros(n)
    for low, high in pairwise(edges):
        middle = (low + high) / 2
        utility = x @ [middle, 1 - middle]
        for i in range(n):
            rank = int((utility > utility[i]).sum())
            places[i, rank] += high - low
            centre[i] += (high - low) * middle if rank == 0 else 0
    return places, [c / p if p else None for c, p in zip(centre, places[:, 0], strict=True)]


def test_two_criteria_against_exact_lengths():
    matrix = [[1.0, 0.0], [0.8, 0.5], [0.2, 0.9], [0.4, 0.4]]
    found = mcda.smaa(matrix, ["max", "max"], draws=200_000, seed=1)
    places, centre = exact(matrix)
    assert np.array(found.acceptability) == pytest.approx(places, abs=0.005)
    for weights, first in zip(found.central_weights, centre, strict=True):
        assert weights is None if first is None else weights == pytest.approx([first, 1 - first], abs=0.005)
    assert found.confidence == [1.0, 1.0, 1.0, None]


def test_three_symmetric_alternatives_share_the_first_rank():
    found = mcda.smaa(np.eye(3), ["max"] * 3, draws=100_000)
    assert np.array(found.acceptability) == pytest.approx(np.full((3, 3), 1 / 3), abs=0.006)
    # mean of the largest of three uniform weights: (1 + 1/2 + 1/3) / 3
    assert found.central_weights[0] == pytest.approx([11 / 18, 7 / 36, 7 / 36], abs=0.005)


def test_ordinal_information_moves_the_weights():
    """Mean weights under an order are the rank-order centroid weights (Barron, Barrett 1996)."""
    found = mcda.smaa([[1.0, 1.0, 1.0]], ["max"] * 3, draws=100_000, order=[1, 0, 2])
    assert found.central_weights[0] == pytest.approx([5 / 18, 11 / 18, 2 / 18], abs=0.005)


def test_same_seed_same_answer_and_rows_sum_to_one():
    matrix = np.random.default_rng(0).random((6, 3))
    first, second = (mcda.smaa(matrix, ["max", "min", "max"], draws=500, seed=9) for _ in range(2))
    assert first == second
    assert np.array(first.acceptability).sum(axis=1) == pytest.approx(np.ones(6))
    assert mcda.smaa(matrix, ["max", "min", "max"], draws=500, seed=10).acceptability != first.acceptability


def test_uncertain_values_lower_the_confidence():
    matrix = [[1.0, 1.0], [0.98, 0.98]]
    exact_values = mcda.smaa(matrix, ["max", "max"], draws=2000)
    assert (exact_values.acceptability[0][0], exact_values.confidence[0]) == (1.0, 1.0)
    blurred = mcda.smaa(matrix, ["max", "max"], draws=2000, spread=0.1)
    assert 0.5 < blurred.acceptability[0][0] < 0.9
    assert 0.5 < blurred.confidence[0] < 0.9


def test_equal_alternatives_share_the_first_rank():
    assert mcda.smaa([[1.0, 2.0], [1.0, 2.0]], ["max", "max"], draws=10).acceptability == [
        [1.0, 0.0],
        [1.0, 0.0],
    ]


def test_depth_keeps_the_first_ranks_of_many_alternatives():
    matrix = np.random.default_rng(1).random((20_000, 3))
    found = mcda.smaa(matrix, ["max"] * 3, draws=20, depth=2)
    shares = np.array(found.acceptability)
    assert shares.shape == (20_000, 2)
    assert shares.sum(axis=0) == pytest.approx([1, 1])
    few = mcda.smaa(matrix[:50], ["max"] * 3, draws=200)
    assert np.array(few.acceptability)[:, :3].tolist() == (
        mcda.smaa(matrix[:50], ["max"] * 3, draws=200, depth=3).acceptability
    )


def test_share_of_weight_draws_that_choose_an_intervention():
    benefits = np.array([[1.0, 0.0], [0.0, 1.0]])
    share = mcda.selection_share(lambda w: benefits @ w == (benefits @ w).max(), 2, draws=4000, seed=3)
    assert share == pytest.approx([0.5, 0.5], abs=0.03)
    assert share.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"draws": 0}, "draws"),
        ({"depth": 0}, "depth"),
        ({"spread": -1}, "spread"),
        ({"order": [0, 0]}, "order"),
    ],
)
def test_bad_parameters_are_refused(more, said):
    with pytest.raises(UsageError, match=said):
        mcda.smaa([[1.0, 2.0], [2.0, 1.0]], ["max", "max"], **more)
