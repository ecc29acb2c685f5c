import numpy as np
import pytest

from contado.kernel.monitoring import fit
from contado.kernel.monitoring.baseline import autocorrelation


def slow_fit(temperature, energy):
    """The least sum of squares over all pairs of balance points, each solved on its own."""
    best = np.inf
    grid = np.arange(np.floor(temperature.min() * 2), np.ceil(temperature.max() * 2) + 1) / 2
    for heating_at in grid:
        for cooling_at in grid[grid >= heating_at]:
            rows = np.stack(
                [
                    np.ones_like(temperature),
                    np.clip(heating_at - temperature, 0, None),
                    np.clip(temperature - cooling_at, 0, None),
                ],
                axis=1,
            )
            few = min((rows[:, 1] > 0).sum(), (rows[:, 2] > 0).sum())
            if few < 2:
                continue
            found, *_ = np.linalg.lstsq(rows, energy, rcond=None)
            if found[1] > 0 and found[2] > 0:
                best = min(best, float(((energy - rows @ found) ** 2).sum()))
    return best


def test_the_two_slope_model_equals_a_search_pair_by_pair():
    random = np.random.default_rng(1)
    temperature = random.uniform(2, 30, 60)
    energy = 40 + 3 * np.clip(12.2 - temperature, 0, None) + 2 * np.clip(temperature - 21.7, 0, None)
    energy += random.normal(size=60)
    fitted = fit(temperature, energy)
    assert fitted.model == "hdd_cdd"
    ours = float(((energy - fitted.predict(temperature)) ** 2).sum())
    assert ours == pytest.approx(slow_fit(temperature, energy), rel=1e-9)
    assert fitted.variance == pytest.approx(ours / 55)


@pytest.mark.parametrize(
    ("heating", "cooling", "model"), [(0, 0, "mean"), (3, 0, "hdd"), (0, 3, "cdd"), (3, 3, "hdd_cdd")]
)
def test_the_model_that_made_the_data_is_chosen(heating, cooling, model):
    random = np.random.default_rng(2)
    temperature = random.uniform(-2, 32, 365)
    energy = 100 + heating * np.clip(15 - temperature, 0, None) + cooling * np.clip(temperature - 22, 0, None)
    fitted = fit(temperature, energy + random.normal(size=365) * 2)
    assert fitted.model == model
    if heating:
        assert abs(fitted.balance_heating_degc - 15) <= 0.5
    if cooling:
        assert abs(fitted.balance_cooling_degc - 22) <= 0.5
    assert len(fitted.coefficients) == fitted.inverse.shape[0]


def test_slopes_are_never_negative():
    temperature = np.linspace(0, 30, 200)
    falling_both_ways = 100 - np.abs(temperature - 15)
    fitted = fit(temperature, falling_both_ways)
    assert min(fitted.heating, fitted.cooling) >= 0


def test_rows_weigh_by_their_length():
    temperature, energy = np.array([10.0, 10, 10, 10]), np.array([1.0, 1, 4, 4])
    fitted = fit(temperature, energy, [1, 1, 2, 2])
    assert fitted.model == "mean"
    assert fitted.base == pytest.approx(3.0)


def test_units_do_not_matter():
    random = np.random.default_rng(3)
    temperature = random.uniform(-2, 32, 365)
    energy = 100 + 5 * np.clip(15 - temperature, 0, None) + random.normal(size=365)
    small, large = fit(temperature, energy), fit(temperature, energy * 1e6)
    assert (small.model, small.balance_heating_degc) == (large.model, large.balance_heating_degc)
    assert large.heating == pytest.approx(small.heating * 1e6)


@pytest.mark.parametrize("energy", [np.zeros(50), np.full(50, 7.0)])
def test_constant_data_are_a_mean(energy):
    fitted = fit(np.linspace(0, 30, 50), energy)
    assert (fitted.model, fitted.autocorrelation, fitted.r2) == ("mean", 0.0, None)


def test_autocorrelation_of_a_known_series():
    assert autocorrelation(np.array([1.0, -1.0, 1.0, -1.0])) == pytest.approx(-0.75)


def test_too_few_rows_are_refused():
    with pytest.raises(ValueError, match="three rows"):
        fit([1.0, 2.0], [1.0, 2.0])
