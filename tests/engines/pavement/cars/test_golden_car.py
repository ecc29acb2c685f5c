"""Transition of the golden car: published constants of World Bank Technical Paper 46."""

import numpy as np
import pytest

from contado.engines.pavement.cars.golden_car import modal_form, state_matrices, transition
from contado.engines.pavement.cars.vehicles import GOLDEN_CAR
from contado.kernel.errors import UsageError

ST_025 = """.9966071 .01091514 -.002083274 .0003190145
-.5563044 .9438768 -.8324718 .05064701
.02153176 .002126763 .7508714 .008221888
3.335013 .3376467 -39.12762 .4347564"""
ST_010 = """.9994014 .004442351 .0002188854 5.72179e-5
-.2570548 .975036 .007966216 .02458427
.003960378 .0003814527 .9548048 .004055587
1.687312 .1638951 -19.34264 .7948701"""


def matrix(text):
    return np.array([[float(v) for v in line.split()] for line in text.splitlines()])


def test_published_matrix_at_a_quarter_of_a_metre():
    st, pr = transition(0.25)
    np.testing.assert_allclose(st, matrix(ST_025), rtol=2e-6)
    np.testing.assert_allclose(pr[1:], [1.388776, 0.2275968, 35.79262], rtol=2e-6)
    assert pr[0] == pytest.approx(0.005476107, abs=2e-6)  # printed with an error of 1.8e-5 of itself


def test_published_matrix_at_a_tenth_of_a_metre():
    np.testing.assert_allclose(transition(0.1)[0], matrix(ST_010), rtol=2e-6)


def test_two_half_steps_are_one_step():
    half, whole = transition(0.125)[0], transition(0.25)[0]
    np.testing.assert_allclose(half @ half, whole, rtol=1e-12)


def test_a_constant_slope_leads_to_rest_on_that_slope():
    st, pr = transition(0.25)
    z = np.zeros(4)
    for _ in range(4000):
        z = st @ z + pr
    np.testing.assert_allclose(z, [1, 0, 1, 0], atol=1e-9)


@pytest.mark.parametrize("dx", [0.01, 0.25, 0.5])
def test_the_modes_give_the_same_stroke(dx):
    """Both forms driven by the same slopes."""
    st, pr = transition(dx)
    rate, weight = modal_form()
    multiplier = np.exp(rate * dx)
    z, v = np.zeros(4), np.zeros(2, dtype=complex)
    for u in np.random.default_rng(0).normal(size=500):
        z, v = st @ z + pr * u, multiplier * v + (multiplier - 1) * weight * u
        assert v.real.sum() == pytest.approx(z[0] - z[2], abs=1e-11)


def test_a_copy_is_handed_out():
    transition(0.25)[0][:] = 0
    assert transition(0.25)[0][0, 0] == pytest.approx(0.9966071, abs=1e-7)


def test_natural_frequencies_and_damping():
    roots = np.linalg.eigvals(state_matrices(GOLDEN_CAR)[0])
    found = sorted({(round(abs(r) / (2 * np.pi), 3), round(-r.real / abs(r), 3)) for r in roots})
    assert found == [(1.236, 0.333), (10.755, 0.302)]


@pytest.mark.parametrize("dx", [0.0, -1.0, float("nan"), float("inf")])
def test_no_spacing(dx):
    with pytest.raises(UsageError, match="not a spacing"):
        transition(dx)
