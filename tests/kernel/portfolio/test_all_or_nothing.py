"""A source that pays its whole amount or nothing: payments, verifier, reasons, break-even cost."""

import pytest

from contado.kernel.portfolio import Problem, verify
from contado.kernel.portfolio.breakeven import break_even_cost
from contado.kernel.portfolio.search import Clock
from contado.kernel.portfolio.verify import Start


def problem(cost=100, bank=60, own=40, cap="", relations=(), others=()):
    """One intervention that own money and an all-or-nothing grant of half its cost may pay."""
    first = {
        "id": "A",
        "domain": "road",
        "municipality": "M1",
        "cost_eur": cost,
        "benefit_eur": 500,
        "earliest_year": 2027,
        "latest_year": 2027,
    }
    return Problem.from_rows(
        interventions=[first, *({**first, **o} for o in others)],
        budgets=[
            {"source": "bank", "year": 2027, "budget_eur": bank},
            {"source": "own", "year": 2027, "budget_eur": own},
        ],
        rules=[
            {
                "source": "bank",
                "domains": "*",
                "max_rate": 0.5,
                "cumulable": "True",
                "all_or_nothing": "True",
                "max_eur_per_intervention": cap,
            },
            {"source": "own", "domains": "*", "max_rate": 1.0, "cumulable": "True"},
        ],
        relations=relations,
    )


def test_it_pays_its_whole_amount():
    found = problem(own=50).solve(gap_share=0.0)
    assert found.choice.payments == {0: {"bank": 5000, "own": 5000}}
    assert found.verdict.ok


def test_a_budget_that_holds_less_than_the_whole_amount_pays_nothing():
    found = problem(bank=49, own=60).solve(gap_share=0.0)
    assert found.choice.starts == {}
    assert found.reasons[0].code == "not_fundable"


def test_own_money_alone_is_enough_where_the_grant_is_too_large_for_what_is_due():
    saving = {"kind": "joint_worksite", "a": "A", "b": "B", "saving_eur": 60}
    other = {"id": "B", "cost_eur": 0}
    found = problem(bank=60, own=40, relations=[saving], others=[other]).solve(gap_share=0.0)
    assert found.choice.payments[0] == {"own": 4000}
    assert found.verdict.ok


def test_the_verifier_refuses_a_part_of_it():
    p = problem(own=60)
    plan = [Start(intervention_id="A", start_year=2027, payments_cents={"bank": 4000, "own": 6000})]
    [violation] = verify(p.rows, plan).violations
    assert (violation.rule, violation.limit_eur, violation.found_eur) == ("all_or_nothing", 50.0, 40.0)


@pytest.mark.parametrize(("cap", "most"), [("", 80.0), (30, 70.0)])
def test_the_highest_cost_follows_the_rate_up_to_the_cap(cap, most):
    p = problem(cap=cap)
    assert break_even_cost(p, 0, 0.0, Clock(limit_s=30)) == pytest.approx(most, abs=0.01)
