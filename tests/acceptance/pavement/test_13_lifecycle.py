"""Definition of done of the road engine, item 13: life-cycle cost, carbon, minimum criteria."""

from __future__ import annotations

import csv
from datetime import date, timedelta

import pytest

from contado.engines.pavement import data
from contado.engines.pavement.assessment import cam
from contado.kernel.declare import convert
from contado.verbs import load

AMENDED = date(2025, 9, 24)


def ask(name, **values):
    verb = load(name)
    return verb(convert(verb.request, values))


def write(path, header, *rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.mark.item(
    "pavement", 13, "annual cost of 100 over 12 years at 3 %; break-even life at +20 %", "10.046; 15.01"
)
def test_annual_cost_and_break_even_life(figure):
    found = ask("pavement lifecycle", base_cost=100, base_life=12, extra_cost_share=0.20, rate=0.03)
    figure(f"{found.euac_base_eur:.3f}; {found.break_even_life_y:.2f}")
    assert found.euac_base_eur == pytest.approx(10.046, abs=5e-4)
    assert found.break_even_life_y == pytest.approx(15.01, abs=5e-3)


@pytest.mark.item(
    "pavement", 13, "the deterministic value inside the Monte Carlo interval, cost and gases", "always"
)
def test_monte_carlo_contains_the_deterministic_value(tmp_path, figure):
    header = ["name", "cost_eur_m2", "life_y", "life_low_y", "life_high_y", "gwp_kg_m2", "gwp_low_kg_m2"]
    rows = [
        ["plain", 12, 10, "", "", 6.5, ""],
        ["one-sided life", 15, 12, 12, 30, 6.9, 2],
        ["short at worst", 15, 12, 2, 12, 6.9, 6.9],
    ]
    path = write(tmp_path / "mixes.csv", header, *rows)
    inside = 0
    for seed in range(20):
        for a in ask("pavement lifecycle", alternatives=path, draws=2000, seed=seed).alternatives:
            inside += a.low <= a.euac_eur <= a.high
            inside += a.gwp_low_kg_m2_y <= a.gwp_kg_m2_y <= a.gwp_high_kg_m2_y
    figure(f"{inside} of 120")
    assert inside == 120


@pytest.mark.item("pavement", 13, "minima before and after 24/9/2025", "differ by date only in data")
def test_the_rule_of_the_day_is_a_row_of_data(tmp_path, figure):
    path = write(tmp_path / "mix.csv", ["layer", "recycled_share"], ["wearing", 0.15], ["binder", ""])
    before, after = (ask("pavement cam", mix=path, on=day) for day in (AMENDED - timedelta(days=1), AMENDED))
    figure(f"{before.rule_version} | {after.rule_version}")
    rows = data.rows("cam_strade")
    assert {r["valid_to"] for r in rows if not r["amended_on"]} == {str(AMENDED - timedelta(days=1))}
    assert {r["valid_from"] for r in rows if r["amended_on"]} == {str(AMENDED)}
    assert {r["version_id"] for r in rows} == {"strade-2024"}
    assert before.rule_version != after.rule_version
    for answer, day in ((before, AMENDED - timedelta(days=1)), (after, AMENDED)):
        minima = cam.minima_on(day)
        assert [r.minimum for r in answer.layers] == [minima[r.layer].minimum for r in answer.layers]
        assert [r.ok for r in answer.layers] == [True, None]
        assert all(r.article for r in answer.layers)
