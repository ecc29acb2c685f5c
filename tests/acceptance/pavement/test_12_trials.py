"""Definition of done of the road engine, item 12: pavement trials."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from contado.engines.pavement import trial
from contado.kernel import tables
from contado.kernel.declare import convert
from contado.verbs import load

NULL_TRIALS = 200


def ask(name, **values):
    verb = load(name)
    return verb(convert(verb.request, values))


@pytest.fixture(scope="module")
def folder(shared):
    return shared("roads/trial")


@pytest.fixture(scope="module")
def answer(folder):
    return ask("pavement trial", panel=folder / "panel.csv.gz")


def simulated(chance, *, treated, control, effect, sd=0.012, campaigns=6):
    """A trial on section means: growth differs between sections, campaigns have their season and noise."""
    ages = np.arange(campaigns, dtype=float)
    n = treated + control
    growth = chance.normal(0.075, sd, n) + np.where(np.arange(n) < treated, effect, 0.0)
    log = chance.normal(0.2, 0.1, n)[:, None] + growth[:, None] * ages + chance.normal(0, 0.02, campaigns)
    log = log + chance.normal(0, 0.01, log.shape)
    names = [f"S{s:03d}" for s in range(n)]
    return pa.table(
        {
            "section": np.repeat(names, campaigns),
            "group": np.repeat(["treated"] * treated + ["control"] * control, campaigns),
            "age_years": np.tile(ages, n),
            "iri_m_km": np.exp(log).ravel(),
        }
    )


@pytest.mark.item("pavement", 12, "open panel: effect per year", "-0.022 +- 0.003")
def test_effect_of_the_open_panel(answer, figure):
    figure(f"{answer.effect_per_year:.4f}")
    assert answer.effect_per_year == pytest.approx(-0.022, abs=0.003)


@pytest.mark.item("pavement", 12, "open panel: placebo p over the tuples", "0.036 +- 0.005 over 780")
def test_placebo_of_the_open_panel(answer, figure):
    figure(f"{answer.placebo_p:.4f} over {answer.permutations}")
    assert answer.placebo_p == pytest.approx(0.036, abs=0.005)
    assert (answer.permutations, answer.exact) == (780, True)


@pytest.mark.item("pavement", 12, "open panel: half-width of the 95 % interval", "0.020-0.025")
def test_interval_of_the_open_panel(answer, figure):
    half = (answer.high95 - answer.low95) / 2
    figure(f"{half:.4f}; true effect -0.035 inside: {answer.low95 < -0.035 < answer.high95}")
    assert 0.020 <= half <= 0.025
    assert answer.low95 < -0.035 < answer.high95


@pytest.mark.item("pavement", 12, "open panel: control growth, verdict", "0.075 +- 0.005, not demonstrated")
def test_verdict_of_the_open_panel(answer, figure):
    figure(f"{answer.control_growth_per_year:.4f}, {answer.verdict}")
    assert answer.control_growth_per_year == pytest.approx(0.075, abs=0.005)
    assert answer.verdict == "not_demonstrated"


@pytest.mark.item(
    "pavement", 12, "minimum detectable effect, 2 against 40, sd 0.012 and 0.015", "0.025-0.032 (to 3 digits)"
)
def test_minimum_detectable_effect(figure):
    found = [
        ask("pavement trial-power", sd=sd, treated=2, control=40).minimum_detectable_effect
        for sd in (0.012, 0.015)
    ]
    figure(" to ".join(f"{v:.4f}" for v in found))
    assert all(0.025 <= round(v, 3) <= 0.032 for v in found)


@pytest.mark.item(
    "pavement",
    12,
    "published table: losses, ratio S4/S1, warning",
    "7.0 16.6 14.4 14.2, 2.03, one section per arm",
)
def test_published_table(folder, figure):
    answer = ask("pavement trial-published", file=folder / "ardeatina_published_5y.csv", years=5)
    losses = {s.section: s.loss_per_year for s in answer.sections}
    ratio = losses["S4"] / losses["S1"]
    figure(f"{', '.join(f'{v:.1f}' for v in losses.values())}; ratio {ratio:.2f}; {answer.findings[0].rule}")
    assert losses == pytest.approx({"S1": 7.0, "S2": 16.6, "S3": 14.4, "S4": 14.2})
    assert ratio == pytest.approx(2.03, abs=0.005)
    assert answer.sections[3].ratio_to_best == pytest.approx(ratio)
    assert any("one section per arm" in w for w in answer.warnings)


@pytest.mark.item("pavement", 12, "rows permuted, IRI scaled: the effect", "the same")
def test_rows_permuted_or_iri_scaled_give_the_same_effect(folder, answer, figure):
    table = tables.read(folder / "panel.csv.gz").table
    order = np.random.default_rng(3).permutation(table.num_rows)
    mixed = trial.evaluate_trial(table.take(order))
    at = table.column_names.index("iri_m_km")
    scaled = trial.evaluate_trial(
        table.set_column(at, "iri_m_km", pa.array(2.5 * table["iri_m_km"].to_numpy()))
    )
    apart = abs(scaled.effect_per_year - answer.effect_per_year)
    figure(f"permuted: equal bits; scaled: {apart:.1e} apart, p equal")
    assert (mixed.effect_per_year, mixed.placebo_p) == (answer.effect_per_year, answer.placebo_p)
    assert apart < 1e-12
    assert scaled.placebo_p == answer.placebo_p


@pytest.mark.item(
    "pavement", 12, "a strong simulated effect; one section against one", "demonstrated; not identifiable"
)
def test_a_strong_effect_and_one_against_one(figure):
    strong = trial.evaluate_trial(simulated(np.random.default_rng(1), treated=4, control=30, effect=-0.05))
    single = trial.evaluate_trial(simulated(np.random.default_rng(1), treated=1, control=1, effect=-0.05))
    figure(f"{strong.effect_per_year:.3f} {strong.verdict}; {single.effect_per_year:.3f} {single.verdict}")
    assert strong.verdict == "demonstrated"
    assert single.verdict == "not_identifiable"
    assert single.effect_per_year is not None


@pytest.mark.item("pavement", 12, "false positives of the verdict in 200 simulated null trials", "<= 5 %")
@pytest.mark.parametrize("arms", [(2, 40), (4, 16)], ids=str)
def test_null_trials_are_rarely_demonstrated(arms, figure):
    chance = np.random.default_rng(12)
    treated, control = arms
    assert math.comb(control, treated) <= 100_000
    verdicts = [
        trial.evaluate_trial(simulated(chance, treated=treated, control=control, effect=0.0)).verdict
        for _ in range(NULL_TRIALS)
    ]
    share = verdicts.count("demonstrated") / NULL_TRIALS
    figure(f"{share:.1%} of {NULL_TRIALS} with {treated} against {control}")
    assert set(verdicts) <= {"demonstrated", "not_demonstrated"}
    assert share <= 0.05


@pytest.mark.item("pavement", 12, "second opinion: mixed model by REML on the open panel", "the same effect")
def test_a_mixed_model_agrees(folder, answer, figure):
    pytest.importorskip("statsmodels", reason="extra stats is not installed")
    second = ask("pavement trial", panel=folder / "panel.csv.gz", mixed_model=True).mixed_model
    figure(f"{second.effect_per_year:.4f} (se {second.standard_error:.4f}; ours {answer.standard_error:.4f})")
    assert second.effect_per_year == pytest.approx(answer.effect_per_year, abs=1e-5)
