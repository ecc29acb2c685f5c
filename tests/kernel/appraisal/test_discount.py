"""Discounting: figures of the EU guide's formulas, rate paths, rates of return."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contado.kernel import appraisal
from contado.kernel.errors import UsageError


def test_annuities():
    assert appraisal.annuity(0.07, 25) == pytest.approx(0.085811, abs=5e-7)
    assert appraisal.annuity(0.03, 30) == pytest.approx(0.0510193, abs=5e-8)
    assert appraisal.annuity(0.0, 20) == 1 / 20
    assert appraisal.annuity(1e-12, 20) == pytest.approx(1 / 20, rel=1e-10)


def test_a_thousand_a_year_for_thirty_years():
    flows = dict.fromkeys(range(2028, 2058), 1000.0)
    assert appraisal.npv(flows, rate=0.03, base_year=2027) == pytest.approx(19600.44, abs=0.005)
    assert appraisal.equivalent_annual(19600.44, 0.03, 30) == pytest.approx(1000, abs=0.001)


def test_the_base_year_is_not_discounted_and_defaults_to_the_first():
    assert appraisal.npv({2030: 100.0, 2031: 103.0}, rate=0.03) == pytest.approx(200)
    assert appraisal.npv({2030: 100.0}, rate=0.03, base_year=2031) == pytest.approx(103)
    assert appraisal.npv({}) == 0


def test_a_rate_of_each_year_discounts_by_the_years_before():
    rates = {2027: 0.02, 2028: 0.05}
    factors = appraisal.discount_factors([2026, 2027, 2028, 2029], {**rates, 2026: 0.1}, 2027)
    assert factors == pytest.approx({2026: 1.1, 2027: 1.0, 2028: 1 / 1.02, 2029: 1 / (1.02 * 1.05)})
    with pytest.raises(UsageError, match="2029") as caught:
        appraisal.discount_factors([2030], rates, 2027)
    assert caught.value.rule == "bad_rate"


@pytest.mark.parametrize("rate", [-1, -1.5, math.nan, math.inf])
def test_a_rate_that_cannot_discount_is_refused(rate):
    with pytest.raises(UsageError) as caught:
        appraisal.npv({2027: 1.0, 2028: 1.0}, rate=rate)
    assert caught.value.rule == "bad_rate"


def test_break_even_life_of_a_dearer_mix():
    yearly = appraisal.equivalent_annual(100, 0.03, 12)
    assert yearly == pytest.approx(10.046, abs=0.0005)
    assert appraisal.break_even_life(120, yearly, 0.03) == pytest.approx(15.01, abs=0.005)
    assert appraisal.break_even_life(1e6, yearly, 0.03) is None
    assert appraisal.break_even_life(120, 10, 0.0) == 12


def test_rate_of_return_needs_exactly_one_change_of_sign():
    assert appraisal.err({2027: -100.0, 2028: 110.0})[0] == pytest.approx(0.10, abs=1e-12)
    assert appraisal.err({2027: -100.0, 2028: 50.0}) == (pytest.approx(-0.5, abs=1e-12), "unique")
    assert appraisal.err({2027: -1.0, 2028: 2.5, 2029: -1.54}) == (None, "ambiguous")
    assert appraisal.err({2027: 1.0, 2028: 2.0}) == (None, "undefined")
    assert appraisal.err({}) == (None, "undefined")


@settings(deadline=None)  # shared machines stall
@given(
    st.floats(-0.5, 3.0),
    st.lists(st.floats(1.0, 1e6), min_size=1, max_size=60),
)
def test_the_rate_of_return_makes_the_flows_worth_nothing(rate, benefits):
    flows = {2028 + t: b for t, b in enumerate(benefits)}
    flows[2027] = -appraisal.npv(flows, rate=rate, base_year=2027)
    found, kind = appraisal.err(flows)
    assert kind == "unique"
    assert found == pytest.approx(rate, rel=1e-8, abs=1e-8)


def test_payback_counts_discounted_flows():
    flows = {2027: -100.0, **dict.fromkeys(range(2028, 2040), 20.0)}
    assert appraisal.payback_year(flows, rate=0.0) == 2032
    assert appraisal.payback_year(flows, rate=0.03) == 2033
    assert appraisal.payback_year(flows, rate=0.5) is None


def test_cost_effectiveness_discounts_both_sides():
    costs, tonnes = {2027: 1000.0}, {2028: 10.0, 2029: 10.0}
    expected = 1000 / (10 / 1.03 + 10 / 1.03**2)
    assert appraisal.cost_effectiveness(costs, tonnes, 0.03) == pytest.approx(expected)
    assert appraisal.cost_effectiveness(costs, {2028: 0.0}) is None
