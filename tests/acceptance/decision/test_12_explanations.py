"""Decision, item 12: what it would cost to decide otherwise, checked by deciding otherwise."""

import json

import pytest

from contado.cli.app import run
from contado.kernel.portfolio import Problem
from contado.kernel.portfolio.breakeven import explain
from contado.kernel.portfolio.milp import build
from contado.kernel.solver import solve

TINY7 = {"I004": (55_339.81, 45_714.29), "I006": (None, None), "I007": (None, 195_000.00)}
SMALL40 = {
    "I003": (105_514.28, None),
    "I008": (102_816.57, None),
    "I016": (49_590.07, None),
    "I017": (300_978.98, None),
    "I028": (17_888.68, None),
    "I032": (76_174.76, None),
    "I040": (17_888.68, 163_050.00),
}


def changed(problem, key, **cells):
    """The same folder with other cells of one intervention."""
    rows = [r | cells if r["id"] == key else r for r in problem.rows["interventions"]]
    return Problem.from_rows(
        interventions=rows,
        budgets=problem.rows["budgets"],
        rules=problem.rows["funding_rules"],
        relations=problem.rows["relations"],
        floors=problem.rows["equity_floors"],
    )


def chosen(problem):
    result = problem.solve(gap_share=0.0)
    return {problem.ids[i] for i in result.choice.starts}


def rounded(figure):
    return None if figure is None else round(figure, 2)


@pytest.mark.item("decision", 12, "tiny7: losses and break-even costs", "the figures of 8.10")
def test_tiny7(shared, capsys, figure):
    folder = str(shared("planning/programme/tiny7"))
    found = {}
    for key in TINY7:
        assert run(["portfolio", "explain", folder, key, "--no-floors", "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        found[key] = rounded(answer["loss_if_forced_eur"]), rounded(answer["break_even_cost_eur"])
        codes = {"I004": "outranked", "I006": "requires_unfunded", "I007": "not_fundable"}
        assert answer["reason"]["code"] == codes[key]
    figure(str(found))
    assert found == TINY7


@pytest.mark.slow
@pytest.mark.parametrize("key", list(SMALL40))
@pytest.mark.item("decision", 12, "small40: the seven that are left out", "the figures of 8.10")
def test_small40(shared, figure, small40, key):
    problem, result = small40(shared)
    found = explain(problem, key, result=result, time_limit_s=900)
    figures = rounded(found.loss_if_forced_eur), rounded(found.break_even_cost_eur)
    figure(f"{key} {figures}")
    assert not found.chosen
    assert figures == SMALL40[key]


@pytest.fixture(scope="module")
def small40():
    kept = []

    def once(shared):
        if not kept:
            problem = Problem.from_folder(shared("planning/programme/small40"), floors=False)
            kept.append((problem, problem.solve(gap_share=0.0, time_limit_s=900)))
        return kept[0]

    return once


@pytest.mark.parametrize("key", ["I001", "I002", "I003", "I004", "I005", "I007"])
@pytest.mark.item("decision", 12, "tiny7 at 0.999 and 1.01 of the break-even cost", "in, out")
def test_the_break_even_cost_decides(shared, figure, key):
    problem = Problem.from_folder(shared("planning/programme/tiny7"), floors=False)
    cost = explain(problem, key).break_even_cost_eur
    assert key in chosen(changed(problem, key, cost_eur=0.999 * cost))
    assert key not in chosen(changed(problem, key, cost_eur=1.01 * cost))
    figure("in, out")


@pytest.mark.parametrize("key", ["I001", "I002", "I003", "I004", "I005"])
@pytest.mark.item("decision", 12, "tiny7 at 0.99 and 1.001 of the break-even benefit", "out, in")
def test_the_break_even_benefit_decides(shared, figure, key):
    problem = Problem.from_folder(shared("planning/programme/tiny7"), floors=False)
    benefit = explain(problem, key).break_even_benefit_eur
    assert key not in chosen(changed(problem, key, benefit_eur=0.99 * benefit))
    assert key in chosen(changed(problem, key, benefit_eur=1.001 * benefit))
    figure("out, in")


@pytest.mark.parametrize("folder", ["tiny7", "small40"])
@pytest.mark.item("decision", 12, "price of own 2027 against the LP's finite difference", "equal")
def test_the_shadow_price_is_the_slope_of_the_relaxation(shared, figure, folder):
    problem = Problem.from_folder(shared(f"planning/programme/{folder}"), floors=False)
    model, columns = build(problem)
    price = abs(solve(model.relaxed()).row_dual[columns.budget_rows["own", 2027]])

    def optimum(more_eur):
        budgets = [
            b | {"budget_eur": float(b["budget_eur"]) + more_eur}
            if (b["source"], int(b["year"])) == ("own", 2027)
            else b
            for b in problem.rows["budgets"]
        ]
        other = Problem.from_rows(
            interventions=problem.rows["interventions"],
            budgets=budgets,
            rules=problem.rows["funding_rules"],
            relations=problem.rows["relations"],
        )
        return 1000 * solve(build(other)[0].relaxed()).value

    slope = (optimum(10.0) - optimum(-10.0)) / 20.0
    figure(f"{price:.6f} and {slope:.6f}")
    assert price == pytest.approx(slope, abs=1e-6)
