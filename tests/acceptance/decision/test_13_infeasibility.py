"""Decision, item 13: which rules cannot hold together, and how far each must give way."""

import json

import pytest

from contado.cli.app import run
from contado.kernel.errors import InfeasibleProgramme
from contado.kernel.portfolio import Problem
from contado.kernel.portfolio.conflict import conflicts


def restated(problem, **tables):
    rows = problem.rows
    return Problem.from_rows(
        interventions=rows["interventions"],
        budgets=tables.get("budgets", rows["budgets"]),
        rules=rows["funding_rules"],
        relations=rows["relations"],
        floors=tables.get("floors", rows["equity_floors"]),
    )


def relaxed(problem, rule, by_eur):
    """The same folder with one rule given way by so much."""
    if rule.rule == "floor":
        place = rule.key.removeprefix("municipality ")
        floors = [
            f | {"min_spend_eur": float(f["min_spend_eur"]) - (by_eur if f["municipality"] == place else 0)}
            for f in problem.rows["equity_floors"]
        ]
        return restated(problem, floors=floors)
    budgets = [
        b
        | {"budget_eur": float(b["budget_eur"]) + (by_eur if f"{b['source']} {b['year']}" == rule.key else 0)}
        for b in problem.rows["budgets"]
    ]
    return restated(problem, budgets=budgets)


def feasible(problem):
    try:
        problem.solve(gap_share=1.0)
    except InfeasibleProgramme:
        return False
    return True


@pytest.mark.item("decision", 13, "tiny7 with floors: the minimal set", "the floor of M4, 19,000 EUR")
def test_tiny7_names_its_floor(shared, figure):
    problem = Problem.from_folder(shared("planning/programme/tiny7"))
    found = conflicts(problem)
    figure("; ".join(f"{c.rule} {c.key} {c.relax_eur:,.2f}" for c in found))
    assert [(c.rule, c.key, c.relax_eur) for c in found] == [("floor", "municipality M4", 19_000.0)]
    assert feasible(relaxed(problem, found[0], 19_000.0))
    assert not feasible(relaxed(problem, found[0], 0.99 * 19_000.0))


@pytest.mark.parametrize(
    "floors",
    [
        [{"municipality": "M3", "min_spend_eur": 180_000}],
        [{"municipality": m, "min_spend_eur": 300_000} for m in ("M1", "M2")],
        [{"municipality": m, "min_spend_eur": 150_000} for m in ("M1", "M2", "M3")],
    ],
)
@pytest.mark.item("decision", 13, "other floors: relaxed by relax_eur, by 1 % less", "feasible, not feasible")
def test_each_relaxation_is_the_least(shared, figure, floors):
    problem = restated(Problem.from_folder(shared("planning/programme/tiny7"), floors=False), floors=floors)
    found = conflicts(problem)
    assert found
    for rule in found:
        assert feasible(relaxed(problem, rule, rule.relax_eur))
        assert not feasible(relaxed(problem, rule, 0.99 * rule.relax_eur))
    figure(f"{len(found)} rules, each least")


@pytest.mark.item("decision", 13, "the named set is minimal", "without any one rule a plan exists")
def test_the_set_is_minimal(shared, figure):
    base = Problem.from_folder(shared("planning/programme/tiny7"), floors=False)
    floors = [{"municipality": m, "min_spend_eur": 300_000} for m in ("M1", "M2")]
    problem = restated(base, floors=floors)
    found = conflicts(problem)
    plenty = [b | {"budget_eur": 1e9} for b in base.rows["budgets"]]
    named = {c.key for c in found}
    only = [
        b if f"{b['source']} {b['year']}" in named else r
        for b, r in zip(base.rows["budgets"], plenty, strict=True)
    ]
    kept = [f for f in floors if f"municipality {f['municipality']}" in named]
    assert not feasible(restated(problem, budgets=only, floors=kept))
    for rule in found:
        fewer = [
            r if f"{r['source']} {r['year']}" == rule.key else b for b, r in zip(only, plenty, strict=True)
        ]
        left = [f for f in kept if f"municipality {f['municipality']}" != rule.key]
        assert feasible(restated(problem, budgets=fewer, floors=left))
    figure(f"minimal, {len(found)} rules")


@pytest.mark.item("decision", 13, "two conflicts that have nothing to do with each other", "both sets named")
def test_two_sets(shared, figure):
    base = Problem.from_folder(shared("planning/programme/tiny7"), floors=False)
    floors = [{"municipality": m, "min_spend_eur": 1000} for m in ("M8", "M9")]
    found = conflicts(restated(base, floors=floors))
    figure(f"{len({c.set for c in found})} sets")
    assert [(c.set, c.key, c.relax_eur) for c in found] == [
        (0, "municipality M9", 1000.0),
        (1, "municipality M8", 1000.0),
    ]


def test_a_feasible_folder_has_no_conflict(shared):
    assert conflicts(Problem.from_folder(shared("planning/programme/tiny7"), floors=False)) == []


def test_plan_prints_the_conflict_with_exit_code_3(shared, tmp_path, capsys):
    city = str(tmp_path / "city")
    assert run(["init", city, "--json"]) == 0
    assert run(["tables", "import", str(shared("planning/programme/tiny7")), "-w", city, "--json"]) == 0
    capsys.readouterr()
    assert run(["plan", "-w", city, "--json"]) == 3
    answer = json.loads(capsys.readouterr().out)
    assert answer["status"] == "infeasible"
    assert [("M4" in c["key"], c["relax_eur"]) for c in answer["conflict"]] == [(True, 19_000.0)]
