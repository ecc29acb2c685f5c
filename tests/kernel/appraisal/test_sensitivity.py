"""Switching values and changes: what they say is true when the flows are appraised again."""

import pytest

from contado.kernel.appraisal import Flow, appraise, sensitivity

FLOWS = [
    Flow(year=2027, item="cost", quantity=100_000, unit="eur"),
    *(Flow(year=y, item="benefit", quantity=9_000, unit="eur") for y in range(2028, 2043)),
    *(Flow(year=y, item="carbon_avoided", quantity=12, unit="tco2e") for y in range(2028, 2043)),
    Flow(year=2042, item="residual_value", quantity=10_000, unit="eur"),
]


def scaled(factors):
    flows = [
        Flow(year=f.year, item=f.item, quantity=f.quantity * factors.get(f.item, 1.0), unit=f.unit)
        for f in FLOWS
    ]
    return appraise(flows, rate=0.03)


@pytest.mark.parametrize("item", ["cost", "benefit", "carbon_avoided", "residual_value"])
def test_at_its_switching_value_an_item_brings_the_npv_to_zero(item):
    found = {s.item: s for s in sensitivity.switching_values(appraise(FLOWS, rate=0.03))}[item]
    assert scaled({item: 1 + found.switching_share}).npv_eur == pytest.approx(0.0, abs=1e-6)
    base, moved = appraise(FLOWS, rate=0.03).npv_eur, scaled({item: 1.01}).npv_eur
    assert (moved / base - 1) * 100 == pytest.approx(found.elasticity, rel=1e-9)
    assert found.critical == (abs(found.elasticity) > 1)


def test_costs_and_benefits_changed_together_are_those_of_changed_flows():
    found = sensitivity.changed_npv(appraise(FLOWS, rate=0.03), costs=0.2, benefits=-0.1)
    again = scaled({"cost": 1.2, "benefit": 0.9, "carbon_avoided": 0.9, "residual_value": 0.9}).npv_eur
    assert found == pytest.approx(again, rel=1e-12)


def test_the_most_weighty_item_is_first_and_one_without_value_is_left_out():
    flows = [*FLOWS, Flow(year=2030, item="noise", quantity=1, unit="person")]
    order = [s.item for s in sensitivity.switching_values(appraise(flows, rate=0.03))]
    assert order == ["benefit", "cost", "carbon_avoided", "residual_value"]


def test_where_the_npv_is_zero_no_elasticity_is_made_up():
    flows = [Flow(year=2027, item=i, quantity=5, unit="eur") for i in ("cost", "benefit")]
    assert [s.elasticity for s in sensitivity.switching_values(appraise(flows, rate=0.0))] == [None, None]
