"""The figures of a field check against arithmetic by hand, and what is left out."""

from __future__ import annotations

import dataclasses
import tracemalloc
from datetime import date

import numpy as np
import pytest

from contado.engines.pavement.measuring.campaigns import survey_of
from contado.engines.pavement.validation import validate
from contado.engines.pavement.validation.alignment import Cells, align
from contado.engines.pavement.validation.figures import neighbour_correlation
from contado.kernel.errors import DataError

DAY = date(2026, 5, 12)
MEASURED = {"instrument": "laser profiler, E950 class 1", "date": DAY}


def cells(iri, *, width=1.1, length=100.0, section="SP1", label="estimated", **more):
    iri = np.asarray(iri, float)
    n = iri.size
    start = length * np.arange(n)
    known = {
        "section": np.full(n, section),
        "from_m": start,
        "to_m": start + length,
        "iri_m_km": iri,
        "low_m_km": iri / width,
        "high_m_km": iri * width,
        "passes": np.full(n, 3.0),
        "speed_m_s": np.linspace(5, 25, n),
        "day": np.full(n, float(DAY.toordinal())),
    }
    return Cells(**known | more, label=label)


def survey(iri, *, length=100.0, section="SP1", **more):
    return survey_of(
        {
            "section_id": section,
            "from_m": length * k,
            "to_m": length * (k + 1),
            "iri_m_km": value,
            **MEASURED,
            **more,
        }
        for k, value in enumerate(iri)
    )


def rules(check):
    return {finding.rule for finding in check.findings}


def test_figures_equal_arithmetic_by_hand():
    true = np.linspace(1.5, 6.0, 12)
    error = np.array([0.02, -0.04, 0.0, 0.06, -0.02, 0.04, -0.06, 0.12, 0.0, 0.02, -0.02, 0.04])
    found = validate(cells(true * np.exp(error)), survey(true)).figures
    log = np.log(true)
    assert found.r2_log == pytest.approx(1 - np.sum(error**2) / np.sum((log - log.mean()) ** 2))
    assert found.bias == pytest.approx(np.expm1(error.mean()))
    assert found.median_error == pytest.approx(np.median(np.abs(np.expm1(error))))
    assert found.p90_error == pytest.approx(np.quantile(np.abs(np.expm1(error)), 0.9))
    sd = error.std(ddof=1)
    reach = 2.200985 * sd * np.sqrt(1 + 1 / 12)  # t(0.975, 11)
    assert found.limit_low == pytest.approx(np.expm1(error.mean() - reach))
    assert found.limit_high == pytest.approx(np.expm1(error.mean() + reach))
    assert (found.inside, found.coverage) == (11, pytest.approx(11 / 12))  # 0.12 is beyond ln 1.1
    assert found.half_width == pytest.approx((1.1 - 1 / 1.1) / 2)


@pytest.mark.parametrize("n", [3, 5])
def test_limits_of_agreement_hold_95_in_100_further_errors_of_few_stretches(n):
    chance = np.random.default_rng(n)
    true = np.linspace(1.5, 6.0, n)
    held = []
    for _ in range(200):
        found = validate(cells(true * np.exp(chance.normal(0, 0.05, n))), survey(true)).figures
        further = chance.normal(0, 0.05, 200)
        held.append(np.mean((np.log1p(found.limit_low) < further) & (further < np.log1p(found.limit_high))))
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


def test_rank_correlation_counts_ties_by_the_mean_of_their_ranks():
    true = np.array([1, 2, 2, 3, 4, 4, 4, 5, 6, 7, 8, 8], float)
    read = np.array([1, 3, 2, 2, 5, 4, 4, 4, 7, 6, 8, 9], float)
    found = validate(cells(read), survey(true)).figures
    ranks = [[(v < x).sum() + ((v == x).sum() + 1) / 2 for x in v] for v in (true, read)]
    assert found.spearman == pytest.approx(np.corrcoef(ranks)[0, 1])


def test_cells_and_stretches_of_other_lengths_are_weighed_by_what_they_share():
    fine = cells([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], length=50.0)
    pairs, covered = align(fine, survey([2.0, 4.0], length=120.0))
    assert covered.all()
    first = (50 * 1 + 50 * 2 + 20 * 3) / 120
    second = (30 * 3 + 50 * 4 + 40 * 5) / 120
    assert pairs.estimated_m_km == pytest.approx([first, second])
    assert pairs.low_m_km == pytest.approx(np.array([first, second]) / 1.1)
    assert pairs.cells.tolist() == [3, 3]


def scattered(km, rng):
    """Cells of 20 m that overlap here and there, unknown here and there, and stretches about them, in any order."""
    count = 50 * km
    order = rng.permutation(count)
    start = 20.0 * (np.arange(count) % 250)
    told = {
        "section": np.array([f"S{k}" for k in np.arange(count) // 250]),
        "from_m": start,
        "to_m": start + rng.uniform(15, 60, count),
        "low_m_km": np.where(rng.random(count) < 0.05, np.nan, 1.0),
        "passes": np.where(rng.random(count) < 0.1, np.nan, rng.integers(1, 9, count)),
    }
    iri = np.where(rng.random(count) < 0.05, np.nan, rng.lognormal(0.7, 0.3, count))
    return cells(iri[order], **{name: values[order] for name, values in told.items()}), survey_of(
        {
            "section_id": f"S{k // 50 + 1}",
            "from_m": 100.0 * (k % 50) + 7,
            "to_m": 100.0 * (k % 50) + rng.uniform(60, 150),
            "iri_m_km": 2.0,
            **MEASURED,
        }
        for k in rng.permutation(10 * km)
    )


def test_pairs_equal_those_of_every_cell_with_every_stretch():
    estimate, surveyed = scattered(15, np.random.default_rng(4))
    pairs, covered = align(estimate, surveyed)
    known = np.isfinite(estimate.iri_m_km)
    expected = []
    for section, a, b in zip(surveyed.section, surveyed.from_m, surveyed.to_m, strict=True):
        shared = np.clip(np.minimum(b, estimate.to_m) - np.maximum(a, estimate.from_m), 0, None)
        shared *= (estimate.section == section) & known
        least = estimate.passes[shared > 0.5]
        least = least[np.isfinite(least)]
        inside = shared > 0
        expected.append(
            (
                shared.sum() >= 0.8 * (b - a),
                np.average(estimate.iri_m_km[inside], weights=shared[inside]) if inside.any() else np.nan,
                np.average(estimate.low_m_km[inside], weights=shared[inside]) if inside.any() else np.nan,
                least.min() if least.size else np.nan,
                (shared > 0.5).sum(),
            )
        )
    full, iri, low, passes, count = (np.array(v) for v in zip(*expected, strict=True))
    assert 40 < full.sum() < covered.size
    assert np.isnan(low[full]).any()
    assert covered.tolist() == full.tolist()
    assert pairs.estimated_m_km == pytest.approx(iri[full])
    assert pairs.low_m_km == pytest.approx(low[full], nan_ok=True)
    assert pairs.passes == pytest.approx(passes[full], nan_ok=True)
    assert pairs.cells.tolist() == count[full].tolist()


def test_pairing_a_network_needs_memory_for_what_touches_only():
    estimate, surveyed = scattered(150, np.random.default_rng(4))
    tracemalloc.start()
    align(estimate, surveyed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6  # every cell with every stretch: 90 MB


def test_a_stretch_that_is_not_covered_is_left_out_and_said():
    read = [1.0, np.nan, 3.0, 4.0]
    check = validate(cells(read), survey([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert check.pairs.from_m.tolist() == [0, 200, 300]
    assert check.uncovered == 2
    assert "partly_covered" in rules(check)


def test_what_calibrated_never_checks():
    true = np.linspace(1.5, 6, 20)
    wrong = true.copy()
    wrong[:5] *= 3
    on = [("SP1", 0.0, 450.0), ("SP2", 0.0, 2000.0)]
    check = validate(cells(wrong), survey(true), calibrated_on=on)
    assert check.pairs.from_m.min() == 500
    assert (check.calibrated, check.figures.median_error) == (5, pytest.approx(0, abs=1e-12))
    assert "calibrated_here" in rules(check)
    with pytest.raises(DataError) as caught:
        validate(cells(wrong), survey(true), calibrated_on=[("SP1", 0.0, 2000.0)])
    assert caught.value.rule == "only_calibrated"


def test_a_vehicle_alone_is_checked_on_the_same_stretches():
    true = np.linspace(1.5, 6, 20)
    check = validate(
        cells(true),
        survey(true),
        calibrated_on=[("SP1", 0.0, 500.0)],
        vehicles={"van": dataclasses.replace(cells(1.2 * true), low_m_km=np.full(20, np.nan))},
    )
    [van] = [g.figures for g in check.groups if g.by == "vehicle"]
    assert (van.stretches, van.bias) == (15, pytest.approx(0.2))
    assert van.coverage is None


def test_groups_split_by_speed_and_roughness():
    true = np.linspace(1.5, 6, 24)
    check = validate(cells(true), survey(true))
    assert sum(g.figures.stretches for g in check.groups if g.by == "speed_kmh") == 24
    assert {g.name for g in check.groups if g.by == "iri_m_km"} == {"< 2", "2 - 3.5", "3.5 - 5", ">= 5"}
    assert all(g.figures.r2_log is None for g in check.groups if g.figures.stretches < 10)


def test_few_stretches_have_no_r2():
    check = validate(cells([1.0, 2.0, 3.0]), survey([1.0, 2.1, 3.0]))
    assert (check.figures.r2_log, check.figures.spearman) == (None, None)
    assert "few_stretches" in rules(check)


@pytest.mark.parametrize(
    ("drives", "told", "label"),
    [
        ("estimated", {}, "measured"),
        ("simulated", {}, "simulated"),
        ("estimated", {"label": "simulated"}, "simulated"),
        ("estimated", {"instrument": None}, "estimated"),
        ("simulated", {"instrument": None}, "simulated"),
    ],
)
def test_only_a_measured_survey_and_real_drives_give_a_measured_accuracy(drives, told, label):
    assert validate(cells([1.0, 2.0], label=drives), survey([1.0, 2.0], **told)).label == label


def test_nothing_in_common_says_both_ranges():
    with pytest.raises(DataError) as caught:
        validate(cells([1.0, 2.0], section="SP9"), survey([1.0, 2.0]))
    assert caught.value.rule == "no_overlap"
    assert "SP1 0-200 m" in caught.value.message
    assert "SP9 0-200 m" in caught.value.message


def test_repeated_runs_give_the_noise_floor():
    rng = np.random.default_rng(5)
    rows = [
        {"section_id": "SP1", "from_m": 100.0 * k, "to_m": 100.0 * k + 100, "run": run, **MEASURED}
        | {"iri_m_km": (2 + k / 10) * np.exp(rng.normal(0, 0.03))}
        for k in range(200)
        for run in (1, 2)
    ]
    check = validate(cells(2 + np.arange(200) / 10), survey_of(rows))
    instrument = check.instrument
    assert (instrument.source, instrument.repeats) == ("repeats", 200)
    assert instrument.sd_log == pytest.approx(0.03 / np.sqrt(2), rel=0.15)
    # a perfect estimate has just the error of the instrument
    assert check.figures.median_error == pytest.approx(instrument.noise_floor, rel=0.3)


def test_stated_and_assumed_uncertainty_of_the_instrument():
    stated = validate(cells([2.0, 3.0]), survey([2.0, 3.0], sd_log=0.04)).instrument
    assert (stated.source, stated.sd_log) == ("stated", pytest.approx(0.04))
    assert validate(cells([2.0, 3.0]), survey([2.0, 3.0])).instrument.source == "assumed"


def test_errors_alike_are_worth_fewer_stretches():
    rng = np.random.default_rng(2)
    error = np.zeros(200)
    for k in range(1, 200):
        error[k] = 0.9 * error[k - 1] + rng.normal(0, 0.02)
    true = np.full(200, 3.0)
    check = validate(cells(true * np.exp(error)), survey(true))
    told = np.corrcoef(error[1:], error[:-1])[0, 1]
    assert check.neighbour_correlation == pytest.approx(told, abs=0.05)
    assert check.effective < 40
    assert "errors_alike" in rules(check)
    independent = cells(true * np.exp(rng.normal(0, 0.02, 200)))
    assert abs(neighbour_correlation(align(independent, survey(true))[0])) < 0.2


def test_a_road_driven_long_after_the_survey_is_said():
    late = cells([2.0, 3.0], day=np.full(2, float(DAY.toordinal()) + 200))
    assert "days_apart" in rules(validate(late, survey([2.0, 3.0])))
    assert "days_apart" not in rules(validate(cells([2.0, 3.0]), survey([2.0, 3.0])))
