"""Cost-benefit analysis: what is valued, by which parameter, in EUR of which year."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contado.kernel.appraisal import Flow, appraise, parameters
from contado.kernel.errors import DataError, UnitError


def flow(year, item, quantity, unit="eur"):
    return Flow(year=year, item=item, quantity=quantity, unit=unit)


def value(item, eur, **more):
    given_ = {"sense": "benefit", "unit": "kg", "price_year": None, "valid_from": None, "valid_to": None}
    facts = {"norm": "", "status": "to_confirm", "source": "test"}
    return parameters.UnitValue(item=item, value_eur=eur, **(given_ | facts | more))


def rules(done):
    return [f.rule for f in done.findings]


def test_residual_value_counts_as_a_benefit():
    done = appraise([flow(2027, "cost", 100.0), flow(2028, "residual_value", 103.0)], rate=0.03)
    assert done.benefit_cost_ratio == pytest.approx(1.0)
    assert (done.npv_eur, done.pv_benefits_eur) == (pytest.approx(0), pytest.approx(100))
    assert done.by_item["cost"].status == "given"


def test_carbon_outside_its_table_is_named_and_left_out():
    done = appraise(
        [flow(2050, "carbon_avoided", 1.0, "tco2e"), flow(2051, "carbon_avoided", 1.0, "tco2e")], rate=0.0
    )
    assert done.npv_eur == 800
    assert rules(done) == ["carbon_year"]
    assert "2051" in done.findings[0].message
    held = appraise([flow(2051, "carbon_avoided", 1.0, "tco2e")], rate=0.0, hold_carbon=True)
    assert (held.npv_eur, rules(held)) == (800, [])
    early = appraise([flow(2019, "carbon_avoided", 1.0, "tco2e")], hold_carbon=True)
    assert (early.npv_eur, rules(early)) == (0, ["carbon_year"])
    assert early.by_item["carbon_avoided"].status == "no_parameter"


def test_an_item_without_parameter_is_reported_not_dropped():
    done = appraise([flow(2027, "benefit", 5.0), flow(2027, "deths_avoided", 1.0, "person")])
    assert done.npv_eur == 5
    assert done.by_item["deths_avoided"].pv_eur is None
    assert done.by_item["deths_avoided"].status == "no_parameter"
    (finding,) = done.findings
    assert (finding.rule, finding.action) == ("no_parameter", "row_set_aside")
    assert "deaths_avoided" in finding.hint


def test_price_years_are_never_mixed_silently():
    money, carbon = flow(2030, "benefit", 1.0), flow(2030, "carbon_avoided", 1.0, "tco2e")
    crash = flow(2030, "crashes_avoided", 1.0, "crash")
    assert rules(appraise([carbon])) == []
    assert rules(appraise([money, carbon])) == ["price_year_differs"]
    assert rules(appraise([carbon, crash])) == ["price_year_differs", "price_year_differs"]
    assert rules(appraise([money, carbon], price_year=2016)) == []
    assert rules(appraise([money, carbon], price_year=2024, price_index={2016: 100.0})) == [
        "price_year_differs"
    ]


def test_an_index_table_converts_and_says_so():
    money, carbon = flow(2030, "benefit", 1.0), flow(2030, "carbon_avoided", 1.0, "tco2e")
    done = appraise([money, carbon], rate=0.0, price_year=2024, price_index={2016: 100.0, 2024: 120.0})
    assert done.npv_eur == pytest.approx(1 + 250 * 1.2)
    assert rules(done) == ["converted"]
    assert done.by_item["carbon_avoided"].price_year == 2024


def test_status_of_the_parameter_stands_beside_the_item():
    done = appraise([flow(2030, "carbon_avoided", 1.0, "tco2e"), flow(2030, "deaths_avoided", 1.0, "person")])
    assert {k: v.status for k, v in done.by_item.items()} == {
        "carbon_avoided": "confirmed",
        "deaths_avoided": "confirmed",
    }
    assert (
        appraise([flow(2031, "carbon_avoided", 1.0, "tco2e")]).by_item["carbon_avoided"].status
        == "to_confirm"
    )


def test_values_handed_in_come_first_and_a_cost_item_is_a_cost():
    values = [
        value("pm25", 3.0),
        value("noise", 2.0, sense="cost"),
        value("deaths_avoided", 7.0, unit="person"),
    ]
    flows = [
        flow(2027, "pm25", 10.0, "kg"),
        flow(2027, "noise", 5.0, "kg"),
        flow(2027, "deaths_avoided", 1.0, "person"),
    ]
    done = appraise(flows, values=values)
    assert (done.pv_benefits_eur, done.pv_costs_eur) == (37, 10)


def test_a_dated_value_counts_in_its_years():
    values = [
        value("pm25", 3.0, valid_to=dt.date(2029, 12, 31)),
        value("pm25", 4.0, valid_from=dt.date(2030, 1, 1)),
    ]
    done = appraise([flow(2029, "pm25", 1.0, "kg"), flow(2030, "pm25", 1.0, "kg")], values=values, rate=0.0)
    assert done.npv_eur == 7


def test_a_quantity_in_another_unit_is_refused():
    with pytest.raises(UnitError, match="tco2e"):
        appraise([flow(2027, "carbon_avoided", 1.0, "kg")])
    with pytest.raises(UnitError, match="eur"):
        appraise([flow(2027, "cost", 1.0, "keur")])


def test_several_sign_changes_give_no_rate_of_return():
    done = appraise([flow(2027, "cost", 1.0), flow(2028, "benefit", 2.5), flow(2029, "cost", 1.54)])
    assert done.err is None
    assert rules(done) == ["err_ambiguous"]


def test_a_negative_cost_is_counted_as_written_and_said():
    done = appraise([flow(2027, "cost", -5.0)])
    assert (done.npv_eur, rules(done)) == (5, ["negative_cost"])


def test_no_flows_give_zero():
    done = appraise([])
    assert (done.npv_eur, done.base_year, done.benefit_cost_ratio, done.equivalent_annual_eur) == (
        0,
        None,
        None,
        None,
    )
    assert rules(done) == ["empty_table"]


@settings(deadline=None)  # shared machines stall
@given(
    st.lists(st.tuples(st.integers(2025, 2060), st.floats(0, 1e7)), min_size=1, max_size=20),
    st.floats(-0.2, 0.5),
)
def test_benefits_less_costs_is_the_net_present_value_and_scales(rows, rate):
    flows = [flow(y, "cost" if i % 2 else "benefit", q) for i, (y, q) in enumerate(rows)]
    once = appraise(flows, rate=rate)
    assert once.npv_eur == pytest.approx(once.pv_benefits_eur - once.pv_costs_eur, rel=1e-9, abs=1e-6)
    assert sum(t.pv_eur for t in once.by_item.values()) == pytest.approx(
        once.pv_benefits_eur + once.pv_costs_eur, rel=1e-9, abs=1e-6
    )
    twice = appraise([flow(f.year, f.item, 2 * f.quantity) for f in flows], rate=rate)
    assert twice.npv_eur == pytest.approx(2 * once.npv_eur, rel=1e-9, abs=1e-3)


def test_parameters_are_dated_and_name_their_keys():
    assert parameters.parameter("social_discount_rate", area="IT", on=dt.date(2026, 1, 1)).value == 0.03
    with pytest.raises(DataError, match=r"1999-01-01.*area IT") as caught:
        parameters.parameter("social_discount_rate", area="IT", on=dt.date(1999, 1, 1))
    assert caught.value.rule == "no_dated_row"
    with pytest.raises(DataError, match="rate_of_discount"):
        parameters.parameter("rate_of_discount", area="IT")


def test_reference_periods_keep_their_range():
    roads = parameters.parameter("reference_period_roads", area="EU")
    assert (roads.low, roads.value, roads.high, roads.status) == (25, 27.5, 30, "to_confirm")


def test_energy_carriers_keep_the_unknown_unknown():
    power = parameters.energy("electricity", on=dt.date(2026, 1, 1))
    assert (power.fp_nren, power.fp_ren, power.co2_kg_kwh, power.status) == (1.95, 0.47, None, "to_confirm")
    with pytest.raises(DataError, match="electricty"):
        parameters.energy("electricty")


def test_every_shipped_row_has_status_and_source():
    for row in (*parameters.parameters(), *parameters.unit_values()):
        assert row.status in {"confirmed", "to_confirm"}
        assert row.source


def test_unit_values_of_a_file(tmp_path):
    file = tmp_path / "values.csv"
    file.write_text("parameter,value,unit,status\nnoise_db,12.5,eur_2019,verified\n")
    (row,) = parameters.read_unit_values(file)
    assert (row.item, row.value_eur, row.price_year, row.unit, row.status) == (
        "noise_db",
        12.5,
        2019,
        "",
        "confirmed",
    )
    file.write_text("item,value_eur,unit\npm25,much,kg\n")
    with pytest.raises(DataError, match=r"line 2.*'much'") as caught:
        parameters.read_unit_values(file)
    assert (caught.value.rule, caught.value.rows) == ("bad_number", (2,))
