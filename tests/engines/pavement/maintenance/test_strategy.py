"""Treatments and strategies: the catalogue, the formula of the benefit, what is refused."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from contado.engines.pavement.deterioration import hdm4
from contado.engines.pavement.maintenance import condition, user_cost
from contado.engines.pavement.maintenance.strategy import (
    DO_NOTHING_YEAR,
    StrategySettings,
    _Future,
    roads_of,
    strategies,
)
from contado.engines.pavement.maintenance.treatments import Treatment, catalogue, from_table
from contado.kernel.errors import ColumnNotFound, DataError

ON = date(2026, 11, 1)
YEARS = range(2027, 2030)


def segments(**columns):
    base = {"segment": ["a", "b"], "iri_m_km": [4.0, 2.0], "length_m": [500.0, 800.0], "aadt": [5000, None]}
    return pa.table({**base, **columns})


def made(table=None, treatments=None, **kwargs):
    roads, _ = roads_of(segments() if table is None else table, StrategySettings())
    return roads, strategies(roads, treatments or catalogue(), YEARS, on=ON, **kwargs)


def test_the_catalogue_is_illustrative_ordered_and_effective():
    rows = catalogue()
    assert {t.status for t in rows} == {"illustrative"}
    assert [t.unit_cost_eur_m2 for t in rows] == sorted(t.unit_cost_eur_m2 for t in rows)
    assert all(t.effective and t.cost_low_eur_m2 <= t.unit_cost_eur_m2 <= t.cost_high_eur_m2 for t in rows)


def test_doing_nothing_comes_first_and_costs_nothing():
    roads, found = made()
    first = found.strategy == 0
    assert first.sum() == len(roads)
    assert (found.year[first] == DO_NOTHING_YEAR).all()
    assert not found.cost_eur[first].any()
    assert not found.condition_gain[first].any()
    assert (np.diff(found.segment) >= 0).all()


def test_benefit_is_the_sum_over_the_years_that_the_treatment_lives():
    new = Treatment(
        code="new",
        name_it="",
        name_en="",
        unit_cost_eur_m2=10.0,
        cost_low_eur_m2=10.0,
        cost_high_eur_m2=10.0,
        iri_after_m_km=1.5,
        life_y=10,
    )
    table = segments(width_m=[6.0, 6.0], growth_per_y=[0.05, 0.0], severity_per_100m=[30.0, 0.0])
    _, found = made(table, [new])
    row = np.flatnonzero((found.segment == 0) & (found.year == 2028))[0]
    model = condition.model(ON)
    total = 0.0
    for year in range(2027, 2038):
        without = 4.0 * np.exp(0.05 * (year - 2026))
        iri = without if year < 2028 else 1.5 * np.exp(0.05 * (year - 2028))
        severity = 30.0 if year < 2028 else 0.0
        gain = float(model.index(iri, severity) - model.index(without, 30.0))
        total += gain * 0.5 / 1.03 ** (year - 2027)
    assert found.condition_gain[row] == pytest.approx(total)
    assert found.cost_eur[row] == 500 * 6 * 10


def treatment(**more):
    given = {"unit_cost_eur_m2": 10.0, "cost_low_eur_m2": 10.0, "cost_high_eur_m2": 10.0}
    return Treatment(code="new", name_it="", name_en="", **given, **more)


def gains(found, year=2027):
    """Return the gain of segment 0 by treatment in one year."""
    rows = np.flatnonzero((found.segment == 0) & (found.year == year))
    return found.condition_gain[rows]


def test_what_lives_longer_is_worth_more():
    short, long = (treatment(iri_after_m_km=1.5, life_y=y) for y in (4.0, 15.0))
    _, found = made(segments(), [short, long])
    once, often = gains(found)
    assert often > 2 * once
    half = gains(made(segments(), [treatment(iri_after_m_km=1.5, life_y=y) for y in (4.0, 4.5, 5.0)])[1])
    assert half[0] < half[1] < half[2]
    assert half[1] == pytest.approx((half[0] + half[2]) / 2)


def test_after_its_life_the_anomalies_are_back():
    _, found = made(segments(severity_per_100m=[30.0, 0.0]), [treatment(severity_factor=0.0, life_y=1.0)])
    first, last = (found.condition_end[(found.segment == 0) & (found.year == y)] for y in (2027, 2029))
    idle = found.condition_end[(found.segment == 0) & (found.strategy == 0)]
    assert first == pytest.approx(idle)
    assert last > idle


def test_no_road_gets_rougher_than_roads_do():
    roads, _ = roads_of(segments(growth_per_y=[0.3, 0.3]), StrategySettings())
    future = _Future(roads, ON, list(YEARS), StrategySettings())
    assert future.iri.max() == 16.0
    rougher, _ = roads_of(segments(iri_m_km=[18.0, 2.0]), StrategySettings())
    assert _Future(rougher, ON, list(YEARS), StrategySettings()).iri[0].tolist() == [18.0] * 20


def test_hdm4_is_added_up_year_by_year_and_begins_anew_after_works():
    """HDM-4 volume 4: the increments of `hdm4.increment`, with AGE3 counted from the works."""
    table = segments(iri_m_km=[6.0, 1.3], surface_age_y=[12.0, 0.0], snpk=[2.0, 2.0], ye4=[0.3, 0.3])
    options = StrategySettings(hdm4=True, horizon_y=21)
    roads, findings = roads_of(table, options)
    assert "growth_hdm4" in [f.rule for f in findings]
    future = _Future(roads, date(2027, 1, 1), [2027], options)
    expected = [1.3]
    for age in range(20):
        expected.append(expected[-1] + float(hdm4.increment(expected[-1], age_y=age, snpk=2, ye4=0.3, on=ON)))
    assert future.iri[1] == pytest.approx(expected)
    treated = future.treated_iri(treatment(iri_after_m_km=1.3, growth_factor=1.0), 0)
    assert treated[0] == pytest.approx(expected)


def test_prices_of_several_years_are_told():
    table = pa.table({"code": ["a", "b"], "unit_cost_eur_m2": [5.0, 9.0], "price_year": [2010, 2026]})
    table = table.append_column("iri_after_m_km", pa.array([2.0, 1.5]))
    _, [told] = from_table(table)
    assert (told.severity, told.rule) == ("warning", "price_year_differs")
    assert "2010, 2026" in told.message
    assert not from_table(table.slice(1))[1]


def test_an_unknown_traffic_weighs_one_and_has_no_euros():
    _, found = made()
    treated = (found.segment == 1) & (found.strategy > 0)
    assert treated.any()
    assert np.isnan(found.user_eur[treated]).all()
    assert (found.condition_gain[treated] > 0).all()


def test_euros_of_a_start_year_follow_the_user_cost_table():
    _, found = made()
    row = np.flatnonzero((found.segment == 0) & (found.year == 2027) & (found.treatment == 3))[0]
    a_year = user_cost.eur_per_km_and_year(np.array([5000.0]), np.array([np.nan]), ON)[0]
    assert a_year == pytest.approx(365 * 5000 * (0.95 * 0.004 + 0.05 * 0.015))
    assert 0 < found.user_eur[row] < a_year * 0.5 * 20 * 10
    assert user_cost.status(ON) == "illustrative"


def test_a_worse_road_gains_more():
    _, found = made(segments(iri_m_km=[4.0, 6.0], length_m=[500.0, 500.0], aadt=[5000, 5000]))
    at = [
        np.flatnonzero((found.segment == s) & (found.year == 2027) & (found.treatment == 3))[0]
        for s in (0, 1)
    ]
    assert found.condition_gain[at[1]] > found.condition_gain[at[0]]
    assert found.user_eur[at[1]] > found.user_eur[at[0]]


def test_what_was_assumed_is_told_with_counts():
    _, findings = roads_of(segments(), StrategySettings())
    assert [f.rule for f in findings] == ["assumed_value"] * 3
    assert "2 segments" in findings[0].message


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"iri_m_km": [4.0, 0.0]}, "iri_not_positive"),
        ({"length_m": [4.0, None]}, "length_not_positive"),
        ({"aadt": ["many", "2"]}, "not_a_number"),
    ],
)
def test_bad_segments_name_their_line(columns, rule):
    with pytest.raises(DataError) as caught:
        roads_of(segments(**columns), StrategySettings(), lines=[2, 3])
    assert caught.value.rule == rule
    assert caught.value.rows in {(2,), (3,)}
    with pytest.raises(ColumnNotFound):
        roads_of(segments().drop_columns(["length_m"]), StrategySettings())


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"unit_cost_eur_m2": [1.0, -2.0]}, "negative_cost"),
        ({"unit_cost_eur_m2": [1.0, None]}, "missing_cost"),
        ({"code": ["x", "x"]}, "duplicate_id"),
        ({"cost_low_eur_m2": [1.0, 9.0]}, "interval_order"),
    ],
)
def test_bad_catalogues(columns, rule):
    table = pa.table({"code": ["x", "y"], "unit_cost_eur_m2": [1.0, 2.0], **columns})
    with pytest.raises(DataError) as caught:
        from_table(table, lines=[2, 3])
    assert caught.value.rule == rule


def test_a_treatment_without_effect_is_found():
    rows, findings = from_table(pa.table({"code": ["paint"], "unit_cost_eur_m2": [1.0]}))
    assert [f.rule for f in findings] == ["no_effect"]
    _, found = made(None, rows)
    np.testing.assert_allclose(found.condition_gain, 0, atol=1e-9)


def test_years_begin_in_or_after_the_day():
    roads, _ = roads_of(segments(), StrategySettings())
    with pytest.raises(DataError) as caught:
        strategies(roads, catalogue(), range(2024, 2027), on=ON)
    assert caught.value.rule == "year_outside_horizon"
