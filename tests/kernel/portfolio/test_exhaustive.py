"""Proof by enumeration: an optimum is proven, a plan below it is not, and what cannot be listed is left open."""

import random

import pytest

from contado.kernel.portfolio import Problem
from contado.kernel.portfolio.exhaustive import proves_optimal


def tiny(seed, *, floor_eur=0, profile=""):
    rng = random.Random(seed)
    rows = [
        {
            "id": f"I{k}",
            "domain": rng.choice(["road", "trees"]),
            "municipality": rng.choice(["M1", "M2"]),
            "cost_eur": rng.randint(20, 120) * 1000,
            "benefit_eur": rng.randint(10, 300) * 1000 + k,
            "earliest_year": 2027,
            "latest_year": 2028,
            "spend_profile": profile,
        }
        for k in range(5)
    ]
    rules = [
        {"source": "own", "domains": "*", "max_rate": 1.0, "cumulable": True},
        {"source": "region", "domains": "road", "max_rate": 0.7, "cumulable": True, "own_share_min": 0.3},
        {
            "source": "eu",
            "domains": "trees",
            "max_rate": 1.0,
            "max_eur_per_intervention": 60_000,
            "cumulable": False,
        },
    ]
    budgets = [
        {"source": s, "year": y, "budget_eur": rng.randint(30, 90) * 1000}
        for s in ("own", "region", "eu")
        for y in (2027, 2028)
    ]
    relations = [
        {
            "kind": rng.choice(["requires", "excludes", "joint_worksite"]),
            "a": "I0",
            "b": "I1",
            "saving_eur": 900,
        }
    ]
    floors = [{"municipality": "M2", "min_spend_eur": floor_eur}] if floor_eur else []
    return Problem.from_rows(
        interventions=rows, rules=rules, budgets=budgets, relations=relations, floors=floors
    )


@pytest.mark.parametrize("floor_eur", [0, 20_000])
@pytest.mark.parametrize("seed", range(7))
def test_an_optimum_is_proven_and_nothing_below_it(seed, floor_eur):
    problem = tiny(seed, floor_eur=floor_eur)
    result = problem.solve(gap_share=0.0)
    assert (result.status, result.gap_share) == ("optimal", 0.0)
    assert result.proof in {"enumeration", "prices"}
    assert proves_optimal(problem, result.value_eur)
    assert not proves_optimal(problem, result.value_eur - 1.0)


def test_costs_spread_over_years_are_left_open():
    assert not proves_optimal(tiny(0, profile="0.5;0.5"), 1e12)


def test_many_sets_of_starts_are_left_open(monkeypatch):
    from contado.kernel.portfolio import exhaustive

    problem = tiny(0)
    assert proves_optimal(problem, 1e12)
    monkeypatch.setattr(exhaustive, "_SETS", 3**5 - 1)
    assert not proves_optimal(problem, 1e12)
