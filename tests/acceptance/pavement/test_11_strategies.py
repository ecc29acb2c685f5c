"""Definition of done of the road engine, item 11: strategies, their programme, and worksites they share."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict

import pytest

from contado.kernel.declare import Context, convert
from contado.verbs import load

BUDGET_EUR = 2_756_212.2905
PRICES = (0.02368352, 0.01901301, 0.01504365, 0.0115094, 0.00856075)
SEGMENTS = """segment,road,iri_m_km,length_m,severity_per_100m,aadt,surface_age_y
a,R1,4.1,400,10,9000,12
b,R1,4.8,300,60,8000,14
c,R1,3.2,500,20,8000,1
d,R2,1.4,900,0,22000,6
e,R2,5.4,900,40,3000,20
"""


def run(name, **values):
    verb = load(name)
    return verb(convert(verb.request, values), Context())


@pytest.fixture(scope="session")
def instance(shared):
    return shared("roads/portfolio/instance.csv.gz")


@pytest.fixture(scope="session")
def plan(instance):
    return run("pavement programme", strategies=instance, budget_per_year=BUDGET_EUR, explain=["5"])


@pytest.mark.item(
    "pavement", 11, "objective, bound and gap of the instance", ">= 374,900, <= 375,200, <= 0.06 %"
)
def test_objective_and_bound(plan, figure):
    figure(f"{plan.objective:,.1f}, bound {plan.bound:,.1f}, gap {plan.gap:.4%}, {plan.proof}")
    assert plan.objective >= 374_900
    assert plan.objective <= plan.bound <= 375_200
    assert plan.gap <= 6e-4
    assert plan.gap == pytest.approx((plan.bound - plan.objective) / plan.bound)
    assert plan.exit_code() == 0


@pytest.mark.item("pavement", 11, "budgets, sum and choice of the plan", "kept; objective = sum over chosen")
def test_the_plan_is_what_it_says(plan, instance, figure):
    with gzip.open(instance, "rt", encoding="utf-8") as file:
        offered = {(r["segment"], int(r["strategy"])): r for r in csv.DictReader(file)}
    spent = defaultdict(float)
    for row in plan.chosen:
        stated = offered[row.segment, row.strategy]
        assert (row.year, row.cost_eur, row.benefit) == (
            int(stated["year"]),
            float(stated["cost_eur"]),
            float(stated["benefit"]),
        )
        spent[row.year] += row.cost_eur
    assert len({r.segment for r in plan.chosen}) == len(plan.chosen)
    assert all(spent[y.year] <= BUDGET_EUR for y in plan.years)
    assert all(y.spent_eur == pytest.approx(spent[y.year]) for y in plan.years)
    assert sum(r.benefit for r in plan.chosen) == pytest.approx(plan.objective, rel=1e-12)
    figure(f"{len(plan.chosen)} chosen, {max(y.spent_eur for y in plan.years):,.2f} EUR in the fullest year")


@pytest.mark.item("pavement", 11, "shadow prices by year", "within 5 % of the reference")
def test_shadow_prices(plan, figure):
    off = [abs(y.shadow_price / p - 1) for y, p in zip(plan.years, PRICES, strict=True)]
    figure(f"at most {max(off):.2%} away")
    assert max(off) <= 0.05


@pytest.mark.item(
    "pavement", 11, "why of each chosen segment, one explained", "best value at the prices or margin told"
)
def test_why(plan, figure):
    price = {y.year: y.shadow_price for y in plan.years}
    reasons = {w.segment: w for w in plan.why}
    assert {c.segment for c in plan.chosen if c.year >= 0} <= set(reasons)
    for row in plan.chosen:
        told = reasons[row.segment]
        assert told.value == pytest.approx(row.benefit - price[row.year] * row.cost_eur)
    assert len(reasons["5"].strategies) == 26
    assert max(s.value for s in reasons["5"].strategies) >= reasons["5"].value
    figure(f"{sum(w.margin >= 0 for w in plan.why)} of {len(plan.why)} have the best value at the prices")


@pytest.mark.item("pavement", 11, "gap not reached", "exit 3 with the plan")
def test_gap_not_reached(instance, figure):
    found = run(
        "pavement programme", strategies=instance, budget_per_year=BUDGET_EUR, gap=1e-5, time_limit_s=2.0
    )
    figure(f"gap {found.gap:.4%}, exit {found.exit_code()}")
    assert found.exit_code() == 3
    assert found.objective >= 374_000
    assert found.chosen


@pytest.mark.item("pavement", 11, "options folder from strategies", "accepted by portfolio solve")
def test_options_folder(tmp_path, figure):
    (tmp_path / "segments.csv").write_text(SEGMENTS, encoding="utf-8")
    out = tmp_path / "options"
    answer = run(
        "pavement strategies",
        segments=tmp_path / "segments.csv",
        years="2027:2029",
        out=out,
        budget_per_year_eur=150_000,
        on="2026-11-01",
    )
    solved = run("portfolio solve", folder=out, gap=0.01)
    assert solved.verified
    with (out / "strategies.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    idle = [r for r in rows if r["year"] == "-1"]
    assert len(idle) == answer.segments == 5
    assert all(float(r["cost_eur"]) == float(r["benefit"]) == 0 for r in idle)
    same = run("pavement programme", strategies=out / "strategies.csv", budget_per_year=150_000, gap=0.01)
    assert same.objective == pytest.approx(solved.value, rel=0.01)
    figure(f"{answer.strategies} strategies; folder {solved.value:.1f}, programme {same.objective:.1f}")
