"""Scenarios as tables, the tail mean, ranges."""

import pytest

from contado.kernel.errors import DataError, UsageError
from contado.kernel.portfolio import Problem
from contado.kernel.portfolio.scenarios import cvar, read_scenarios, solve_cvar


@pytest.fixture
def problem():
    row = {"domain": "road", "municipality": "M1", "cost_eur": 10, "benefit_eur": 5}
    years = {"earliest_year": 2027, "latest_year": 2027}
    return Problem.from_rows(
        interventions=[{"id": k} | row | years for k in "AB"],
        budgets=[{"source": "own", "year": 2027, "budget_eur": 15}],
        rules=[{"source": "own", "domains": "*", "max_rate": 1.0, "cumulable": "True"}],
    )


def test_what_a_scenario_leaves_out_keeps_its_benefit(problem):
    rows = [{"scenario": "dry", "intervention_id": "B", "benefit_eur": "7.5"}]
    assert read_scenarios(problem, rows)["dry"].tolist() == [5.0, 7.5]


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([], "no_scenario"),
        ([{"scenario": "s", "intervention_id": "C", "benefit_eur": 1}], "unknown_id"),
        ([{"scenario": "s", "intervention_id": "A", "benefit_eur": ""}], "missing_benefit"),
    ],
)
def test_bad_scenarios_are_refused(problem, rows, rule):
    with pytest.raises(DataError) as error:
        read_scenarios(problem, rows)
    assert error.value.rule == rule


@pytest.mark.parametrize(("alpha", "expected"), [(0.0, 25.0), (0.5, 15.0), (0.75, 10.0), (0.625, 13.333333)])
def test_the_tail_mean_splits_the_value_on_its_edge(alpha, expected):
    assert cvar([40.0, 10.0, 30.0, 20.0], alpha) == pytest.approx(expected)


@pytest.mark.parametrize(("alpha", "weight"), [(1.0, 0.5), (-0.1, 0.5), (0.5, 1.5)])
def test_ranges_are_checked(problem, alpha, weight):
    scenarios = read_scenarios(problem, [{"scenario": "s", "intervention_id": "A", "benefit_eur": 1}])
    with pytest.raises(UsageError):
        solve_cvar(problem, scenarios, alpha=alpha, weight=weight)
