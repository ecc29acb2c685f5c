"""Other budgets from stored prices: the line of today's prices is never below the best value."""

import random

import pytest

from contado.kernel.errors import DataError
from contado.kernel.portfolio import Problem
from contado.kernel.portfolio.reprice import reprice

RULES = [
    {"source": "own", "domains": "*", "max_rate": 1.0, "cumulable": "True"},
    {"source": "regional", "domains": "*", "max_rate": 0.6, "cumulable": "True"},
]


def drawn_problem(rng, budgets, works):
    rows = [{"source": s, "year": y, "budget_eur": b} for (s, y), b in budgets.items()]
    relations = [{"kind": "excludes", "a": "I0", "b": "I1"}, {"kind": "requires", "a": "I2", "b": "I3"}]
    return Problem.from_rows(interventions=works, budgets=rows, rules=RULES, relations=relations)


def works_of(rng):
    return [
        {
            "id": f"I{k}",
            "domain": "road",
            "municipality": "M1",
            "cost_eur": rng.randint(20, 90) * 1000.0,
            "benefit_eur": rng.randint(30, 200) * 1000.0,
            "earliest_year": 2027,
            "latest_year": 2028,
        }
        for k in range(9)
    ]


@pytest.mark.parametrize("seed", range(12))
def test_the_estimate_holds_the_best_value_between_its_two_lines(seed):
    rng = random.Random(seed)
    budgets = {(s, y): rng.randint(30, 120) * 1000.0 for s in ("own", "regional") for y in (2027, 2028)}
    works = works_of(rng)
    result = drawn_problem(rng, budgets, works).solve(gap_share=1.0)
    assert result.proof == "prices"
    spent = {key: cents / 100 for key, cents in result.spent_cents().items()}
    for _ in range(4):
        edited = {k: round(b * rng.uniform(0.4, 2.0), 2) for k, b in budgets.items() if rng.random() < 0.7}
        found = reprice(
            value_eur=result.value_eur,
            bound_eur=result.bound_eur,
            proof=result.proof,
            budgets=budgets,
            spent=spent,
            prices=result.prices,
            edited=edited,
        )
        best = drawn_problem(rng, budgets | edited, works).solve(gap_share=0.0).value_eur
        assert best <= found.at_most_eur + 1e-6 * best
        if found.at_least_eur is not None:
            assert found.at_least_eur <= best + 1e-6 * best
        else:
            assert found.short == sorted(k for k, e in edited.items() if e < spent[k])


SOME = {
    "value_eur": 10.0,
    "bound_eur": 12.0,
    "proof": "prices",
    "budgets": {("own", 2027): 100.0, ("own", 2028): 0.0},
    "spent": {("own", 2027): 80.0},
    "prices": {("own", 2027): 1.5},
}


def test_more_money_raises_the_line_by_its_price_and_less_may_break_the_plan():
    more = reprice(**SOME, edited={("own", 2027): 110.0})
    assert (more.at_least_eur, more.at_most_eur, more.short) == (10.0, 27.0, [])
    less = reprice(**SOME, edited={("own", 2027): 70.0})
    assert (less.at_least_eur, less.at_most_eur, less.short) == (None, 0.0, [("own", 2027)])


@pytest.mark.parametrize(
    ("change", "edited", "rule"),
    [
        ({"proof": "solver"}, {("own", 2027): 110.0}, "no_price_bound"),
        ({}, {("own", 2031): 5.0}, "unknown_budget"),
        ({}, {("own", 2028): 5.0}, "unknown_budget"),
    ],
)
def test_where_prices_prove_nothing_they_say_nothing(change, edited, rule):
    with pytest.raises(DataError) as error:
        reprice(**SOME | change, edited=edited)
    assert error.value.rule == rule
