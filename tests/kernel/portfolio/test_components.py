"""Sites of a programme: enumeration, pricing with a bound, and the price method on programme folders."""

import math
import random

import pytest

from contado.kernel.portfolio import Problem
from contado.kernel.portfolio.components import Sites, components
from contado.kernel.portfolio.price_programme import programme_bound_eur, solve_by_prices


def problem(seed, n=5, floors=False):
    """Interventions with relations, an all-or-nothing source, a non-cumulable one, own shares and profiles."""
    rng = random.Random(seed)
    interventions = [
        {
            "id": f"I{k}",
            "domain": rng.choice(["road", "trees"]),
            "municipality": rng.choice(["M1", "M2"]),
            "cost_eur": rng.randint(20, 120) * 1000,
            "benefit_eur": rng.randint(10, 300) * 1000,
            "earliest_year": 2027,
            "latest_year": rng.choice([2027, 2028]),
            "choice_group": rng.choice(["", "", "g"]),
            "spend_profile": rng.choice(["", "", "0.4;0.6"]),
        }
        for k in range(n)
    ]
    rules = [
        {"source": "region", "domains": "*", "max_rate": 0.8, "cumulable": "True", "own_share_min": "0.3"},
        {"source": "bank", "domains": "road", "max_rate": 0.5, "cumulable": "True", "all_or_nothing": "True"},
        {"source": "eu", "domains": "trees", "max_rate": 0.9, "cumulable": "False", "spend_by": "2028-12-31"},
        {"source": "own", "domains": "*", "max_rate": 1.0, "cumulable": "True"},
    ]
    names = ("region", "bank", "eu", "own")
    relations = []
    for a in range(n):
        for b in range(n):
            if a != b and rng.random() < 0.15:
                kind = rng.choice(["requires", "excludes", "joint_worksite", "enhances"])
                row = {"kind": kind, "a": f"I{a}", "b": f"I{b}", "saving_eur": rng.randint(1, 15) * 1000}
                relations.append(row | {"effect_factor": rng.choice([-0.4, 0.5])})
    return Problem.from_rows(
        interventions=interventions,
        budgets=[
            {"source": s, "year": y, "budget_eur": rng.randint(20, 90) * 1000}
            for s in names
            for y in (2027, 2028, 2029)
        ],
        rules=rules,
        relations=relations,
        floors=[{"municipality": "M1", "min_spend_eur": 10_000}] if floors else [],
    )


def drawn_prices(p, seed):
    rng = random.Random(seed)
    prices = {cell: rng.choice([0.0, rng.random() * 4]) for cell in p.budget_cents}
    return prices | {key: rng.random() for key in p.floors_cents}


def priced(p, option, prices):
    """Margin of an option at the prices, written once more."""
    total = option.value_eur
    for (i, year), payments in zip(option.starts, option.payments, strict=True):
        for source, cents in payments:
            shares = p.profile(i)
            total -= sum(s * prices[source, year + k] for k, s in enumerate(shares) if s) * cents / 100
            total += prices.get(("municipality", p.municipalities[i]), 0.0) * cents / 100
    return total


@pytest.mark.parametrize("floors", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_the_best_option_at_prices_is_the_best_of_all_options(seed, floors):
    p = problem(seed, floors=floors)
    sites, prices = Sites(p), drawn_prices(p, seed)
    for members in sites.members:
        margins = [priced(p, o, prices) for o in sites.every(members)]
        best, option = sites.best(members, prices)
        assert best == pytest.approx(max([0.0, *margins]), abs=1e-4)
        assert option is None or priced(p, option, prices) == pytest.approx(best, abs=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_a_loss_is_what_a_decision_costs_among_all_options(seed):
    p = problem(seed)
    sites, prices = Sites(p), drawn_prices(p, seed)
    losses = sites.losses(prices)
    for members in sites.members:
        options = [((), 0.0), *((o.starts, priced(p, o, prices)) for o in sites.every(members))]
        best = max(m for _, m in options)
        for i in members:
            for year in (None, *p.starts(i)):
                mine = [m for starts, m in options if dict(starts).get(i) == year]
                assert losses[i, year] == pytest.approx(best - max(mine, default=-math.inf), abs=1e-4)


def test_sites_are_joined_by_relations_and_choice_groups():
    rows = [
        {
            "id": f"I{k}",
            "domain": "road",
            "municipality": "M1",
            "cost_eur": 1,
            "benefit_eur": 1,
            "earliest_year": 2027,
            "latest_year": 2027,
            "choice_group": group,
        }
        for k, group in enumerate(["g", "", "g", "", ""])
    ]
    p = Problem.from_rows(
        interventions=rows,
        budgets=[{"source": "own", "year": 2027, "budget_eur": 1}],
        rules=[{"source": "own", "domains": "*", "max_rate": 1.0, "cumulable": "True"}],
        relations=[{"kind": "requires", "a": "I2", "b": "I4"}],
    )
    assert components(p) == [(0, 2, 4), (1,), (3,)]


@pytest.mark.parametrize("path", ["compiled", "numpy"])
@pytest.mark.parametrize("seed", range(6))
def test_the_plan_by_prices_is_verified_and_the_exact_one_lies_below_its_bound(seed, path):
    p = problem(seed, n=7)
    exact, found = p.solve(gap_share=0.0, method="milp"), solve_by_prices(p, path=path)
    assert found.verdict.ok
    assert (found.method, found.proof, found.solver) == ("price", "prices", f"price method, {path}")
    assert found.value_eur <= exact.value_eur + 0.01
    assert exact.value_eur <= found.bound_eur + 0.01
    again = programme_bound_eur(p, {**found.prices, **found.floor_prices})
    assert again == pytest.approx(found.bound_eur, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_a_programme_by_prices_that_the_clock_ended_is_repeated(seed):
    p = problem(seed, n=7)
    ended = p.solve(method="price", gap_share=0.0, time_limit_s=1e-9)
    again = p.solve(method="price", gap_share=0.0, improvements=ended.improvements)
    assert ended.verdict.ok
    assert ended.improvements == 1
    assert (again.choice, again.bound_eur) == (ended.choice, ended.bound_eur)
