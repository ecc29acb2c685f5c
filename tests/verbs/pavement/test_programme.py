"""Verb programme: small cases by enumeration, limits, what is refused, what an infeasible floor answers."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from contado.kernel.declare import Context, convert
from contado.kernel.errors import ContadoError
from contado.verbs import load

HEADER = "segment,strategy,year,cost_eur,benefit,area_m2,condition_end\n"
SMALL = (
    "a,0,-1,0,0,0,20\na,1,2027,100,50,10,80\na,2,2028,110,48,10,85\n"
    "b,0,-1,0,5,0,60\nb,1,2027,60,40,30,90\nb,2,2028,60,38,30,92\n"
    "c,0,-1,0,0,0,25\nc,1,2027,50,20,5,70\nc,2,2028,55,22,5,75\n"
)


@pytest.fixture
def file(tmp_path):
    def put(text=SMALL, header=HEADER, name="strategies.csv"):
        (tmp_path / name).write_text(header + text, encoding="utf-8")
        return tmp_path / name

    return put


def plan(path, **values):
    verb = load("pavement programme")
    return verb(convert(verb.request, {"strategies": path, **values}))


def refused(path, **values):
    with pytest.raises(ContadoError) as caught:
        plan(path, **values)
    assert caught.value.hint
    return caught.value.rule, caught.value.rows


def rows_of(text):
    rows = [line.split(",") for line in text.splitlines()]
    return [(r[0], int(r[1]), int(r[2]), *map(float, r[3:])) for r in rows]


def best_by_hand(text, budget, crew=np.inf, least=-np.inf):
    """Every choice of one strategy a segment: the best within the limits."""
    rows = rows_of(text)
    groups = [[r for r in rows if r[0] == s] for s in sorted({r[0] for r in rows})]
    best = -np.inf
    for choice in product(*groups):
        for year in (2027, 2028):
            now = [r for r in choice if r[2] == year]
            if sum(r[3] for r in now) > budget or sum(r[5] for r in now) > crew:
                break
        else:
            if min(r[6] for r in choice) >= least:
                best = max(best, sum(r[4] for r in choice))
    return best


@pytest.mark.parametrize(
    ("limits", "hand"),
    [
        ({"budget_per_year": 100}, {"budget": 100}),
        ({"budget_per_year": 160}, {"budget": 160}),
        ({"budget_per_year": 300, "crew_m2_per_year": 12}, {"budget": 300, "crew": 12}),
        ({"budget_per_year": 110, "min_condition": 30}, {"budget": 110, "least": 30}),
        ({"budget_per_year": 170, "min_condition": 65}, {"budget": 170, "least": 65}),
    ],
)
def test_the_best_plan_of_every_choice(file, limits, hand):
    found = plan(file(), gap=1e-4, **limits)
    assert found.objective == pytest.approx(best_by_hand(SMALL, **hand))
    assert found.bound >= found.objective - 1e-9
    assert found.exit_code() == 0
    assert sum(c.benefit for c in found.chosen) == pytest.approx(found.objective)


def test_no_money_is_the_empty_plan(file):
    found = plan(file(), budget_per_year=0)
    assert (found.status, found.objective, found.bound, found.exit_code()) == ("empty", 5.0, 5.0, 0)
    assert [(c.segment, c.year) for c in found.chosen] == [("b", -1)]
    assert found.years[0].shadow_price == pytest.approx(35 / 60)


def test_a_condition_that_no_budget_reaches_is_told_by_segment(file):
    found = plan(file(), budget_per_year=55, min_condition=30)
    assert (found.status, found.bound, found.gap, found.exit_code()) == ("infeasible", None, None, 3)
    assert [(s.segment, s.shortfall) for s in found.shortfalls] == [("a", 10.0)]
    assert [f.rule for f in found.findings] == ["infeasible_floor"]
    assert "a by 10.0 points" in found.findings[0].message
    assert any(c.segment == "c" and c.year > 0 for c in found.chosen)


def test_a_condition_beyond_every_strategy(file):
    found = plan(file(), budget_per_year=1000, min_condition=91)
    short = {s.segment: s.shortfall for s in found.shortfalls}
    assert found.exit_code() == 3
    assert short == {"a": 6.0, "c": 16.0}


def test_budgets_by_year_and_a_year_without(file, tmp_path):
    (tmp_path / "budgets.csv").write_text("year,budget_eur\n2027,160\n", encoding="utf-8")
    found = plan(file(), budgets=tmp_path / "budgets.csv")
    assert {c.year for c in found.chosen} <= {-1, 2027}
    assert [f.rule for f in found.findings] == ["year_outside_horizon"]


def test_where_money_is_left_over_no_break_even_cost_is_told(file):
    spare = plan(file(), budget_per_year=1000.5)
    assert sum(y.spent_eur for y in spare.years) < 1000.5
    assert [w.break_even_cost_eur for w in spare.why] == [None] * 3
    short = plan(file(), budget_per_year=110)
    assert any(w.break_even_cost_eur for w in short.why)


def test_strategies_that_gain_nothing_are_found(file):
    found = plan(file(SMALL + "a,3,2027,10,0,1,20\n"), budget_per_year=160)
    assert [(f.rule, f.row) for f in found.findings] == [("no_effect", "a 3")]
    assert all(c.strategy != 3 for c in found.chosen)


def test_a_segment_without_a_row_that_does_nothing(file):
    found = plan(file("a,1,2027,100,50,10,80\n"), budget_per_year=10)
    assert (found.status, found.chosen, found.objective) == ("empty", [], 0.0)


def test_explained_segments_list_all_their_strategies(file):
    found = plan(file(), budget_per_year=60, explain=["a"])
    told = next(w for w in found.why if w.segment == "a")
    assert (told.year, [s.strategy for s in told.strategies]) == (-1, [0, 1, 2])
    assert set(told.reason) == {"it", "en"}


NAMED = HEADER.replace("year,", "year,treatment,")
DEAR = (
    "a,0,-1,,0,0,0,0\na,1,2027,RB-10,282230,900,1,0\na,2,2028,RT-04,133510.2,700,1,0\n"
    "b,0,-1,,0,0,0,0\nb,1,2027,SL-01,20000,100,1,0\nb,2,2027,RT-04,150000,900,1,0\n"
    "c,0,-1,,0,0,0,0\nc,1,2028,RT-04,80000,90,1,0\nc,2,2027,SL-01,10000,20,1,0\n"
)


@pytest.fixture
def dear(file, tmp_path):
    (tmp_path / "budgets.csv").write_text("year,budget_eur\n2027,100000\n2028,50000\n", encoding="utf-8")
    found = plan(file(DEAR, header=NAMED), budgets=tmp_path / "budgets.csv", explain=["a", "b"], gap=1e-6)
    return found, {w.segment: w.reason for w in found.why}


def test_what_costs_more_than_a_year_has_says_both_figures(dear):
    found, reasons = dear
    assert [(c.segment, c.treatment) for c in found.chosen] == [("b", "SL-01"), ("c", "SL-01")]
    assert "il meno caro 133.510 EUR, il bilancio più grande 100.000 EUR" in reasons["a"]["it"]
    assert "the cheapest 133,510 EUR, the largest budget 100,000 EUR" in reasons["a"]["en"]
    assert "costs 150,000 EUR, more than the budget of any year (100,000 EUR at most)" in reasons["b"]["en"]
    assert "costa 80.000 EUR, più del bilancio del 2028 (50.000 EUR)" in reasons["c"]["it"]


def test_the_text_lists_the_works_and_weighs_the_segments_asked_for(dear):
    verb = load("pavement programme")
    lines = [line.split() for line in verb.text(dear[0], "it").splitlines()]
    assert ["2027", "b", "SL-01", "20,000", "100.0"] in lines
    assert ["2027", "c", "SL-01", "10,000", "20.0"] in lines
    assert next(line for line in lines if line[:1] == ["*"] and "SL-01" in line)[1:4] == [
        "2027",
        "SL-01",
        "20,000",
    ]
    assert ["*", "-", "niente", "0", "0.0", "0.0"] in lines
    assert sum(line[:1] == ["c"] or line[:1] == ["c:"] for line in lines) == 0
    english = verb.text(dear[0], "en")
    assert english.startswith("2 works, worth 120.0")
    assert "a: every work of the segment costs more" in english


def test_progress_ends_with_the_gap_of_the_answer_and_counts_all_benefits(file):
    rows = [f"s{k},0,-1,0,3,0,0\ns{k},1,{2027 + k % 2},{50 + 7 * k % 11},{9 + k % 5},1,0" for k in range(210)]
    facts = []

    def heard(stage, done, total=None, info=None):
        facts.append((stage, dict(info or {})))

    verb = load("pavement programme")
    values = {
        "strategies": file("\n".join(rows) + "\n"),
        "budget_per_year": 1234.5,
        "gap": 1e-9,
        "time_limit_s": 3.0,
    }
    found = verb(convert(verb.request, values), Context(progress=heard))
    assert facts[-1] == ("plan", {"plan": found.objective, "bound": found.bound, "gap": found.gap})
    told = [f for stage, f in facts if stage == "solve" and f.get("plan") is not None]
    assert told
    assert all(630 <= f["plan"] <= f.get("bound", np.inf) * (1 + 1e-9) for f in told)
    assert told[-1]["plan"] == pytest.approx(found.objective)
    assert [stage for stage, _ in facts].count("plan") == 1


@pytest.mark.parametrize(
    ("text", "rule", "rows"),
    [
        (SMALL.replace("a,1,2027,100", "a,1,2027,-100"), "negative_cost", (3,)),
        (SMALL.replace("a,1,2027,100", "a,1,2027,"), "missing_cost", (3,)),
        (SMALL.replace("100,50", "100,"), "missing_benefit", (3,)),
        (SMALL.replace("100,50", "100,much"), "not_a_number", (3,)),
        (SMALL.replace("a,0,-1,0", "a,0,-1,7"), "cost_of_nothing", (2,)),
        (SMALL.replace("a,2,2028", "a,1,2028"), "duplicate_id", (4,)),
        (SMALL.replace("a,2,2028,110", "a,2,-1,0"), "duplicate_id", (4,)),
        (SMALL.replace("a,2,2028", ",2,2028"), "missing_value", (4,)),
        (SMALL.replace("110,48", "110,1e300"), "out_of_range", (4,)),
        (SMALL.replace("110,48", "1e300,48"), "out_of_range", (4,)),
        (SMALL.replace("a,2,2028", "a,2,-2028"), "bad_number", (4,)),
        (SMALL.replace("a,1,2027,", "a,1,2027.5,"), "bad_number", (3,)),
    ],
)
def test_bad_rows_name_their_line(file, text, rule, rows):
    assert refused(file(text), budget_per_year=10) == (rule, rows)


def test_bad_limits(file, tmp_path):
    assert refused(file())[0] == "bad_usage"
    assert refused(file(), budget_per_year="1e300")[0] == "bad_value"
    assert refused(file(), budget_per_year=1, explain=["z"])[0] == "unknown_reference"
    short = file("a,0,-1,0,0\n", "segment,strategy,year,cost_eur,benefit\n", "short.csv")
    assert refused(short, budget_per_year=1, min_condition=5)[0] == "missing_column"
    for name, text, rule in (
        ("b1.csv", "year,budget_eur\n2027,-1\n", "negative_budget"),
        ("b2.csv", "year,budget_eur\n2027,1\n2027,2\n", "duplicate_budget"),
        ("b3.csv", "year,budget_eur\n2027,\n", "missing_cost"),
        ("b4.csv", "year,budget_eur\n2027,1e300\n", "out_of_range"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert refused(file(), budgets=tmp_path / name)[0] == rule
