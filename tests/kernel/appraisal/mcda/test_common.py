"""What all methods share: input checks, normalisation, ranks, invariance."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contado.kernel.appraisal import mcda
from contado.kernel.errors import UsageError

TABLE = [[1.0, 10.0], [3.0, 30.0], [2.0, 50.0]]
SENSE = ["max", "min"]


@pytest.mark.parametrize(
    ("matrix", "sense", "weights", "said"),
    [
        ([[1, 2], [3]], SENSE, None, "lengths"),
        ([[1, None], [3, 4]], SENSE, None, "alternative 0, criterion 1"),
        ([[1, math.nan], [3, 4]], SENSE, None, "criterion 1"),
        ([[1, "x"], [3, 4]], SENSE, None, "numbers"),
        ([], SENSE, None, "shape"),
        (TABLE, ["max"], None, "2 senses"),
        (TABLE, ["max", "up"], None, "2 senses"),
        (TABLE, "maxmin", None, "2 senses"),
        (TABLE, SENSE, [1, 2, 3], "found 3"),
        (TABLE, SENSE, [0, 0], "zero"),
        (TABLE, SENSE, [1, -1], "at least 0"),
        (TABLE, SENSE, ["a", "b"], "no numbers"),
    ],
)
def test_an_input_no_method_can_work_on_is_refused(matrix, sense, weights, said):
    with pytest.raises(UsageError, match=said) as caught:
        mcda.wsm(matrix, sense, weights)
    assert caught.value.rule == "bad_mcda_input"
    assert caught.value.hint


def test_an_unknown_normalisation_and_a_column_that_sums_to_zero_are_refused():
    with pytest.raises(UsageError, match="maxmin"):
        mcda.wsm(TABLE, SENSE, normalisation="maxmin")
    with pytest.raises(UsageError, match="sums to zero"):
        mcda.wsm([[1.0, 1.0], [-1.0, 2.0]], SENSE, normalisation="sum")


@pytest.mark.parametrize(
    "method", [mcda.wsm, mcda.topsis, mcda.vikor, mcda.promethee, mcda.electre_1, mcda.electre_2]
)
@pytest.mark.parametrize("normalisation", ["none", "sum", "vector", "minmax"])
def test_a_constant_criterion_is_a_finding_and_makes_no_difference(method, normalisation):
    constant = [[*row, 7.0] for row in TABLE]
    found = method(constant, [*SENSE, "max"], [1, 1, 0.5], normalisation=normalisation)
    (finding,) = found.findings
    assert (finding.rule, finding.row) == ("bad_mcda_input", 2)
    if hasattr(found, "rank"):
        assert found.rank == method(TABLE, SENSE, [1, 1], normalisation=normalisation).rank


def test_weights_count_by_their_ratios():
    assert mcda.topsis(TABLE, SENSE, [1, 3]).similarity == mcda.topsis(TABLE, SENSE, [0.25, 0.75]).similarity


def test_normalisations_by_hand():
    assert mcda.normalise([[3.0], [4.0]], "vector").ravel().tolist() == [0.6, 0.8]
    assert mcda.normalise([[3.0], [1.0]], "sum").ravel().tolist() == [0.75, 0.25]
    assert mcda.normalise([[3.0], [1.0], [2.0]], "minmax").ravel().tolist() == [1, 0, 0.5]


def test_equal_scores_share_the_better_rank_also_when_they_differ_by_rounding():
    assert mcda.rank([0.1 + 0.2, 0.3, 0.9]) == [2, 2, 1]
    assert mcda.rank([0.1 + 0.2, 0.3, 0.9, 0.1], best="least", dense=True) == [2, 2, 3, 1]


POSITIVE = st.floats(0.1, 100)


@settings(deadline=None)  # shared machines stall
@given(
    arrays(np.float64, (5, 3), elements=st.integers(-100, 100), unique=True),
    arrays(np.float64, 3, elements=st.integers(1, 9)),
    arrays(np.float64, 3, elements=POSITIVE),
    arrays(np.float64, 3, elements=st.floats(-1000, 1000)),
    st.sampled_from(["wsm", "topsis", "vikor", "promethee", "electre_2"]),
)
def test_affine_rescaling_of_a_criterion_changes_no_rank(matrix, weights, scale, shift, name):
    sense = ["max", "min", "max"]
    method = getattr(mcda, name)
    plain = method(matrix, sense, weights, normalisation="minmax")
    moved = method(matrix * scale + shift, sense, weights, normalisation="minmax")
    score = {"wsm": "score", "topsis": "similarity", "vikor": "Q", "promethee": "phi", "electre_2": "score"}[
        name
    ]
    first, second = getattr(plain, score), getattr(moved, score)
    ordered = np.sort(first)
    assume(
        (np.diff(ordered) > 1e-6).all() or name in {"promethee", "electre_2"}
    )  # near-ties turn on rounding
    if name == "electre_2":
        assume(not _near_a_level(matrix, sense, weights))
    assert second == pytest.approx(first, abs=1e-7)
    assert moved.rank == plain.rank


def _near_a_level(matrix, sense, weights):
    """Whether a discordance lies within rounding of a level of ELECTRE II."""
    found = mcda.electre_1(matrix, sense, weights, normalisation="minmax").discordance
    cells = [c for row in found for c in row if c is not None]
    return any(abs(c - level) < 1e-9 for c in cells for level in (0.65, 0.35))
