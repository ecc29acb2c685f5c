"""AHP on the examples of Saaty."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contado.kernel.appraisal import mcda
from contado.kernel.errors import UsageError

HOUSE = [
    [1, 5, 3, 7, 6, 6, 1 / 3, 1 / 4],
    [1 / 5, 1, 1 / 3, 5, 3, 3, 1 / 5, 1 / 7],
    [1 / 3, 3, 1, 6, 3, 4, 6, 1 / 5],
    [1 / 7, 1 / 5, 1 / 6, 1, 1 / 3, 1 / 4, 1 / 7, 1 / 8],
    [1 / 6, 1 / 3, 1 / 3, 3, 1, 1 / 2, 1 / 5, 1 / 6],
    [1 / 6, 1 / 3, 1 / 4, 4, 2, 1, 1 / 5, 1 / 6],
    [3, 5, 1 / 6, 7, 5, 5, 1, 1 / 2],
    [4, 7, 5, 8, 6, 6, 2, 1],
]


def test_buying_a_house():
    """Saaty (1990), EJOR 48(1), 9-26: priorities, lambda_max 9.669, C.R. 0.169."""
    found = mcda.ahp(HOUSE)
    assert found.weights == pytest.approx(
        [0.173, 0.054, 0.188, 0.018, 0.031, 0.036, 0.167, 0.333], abs=0.0005
    )
    assert found.lambda_max == pytest.approx(9.669, abs=0.0005)
    assert found.consistency_ratio == pytest.approx(0.169, abs=0.0005)
    (finding,) = found.findings
    assert (finding.rule, finding.severity, finding.row) == ("inconsistent_comparisons", "warning", "0,2,6")
    assert "0, 2, 6" in finding.message


def test_choosing_a_leader():
    """The worked example of the encyclopedic article on AHP: CR 0.044, no warning."""
    found = mcda.ahp([[1, 4, 3, 7], [1 / 4, 1, 1 / 3, 3], [1 / 3, 3, 1, 5], [1 / 7, 1 / 3, 1 / 5, 1]])
    assert found.weights == pytest.approx([0.547, 0.127, 0.270, 0.056], abs=0.0006)
    assert found.consistency_ratio == pytest.approx(0.044, abs=0.0005)
    assert found.findings == []


@settings(deadline=None)  # shared machines stall
@given(arrays(np.float64, st.integers(1, 10), elements=st.floats(0.01, 100)))
def test_a_consistent_matrix_gives_its_weights_and_ratio_zero(weights):
    found = mcda.ahp(weights[:, None] / weights[None, :])
    assert found.weights == pytest.approx(weights / weights.sum(), rel=1e-9)
    assert found.consistency_ratio == 0
    assert found.findings == []


def test_beyond_ten_the_random_index_is_unknown():
    found = mcda.ahp(np.ones((11, 11)))
    assert found.consistency_ratio is None
    assert [f.rule for f in found.findings] == ["no_parameter"]


@pytest.mark.parametrize(
    ("comparisons", "said"),
    [
        ([[1, 2], [0.5]], "lengths"),
        ([[1, 2, 3], [0.5, 1, 2]], "shape"),
        ([[1, -2], [-0.5, 1]], "not above 0"),
        ([[1, 2], [2, 1]], "no reciprocals"),
        ([[1, "x"], [2, 1]], "numbers"),
    ],
)
def test_what_is_no_comparison_matrix_is_refused(comparisons, said):
    with pytest.raises(UsageError, match=said) as caught:
        mcda.ahp(comparisons)
    assert caught.value.rule == "bad_mcda_input"


def test_rounded_reciprocals_are_accepted():
    assert mcda.ahp([[1, 3, 9], [0.33, 1, 3], [0.11, 0.33, 1]]).consistency_ratio == pytest.approx(
        0, abs=0.01
    )
