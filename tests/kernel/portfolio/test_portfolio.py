"""The plain exact programme: against enumeration, against the auditor, entry by entry."""

import itertools
import math
import random

import numpy as np
import pytest

from contado.kernel.errors import CertificateFailed, DataError, InfeasibleProgramme
from contado.kernel.portfolio import Problem, verify
from contado.kernel.portfolio.certificate import weak_duality_bound
from contado.kernel.portfolio.milp import build
from contado.kernel.portfolio.verify import Start
from contado.kernel.solver import solve

BUDGETS = [{"source": "own", "year": y, "budget_eur": 100.0} for y in (2027, 2028)]
OWN = [{"source": "own", "domains": "*", "max_rate": 1.0, "cumulable": "True"}]


def candidate(key, cost, benefit, **more):
    row = {"id": key, "domain": "road", "municipality": "M1", "cost_eur": cost, "benefit_eur": benefit}
    return row | {"earliest_year": 2027, "latest_year": 2028} | more


def problem(interventions, *, budgets=BUDGETS, rules=OWN, relations=(), floors=()):
    return Problem.from_rows(
        interventions=interventions, budgets=budgets, rules=rules, relations=relations, floors=floors
    )


def chosen(result):
    return {result.problem.ids[i]: y for i, y in result.choice.starts.items()}


# ---------------------------------------------------------------- an independent, slow reference
def best_by_enumeration(p: Problem) -> float:
    """Every start or none of every intervention; a plan counts when a payment exists (checked by LP-free search)."""
    options = [[None, *p.starts(i)] for i in range(len(p.ids))]
    best = 0.0
    for starts in itertools.product(*options):
        picked = {i: y for i, y in enumerate(starts) if y is not None}
        if relations_hold(p, picked) and payable(p, picked):
            best = max(best, value(p, picked))
    return best


def relations_hold(p, picked):
    groups = [p.groups[i] for i in picked if p.groups[i]]
    if len(groups) != len(set(groups)):
        return False
    for r in p.relations:
        if r.kind == "excludes" and r.a in picked and r.b in picked:
            return False
        if r.kind == "requires" and r.a in picked and picked.get(r.b, math.inf) > picked[r.a]:
            return False
    return True


def value(p, picked):
    total = sum(p.value_eur(i, y) for i, y in picked.items())
    for r in p.relations:
        if r.kind == "enhances" and r.a in picked and r.b in picked:
            total += r.effect_factor * p.value_eur(r.a, max(picked[r.a], picked[r.b]))
    return total


def payable(p, picked):
    cost = {i: int(p.cost_cents[i]) for i in picked}
    for r in p.relations:
        if r.kind == "joint_worksite" and r.a in picked and picked.get(r.b) == picked[r.a]:
            cost[r.a] -= r.saving_cents
    alone = {f for o in p.offers for f, x in o.items() if not x.cumulable}
    for year in p.years:
        mine = [i for i in picked if picked[i] == year]
        mixes = []
        for i in mine:
            caps = p.caps_cents(i)
            mixes.append(
                [{f: c for f, c in caps.items() if f not in alone}]
                + [{f: c for f, c in caps.items() if f in (one, "own")} for one in alone if one in caps]
            )
        if not any(flow_exists(p, year, mine, cost, mix) for mix in itertools.product(*mixes)):
            return False
    return True


def flow_exists(p, year, mine, cost, mix):
    """Hall-type test: for every set of sources, what must be paid outside it fits the other sources."""
    sources = [s.name for s in p.sources]
    for size in range(len(sources) + 1):
        for group in itertools.combinations(sources, size):
            room = sum(p.budget_cents.get((f, year), 0) for f in group)
            forced = sum(
                max(0, cost[i] - sum(c for f, c in mix[k].items() if f not in group))
                for k, i in enumerate(mine)
            )
            if forced > room:
                return False
    return True


def random_problem(seed: int) -> Problem:
    rng = random.Random(seed)
    domains = ["road", "cycle", "trees"]
    n = rng.randint(3, 5)
    rows = [
        candidate(
            f"I{k}",
            rng.randint(20, 120),
            rng.randint(10, 300),
            domain=rng.choice(domains),
            earliest_year=rng.choice([2027, 2027, 2028]),
            latest_year=2028,
            choice_group=rng.choice([None, None, "G"]),
        )
        for k in range(n)
    ]
    rules = [
        *OWN,
        {"source": "region", "domains": "road;cycle", "max_rate": 0.8, "cumulable": "True"},
        {
            "source": "eu",
            "domains": "cycle;trees",
            "max_rate": 1.0,
            "max_eur_per_intervention": 70,
            "cumulable": "False",
        },
    ]
    budgets = [
        {"source": s, "year": y, "budget_eur": rng.randint(0, 120)}
        for s in ("own", "region", "eu")
        for y in (2027, 2028)
    ]
    kinds = ["requires", "excludes", "joint_worksite", "enhances"]
    relations = []
    for a, b in itertools.permutations(range(n), 2):
        if rng.random() < 0.15:
            row = {"kind": rng.choice(kinds), "a": f"I{a}", "b": f"I{b}"}
            if row["kind"] == "joint_worksite":
                row["saving_eur"] = rng.randint(1, 15)
            if row["kind"] == "enhances":
                row["effect_factor"] = rng.choice([-0.4, 0.5])
            relations.append(row)
    return problem(rows, budgets=budgets, rules=rules, relations=relations)


@pytest.mark.parametrize("seed", range(25))
def test_the_milp_equals_full_enumeration(seed):
    p = random_problem(seed)
    result = p.solve(gap_share=0.0)
    assert result.value_eur == pytest.approx(best_by_enumeration(p), abs=0.005)
    assert result.verdict.ok


# ---------------------------------------------------------------- small cases by hand
def test_the_better_of_two_is_chosen_in_the_earlier_year():
    result = problem([candidate("A", 100, 200), candidate("B", 100, 150)]).solve()
    assert chosen(result) == {"A": 2027, "B": 2028}
    assert result.value_eur == pytest.approx(200 + 150 / 1.03)


def test_the_order_of_the_rows_changes_nothing():
    rows = [candidate(f"I{k}", 40 + k, 100 + 7 * k) for k in range(6)]
    one, two = problem(rows).solve(), problem(rows[::-1]).solve()
    assert chosen(one) == chosen(two)
    assert one.choice.payments == two.choice.payments


def test_own_money_is_spent_last_and_to_the_cent():
    rules = [*OWN, {"source": "region", "domains": "road", "max_rate": 0.333, "cumulable": "True"}]
    budgets = [*BUDGETS, {"source": "region", "year": 2027, "budget_eur": 1000}]
    result = problem([candidate("A", 99.99, 500)], rules=rules, budgets=budgets).solve()
    assert result.choice.payments == {0: {"region": 3329, "own": 6670}}


def test_an_augmenting_path_frees_a_source_for_who_has_no_other():
    rules = [
        {"source": "first", "domains": "*", "max_rate": 1.0, "cumulable": "True"},
        {"source": "second", "domains": "road", "max_rate": 1.0, "cumulable": "True"},
    ]
    budgets = [{"source": s, "year": 2027, "budget_eur": 50} for s in ("first", "second")]
    rows = [candidate("A", 50, 9, latest_year=2027), candidate("B", 50, 9, latest_year=2027, domain="trees")]
    result = problem(rows, rules=rules, budgets=budgets).solve()
    assert result.choice.payments == {0: {"second": 5000}, 1: {"first": 5000}}


def test_a_joint_worksite_lowers_what_is_paid():
    relations = [{"kind": "joint_worksite", "a": "A", "b": "B", "saving_eur": 20}]
    rows = [candidate("A", 70, 100, latest_year=2027), candidate("B", 50, 100, latest_year=2027)]
    result = problem(rows, relations=relations).solve()
    assert chosen(result) == {"A": 2027, "B": 2027}
    assert result.problem.joint_worksites(result.choice.starts) == [("A", "B", 2027, 2000)]
    assert result.spent_cents()["own", 2027] == 10000


def test_reasons_name_what_keeps_a_candidate_out():
    rows = [
        candidate("A", 100, 300, choice_group="S1"),
        candidate("B", 90, 200, choice_group="S1"),
        candidate("C", 100, 250),
        candidate("D", 100, 10),
        candidate("E", 10, 900, earliest_year=2031, latest_year=2032),
        candidate("F", 1, 5),
        candidate("G", 500, 9000),
    ]
    relations = [{"kind": "requires", "a": "F", "b": "D"}]
    result = problem(rows, relations=relations).solve()
    codes = {result.problem.ids[i]: r.code for i, r in result.reasons.items()}
    assert codes == {
        "A": "chosen",
        "B": "excluded_by",
        "C": "chosen",
        "D": "outranked",
        "E": "window",
        "F": "requires_unfunded",
        "G": "not_fundable",
    }


@pytest.mark.parametrize(
    ("cost", "rules", "it", "en"),
    [
        (282_230, {}, "Costa 282.230 €: le fonti ammesse arrivano al massimo a 130 €", "reach 130 € at most"),
        (130, {"max_rate": 0.5}, "arrivano al massimo a 65 €", "It costs 130 €"),
        (10, {"domains": ["trees"]}, "Nessuna fonte con un bilancio", "No source that has a budget"),
        (
            10,
            {"all_or_nothing": True, "max_rate": 1.0, "own_share_min": 0.5},
            "per le loro regole",
            "by their rules",
        ),
    ],
)
def test_what_cannot_be_paid_says_its_cost_and_the_most_there_is(cost, rules, it, en):
    rule = {"source": "bank", "domains": "*", "max_rate": 1.0, "cumulable": True, **rules}
    budgets = [{"source": "bank", "year": y, "budget_eur": e} for y, e in ((2027, 130), (2028, 90))]
    stated = Problem.from_rows(interventions=[candidate("A", cost, 9e9)], budgets=budgets, rules=[rule])
    found = stated.solve()
    (reason,) = found.reasons.values()
    assert found.choice.starts == {}
    assert reason.code == "not_fundable"
    assert it in reason.it
    assert en in reason.en


def test_prices_are_the_value_of_one_more_euro():
    rows = [candidate("A", 100, 300, latest_year=2027), candidate("B", 100, 200, latest_year=2027)]
    result = problem(rows).solve()
    assert result.prices["own", 2027] == pytest.approx(2.0)
    assert result.prices["own", 2028] == 0.0
    assert result.reasons[0].yield_ratio == pytest.approx(1.5)
    assert result.reasons[1].margin_eur == pytest.approx(0.0)


def test_what_prices_or_enumeration_prove_is_optimal_and_what_the_solver_claims_is_claimed(monkeypatch):
    from contado.kernel.portfolio import exhaustive

    whole = problem([candidate("A", 100, 300, latest_year=2027)]).solve()
    assert (whole.status, whole.proof) == ("optimal", "prices")
    rows = [candidate("A", 60, 100, latest_year=2027), candidate("B", 60, 90, latest_year=2027)]
    cut = problem(rows).solve(gap_share=0.0)
    assert (cut.status, cut.proof) == ("optimal", "enumeration")
    monkeypatch.setattr(exhaustive, "_SETS", 1)
    cut = problem(rows).solve(gap_share=0.0)
    assert (cut.status, cut.proof) == ("claimed", "solver")


def test_the_bound_of_any_prices_holds():
    model, _ = build(random_problem(4))
    best = solve(model, gap_share=0.0).value
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert weak_duality_bound(model, rng.normal(size=model.n_rows)) >= best - 1e-9
    assert weak_duality_bound(model, None) is None


def test_the_compiled_matrix_of_a_tiny_case_entry_by_entry():
    rows = [candidate("A", 100, 300, latest_year=2027), candidate("B", 50, 80, latest_year=2027)]
    model, columns = build(problem(rows, relations=[{"kind": "excludes", "a": "A", "b": "B"}]))
    xa, xb = columns.x[0, 2027], columns.x[1, 2027]
    ya, yb = columns.y[0, 2027, "own"], columns.y[1, 2027, "own"]
    assert model.cost[[xa, xb, ya, yb]].tolist() == [0.3, 0.08, 0.0, 0.0]
    assert model.integer[[xa, xb, ya, yb]].tolist() == [True, True, False, False]
    entries = {tuple((int(c), round(float(v), 6)) for c, v in enumerate(row) if v) for row in model.dense()}
    assert entries == {
        ((xa, -0.1), (ya, 1.0)),
        ((xb, -0.05), (yb, 1.0)),
        ((xa, 1.0), (xb, 1.0)),
        ((ya, 1.0), (yb, 1.0)),
    }


# ---------------------------------------------------------------- bad input
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"cost_eur": ""}, "missing_cost"),
        ({"cost_eur": -1}, "negative_cost"),
        ({"latest_year": 2020}, "year_order"),
    ],
)
def test_a_row_that_cannot_be_used_is_set_aside_with_its_rule(change, rule):
    p = problem([candidate("A", 10, 10), candidate("B", 10, 10) | change])
    assert p.ids == ("A",)
    assert [(f.rule, f.row, f.action) for f in p.findings] == [(rule, "B", "row_set_aside")]


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([candidate("A", 10, "")], "missing_benefit"),
        ([candidate("A", 10, float("nan"))], "missing_benefit"),
        ([candidate("A", 10, 1), candidate("A", 10, 1)], "duplicate_id"),
        ([candidate("A", 10, 1, spend_profile="0.5;0.4")], "spend_profile"),
    ],
)
def test_what_the_problem_cannot_be_stated_with_is_refused(rows, rule):
    with pytest.raises(DataError) as error:
        problem(rows)
    assert error.value.rule == rule
    assert error.value.hint


def test_a_relation_to_nobody_is_set_aside():
    p = problem([candidate("A", 10, 10)], relations=[{"kind": "excludes", "a": "A", "b": "Z"}])
    assert p.relations == ()
    assert p.findings[0].rule == "unknown_reference"


def test_no_budget_is_refused_and_no_candidate_is_an_empty_programme():
    with pytest.raises(DataError, match="no budget"):
        problem([candidate("A", 10, 10)], budgets=[])
    assert problem([]).solve().status == "empty"


def test_a_floor_above_the_budgets_is_infeasible():
    floors = [{"municipality": "M1", "min_spend_eur": 500}]
    with pytest.raises(InfeasibleProgramme):
        problem([candidate("A", 100, 300)], floors=floors).solve()


@pytest.mark.parametrize(("kind", "key"), [("municipality", "M2"), ("domain", "trees"), ("source", "region")])
def test_a_floor_brings_in_what_it_is_for_and_the_auditor_sees_one_that_is_not_met(kind, key):
    rows = [candidate("A", 100, 300), candidate("B", 80, 10, domain="trees", municipality="M2")]
    budgets = [{"source": s, "year": 2027, "budget_eur": 60} for s in ("own", "region")]
    rules = [*OWN, {"source": "region", "domains": "*", "max_rate": 0.6, "cumulable": "True"}]
    floors = [{"kind": kind, "key": key, "min_spend_eur": 40}]
    p = problem(rows, budgets=budgets, rules=rules, floors=floors)
    expected = {"A": 2027} if kind == "source" else {"B": 2027}
    assert chosen(p.solve()) == expected
    assert audited(p, []) == {"floor"}


# ---------------------------------------------------------------- the auditor
def audited(p, plan):
    return {v.rule for v in verify(p.rows, plan).violations}


@pytest.mark.parametrize(
    ("start", "rule"),
    [
        ({"payments_cents": {"own": 10001}}, "exact_sum"),
        ({"payments_cents": {"region": 9000, "own": 1000}}, "rate_or_cap"),
        ({"payments_cents": {"region": 5000, "eu": 5000}}, "cumulability"),
        ({"payments_cents": {"nobody": 10000}}, "unknown_source"),
        ({"start_year": 2030}, "window"),
        ({"intervention_id": "Z"}, "unknown_intervention"),
    ],
)
def test_the_auditor_finds_the_broken_rule(start, rule):
    rules = [
        *OWN,
        {"source": "region", "domains": "road", "max_rate": 0.8, "cumulable": "True"},
        {"source": "eu", "domains": "road", "max_rate": 1.0, "cumulable": "False"},
    ]
    budgets = [{"source": s, "year": 2027, "budget_eur": 1000} for s in ("own", "region", "eu")]
    p = problem([candidate("A", 100, 300, latest_year=2027)], rules=rules, budgets=budgets)
    good = {"intervention_id": "A", "start_year": 2027, "payments_cents": {"own": 10000}}
    assert audited(p, [Start(**good)]) == set()
    assert rule in audited(p, [Start(**(good | start))])


def test_one_cent_too_many_in_a_budget_is_found():
    p = problem([candidate("A", 100.01, 300, latest_year=2027)])
    plan = [Start(intervention_id="A", start_year=2027, payments_cents={"own": 10001})]
    violation = verify(p.rows, plan).violations[0]
    assert (violation.rule, violation.excess_eur) == ("budget", pytest.approx(0.01))


def test_a_missing_saving_a_group_and_relations_are_found():
    relations = [
        {"kind": "joint_worksite", "a": "A", "b": "B", "saving_eur": 5},
        {"kind": "requires", "a": "C", "b": "D"},
        {"kind": "excludes", "a": "A", "b": "C"},
    ]
    rows = [candidate(k, 10, 10, choice_group="G" if k in "AB" else None) for k in "ABCD"]
    p = problem(rows, relations=relations)
    plan = [Start(intervention_id=k, start_year=2027, payments_cents={"own": 1000}) for k in "ABC"]
    assert audited(p, plan) == {"exact_sum", "choice_group", "requires", "excludes"}


def test_a_mutated_solver_result_never_becomes_a_programme(monkeypatch):
    from contado.kernel.portfolio import milp

    def liar(model, **options):
        claim = solve(model, **options)
        if model.integer.any():
            claim.x[:] = 1.0
        return claim

    monkeypatch.setattr(milp, "solve_here", liar)
    with pytest.raises(CertificateFailed):
        problem([candidate("A", 100, 300), candidate("B", 100, 300), candidate("C", 100, 1)]).solve()


def test_money_times_a_thousand_gives_the_same_choice():
    rows = [candidate(f"I{k}", 13 + 7 * k, 40 + 11 * k) for k in range(8)]
    big = [r | {"cost_eur": r["cost_eur"] * 1000, "benefit_eur": r["benefit_eur"] * 1000} for r in rows]
    budgets = [b | {"budget_eur": b["budget_eur"] * 1000} for b in BUDGETS]
    one, two = problem(rows).solve(gap_share=0.0), problem(big, budgets=budgets).solve(gap_share=0.0)
    assert chosen(one) == chosen(two)
    assert two.value_eur == pytest.approx(1000 * one.value_eur)
