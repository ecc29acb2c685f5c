"""Shadow cost of carbon, and the modules of EN 15978."""

import csv
from dataclasses import replace

import pytest

from contado.kernel.appraisal import carbon

WALL = carbon.Factors(a1_a3_kg=12, mass_kg=5, a5_kg=0.5, c_kg=0.8, waste_share=0.05, service_life_y=30)


def modules(factors=WALL, **more):
    given = {"distance_km": 100, "transport_kg_tkm": 0.1, "study_y": 50}
    return carbon.modules(200, factors, **(given | more))


def test_every_year_of_the_published_table(shared):
    with shared("planning/cba/shadow_cost_of_carbon_eib.csv").open() as file:
        for row in csv.DictReader(file):
            found = carbon.shadow_cost(int(row["year"]))
            assert found.eur_tco2e == float(row["eur_per_tco2e"])
            assert found.price_year == int(row["price_base"])
            assert found.status == {"verified": "confirmed", "to_verify": "to_confirm"}[row["status"]]


def test_outside_the_table_there_is_no_value_unless_it_is_held():
    assert carbon.shadow_cost(2019, hold_last=True) is None
    assert carbon.shadow_cost(2051) is None
    assert carbon.shadow_cost(2060, hold_last=True) == (800.0, 2016, "to_confirm")


def test_modules_of_a_wall():
    done = modules()
    assert (done.a1_a3_kg, done.a4_kg, done.a5_kg, done.b4_kg, done.c_kg) == pytest.approx(
        (2400, 10, 228.5, 2798.5, 160)
    )
    assert done.embodied_kg == pytest.approx(5597)
    assert carbon.payback_y(done.embodied_kg, 700) == pytest.approx(7.995714, abs=5e-7)


def test_benefits_beyond_the_system_and_biogenic_carbon_are_in_no_sum():
    done = modules(replace(WALL, d_kg=-3.0, biogenic_kg=-1.0))
    assert (done.d_kg, done.biogenic_kg) == (-600, -200)
    assert done.embodied_kg == pytest.approx(5597)


def test_a_missing_factor_makes_the_total_unknown_and_is_named():
    done = modules(replace(WALL, c_kg=None))
    assert (done.embodied_kg, done.a5_kg, done.missing) == (None, None, ("c_kg",))
    assert done.a1_a3_kg == 2400
    assert modules(distance_km=None).missing == ("distance_km",)
    assert carbon.payback_y(done.embodied_kg, 700) is None
    assert carbon.payback_y(5597, 0) is None


def test_low_and_high_follow_the_product_stage():
    done = modules(replace(WALL, a1_a3_low_kg=10, a1_a3_high_kg=14))
    assert done.embodied_low_kg < done.embodied_kg < done.embodied_high_kg
    assert done.embodied_kg - done.embodied_low_kg == pytest.approx(2 * 200 * 2 * 1.05)


def test_a_long_life_needs_no_replacement():
    assert modules(replace(WALL, service_life_y=50)).b4_kg == 0


def test_products_add_up_and_an_unknown_one_makes_the_sum_unknown():
    both = carbon.total([modules(), modules()])
    assert both.embodied_kg == pytest.approx(2 * 5597)
    assert carbon.total([modules(), modules(replace(WALL, c_kg=None))]).embodied_kg is None
