"""Pay-off tables, by hand."""

import pytest

from contado.kernel.appraisal import robustness
from contado.kernel.errors import UsageError

TABLE = [[60.0, 10.0, 20.0], [40.0, 35.0, 5.0], [30.0, 30.0, 30.0]]


def test_regret_maximin_expected_and_satisficing_by_hand():
    done = robustness.payoff(TABLE, probabilities=[2, 1, 1], threshold=20)
    assert robustness.regret(TABLE).tolist() == [[0, 25, 10], [20, 0, 25], [30, 5, 0]]
    assert (done.max_regret, done.minimax_regret) == ([25, 25, 30], 0)
    assert (done.worst, done.maximin) == ([10, 5, 30], 2)
    assert (done.expected, done.best_expected) == ([37.5, 30, 30], 0)
    assert (done.satisficing, done.most_satisficing) == ([0.75, 0.75, 1.0], 2)


def test_with_one_scenario_the_best_has_no_regret():
    assert robustness.payoff([[3.0], [5.0]]).max_regret == [2, 0]


@pytest.mark.parametrize("table", [[], [[]], [1.0], [[1.0, float("nan")]]])
def test_a_table_with_unknown_cells_is_refused(table):
    with pytest.raises(UsageError) as caught:
        robustness.payoff(table)
    assert caught.value.rule == "bad_payoff"


def test_probabilities_must_fit():
    with pytest.raises(UsageError, match="3 scenarios"):
        robustness.payoff(TABLE, probabilities=[1, 1])
