"""Growth of log IRI: simulated histories with known truth, thin data, unbalanced cells."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from contado.engines.pavement.deterioration import GrowthPrior, fit, history_of
from contado.engines.pavement.deterioration.history import season_of
from contado.kernel.errors import ColumnNotFound, DataError


def panel(growth, *, years=range(6), cells=5, seed=0, campaign_sd=0.0, noise=0.01, families=None):
    """Simulate sections with a growth each; season = parity of the campaign."""
    rng = np.random.default_rng(seed)
    common = {t: rng.normal(0, campaign_sd) for t in years}
    rows = [
        {
            "section": s,
            "from_m": 20 * k,
            "age_years": float(t),
            "iri_m_km": float(np.exp(0.3 + 0.1 * k + g * t + common[t] + rng.normal(0, noise))),
            "campaign": f"c{t}",
            "season": "winter" if t % 2 else "summer",
            "family": (families or {}).get(s, "f"),
        }
        for s, g in growth.items()
        for k in range(cells)
        for t in years
    ]
    return pa.Table.from_pylist(rows)


def test_growth_of_each_section_is_found_and_drawn_to_the_mean():
    rng = np.random.default_rng(1)
    truth = {f"s{i}": 0.06 + rng.normal(0, 0.02) for i in range(30)}
    model = fit(history_of(panel(truth)))
    found = np.array([model.of(s, "f").mean for s in truth])
    assert abs(model.overall.mean - 0.06) < 0.01
    assert model.between_sections == pytest.approx(0.02, rel=0.4)
    assert np.abs(found - np.array(list(truth.values()))).max() < 0.01


def test_intervals_of_sections_cover_the_truth():
    inside = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        truth = {f"s{i}": 0.05 + rng.normal(0, 0.015) for i in range(25)}
        model = fit(history_of(panel(truth, years=range(4), cells=2, seed=seed, noise=0.06)))
        inside += [abs(model.of(s).mean - g) <= 1.645 * model.of(s).sd for s, g in truth.items()]
    assert 0.8 <= np.mean(inside) <= 0.98


def test_a_campaign_that_reads_high_does_not_look_like_growth():
    truth = {f"s{i}": 0.05 for i in range(20)}
    table = panel(truth, years=range(7))
    high = np.array([1.2 if c == "c3" else 1.0 for c in table["campaign"].to_pylist()])
    lifted = table.set_column(
        table.column_names.index("iri_m_km"), "iri_m_km", pa.array(table["iri_m_km"].to_numpy() * high)
    )
    plain, other = fit(history_of(table)), fit(history_of(lifted))
    assert other.campaigns["c3"] > 0.12
    assert abs(other.overall.mean - plain.overall.mean) < 0.005
    assert other.seasons["winter"] > other.seasons["summer"]


def test_families_differ_and_an_unknown_one_is_between():
    truth = {f"s{i}": (0.03 if i % 2 else 0.09) for i in range(24)}
    families = {s: ("slow" if g < 0.05 else "fast") for s, g in truth.items()}
    model = fit(history_of(panel(truth, families=families)))
    assert model.families["slow"].mean == pytest.approx(0.03, abs=0.01)
    assert model.families["fast"].mean == pytest.approx(0.09, abs=0.01)
    stranger = model.of("nowhere", "unheard of")
    assert model.families["slow"].mean < stranger.mean < model.families["fast"].mean
    assert stranger.sd > model.families["slow"].sd


def test_two_campaigns_a_month_apart_leave_the_prior():
    model = fit(history_of(panel({"s": 0.5}, years=(0, 1 / 12), cells=3)))
    assert model.of("s").mean == pytest.approx(GrowthPrior().mean, abs=0.02)
    assert model.of("s").sd > 0.02


def test_no_history_is_the_prior():
    empty = panel({"s": 0.1}).slice(0, 0)
    model = fit(history_of(empty))
    assert (model.overall.mean, model.overall.sections) == (GrowthPrior().mean, 0)
    assert model.of("s").sd > GrowthPrior().sd


def test_other_cells_in_each_campaign_are_no_growth():
    table = panel({"s": 0.0, "t": 0.0}, cells=6, noise=0.0)
    cell, age = table["from_m"].to_numpy(), table["age_years"].to_numpy()
    seen = table.filter(pa.array((cell <= 60) | (age >= 3)))
    level = history_of(seen)
    assert np.ptp(level.level[level.s == 0]) < 1e-6


def test_the_order_of_rows_does_not_matter():
    table = panel({f"s{i}": 0.01 * i for i in range(6)}, campaign_sd=0.02)
    mixed = table.take(np.random.default_rng(0).permutation(table.num_rows))
    one, other = fit(history_of(table)), fit(history_of(mixed))
    assert one.overall.mean == pytest.approx(other.overall.mean, rel=1e-9)
    assert [e.mean for e in one.sections.values()] == pytest.approx([e.mean for e in other.sections.values()])


def test_bad_histories_name_the_line():
    table = panel({"s": 0.1})
    wrong = table.set_column(
        table.column_names.index("iri_m_km"), "iri_m_km", pa.array([0.0] + [1.0] * (table.num_rows - 1))
    )
    with pytest.raises(DataError) as caught:
        history_of(wrong, lines=list(range(2, table.num_rows + 2)))
    assert (caught.value.rule, caught.value.rows) == ("iri_not_positive", (2,))
    with pytest.raises(ColumnNotFound):
        history_of(table.drop_columns(["age_years"]))


def test_seasons():
    assert [season_of(m) for m in (12, 1, 2, 3, 6, 9)] == [*["winter"] * 3, "spring", "summer", "autumn"]
