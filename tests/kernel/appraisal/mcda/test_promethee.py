"""PROMETHEE against all pairs, and on the example of its authors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contado.kernel.appraisal import mcda
from contado.kernel.appraisal.mcda.promethee import PREFERENCES
from contado.kernel.errors import UsageError


def preference(d, function, q, p, s):
    """The six functions of Brans and Vincke (1985), of all differences."""
    return {
        "usual": lambda: (d > 0) * 1.0,
        "u_shape": lambda: (d > q) * 1.0,
        "v_shape": lambda: np.clip(d / p, 0, 1),
        "level": lambda: 0.5 * (d > q) + 0.5 * (d > p),
        "linear": lambda: np.clip((d - q) / (p - q), 0, 1) if p > q else (d > q) * 1.0,
        "gaussian": lambda: np.where(d > 0, 1 - np.exp(-(d**2) / (2 * s**2)), 0),
    }[function]()


def flows(matrix, weights, function, q, p, s):
    """Leaving and entering flows over all pairs."""
    x = np.asarray(matrix, dtype=float)
    weights = np.asarray(weights) / np.sum(weights)
    total = sum(
        w * preference(c[:, None] - c[None, :], function, q, p, s) for w, c in zip(weights, x.T, strict=True)
    )
    return total.sum(axis=1) / (len(x) - 1), total.sum(axis=0) / (len(x) - 1)


@pytest.mark.parametrize("function", PREFERENCES)
def test_sorting_equals_all_pairs_on_a_thousand_alternatives(function):
    matrix = np.random.default_rng(7).normal(size=(1000, 3)) * [1, 50, 1e4]
    matrix[::3, 0] = np.round(matrix[::3, 0], 1)
    for q, p, s in [(0.3, 1.1, 0.8), (0.05, 0.06, 0.01), (20.0, 900.0, 400.0)]:
        found = mcda.promethee(matrix, ["max"] * 3, [2, 3, 5], preference=function, q=q, p=p, s=s)
        plus, minus = flows(matrix, [2, 3, 5], function, q, p, s)
        assert np.abs(np.array(found.phi_plus) - plus).max() < 1e-12
        assert np.abs(np.array(found.phi_minus) - minus).max() < 1e-12
        assert np.abs(np.array(found.phi) - (plus - minus)).max() < 1e-12


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        np.float64,
        st.tuples(st.integers(2, 12), st.just(2)),
        elements=st.integers(-6, 6).map(lambda i: i / 10),
    ),
    st.sampled_from(PREFERENCES),
    st.integers(0, 4).map(lambda i: i / 10),
    st.integers(1, 5).map(lambda i: i / 10),
)
def test_ties_and_differences_at_a_threshold_equal_all_pairs(matrix, function, q, width):
    p = q + width
    found = mcda.promethee(matrix, ["max", "max"], preference=function, q=q, p=p, s=width)
    plus, minus = flows(matrix, [1, 1], function, q, p, width)
    assert np.array(found.phi_plus) == pytest.approx(plus, abs=1e-12)
    assert np.array(found.phi_minus) == pytest.approx(minus, abs=1e-12)
    assert sum(found.phi) == pytest.approx(0, abs=1e-12)


def test_the_hydroelectric_plants():
    """Brans, Vincke, Mareschal (1986), EJOR 24, 228-238: six criteria, one of each type."""
    matrix = [
        [80, 90, 600, 5.4, 8, 5],
        [65, 58, 200, 9.7, 1, 1],
        [83, 60, 400, 7.2, 4, 7],
        [40, 80, 1000, 7.5, 7, 10],
        [52, 72, 600, 2.0, 3, 8],
        [94, 96, 700, 3.6, 5, 6],
    ]
    found = mcda.promethee(
        matrix,
        ["min", "max", "min", "min", "min", "max"],
        preference=["u_shape", "v_shape", "linear", "level", "usual", "gaussian"],
        q=[10, None, 50, 1, None, None],
        p=[None, 30, 500, 6, None, None],
        s=[None] * 5 + [5],
    )
    assert found.phi_plus == pytest.approx([0.220, 0.396, 0.247, 0.329, 0.455, 0.300], abs=0.0006)
    assert found.phi_minus == pytest.approx([0.366, 0.379, 0.336, 0.349, 0.162, 0.355], abs=0.0006)
    assert found.rank == [6, 2, 5, 3, 1, 4]
    assert [pair for pair in found.preferred if pair[0] == 4] == [(4, j) for j in (0, 1, 2, 3, 5)]


def test_net_flows_of_a_small_table():
    """Mareschal, De Smet, Nemery (2008), IEEM 2008, 959-963: usual criterion."""
    found = mcda.promethee([[4, 3, 2], [3, 2, 4], [5, 1, 3]], ["max"] * 3, [0.5, 0.3, 0.2])
    assert found.phi == pytest.approx([0.1, -0.3, 0.2])


def test_partial_order():
    found = mcda.promethee([[3, 3], [2, 2], [1, 4]], ["max", "max"])
    assert (0, 1) in found.preferred
    assert found.incomparable == []
    many = mcda.promethee(np.arange(602.0).reshape(301, 2), ["max", "max"])
    assert many.preferred is None
    assert many.rank[0] == 301


def test_one_alternative_has_no_flow():
    assert mcda.promethee([[1.0, 2.0]], ["max", "min"]).phi == [0.0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"preference": "step"}, "step"),
        ({"preference": ["usual"]}, "2 preference functions"),
        ({"preference": "linear", "q": 1}, "needs p"),
        ({"preference": "linear", "q": 3, "p": 1}, "above p"),
        ({"preference": "gaussian", "s": 0}, "needs s"),
        ({"preference": "u_shape", "q": [1, 2, 3]}, "2 thresholds"),
        ({"preference": "u_shape", "q": "a"}, "2 thresholds"),
    ],
)
def test_thresholds_that_do_not_fit_are_refused(more, said):
    with pytest.raises(UsageError, match=said) as caught:
        mcda.promethee([[1, 2], [2, 1]], ["max", "max"], **more)
    assert caught.value.rule == "bad_mcda_input"
