"""Decision, item 5: the exact programme against proven optima and against full enumeration."""

import itertools
import random

import numpy as np
import pytest
from scipy.optimize import linprog

from contado.kernel.errors import InfeasibleProgramme
from contado.kernel.portfolio import Problem
from contado.kernel.portfolio.milp import build

YEARS = (2027, 2028, 2029)


def folder(shared, name, **options):
    return Problem.from_folder(shared(f"planning/programme/{name}"), **options)


@pytest.mark.item("decision", 5, "tiny7, without and with floors", "791,482.33; infeasible")
def test_tiny7(shared, figure):
    result = folder(shared, "tiny7", floors=False).solve(gap_share=0.0)
    figure(f"{result.value_eur:,.2f}; infeasible")
    assert result.value_eur == pytest.approx(791_482.33, abs=0.01)
    assert result.verdict.ok
    with pytest.raises(InfeasibleProgramme):
        folder(shared, "tiny7").solve()


@pytest.mark.slow
@pytest.mark.parametrize("floors", [False, True])
@pytest.mark.item("decision", 5, "small40, without and with floors", "7,140,822.04 +- 1 EUR")
def test_small40(shared, figure, floors):
    result = folder(shared, "small40", floors=floors).solve(gap_share=0.0, time_limit_s=600)
    figure(f"{result.value_eur:,.2f}")
    assert result.value_eur == pytest.approx(7_140_822.04, abs=1.0)
    assert result.verdict.ok


@pytest.mark.slow
@pytest.mark.parametrize("floors", [False, True])
@pytest.mark.item("decision", 5, "mid120 in 60 s", ">= 18,680,000; bound >= value")
def test_mid120(shared, figure, floors):
    result = folder(shared, "mid120", floors=floors).solve(gap_share=0.0, time_limit_s=60)
    figure(f"{result.value_eur:,.2f}, bound {result.bound_eur:,.2f}, gap {result.gap_share:.2e}")
    assert result.value_eur >= 18_680_000
    assert result.verdict.ok
    assert result.bound_eur >= 18_682_510.42 - 0.01


# ---------------------------------------------------------------- an independent, slow reference
def random_folder(seed):
    """Up to seven interventions with everything that moves money."""
    rng = random.Random(seed)
    n = rng.randint(3, 5)
    interventions = [
        {
            "id": f"I{k}",
            "domain": rng.choice(["road", "trees"]),
            "municipality": rng.choice(["M1", "M2"]),
            "cost_eur": rng.randint(20, 120) * 1000,
            "benefit_eur": rng.randint(10, 300) * 1000,
            "earliest_year": rng.choice([2027, 2027, 2028]),
            "latest_year": rng.choice([2028, 2029]),
            "spend_profile": rng.choice(["", "", "0.4;0.6", "0.25;0.5;0.25"]),
            "use": rng.choice(["school", "office"]),
        }
        for k in range(n)
    ]
    rules = [
        {"source": "own", "domains": "*", "max_rate": 1.0, "cumulable": "True"},
        {
            "source": "region",
            "domains": "*",
            "max_rate": 0.8,
            "cumulable": "True",
            "own_share_min": rng.choice(["", "0.3"]),
            "incompatible_with": rng.choice(["", "bank"]),
            "when": rng.choice(["", "use == school"]),
        },
        {
            "source": "bank",
            "domains": "road",
            "max_rate": 0.5,
            "cumulable": "True",
            "all_or_nothing": rng.choice(["", "True"]),
        },
        {
            "source": "eu",
            "domains": "trees",
            "max_rate": 1.0,
            "max_eur_per_intervention": 70_000,
            "cumulable": "False",
            "all_or_nothing": rng.choice(["", "", "True"]),
        },
    ]
    budgets = [
        {
            "source": s,
            "year": y,
            "budget_eur": rng.randint(10, 90) * 1000,
            "earmark": "trees" if s == "own" and y == 2028 and rng.random() < 0.3 else "",
        }
        for s in ("own", "region", "bank", "eu")
        for y in YEARS
    ]
    relations = []
    for a, b in itertools.permutations(range(n), 2):
        if rng.random() < 0.12:
            kind = rng.choice(["requires", "excludes", "joint_worksite", "enhances"])
            saving = rng.randint(1, 15) * 1000
            factor = rng.choice([-0.4, 0.5])
            row = {"kind": kind, "a": f"I{a}", "b": f"I{b}", "saving_eur": saving, "effect_factor": factor}
            relations.append(row)
    amounts = [{"intervention_id": "I0", "source": "region", "amount_eur": rng.randint(5, 60) * 1000}]
    return {
        "interventions": interventions,
        "rules": rules,
        "budgets": budgets,
        "relations": relations,
        "amounts": amounts if rng.random() < 0.5 else [],
    }


def best_by_enumeration(case):
    """Every choice of starts by falling value; the first that some mix of sources can pay."""
    rows = {r["id"]: r for r in case["interventions"]}
    options = [
        [None, *(y for y in YEARS if r["earliest_year"] <= y <= r["latest_year"])] for r in rows.values()
    ]
    every = (dict(zip(rows, starts, strict=True)) for starts in itertools.product(*options))
    plans = [{k: y for k, y in s.items() if y is not None} for s in every]
    plans = [p for p in plans if related(case, p)]
    for plan in sorted(plans, key=lambda p: -value(case, rows, p)):
        if payable(case, rows, plan):
            return value(case, rows, plan)
    raise AssertionError("even nothing cannot be paid")


def related(case, plan):
    for r in case["relations"]:
        a, b = plan.get(r["a"]), plan.get(r["b"])
        if r["kind"] == "excludes" and a and b:
            return False
        if r["kind"] == "requires" and a and (not b or b > a):
            return False
    return True


def value(case, rows, plan):
    total = sum(rows[k]["benefit_eur"] * 1.03 ** (2027 - y) for k, y in plan.items())
    for r in case["relations"]:
        if r["kind"] == "enhances" and r["a"] in plan and r["b"] in plan:
            later = max(plan[r["a"]], plan[r["b"]])
            total += r["effect_factor"] * rows[r["a"]]["benefit_eur"] * 1.03 ** (2027 - later)
    return total


def due(case, rows, plan, k):
    cost = rows[k]["cost_eur"]
    for r in case["relations"]:
        if r["kind"] == "joint_worksite" and r["a"] == k and plan.get(r["b"]) == plan[k]:
            cost -= r["saving_eur"]
    return cost


def most(case, row, rule):
    """What a rule pays at most, written once more."""
    if rule["domains"] != "*" and row["domain"] not in rule["domains"].split(";"):
        return 0
    if rule.get("when") and row["use"] != "school":
        return 0
    given = [
        a["amount_eur"]
        for a in case["amounts"]
        if (a["intervention_id"], a["source"]) == (row["id"], rule["source"])
    ]
    amount = given[0] if given else rule["max_rate"] * row["cost_eur"]
    return min(amount, rule.get("max_eur_per_intervention") or amount, row["cost_eur"])


def mixes(case, row):
    """Every set of sources that may pay one intervention together."""
    names = [r["source"] for r in case["rules"] if r["source"] != "own" and most(case, row, r) > 0]
    region = next(r for r in case["rules"] if r["source"] == "region")
    for size in range(len(names) + 1):
        for group in itertools.combinations(names, size):
            alone = "eu" in group and len(group) > 1
            apart = region["incompatible_with"] and {"region", "bank"} <= set(group)
            if not alone and not apart:
                yield group


def payable(case, rows, plan):
    if not plan:
        return True
    return any(
        paid(case, rows, plan, dict(zip(plan, groups, strict=True)))
        for groups in itertools.product(*(mixes(case, rows[k]) for k in plan))
    )


def paid(case, rows, plan, groups):
    """Whether a linear programme finds payments with these sources."""
    cells = [(k, f) for k in plan for f in (*groups[k], "own")]
    rules = {r["source"]: r for r in case["rules"]}
    money = {(b["source"], b["year"]): b for b in case["budgets"]}
    left, right, equal, sums = [], [], [], []
    upper = [most(case, rows[k], rules[f]) for k, f in cells]
    whole = [bool(rules[f].get("all_or_nothing")) for _, f in cells]
    for k in plan:
        mine = np.array([float(c[0] == k) for c in cells])
        equal.append(mine)
        sums.append(due(case, rows, plan, k))
        if "region" in groups[k] and rules["region"]["own_share_min"]:
            left.append(np.array([float(c[0] == k and c[1] != "own") for c in cells]))
            right.append((1 - float(rules["region"]["own_share_min"])) * sums[-1])
    spent = {}
    for n, (k, f) in enumerate(cells):
        shares = [float(s) for s in (rows[k]["spend_profile"] or "1").split(";")]
        for step, share in enumerate(shares):
            cell = money.get((f, plan[k] + step))
            if cell is None or (cell["earmark"] and cell["earmark"] != rows[k]["domain"]):
                upper[n], whole[n] = 0, False
                continue
            spent.setdefault((f, plan[k] + step), np.zeros(len(cells)))[n] = share
    for key, row in spent.items():
        left.append(row)
        right.append(money[key]["budget_eur"])
    answer = linprog(
        np.zeros(len(cells)),
        A_ub=np.array(left) if left else None,
        b_ub=right or None,
        A_eq=np.array(equal),
        b_eq=sums,
        bounds=[(u if w else 0, u) for u, w in zip(upper, whole, strict=True)],
    )
    return answer.status == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
@pytest.mark.item("decision", 5, "60 random cases with all kinds of money", "equal to full enumeration")
def test_random_cases_against_enumeration(seed, figure):
    case = random_folder(seed)
    result = Problem.from_rows(**case).solve(gap_share=0.0)
    assert result.verdict.ok
    assert result.value_eur == pytest.approx(best_by_enumeration(case), abs=0.5)
    figure("equal")


@pytest.mark.item(
    "decision", 5, "the compiled matrix of tiny7, entry by entry", "columns, rows, entries by hand"
)
def test_the_matrix_of_tiny7(shared, figure):
    problem = folder(shared, "tiny7", floors=False)
    model, columns = build(problem)
    starts = sum(min(y, 2029) - x + 1 for x, y in zip(problem.earliest, problem.latest, strict=True))
    assert len(columns.x) == starts == 19
    assert {(problem.ids[i], f) for i, f in columns.u} == {("I003", "pnrr")}
    dense = model.dense()
    i3, road = problem.ids.index("I007"), columns.x[problem.ids.index("I007"), 2027]
    y = columns.y[i3, 2027, "regional"]
    assert model.cost[road] == pytest.approx(503.0)
    assert model.upper[y] == pytest.approx(0.8 * 237.0)
    [cap] = [r for r in range(model.n_rows) if dense[r, y] == 1.0 and dense[r, road] == pytest.approx(-189.6)]
    assert np.count_nonzero(dense[cap]) == 2
    budget = dense[columns.budget_rows["own", 2027]]
    paying = {c for (i, year, f), c in columns.y.items() if (year, f) == (2027, "own")}
    assert set(np.flatnonzero(budget)) == paying
    assert model.row_upper[columns.budget_rows["own", 2027]] == pytest.approx(115.0)
    figure(f"{model.n_columns} columns, {model.n_rows} rows")


def scaled(problem, factor):
    money = ("cost_eur", "benefit_eur", "budget_eur", "saving_eur", "max_eur_per_intervention")

    def times(rows):
        return [{k: float(v) * factor if k in money and v else v for k, v in r.items()} for r in rows]

    rows = problem.rows
    return Problem.from_rows(
        interventions=times(rows["interventions"]),
        budgets=times(rows["budgets"]),
        rules=times(rows["funding_rules"]),
        relations=times(rows["relations"]),
    )


@pytest.mark.item("decision", 5, "tiny7, all money x 1000", "same choice, value x 1000")
def test_money_times_a_thousand(shared, figure):
    problem = folder(shared, "tiny7", floors=False)
    one, big = problem.solve(gap_share=0.0), scaled(problem, 1000).solve(gap_share=0.0)
    figure(f"{big.value_eur / one.value_eur:.6f}")
    assert one.choice.starts == big.choice.starts
    assert big.value_eur == pytest.approx(1000 * one.value_eur)


@pytest.mark.item("decision", 5, "tiny7, 10,000 EUR more in each budget", "the value never falls")
def test_more_money_is_never_worse(shared, figure):
    problem = folder(shared, "tiny7", floors=False)
    base = problem.solve(gap_share=0.0).value_eur
    gains = []
    for more in problem.rows["budgets"]:
        budgets = [
            b | {"budget_eur": float(b["budget_eur"]) + 10_000} if b is more else b
            for b in problem.rows["budgets"]
        ]
        other = Problem.from_rows(
            interventions=problem.rows["interventions"],
            budgets=budgets,
            rules=problem.rows["funding_rules"],
            relations=problem.rows["relations"],
        )
        gains.append(other.solve(gap_share=0.0).value_eur - base)
    figure(f"least gain {min(gains):,.2f}")
    assert min(gains) >= -0.01


@pytest.mark.slow
@pytest.mark.item("decision", 5, "small40 by the price method", "verified; proven value below its bound")
def test_small40_by_prices(shared, figure):
    from contado.kernel.portfolio.price_programme import programme_bound_eur

    problem = folder(shared, "small40")
    result = problem.solve(method="price")
    figure(f"{result.value_eur:,.2f}, bound {result.bound_eur:,.2f}")
    assert result.verdict.ok
    assert result.proof == "prices"
    assert 7_090_000 <= result.value_eur <= 7_140_823 <= result.bound_eur <= 7_148_000
    again = programme_bound_eur(problem, {**result.prices, **result.floor_prices})
    assert again == pytest.approx(result.bound_eur, rel=1e-9)
