from itertools import combinations

import numpy as np
import pytest

from contado.kernel import monitoring
from contado.kernel.monitoring.panel import MOST_ASSIGNMENTS


def slow_p(change, treated, effect):
    """Share of assignments at least as far from zero, once the supposed effect is taken off the treated."""
    rest = change - effect * treated
    own = rest[treated].mean() - rest[~treated].mean()
    k, n, count, total = int(treated.sum()), len(rest), 0, 0
    for chosen in combinations(range(n), k):
        label = np.isin(np.arange(n), chosen)
        count += abs(rest[label].mean() - rest[~label].mean()) >= abs(own) - 1e-9
        total += 1
    return count / total


@pytest.fixture
def panel():
    random = np.random.default_rng(7)
    values = random.normal(size=(9, 6)) + np.arange(6)
    treated = np.arange(9) < 3
    values[:3, 3:] += 4
    return values, treated


def test_the_effect_is_the_hand_formula(panel):
    values, treated = panel
    hand = (values[treated, 3:].mean() - values[treated, :3].mean()) - (
        values[~treated, 3:].mean() - values[~treated, :3].mean()
    )
    assert monitoring.compare(values, treated, n_before=3).effect == pytest.approx(hand, abs=1e-12)


def test_the_p_value_counts_every_assignment(panel):
    values, treated = panel
    found = monitoring.compare(values, treated, n_before=3)
    change = values[:, 3:].mean(axis=1) - values[:, :3].mean(axis=1)
    assert (found.assignments, found.exact) == (84, True)
    assert found.p_value == pytest.approx(slow_p(change, treated, 0.0))
    assert found.p_value == pytest.approx(1 / 84)


def test_the_interval_holds_what_the_test_does_not_reject(panel):
    values, treated = panel
    found = monitoring.compare(values, treated, n_before=3, confidence=0.9)
    change = values[:, 3:].mean(axis=1) - values[:, :3].mean(axis=1)
    for end, inwards in ((found.low, 1e-6), (found.high, -1e-6)):
        assert slow_p(change, treated, end + inwards) > 0.1
        assert slow_p(change, treated, end - inwards) <= 0.1
    assert found.low < found.effect < found.high


def test_two_trial_sections_among_few_controls():
    change = np.array([5.0, 6.0, 0.1, -0.2, 0.3])
    values = np.stack([np.zeros(5), change], axis=1)
    found = monitoring.compare(values, np.arange(5) < 2, n_before=1, confidence=0.8)
    assert found.p_value == pytest.approx(1 / 10)
    assert found.low is not None
    unsure = monitoring.compare(values, np.arange(5) < 2, n_before=1, confidence=0.95)
    assert (unsure.low, unsure.high) == (None, None)
    assert "10 assignments" in unsure.reason


def test_one_treated_unit_without_control():
    found = monitoring.compare([[10.0, 7.0]], [True], n_before=1)
    assert (found.effect, found.low, found.high, found.p_value) == (-3.0, None, None, None)
    assert "no control" in found.reason


def test_unequal_trends_before_are_seen():
    values = np.tile(np.arange(6.0), (10, 1)) + np.random.default_rng(1).normal(size=(10, 6)) * 0.1
    treated = np.arange(10) < 4
    same = monitoring.compare(values, treated, n_before=4)
    values[:4] += 2 * np.arange(6)
    other = monitoring.compare(values, treated, n_before=4)
    assert other.pretrend_p == pytest.approx(1 / 210)
    assert same.pretrend_p > 0.1
    assert monitoring.compare(values[:, 3:], treated, n_before=1).pretrend_p is None


def test_many_units_are_sampled_with_a_seed():
    random = np.random.default_rng(3)
    values, treated = random.normal(size=(60, 4)), np.arange(60) < 20
    first, again = (monitoring.compare(values, treated, n_before=2, seed=5) for _ in range(2))
    assert first == again
    assert (first.assignments, first.exact) == (MOST_ASSIGNMENTS, False)


def test_intervals_cover_as_often_as_they_say():
    random = np.random.default_rng(11)
    held = 0
    for _ in range(300):
        values = random.normal(size=(8, 2))
        values[:3, 1] += 2
        found = monitoring.compare(values, np.arange(8) < 3, n_before=1, confidence=0.9)
        held += found.low <= 2 <= found.high
    assert held / 300 >= 0.87


def test_power_equals_simulation():
    random = np.random.default_rng(2)
    n, effect = 20_000, 2.0
    from scipy.stats import ttest_ind

    p = ttest_ind(random.normal(size=(n, 5)) + effect, random.normal(size=(n, 7)), axis=1).pvalue
    assert monitoring.power(effect, 1.0, 5, 7, alpha=0.1) == pytest.approx((p <= 0.1).mean(), abs=0.01)
    size = monitoring.detectable_effect(1.0, 5, 7)
    assert monitoring.power(size, 1.0, 5, 7) == pytest.approx(0.8)
