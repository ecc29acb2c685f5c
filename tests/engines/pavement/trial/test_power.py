"""Power of planned trials, and published tables."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from contado.engines.pavement import trial
from contado.engines.pavement.quantiles import student_quantile
from contado.engines.pavement.trial import design, placebo, power
from contado.kernel.errors import ContadoError


def test_campaigns_add_their_residual_to_the_spread():
    plain = trial.trial_power(sd=0.012, treated=2, control=40)
    dated = trial.trial_power(sd=0.012, treated=2, control=40, campaigns=[0, 1, 2, 3], residual_sd=0.02)
    spread = math.sqrt(0.012**2 + 0.02**2 / 5)
    assert plain.standard_error == pytest.approx(0.012 * math.sqrt(1 / 2 + 1 / 40))
    assert dated.standard_error == pytest.approx(spread * math.sqrt(1 / 2 + 1 / 40))


def test_a_larger_effect_needs_fewer_sections_and_one_section_less_is_not_enough():
    found = trial.trial_power(sd=0.015, treated=2, control=40).sections_needed
    counts = [s.treated or 10_000 for s in found]
    assert counts == sorted(counts, reverse=True)
    for needed in found:
        if needed.treated is None or needed.treated == 2:
            continue
        enough = trial.trial_power(sd=0.015, treated=needed.treated, control=40)
        short = trial.trial_power(sd=0.015, treated=needed.treated - 1, control=40)
        assert enough.minimum_detectable_effect <= needed.effect < short.minimum_detectable_effect


def test_years_that_are_enough_are_the_least():
    (found,) = power.years_needed(
        0.02, sd=0.005, residual_sd=0.02, control=30, campaigns_per_year=2, treated=[6]
    )
    times = [0.5 * k for k in range(2 * found.years + 1)]
    assert (
        trial.trial_power(
            sd=0.005, treated=6, control=30, campaigns=times, residual_sd=0.02
        ).minimum_detectable_effect
        <= 0.02
    )
    assert (
        trial.trial_power(
            sd=0.005, treated=6, control=30, campaigns=times[:-2], residual_sd=0.02
        ).minimum_detectable_effect
        > 0.02
    )


def test_a_simulated_effect_of_the_detectable_size_is_found_in_four_of_five():
    sd, treated, control = 0.012, 2, 40
    plan = trial.trial_power(sd=sd, treated=treated, control=control)
    chance = np.random.default_rng(0)
    growth = chance.normal(0, sd, (4000, treated + control))
    effect = (
        growth[:, :treated].mean(axis=1) - growth[:, treated:].mean(axis=1) - plan.minimum_detectable_effect
    )
    error = growth[:, treated:].std(axis=1, ddof=1) * math.sqrt(1 / treated + 1 / control)
    found = (effect + student_quantile(0.975, control - 1) * error < 0).mean()
    assert found == pytest.approx(0.8, abs=0.03)


def verdict_power(treated, control, effect, trials):
    """The share of simulated trials whose verdict is `demonstrated`, by the placebo and the interval."""
    chance = np.random.default_rng(5)
    arms = np.arange(treated + control) < treated
    tuples = placebo.tuplets(control, treated).rows
    hits = 0
    for _ in range(trials):
        growth = chance.normal(0, 1, len(arms)) - effect * arms
        found = placebo.estimate(growth, arms)
        p = placebo.p_value(placebo.effects_of(growth[~arms], tuples), found.effect)
        hits += p <= 0.05 and found.effect + student_quantile(0.975, found.free) * found.standard_error < 0
    return hits / trials


@pytest.mark.parametrize(
    ("treated", "control"), [(2, 7), (3, 6), (2, 40), (6, 12), (8, 10), (10, 12), (12, 14), (16, 20)]
)
def test_the_verdict_has_the_power_that_is_claimed(treated, control):
    claimed = trial.trial_power(sd=1.0, treated=treated, control=control).minimum_detectable_effect
    trials = 2000 if math.comb(control, treated) < 1000 else 1000
    assert verdict_power(treated, control, claimed, trials) == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize(
    ("treated", "control", "rule"),
    [
        (2, 5, "no_placebo"),
        (2, 6, "no_placebo"),
        (12, 10, "no_placebo"),
        (12, 12, "no_placebo"),
        (1, 40, "not_identifiable"),
        (3, 4, "not_identifiable"),
    ],
)
def test_a_design_that_can_never_be_demonstrated_has_no_detectable_effect(treated, control, rule):
    found = trial.trial_power(sd=0.012, treated=treated, control=control)
    assert found.minimum_detectable_effect is None
    assert [f.rule for f in found.findings] == [rule]
    assert found.standard_error > 0
    assert not found.findings[0].hint.endswith(f"{control} control sections")


def test_the_controls_bound_the_treated_sections_and_the_years():
    few = trial.trial_power(sd=0.012, treated=2, control=5).sections_needed
    assert {s.treated for s in few} == {None}
    for needed in trial.trial_power(sd=0.012, treated=8, control=10).sections_needed:
        assert needed.treated is None or design.can_show(needed.treated, 10)
    years = power.years_needed(
        0.05, sd=0.005, residual_sd=0.02, control=6, campaigns_per_year=1, treated=[2, 3, 6, 8]
    )
    assert [y.years is None for y in years] == [True, False, True, True]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"treated": 0}, "bad_value"),
        ({"control": 1}, "bad_value"),
        ({"sd": -1.0}, "bad_value"),
        ({"campaigns": [2.0, 2.0], "residual_sd": 0.1}, "no_campaigns"),
    ],
)
def test_a_plan_without_power_is_refused(change, rule):
    with pytest.raises(ContadoError) as refused:
        trial.trial_power(**({"sd": 0.01, "treated": 2, "control": 40} | change))
    assert refused.value.rule == rule
    assert refused.value.hint


def test_arms_of_several_sections_raise_no_caution():
    table = pa.table({"section": list("abcd"), "mix": list("xxyy"), "pci_after_4y": [80, 60, 40, 50]})
    found, cautions = trial.published(table, 4)
    assert [s.loss_per_year for s in found] == [5, 10, 15, 12.5]
    assert [s.ratio_to_best for s in found] == [1, 2, 3, 2.5]
    assert cautions == []


@pytest.mark.parametrize(
    ("column", "value", "rule"), [("pci_after_4y", 120, "pci_range"), ("pci_after_5y", 50, "missing_column")]
)
def test_a_published_table_that_cannot_be_is_refused(column, value, rule):
    with pytest.raises(ContadoError) as refused:
        trial.published(pa.table({"section": ["a"], column: [value]}), 4)
    assert refused.value.rule == rule
