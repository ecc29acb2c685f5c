"""Weighted sum, TOPSIS, VIKOR on published examples."""

import json

import numpy as np
import pytest

from contado.kernel.appraisal import mcda
from contado.kernel.errors import UsageError


def published(shared, method):
    cases = json.loads(shared("planning/mcda/published_examples.json").read_text())
    return [c for c in cases if c["method"] == method]


def test_weighted_sum_by_hand():
    found = mcda.wsm([[1, 0, 3], [0, 5, 6]], ["max"] * 3, [1, 1, 1])
    assert found.score == pytest.approx([4 / 3, 11 / 3])
    assert found.rank == [2, 1]
    turned = mcda.wsm([[1, 0, 3], [0, 5, 6]], ["max", "min", "max"], [1, 1, 2], normalisation="minmax")
    assert turned.score == pytest.approx([0.5, 0.5])
    assert turned.rank == [1, 1]


def test_weighted_sum_of_heating_losses():
    """Kracka, Brauers, Zavadskas (2010), Engineering Economics 21(4), 352-359; costs inverted, then sums to 1."""
    matrix = np.array(
        [
            [33.95, 23.78, 11.45, 39.97, 29.44, 167.10, 3.852],
            [38.9, 4.17, 6.32, 0.01, 4.29, 132.52, 25.184],
            [37.59, 9.36, 8.23, 4.35, 10.22, 136.71, 10.845],
            [30.44, 37.59, 13.91, 74.08, 45.10, 198.34, 2.186],
            [36.21, 14.79, 9.17, 17.77, 17.06, 148.3, 6.610],
            [37.8, 8.55, 7.97, 2.35, 9.25, 134.83, 11.935],
        ]
    )
    costs = [0, 1, 2, 3, 5]
    matrix[:, costs] = 1 / matrix[:, costs]
    found = mcda.wsm(matrix, ["max"] * 7, [20] * 7, normalisation="sum")
    assert found.rank == [6, 1, 3, 4, 5, 2]
    expected = [0.12040426, 0.3458235, 0.13838192, 0.12841246, 0.12346084, 0.14351701]
    assert found.score == pytest.approx(expected, abs=1e-6)


def test_topsis_on_the_published_example(shared):
    (case,) = published(shared, "TOPSIS")
    found = mcda.topsis(case["matrix"], case["sense"], case["weights"], normalisation=case["normalisation"])
    assert found.similarity == pytest.approx(case["expected"]["similarity"], abs=case["atol"])
    assert found.rank == case["expected"]["rank"]


def test_topsis_of_the_ideal_and_of_equal_alternatives():
    assert mcda.topsis([[1, 1], [2, 2]], ["max", "max"]).similarity == [0, 1]
    same = mcda.topsis([[1, 1], [1, 1]], ["max", "max"])
    assert (same.similarity, same.rank) == ([None, None], [1, 1])


@pytest.mark.parametrize("index", [0, 1])
def test_vikor_on_the_published_examples(shared, index):
    case = published(shared, "VIKOR")[index]
    found = mcda.vikor(case["matrix"], case["sense"], case["weights"], v=case["v"])
    for key in "SRQ":
        assert getattr(found, key) == pytest.approx(case["expected"][key], abs=case.get("atol", 1e-12))
    for key in {"rank", "compromise_set"} & set(case["expected"]):
        assert getattr(found, key) == case["expected"][key]


def compromise(S, R, Q):
    """The set by the words of Opricovic and Tzeng (2004), and which of its conditions failed."""
    order = sorted(range(len(Q)), key=lambda i: Q[i])
    first, second = order[:2]
    step = 1 / (len(Q) - 1)
    if Q[second] - Q[first] < step:
        return sorted(i for i in order if Q[i] - Q[first] < step), "advantage"
    if S[first] > min(S) and R[first] > min(R):
        return sorted([first, second]), "stability"
    return [first], "none"


def test_vikor_compromise_sets_follow_their_definition():
    rng = np.random.default_rng(2)
    met = set()
    for _ in range(3000):
        matrix = rng.random((int(rng.integers(3, 12)), 4))
        found = mcda.vikor(matrix, ["max"] * 4, rng.random(4), v=0.5)
        expected, failed = compromise(found.S, found.R, found.Q)
        assert found.compromise_set == expected
        met.add(failed)
    assert {"advantage", "none"} <= met


def test_vikor_without_stability_gives_the_first_two():
    from contado.kernel.appraisal.mcda.vikor import _compromise

    utility, regret, mixed = np.array([0.2, 0.1, 0.9]), np.array([0.2, 0.9, 0.1]), np.array([0.1, 0.6, 0.7])
    assert _compromise(utility, regret, mixed) == [0, 1]
    assert _compromise(np.array([0.1, 0.2, 0.9]), regret, mixed) == [0]


def test_vikor_of_one_alternative_and_of_a_bad_v():
    assert mcda.vikor([[1, 2]], ["max", "max"]).compromise_set == [0]
    with pytest.raises(UsageError, match="v = 2"):
        mcda.vikor([[1, 2], [2, 1]], ["max", "max"], v=2)
