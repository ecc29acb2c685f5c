"""The model without payments: the same optimum as with them, its rows by hand."""

import random

import numpy as np
import pytest

from contado.kernel.portfolio import Problem
from contado.kernel.portfolio.milp import build
from contado.kernel.portfolio.projected import can_project, project
from contado.kernel.solver import solve

YEARS = (2027, 2028)


def problem_of(interventions, rules, budgets, relations=(), floors=(), **columns):
    common = {"domain": "road", "municipality": "M1", "earliest_year": 2027, "latest_year": 2028}
    return Problem.from_rows(
        interventions=[common | row for row in interventions],
        rules=[{"domains": "*", "max_rate": 1.0, "cumulable": True} | rule for rule in rules],
        budgets=[{"source": s, "year": y, "budget_eur": e} for (s, y), e in budgets.items()],
        relations=relations,
        floors=floors,
        **columns,
    )


def random_problem(seed):
    """Non-cumulable and incompatible sources, earmarks, several savings of one intervention, floors."""
    rng = random.Random(seed)
    n = rng.randint(5, 9)
    interventions = [
        {
            "id": f"I{k}",
            "domain": rng.choice(["road", "trees"]),
            "municipality": rng.choice(["M1", "M2"]),
            "cost_eur": rng.randint(20, 120) * 1000,
            "benefit_eur": rng.randint(10, 300) * 1000,
            "latest_year": rng.choice([2027, 2028]),
            "choice_group": rng.choice(["", "", "", "G"]),
        }
        for k in range(n)
    ]
    rules = [
        {"source": "own"},
        {"source": "region", "max_rate": 0.7, "incompatible_with": rng.choice(["", "bank"])},
        {"source": "bank", "domains": "road", "max_rate": 0.5},
        {"source": "eu", "domains": "trees", "max_eur_per_intervention": 60_000, "cumulable": False},
    ]
    budgets = {(s, y): rng.randint(5, 90) * 1000 for s in ("own", "region", "bank", "eu") for y in YEARS}
    kinds = ["requires", "excludes", "joint_worksite", "joint_worksite", "enhances"]
    relations = [
        {"kind": rng.choice(kinds), "a": f"I{a}", "b": f"I{b}", "saving_eur": 6000, "effect_factor": 0.3}
        for a in range(n)
        for b in range(n)
        if a != b and rng.random() < 0.15
    ]
    floors = [{"municipality": "M2", "min_spend_eur": rng.randint(1, 60) * 1000}] if seed % 2 else []
    return problem_of(interventions, rules, budgets, relations, floors)


@pytest.mark.parametrize("seed", range(40))
def test_the_optimum_is_that_of_the_model_with_payments(seed):
    problem = random_problem(seed)
    assert can_project(problem)
    with_payments = solve(build(problem)[0], gap_share=0.0)
    model, projected = project(problem)
    found = solve(model, gap_share=0.0)
    assert found.status == with_payments.status
    if found.x is not None:
        assert found.value == pytest.approx(with_payments.value, abs=1e-6)
        starts = projected.choice(found.x).starts
        assert problem.plan_value_eur(starts) == pytest.approx(1000 * found.value, abs=0.01)


@pytest.mark.parametrize("seed", range(10))
def test_the_relaxation_is_as_tight(seed):
    problem = random_problem(seed)
    with_payments = solve(build(problem)[0].relaxed())
    if with_payments.value is not None:
        found = solve(project(problem)[0].relaxed())
        assert found.value <= with_payments.value + 1e-6


def test_rows_of_two_sources_by_hand():
    """Own money pays all, the region 80 %: own 2027 alone must bear 20, both together 100."""
    problem = problem_of(
        [{"id": "A", "cost_eur": 100_000, "benefit_eur": 1, "latest_year": 2027}],
        [{"source": "own"}, {"source": "region", "max_rate": 0.8}],
        {("own", 2027): 50_000, ("region", 2027): 30_000},
    )
    model, _ = project(problem)
    rows = {(tuple(row), upper) for row, upper in zip(model.dense().tolist(), model.row_upper, strict=True)}
    assert rows == {((20.0,), 50.0), ((100.0,), 80.0)}


def test_savings_of_one_intervention_do_not_add_up():
    """Two savings of 30 each off a cost of 100 that others pay 50 of: own money bears 50, 20, then nothing."""
    problem = problem_of(
        [{"id": k, "cost_eur": c, "benefit_eur": 1} for k, c in (("A", 100_000), ("B", 0), ("C", 0))],
        [{"source": "own"}, {"source": "region", "max_eur_per_intervention": 50_000}],
        {("own", 2027): 0.01, ("region", 2027): 50_000, ("own", 2028): 20_000, ("region", 2028): 50_000},
        [{"kind": "joint_worksite", "a": "A", "b": b, "saving_eur": 30_000} for b in "BC"],
    )
    model, projected = project(problem)
    fixed = solve(model, gap_share=0.0)
    assert projected.choice(fixed.x).starts.keys() == {0, 1, 2}
    assert np.isclose(fixed.value * 1000, problem.plan_value_eur(projected.choice(fixed.x).starts))


@pytest.mark.parametrize(
    "changed",
    [
        {"rule": {"all_or_nothing": True}},
        {"rule": {"own_share_min": 0.2}},
        {"intervention": {"spend_profile": "0.5;0.5"}},
        {"floor": {"kind": "source", "key": "own", "min_spend_eur": 1}},
    ],
)
def test_where_payments_matter_they_stay(changed):
    problem = problem_of(
        [{"id": "A", "cost_eur": 100_000, "benefit_eur": 1} | changed.get("intervention", {})],
        [{"source": "own"}, {"source": "region", "max_rate": 0.8} | changed.get("rule", {})],
        {(s, y): 100_000 for s in ("own", "region") for y in YEARS},
        floors=[changed["floor"]] if "floor" in changed else [],
    )
    assert not can_project(problem)
    assert problem.solve(gap_share=0.0).choice.starts == {0: 2027}
