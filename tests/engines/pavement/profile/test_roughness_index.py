"""IRI of profiles: invariants, uneven spacing, bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contado.engines.pavement import iri
from contado.engines.pavement.cars.golden_car import transition
from contado.kernel.errors import DataError, UsageError


def rough(n=2001, dx=0.25, seed=1):
    rng = np.random.default_rng(seed)
    return np.arange(n) * dx, np.cumsum(rng.normal(0, 0.001, n))


def slow_iri(x, y, from_m, to_m):
    """The published loop, written for reading: even spacing above 0.167 m, first point = start."""
    dx = x[1] - x[0]
    ST, PR = transition(dx)
    z = np.array([1, 0, 1, 0]) * (np.interp(x[0] + 11, x, y) - y[0]) / 11
    total, count = 0.0, 0
    for i in range(len(x) - 1):
        z = ST @ z + PR * (y[i + 1] - y[i]) / dx
        if from_m < x[i + 1] <= to_m + 1e-9:
            total, count = total + abs(z[0] - z[2]), count + 1
    return 1000 * total / count


def test_equals_the_slow_loop():
    x, y = rough()
    result = iri(x, y, segment_m=100)
    expected = [slow_iri(x, y, a, b) for a, b in zip(result.from_m, result.to_m, strict=True)]
    np.testing.assert_allclose(result.iri_m_km, expected, rtol=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    factor=st.floats(0.01, 100),
    level=st.floats(-1000, 1000),
    grade=st.floats(-0.1, 0.1),
    dx=st.sampled_from([0.05, 0.25, 0.3]),
)
def test_scaling_level_and_grade(factor, level, grade, dx):
    x, y = rough(n=1500, dx=dx)
    base = iri(x, y, segment_m=20).iri_m_km
    np.testing.assert_allclose(iri(x, factor * y, segment_m=20).iri_m_km, factor * base, rtol=1e-6)
    np.testing.assert_allclose(iri(x, y + level + grade * x, segment_m=20).iri_m_km, base, rtol=1e-6)


def test_a_grade_changes_nothing_at_uneven_dense_spacing():
    rng = np.random.default_rng(3)
    x = np.cumsum(rng.uniform(0.02, 0.2, 3000))
    y = np.cumsum(rng.normal(0, 0.0005, x.size))
    result = iri(x, y, segment_m=20)
    assert result.averaged
    np.testing.assert_allclose(iri(x, y + 0.05 * x, segment_m=20).iri_m_km, result.iri_m_km, rtol=1e-6)


def test_points_on_straight_lines_between_points_change_little():
    """A point inserted on the line between two others splits the step without changing the profile."""
    x, y = rough(n=801)
    more = np.sort(np.append(x, [10.1, 33.33, 150.01]))
    np.testing.assert_allclose(iri(more, np.interp(more, x, y)).iri_m_km, iri(x, y).iri_m_km, rtol=2e-3)


def test_segment_ends_between_samples():
    x = np.arange(700) * 0.3
    y = np.cumsum(np.random.default_rng(0).normal(0, 0.001, x.size))
    result = iri(x, y, segment_m=50)
    np.testing.assert_allclose(result.to_m, [50, 100, 150, 200])
    np.testing.assert_allclose(
        result.iri_m_km[2:], [slow_iri(x, y, a, a + 50) for a in (100, 150)], rtol=5e-3
    )


def test_initialisation_washes_out_in_forty_metres():
    x, y = rough()
    whole = iri(x, y, segment_m=20)
    later = iri(x, y, segment_m=20, start_m=60.0)
    assert later.iri_m_km[2] == pytest.approx(whole.iri_m_km[5], rel=2e-3)
    assert later.iri_m_km[6] == pytest.approx(whole.iri_m_km[9], rel=1e-5)


def test_the_last_segment_of_a_dense_profile_is_complete():
    x, y = rough(n=10_001, dx=0.01)
    assert iri(x, y, segment_m=100).to_m.tolist() == [100.0]


def test_a_profile_shorter_than_a_segment_has_none():
    x, y = rough(n=200)
    result = iri(x, y)
    assert (result.iri_m_km.size, result.mean_m_km) == (0, None)
    assert [f.rule for f in result.findings] == ["no_complete_segment"]


def test_coarse_spacing_is_a_finding():
    x, y = rough(dx=0.5)
    assert [f.rule for f in iri(x, y).findings] == ["iri_spacing"]
    assert [f.rule for f in iri(*rough(dx=0.3)).findings] == []


@pytest.mark.parametrize(
    ("change", "rule", "rows"),
    [
        ({5: 1.25}, "x_not_increasing", [7]),
        ({5: 1.0}, "x_not_increasing", [6]),
        ({9: np.nan}, "not_a_number", [10]),
        ({9: np.inf}, "not_a_number", [10]),
    ],
)
def test_bad_distances(change, rule, rows):
    x, y = rough()
    for i, value in change.items():
        x[i] = value
    if rule == "x_not_increasing" and rows == [7]:
        x[6] = x[5]
    with pytest.raises(DataError) as error:
        iri(x, y)
    assert (error.value.rule, list(error.value.rows)) == (rule, rows)
    assert error.value.hint


def test_elevation_that_is_no_number():
    x, y = rough()
    y[[3, 8]] = np.nan
    with pytest.raises(DataError, match="row 4: y is nan") as error:
        iri(x, y)
    assert error.value.rows == (4, 9)


def test_too_short_says_eleven_metres():
    with pytest.raises(DataError, match="11 m") as error:
        iri([0, 1, 2], [0, 0, 0])
    assert error.value.rule == "profile_too_short"
    x, y = rough()
    with pytest.raises(DataError, match="11 m"):
        iri(x, y, start_m=495)


def test_nothing_and_unequal_columns():
    with pytest.raises(DataError) as error:
        iri([], [])
    assert error.value.rule == "empty_file"
    with pytest.raises(DataError) as error:
        iri([0, 1], [0])
    assert error.value.rule == "length_mismatch"


@pytest.mark.parametrize(
    "options", [{"segment_m": 0}, {"segment_m": np.nan}, {"start_m": -5}, {"start_m": np.nan}]
)
def test_bad_options(options):
    with pytest.raises(UsageError):
        iri(*rough(), **options)
