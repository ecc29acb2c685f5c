"""Benefits from effects: the sum by hand, what stays unknown, what is never overwritten."""

from __future__ import annotations

import pytest

from contado.kernel import tables
from contado.kernel.appraisal.benefits import present_value, with_benefits

RATE = 0.03


def intervention(**said):
    row = {
        "id": "p:1",
        "practice": "p",
        "type": "t",
        "asset_id": "A",
        "site_id": "S",
        "municipality": "015146",
    }
    row |= {
        "cost_eur": 1000.0,
        "earliest_year": 2027,
        "latest_year": 2028,
        "life_y": 15.0,
        "price_year": 2026,
    }
    return tables.from_rows("intervention", [row | said])


def effect(indicator="ghg_tco2e_y", value=12.0, **said):
    row = {"intervention_id": "p:1", "indicator": indicator, "value": value, "unit": "tco2e_y", "low": None}
    return {**row, "high": None, "start_lag_y": 0.0, "method": "exact", "source_id": "s", **said}


def objective(indicator="ghg_tco2e_y", unit_value_eur=100.0, price_year=2026):
    return {"indicator": indicator, "unit_value_eur": unit_value_eur, "price_year": price_year}


def filled(row, effects, objectives, rate=RATE):
    table, findings = with_benefits(
        row, tables.from_rows("effect", effects), tables.from_rows("objective", objectives), rate_share=rate
    )
    return table.to_pylist()[0], findings


def by_hand(value, unit, life, lag, rate):
    return sum(value * unit * (1 + rate) ** -(lag + t) for t in range(life))


@pytest.mark.parametrize("rate", [0.0, 0.03, 0.12])
@pytest.mark.parametrize("lag", [0, 2])
def test_it_is_the_sum_of_the_years(rate, lag):
    row, findings = filled(intervention(), [effect(start_lag_y=float(lag))], [objective()], rate)
    assert row["benefit_eur"] == pytest.approx(by_hand(12, 100, 15, lag, rate), rel=1e-12)
    assert findings == []


def test_effects_add_up_and_their_ends_too():
    effects = [
        effect(low=10.0, high=15.0),
        effect("energy_kwh_y", 500.0, unit="kwh_y", low=400.0, high=600.0),
    ]
    row, _ = filled(intervention(), effects, [objective(), objective("energy_kwh_y", 0.2)])
    for column, parts in (
        ("benefit_eur", (1200, 100)),
        ("benefit_low_eur", (1000, 80)),
        ("benefit_high_eur", (1500, 120)),
    ):
        assert row[column] == pytest.approx(by_hand(sum(parts), 1, 15, 0, RATE), rel=1e-12)


def test_a_harm_turns_the_ends_round():
    row, _ = filled(intervention(), [effect(low=10.0, high=15.0)], [objective(unit_value_eur=-1.0)])
    assert row["benefit_low_eur"] < row["benefit_eur"] < row["benefit_high_eur"] < 0


def test_an_effect_without_interval_leaves_the_ends_unknown():
    row, _ = filled(
        intervention(),
        [effect(low=10.0, high=15.0), effect("energy_kwh_y", 5.0)],
        [objective(), objective("energy_kwh_y", 1.0)],
    )
    assert row["benefit_eur"] is not None
    assert (row["benefit_low_eur"], row["benefit_high_eur"]) == (None, None)


def test_a_stated_benefit_is_kept():
    row, _ = filled(intervention(benefit_eur=7.0), [effect()], [objective()])
    assert row["benefit_eur"] == 7.0


@pytest.mark.parametrize(
    ("row", "effects", "objectives", "rule"),
    [
        (intervention(life_y=None), [effect()], [objective()], "missing_life"),
        (intervention(), [effect(value=None)], [objective()], "missing_benefit"),
        (intervention(price_year=2020), [effect()], [objective()], "price_year_differs"),
    ],
)
def test_what_cannot_be_computed_stays_empty_and_is_said(row, effects, objectives, rule):
    found, findings = filled(row, effects, objectives)
    assert found["benefit_eur"] is None
    assert [(f.rule, f.row) for f in findings] == [(rule, "p:1")]


def test_an_indicator_without_value_does_not_count():
    row, findings = filled(intervention(), [effect()], [objective(unit_value_eur=None)])
    assert (row["benefit_eur"], findings) == (None, [])


def test_the_example_of_the_page():
    assert present_value(12.0, 100.0, life_y=15, lag_y=1, rate_share=RATE) == pytest.approx(
        by_hand(12, 100, 15, 1, RATE), rel=1e-12
    )
