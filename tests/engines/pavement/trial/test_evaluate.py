"""Effect, interval and verdict of trials."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from contado.engines.pavement import trial
from contado.engines.pavement.quantiles import student_quantile


def rules(found):
    return [f.rule for f in found.findings]


def test_the_effect_is_the_difference_of_mean_slopes_with_the_spread_of_the_controls(table_of):
    table = table_of(effect=-0.01)
    held, found = trial.of_table(table), trial.evaluate_trial(table)
    slopes, treated = held.slopes, held.treated
    sd = slopes[~treated].std(ddof=1)
    error = sd * math.sqrt(1 / 2 + 1 / 12)
    effect = slopes[treated].mean() - slopes[~treated].mean()
    half = student_quantile(0.975, 11) * error
    assert found.effect_per_year == pytest.approx(effect)
    assert (found.low95, found.high95) == (pytest.approx(effect - half), pytest.approx(effect + half))
    assert found.minimum_detectable_effect == pytest.approx((student_quantile(0.975, 11) + 0.85) * error)
    assert found.permutations == math.comb(12, 2)


def test_a_strong_effect_is_demonstrated_and_a_harm_is_not(table_of):
    assert trial.evaluate_trial(table_of(effect=-0.06)).verdict == "demonstrated"
    assert trial.evaluate_trial(table_of(effect=0.06)).verdict == "not_demonstrated"
    assert trial.evaluate_trial(table_of(effect=0.06)).sections_needed is None


@pytest.mark.parametrize(("treated", "control"), [(1, 1), (1, 12), (2, 4)])
def test_too_few_sections_are_not_identifiable_and_the_effect_is_still_told(table_of, treated, control):
    found = trial.evaluate_trial(table_of(treated=treated, control=control, effect=-0.2, sd=0.001))
    assert found.verdict == "not_identifiable"
    assert found.effect_per_year == pytest.approx(-0.2, abs=0.02)
    assert "not_identifiable" in rules(found)
    if (treated, control) == (1, 1):
        assert found.low95 is None
        assert found.warnings[0].startswith("one section per arm")


def laid_apart(panel_of, *, shift, **how):
    """A panel by campaign whose controls are ``shift`` years older, and where the campaigns before the works read low."""
    ages = (-2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
    rows = panel_of(ages=ages, control=20, treated=4, cells=1, noise=0.0, **how)
    rows["campaign"] = [f"{2020 + age:.0f}" for age in rows["age_years"]]
    before = [age < 0 for age in rows["age_years"]]
    older = [group == "control" for group in rows["group"]]
    rows["iri_m_km"] = [
        iri * math.exp((0.075 * age if old else 0.3) - 0.1) if early else iri
        for iri, age, early, old in zip(rows["iri_m_km"], rows["age_years"], before, older, strict=True)
    ]
    rows["age_years"] = [age + shift * old for age, old in zip(rows["age_years"], older, strict=True)]
    return pa.table(rows)


def test_arms_laid_apart_are_compared_over_the_campaigns_that_both_hold(panel_of):
    together, apart = (
        trial.evaluate_trial(laid_apart(panel_of, shift=shift, effect=-0.01)) for shift in (0.0, 5.0)
    )
    assert apart.effect_per_year == pytest.approx(together.effect_per_year, abs=1e-12)
    assert (apart.low95, apart.placebo_p) == (pytest.approx(together.low95), together.placebo_p)
    assert (apart.epochs, apart.counted_epochs) == (6, 4)
    assert [e.counted for e in apart.events] == [False, False, True, True, True, True]
    assert [e.age_years for e in apart.events] == [-2, -1, 0, 1, 2, 3]
    told = next(f for f in apart.findings if f.rule == "campaigns_not_used")
    assert told.message.startswith("2 of 6 campaigns")
    assert "campaigns_not_used" not in rules(together)
    assert apart.cell_ols.rows == together.cell_ols.rows == 24 * 4
    assert apart.residual_sd == pytest.approx(together.residual_sd)
    assert apart.pretrend_p is not None


def test_a_season_before_the_works_demonstrates_nothing(panel_of):
    found = [
        trial.evaluate_trial(laid_apart(panel_of, shift=5.0, seed=seed, sd=0.01)).verdict
        for seed in range(40)
    ]
    assert found.count("demonstrated") <= 4


def test_arms_without_two_campaigns_in_common_since_the_works_are_not_identifiable(panel_of):
    table = laid_apart(panel_of, shift=5.0, effect=-0.2)
    once = pc.is_in(table["campaign"], pa.array(["2018", "2019", "2023"]))
    found = trial.evaluate_trial(table.filter(once))
    assert (found.verdict, found.treated_sections) == ("not_identifiable", 0)
    assert found.minimum_detectable_effect is None
    assert {"section_without_growth", "not_identifiable"} <= set(rules(found))


def test_a_section_laid_late_leaves_its_campaigns_to_all_or_is_left_out(panel_of):
    rows = panel_of(control=12, treated=3, effect=-0.2)
    rows["campaign"] = [f"{age:.0f}" for age in rows["age_years"]]
    for years, counted, treated in ((3, 2, 3), (4, 5, 2)):
        shifted = [a - years * (s == "S00") for a, s in zip(rows["age_years"], rows["section"], strict=True)]
        found = trial.evaluate_trial(pa.table({**rows, "age_years": shifted}))
        assert (found.epochs, found.counted_epochs, found.treated_sections) == (5, counted, treated)
        told = {f.rule: f.message for f in found.findings}
        assert "S00" in told["campaigns_not_used" if years == 3 else "section_without_growth"]


def test_one_arm_alone_shows_nothing(table_of):
    found = trial.evaluate_trial(table_of(treated=3, control=0))
    assert (found.effect_per_year, found.placebo_p, found.verdict) == (None, None, "not_identifiable")
    assert found.treated_growth_per_year is not None
    assert found.control_growth_per_year is None


def test_tuples_that_cannot_reach_five_per_cent_are_said(table_of):
    found = trial.evaluate_trial(table_of(treated=4, control=5, effect=-0.5))
    assert (found.permutations, found.verdict) == (5, "not_demonstrated")
    assert "no_placebo" in rules(found)
    none = trial.evaluate_trial(table_of(treated=6, control=5, effect=-0.5))
    assert (none.placebo_p, none.permutations) == (None, 0)


def test_many_tuples_are_sampled_and_said(table_of):
    found = trial.evaluate_trial(table_of(treated=5, control=40, cells=1, effect=-0.05))
    assert (found.permutations, found.exact) == (100_000, False)
    assert "sampled_placebo" in rules(found)
    assert found.verdict == "demonstrated"


def test_rows_in_any_order_give_the_same_bits_and_a_scale_the_same_effect(panel_of):
    rows = panel_of(effect=-0.02)
    order = np.random.default_rng(1).permutation(len(rows["section"]))
    mixed = {name: [cells[i] for i in order] for name, cells in rows.items()}
    scaled = {**rows, "iri_m_km": [3.7 * v for v in rows["iri_m_km"]]}
    plain, other, third = (trial.evaluate_trial(pa.table(r)) for r in (rows, mixed, scaled))
    for name in ("effect_per_year", "low95", "high95", "placebo_p", "residual_sd", "cell_ols", "events"):
        assert getattr(plain, name) == getattr(other, name), name
    assert third.effect_per_year == pytest.approx(plain.effect_per_year, rel=1e-9)
    assert third.placebo_p == plain.placebo_p


def test_events_stay_inside_the_placebo_band_where_nothing_happened(table_of):
    found = trial.evaluate_trial(table_of(control=20))
    assert [e.age_years for e in found.events] == [0, 1, 2, 3, 4]
    assert (found.events[0].difference, found.events[0].low95) == (0, 0)
    assert all(e.low95 <= e.difference <= e.high95 for e in found.events)
    strong = trial.evaluate_trial(table_of(control=20, effect=-0.08))
    assert strong.events[-1].difference < strong.events[-1].low95


def test_a_trend_before_the_works_is_found(panel_of):
    ages = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
    rows = panel_of(ages=ages, control=20)
    calm = trial.evaluate_trial(pa.table(rows))
    assert calm.pretrend_p > 0.05
    assert calm.synthetic is not None
    assert sum(calm.synthetic.weights.values()) == pytest.approx(1, abs=1e-4)
    for i, (group, age) in enumerate(zip(rows["group"], rows["age_years"], strict=True)):
        if group == "treated" and age < 0:
            rows["iri_m_km"][i] *= math.exp(0.2 * age)
    assert trial.evaluate_trial(pa.table(rows)).pretrend_p < 0.05
    assert trial.evaluate_trial(pa.table(panel_of())).pretrend_p is None


def test_growth_that_traffic_explains_is_not_the_mix(panel_of):
    rows = panel_of(treated=3, control=20, sd=0.004, seed=3)
    heavy = {f"S{s:02d}": 2000.0 if s < 3 else 6000.0 + 500 * s for s in range(23)}
    rows["aadt"] = [heavy[s] for s in rows["section"]]
    rows["iri_m_km"] = [
        iri * math.exp(1e-5 * heavy[s] * age)
        for iri, s, age in zip(rows["iri_m_km"], rows["section"], rows["age_years"], strict=True)
    ]
    found = trial.evaluate_trial(pa.table(rows))
    assert found.effect_per_year < -0.08
    assert found.adjusted.covariates == ("aadt",)
    assert abs(found.adjusted.effect_per_year) < 0.01
    assert found.verdict == "demonstrated"
    assert "covariates_disagree" in rules(found)


def test_covariates_that_the_controls_cannot_tell_apart_are_not_used(panel_of):
    rows = panel_of(treated=2, control=5)
    rows["aadt"] = [1000.0 if s < "S06" else 2000.0 for s in rows["section"]]
    rows["base"] = list(rows["section"])
    found = trial.evaluate_trial(pa.table(rows))
    assert found.adjusted is None
    assert "covariates_not_used" in rules(found)


def test_cells_taken_for_witnesses_claim_an_error_that_is_far_too_small(table_of):
    found = trial.evaluate_trial(table_of(control=20, cells=200))
    assert found.cell_ols.effect_per_year == pytest.approx(found.effect_per_year, rel=1e-6)
    assert found.cell_ols.rows == 22 * 200 * 5
    assert found.cell_ols.standard_error < found.standard_error / 2


def test_the_residual_of_a_campaign_is_found(table_of):
    spreads = [
        trial.evaluate_trial(table_of(control=30, cells=1, noise=0.03, seed=s)).residual_sd for s in range(8)
    ]
    assert np.mean(spreads) == pytest.approx(0.03, rel=0.05)


def test_more_sections_need_fewer_years(table_of):
    found = trial.evaluate_trial(table_of(effect=-0.03, control=30, sd=0.008, seed=2))
    years = [y.years or 99 for y in found.years_needed]
    assert years == sorted(years, reverse=True)
    assert years[-1] < 99


def test_a_mixed_model_agrees_where_the_panel_is_balanced(table_of):
    pytest.importorskip("statsmodels", reason="extra stats is not installed")
    table = table_of(effect=-0.02, control=20)
    second = trial.mixed_model(trial.of_table(table))
    assert second.effect_per_year == pytest.approx(trial.evaluate_trial(table).effect_per_year, abs=1e-6)
    assert second.converged


def test_the_mixed_model_says_which_extra_it_needs(table_of, monkeypatch):
    import importlib.util

    from contado.kernel.errors import ExtraMissing

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match="stats"):
        trial.mixed_model(trial.of_table(table_of()))
