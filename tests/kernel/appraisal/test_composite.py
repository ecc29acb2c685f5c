"""Composite indices: scales, means, and how wide rank bands are on real municipalities."""

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata, spearmanr

from contado.kernel.appraisal import composite
from contado.kernel.errors import UsageError

INDICATORS = {
    "density_2023": 1,
    "soil_consumed_pct_est": 1,
    "old_share": 1,
    "lone_elderly_pct_2011": 1,
    "families_distress_pct_2011": 1,
    "overcrowding_pct_2011": 1,
    "flood_p3_area_pct_2015": 1,
    "urban_green_pc_m2_clc14_2012": -1,
}


def municipalities(shared):
    """Names and indicators of the municipalities whose data are complete."""
    names, rows = [], []
    with shared("climate/cmm_municipalities.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            row["old_share"] = float(row["pop_75plus"]) / float(row["pop_2023"])
            cells = [row[name] for name in INDICATORS]
            if all(str(c) for c in cells):
                names.append(row["municipality"])
                rows.append([float(c) for c in cells])
    return names, np.array(rows)


def test_the_index_of_132_municipalities(shared):
    names, values = municipalities(shared)
    assert len(names) == 132
    scaled = composite.normalise(values, direction=list(INDICATORS.values()))
    arithmetic, geometric = composite.aggregate(scaled), composite.aggregate(scaled, method="geometric")
    assert spearmanr(arithmetic, geometric).statistic == pytest.approx(0.918, abs=0.003)
    top = [set(np.argsort(-index)[:10]) for index in (arithmetic, geometric)]
    assert len(top[0] & top[1]) == 6
    bands = composite.rank_bands(scaled, draws=2000, seed=1)
    assert 0.70 <= (bands.width > 30).mean() <= 0.85
    firm = {names[i] for i in np.flatnonzero(bands.p95 <= 14)}
    assert firm == {"Milano", "Sesto San Giovanni", "Cologno Monzese"}


def test_same_seed_same_bands():
    scaled = np.random.default_rng(3).random((20, 4))
    first, second = (composite.rank_bands(scaled, draws=300, seed=5) for _ in range(2))
    assert (first.p5 == second.p5).all()
    assert (first.p5 <= first.p50).all()
    assert (first.p50 <= first.p95).all()


@settings(deadline=None)  # shared machines stall
@given(
    arrays(np.float64, (6, 3), elements=st.integers(-50, 50), unique=True),
    st.floats(0.1, 10),
    st.floats(-100, 100),
)
def test_affine_rescaling_and_row_order_change_nothing(values, scale, shift):
    direction = [1, -1, 1]
    plain = composite.aggregate(composite.normalise(values, direction=direction))
    rescaled = composite.aggregate(composite.normalise(values * scale + shift, direction=direction))
    assert rescaled == pytest.approx(plain, abs=1e-9)
    turned = composite.aggregate(composite.normalise(values[::-1], direction=direction))
    assert turned[::-1] == pytest.approx(plain, abs=1e-12)


def test_turning_every_direction_turns_the_order():
    values = np.array([[1.0, 5.0], [2.0, 9.0], [7.0, 6.0]])
    up = composite.aggregate(composite.normalise(values, direction=[1, 1]))
    down = composite.aggregate(composite.normalise(values, direction=[-1, -1]))
    assert composite.ranks(up).tolist() == composite.ranks(-down).tolist()


def test_a_fixed_reference_keeps_years_comparable():
    first, later = np.array([[0.0], [10.0]]), np.array([[5.0], [20.0]])
    assert composite.normalise(later, direction=[1], reference=first).ravel().tolist() == [0.5, 2.0]
    assert composite.normalise(later, direction=[1], method="rank", reference=first).ravel().tolist() == [
        0.5,
        1.0,
    ]
    assert composite.normalise(first, direction=[1], method="z").ravel().tolist() == [-1.0, 1.0]


def test_equal_scores_share_the_better_rank():
    scores = np.array([0.4, 0.9, 0.4, 0.1])
    assert composite.ranks(scores).tolist() == [2, 1, 2, 4] == rankdata(-scores, "min").tolist()


def test_a_geometric_mean_is_floored():
    assert composite.aggregate([[0.0, 1.0]], method="geometric") == pytest.approx([0.1])


def test_weights_of_the_first_component_sum_to_one_and_follow_the_common_part():
    rng = np.random.default_rng(0)
    common = rng.normal(size=400)
    table = np.column_stack([common + 0.1 * rng.normal(size=400), common, rng.normal(size=400)])
    weights = composite.pca_weights(table)
    assert weights.sum() == pytest.approx(1)
    assert weights[2] < 0.01


def test_outliers_are_findings_and_change_nothing():
    values = np.column_stack([np.r_[np.zeros(30), 100.0], np.arange(31.0)])
    (finding,) = composite.outliers(values, ["flood", "green"])
    assert (finding.rule, finding.row) == ("outliers", "flood")


def test_classes_are_equal_steps():
    assert composite.classes([0.0, 0.19, 0.2, 1.0]).tolist() == [1, 1, 2, 5]


def test_unknown_cells_and_bad_directions_are_refused():
    with pytest.raises(UsageError, match="all known"):
        composite.aggregate([[1.0, np.nan]])
    with pytest.raises(UsageError, match="directions"):
        composite.normalise([[1.0, 2.0]], direction=[1])
    with pytest.raises(UsageError, match="weights"):
        composite.aggregate([[1.0, 2.0]], [0, 0])
