"""Life-cycle cost and carbon of mixes."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contado.engines.pavement.assessment import lifecycle
from contado.engines.pavement.assessment.lifecycle import Alternative, Bounded
from contado.kernel.errors import ContadoError

MIXES = {
    "name": ["plain", "dear"],
    "cost_eur_m2": [12.0, 15.0],
    "life_y": [10.0, 14.0],
    "gwp_kg_m2": [6.5, 6.9],
}


def test_a_dearer_mix_breaks_even_where_both_cost_the_same_a_year():
    found = lifecycle.compare_mixes(base_cost=100, base_life_y=12, extra_cost_share=0.2, rate=0.03)
    life = found.break_even_life_y
    assert 120 * 0.03 / (1 - 1.03**-life) == pytest.approx(found.euac_base_eur)
    never = lifecycle.compare_mixes(base_cost=100, base_life_y=12, extra_cost_share=3.0, rate=0.03)
    assert never.break_even_life_y is None


bounds = st.tuples(st.floats(0, 0.9), st.floats(0, 3.0))


@given(cost=bounds, life=bounds, gwp=bounds, rate=st.floats(0, 0.1), seed=st.integers(0, 50))
@settings(max_examples=60, deadline=None)
def test_the_deterministic_value_lies_inside_whatever_the_bounds(cost, life, gwp, rate, seed):
    def around(value, ends):
        return Bounded(value, value * (1 - ends[0]), value * (1 + ends[1]))

    mix = Alternative(
        name="m",
        cost_eur_m2=around(12.0, cost),
        life_y=around(10.0, life),
        gwp_kg_m2=around(6.0, gwp),
        recycled_share=None,
    )
    (found,) = lifecycle.assess([mix], rate=rate, draws=1000, seed=seed)
    slack = 1e-9
    assert found.low - slack <= found.euac_eur <= found.high + slack
    assert found.gwp_low_kg_m2_y - slack <= found.gwp_kg_m2_y <= found.gwp_high_kg_m2_y + slack


def test_draws_keep_their_bounds_and_their_median():
    import numpy as np

    drawn = lifecycle._half_triangles(Bounded(10.0, 8.0, 16.0), 20_000, np.random.default_rng(0))
    assert (drawn.min() >= 8, drawn.max() <= 16) == (True, True)
    assert np.median(drawn) == pytest.approx(10.0, abs=0.05)


def test_alternatives_are_compared_with_the_first_and_equal_seeds_agree():
    given_, findings = lifecycle.alternatives_of(pa.table(MIXES))
    found = lifecycle.assess(given_, rate=0.03, draws=500, seed=4)
    assert [a.name for a in found] == ["plain", "dear"]
    assert found == lifecycle.assess(given_, rate=0.03, draws=500, seed=4)
    assert found != lifecycle.assess(given_, rate=0.03, draws=500, seed=5)
    assert found[0].break_even_life_y is None
    assert 15 * 0.03 / (1 - 1.03 ** -found[1].break_even_life_y) == pytest.approx(found[0].euac_eur)
    assert sum(a.p_cheapest for a in found) == pytest.approx(1)
    assert [f.rule for f in findings] == ["assumed_value"]


def test_what_users_lose_is_paid_each_time():
    plain, slow = (
        lifecycle.alternatives_of(
            pa.table({"name": ["a"], "cost_eur_m2": [c], "life_y": [10], "delay_eur_m2": [d]})
        )[0]
        for c, d in ((15.0, 0.0), (12.0, 3.0))
    )
    assert lifecycle.assess(plain, rate=0.03)[0].euac_eur == lifecycle.assess(slow, rate=0.03)[0].euac_eur


def test_unknown_gases_stay_unknown():
    table = pa.table({"name": ["a"], "cost_eur_m2": [10.0], "life_y": [8.0]})
    (found,) = lifecycle.assess(lifecycle.alternatives_of(table)[0], rate=0.0, draws=200)
    assert found.euac_eur == pytest.approx(10 / 8)
    assert (found.gwp_kg_m2_y, found.gwp_low_kg_m2_y, found.gwp_high_kg_m2_y) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"cost_eur_m2": [12.0, -1.0]}, "negative_cost"),
        ({"cost_eur_m2": [12.0, None]}, "missing_cost"),
        ({"life_y": [10.0, 0.0]}, "bad_life"),
        ({"life_low_y": [11.0, 12.0]}, "interval_order"),
        ({"name": ["plain", "plain"]}, "duplicate_id"),
        ({"recycled_share": [0.1, 15.0]}, "share_range"),
    ],
)
def test_alternatives_that_cannot_be_are_refused(change, rule):
    with pytest.raises(ContadoError) as refused:
        lifecycle.alternatives_of(pa.table(MIXES | change))
    assert refused.value.rule == rule
    assert refused.value.hint


def test_modules_of_nobody_are_refused():
    with pytest.raises(ContadoError, match="no alternative 'plane'"):
        lifecycle.alternatives_of(pa.table(MIXES), gwp={"plane": 1.0})


@pytest.mark.parametrize("how", [{"base_cost": 0}, {"extra_cost_share": -1}, {"rate": -1}])
def test_a_comparison_without_a_cost_is_refused(how):
    plain = {"base_cost": 100, "base_life_y": 12, "extra_cost_share": 0.2, "rate": 0.03}
    with pytest.raises(ContadoError):
        lifecycle.compare_mixes(**(plain | how))


def test_nothing_to_assess_gives_nothing():
    assert lifecycle.assess([], rate=0.03) == ()


def test_costs_over_a_period_are_the_layings_less_what_the_last_is_worth():
    table = pa.table({"name": ["a"], "cost_eur_m2": [10.0], "life_y": [12.0]})
    mixes, _ = lifecycle.alternatives_of(table)
    (whole,) = lifecycle.assess(mixes, rate=0.03, period_y=24, draws=200)
    assert whole.npv_eur == pytest.approx(10 + 10 / 1.03**12)
    (cut,) = lifecycle.assess(mixes, rate=0.03, period_y=30, draws=200)
    assert cut.npv_eur == pytest.approx(10 + 10 / 1.03**12 + 10 / 1.03**24 - 5 / 1.03**30)
    assert whole.euac_eur == pytest.approx(whole.npv_eur * 0.03 / (1 - 1.03**-24))


def certain(name, life_y, **more):
    """Return a mix of 10 EUR/m2 about which nothing is uncertain."""
    cost, life = Bounded(10.0, 10.0, 10.0), Bounded(life_y, life_y, life_y)
    return Alternative(name=name, cost_eur_m2=cost, life_y=life, gwp_kg_m2=None, recycled_share=None, **more)


def test_a_life_that_divides_the_period_is_laid_so_often():
    [found] = lifecycle.assess([certain("a", 30 / 13, delay_eur_m2=2.0)], rate=0.03, period_y=30.0)
    assert found.npv_eur == pytest.approx(sum(12.0 * 1.03 ** (-30 / 13 * k) for k in range(13)))


def test_equal_alternatives_share_being_the_cheapest():
    found = lifecycle.assess([certain("a", 10.0), certain("b", 10.0)], rate=0.03)
    assert [a.p_cheapest for a in found] == [0.5, 0.5]
